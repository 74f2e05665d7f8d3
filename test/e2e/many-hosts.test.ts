/**
 * API and workers as processes with data folders of their own, as on hosts of their own: jobs go through
 * Redis, files through an S3 store. An upload becomes a film that plays, and a film outlives its worker.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Job } from '../../core/schema/job.ts';
import type { AppProcessSettings } from '../helpers/app-process.ts';
import { longFilm, quick, testDataDir, tinyFilm, until } from '../helpers/app.ts';
import { appProcess } from '../helpers/program.ts';
import { startRedisServer, type RedisServer } from '../helpers/redis-server.ts';
import { startS3Server, type S3Server } from '../helpers/s3-server.ts';
import { quarters } from '../helpers/samples.ts';

const KEY = 'test-key-test-key';
const headers = { 'x-api-key': KEY };
let redis: RedisServer;
let s3: S3Server;
const children = new Set<ChildProcess>();

beforeEach(async () => {
  [redis, s3] = await Promise.all([startRedisServer(), startS3Server()]);
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all([redis.dispose(), s3.close()]);
});

type Host = { child: ChildProcess; dataDir: string; address: string };

async function startHost(services: string, env: Record<string, string> = {}): Promise<Host> {
  const dataDir = await testDataDir();
  const settings: AppProcessSettings = {
    tuning: quick,
    env: {
      ...s3.env,
      SERVICES: services,
      REDIS_URL: redis.url,
      DATA_DIR: dataDir,
      HOST: '127.0.0.1',
      PORT: '0',
      API_KEYS: `test:${KEY}`,
      LOG_LEVEL: 'error',
      RENDER_THREADS: '1',
      TTS_ENGINE: 'none',
      ...env,
    },
  };
  const child = spawn(process.execPath, [appProcess, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, dataDir, address: line.toString().trim() };
}

async function upload(api: Host, content: Buffer): Promise<string> {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(content)]), 'picture.png');
  const answer = await fetch(`${api.address}/api/assets`, { method: 'POST', headers, body: form });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { src: string }).src;
}

async function compose(api: Host, film: object): Promise<string> {
  const answer = await fetch(`${api.address}/api/compose`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(film),
  });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as Job).id;
}

async function status(api: Host, id: string): Promise<Job> {
  return (await (await fetch(`${api.address}/api/status/${id}`, { headers })).json()) as Job;
}

function finished(api: Host, id: string): Promise<Job> {
  return until(async () => {
    const job = await status(api, id);
    return ['done', 'failed', 'cancelled'].includes(job.status) ? job : null;
  });
}

test('an upload at one host becomes a film at another, and the first one plays it', async () => {
  const [api, worker] = await Promise.all([startHost('api'), startHost('worker')]);
  const src = await upload(api, await quarters(320, 180).png().toBuffer());
  const id = await compose(api, tinyFilm({ scenes: [{ duration: 1, media: { type: 'image', src } }] }));
  const job = await finished(api, id);
  expect(job).toMatchObject({ status: 'done', error: null });

  const part = await fetch(job.url!, { headers: { range: 'bytes=4-7' } });
  expect([part.status, await part.text()]).toEqual([206, 'ftyp']);
  expect(part.headers.get('content-range')).toBe(`bytes 4-7/${job.size}`);
  expect(part.headers.get('content-type')).toBe('video/mp4');
  const whole = await fetch(job.url!);
  expect((await whole.arrayBuffer()).byteLength).toBe(job.size);
  expect(whole.headers.get('etag')).toBe(part.headers.get('etag'));
  const known = await fetch(job.url!, { headers: { 'if-none-match': whole.headers.get('etag')! } });
  expect(known.status).toBe(304);
  const beyond = await fetch(job.url!, { headers: { range: `bytes=${job.size}-` } });
  expect(beyond.status).toBe(416);
  expect((await fetch(job.posterUrl!)).headers.get('content-type')).toBe('image/jpeg');
  // Neither host keeps the film.
  for (const host of [api, worker]) expect(await readdir(path.join(host.dataDir, 'files'))).toEqual([]);
}, 60_000);

test('readers may be sent to the store itself', async () => {
  const api = await startHost('api,worker', { S3_REDIRECT: 'true', FILES_ACCESS: 'signed' });
  const job = await finished(api, await compose(api, tinyFilm()));
  const sent = await fetch(job.url!, { redirect: 'manual' });
  expect(sent.status).toBe(302);
  expect(sent.headers.get('location')).toMatch(new RegExp(`^${s3.endpoint}/.*X-Amz-Signature=`));
  expect(sent.headers.get('cache-control')).toBe('private, no-store');
  expect(sent.headers.get('etag')).toBeNull();
  const part = await fetch(job.url!, { headers: { range: 'bytes=4-7' } });
  expect([part.status, await part.text()]).toEqual([206, 'ftyp']);
  expect((await fetch(job.url!, { method: 'HEAD' })).headers.get('content-length')).toBe(String(job.size));
  expect((await fetch(job.url!.replace(/sig=./, 'sig='))).status).toBe(403);
}, 60_000);

test('a film whose worker is killed is ended by a worker on another host, from the segments there are', async () => {
  const [api, first] = await Promise.all([startHost('api'), startHost('worker')]);
  const id = await compose(api, longFilm(6, 1));
  const sent = (): number =>
    s3.requests.filter((request) => /^PUT .*shared\/cache\/.*\.mp4/.test(request)).length;
  await until(() => sent() >= 3);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const before = s3.requests.length;
  await startHost('worker');
  const job = await finished(api, id);
  expect(job).toMatchObject({ status: 'done', attempts: 2 });
  const again = s3.requests.slice(before).filter((request) => /^PUT .*shared\/cache\/.*\.mp4/.test(request));
  // What the first one sent is not rendered again; the one it was sending when it died may be.
  expect(job.scenesReused).toBeGreaterThanOrEqual(2);
  expect(again.length).toBeLessThan(6);
}, 90_000);
