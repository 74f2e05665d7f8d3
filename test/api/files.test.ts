/** Finished files: whole, in parts, signed, and never anything else of the host's. */
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Job } from '../../core/schema/job.ts';
import { keepSecret } from '../../core/secrets.ts';
import { createFileSigner } from '../../core/storage/signed-links.ts';
import { sendRaw } from './raw.ts';
import { startService, type Service } from './service.ts';

let service: Service;
let job: Job;
let file: string;
/** The film's folder as the service knows it. */
let folder: string;

beforeAll(async () => {
  service = await startService();
  job = await service.film();
  expect(job).toMatchObject({ status: 'done', error: null });
  file = new URL(job.url!).pathname;
  folder = path.join(service.dataDir, 'files', job.id);
});
afterAll(() => service.stop());

test('S36 a finished file: whole, HEAD, a part, its end, beyond its end', async () => {
  const whole = await service.ask(file, { key: null });
  const bytes = Buffer.from(await whole.arrayBuffer());
  expect(whole.status).toBe(200);
  expect(bytes.length).toBe(job.size);
  expect(bytes.subarray(4, 8).toString()).toBe('ftyp');
  expect(Object.fromEntries(whole.headers)).toMatchObject({
    'content-type': 'video/mp4',
    'content-length': String(job.size),
    'accept-ranges': 'bytes',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'cross-origin',
    'cache-control': 'public, max-age=31536000, immutable',
  });
  expect(whole.headers.get('etag')).toMatch(/^"[^"]+"$/);
  expect(whole.headers.get('content-disposition')).toBeNull();

  const head = await service.ask(file, { key: null, method: 'HEAD', headers: { range: 'bytes=0-9' } });
  expect(head.status).toBe(200);
  expect(head.headers.get('content-length')).toBe(String(job.size));
  expect(await head.text()).toBe('');

  const part = await service.ask(file, { key: null, headers: { range: 'bytes=0-99' } });
  expect(part.status).toBe(206);
  expect(part.headers.get('content-range')).toBe(`bytes 0-99/${job.size}`);
  expect(part.headers.get('content-length')).toBe('100');
  expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(0, 100))).toBe(true);

  const tail = await service.ask(file, { key: null, headers: { range: 'bytes=-50' } });
  expect(tail.status).toBe(206);
  expect(Buffer.from(await tail.arrayBuffer()).equals(bytes.subarray(-50))).toBe(true);

  const beyond = await service.json(file, { key: null, headers: { range: 'bytes=999999999-' } });
  expect(beyond.status).toBe(416);
  expect(beyond.headers.get('content-range')).toBe(`bytes */${job.size}`);
  expect(beyond.headers.get('cache-control')).toBe('no-store');
  expect(beyond.body.error.code).toBe('invalid_range');
});

test('a copy that is still good is not sent again, and If-Range decides between part and whole', async () => {
  const etag = (await service.ask(file, { method: 'HEAD' })).headers.get('etag')!;
  const again = await service.ask(file, { headers: { 'if-none-match': etag } });
  expect(again.status).toBe(304);
  expect(again.headers.get('etag')).toBe(etag);
  expect(again.headers.get('content-length')).toBeNull();
  const ifRange = async (tag: string): Promise<number> =>
    (await service.ask(file, { headers: { range: 'bytes=0-1', 'if-range': tag } })).status;
  expect(await ifRange(etag)).toBe(206);
  expect(await ifRange('"of-another"')).toBe(200);
  expect((await service.json(file, { headers: { 'if-match': '"of-another"' } })).body.error.code).toBe(
    'precondition_failed',
  );
});

test('?download=1 asks the browser to save it', async () => {
  const answer = await service.ask(`${file}?download=1`, { method: 'HEAD' });
  expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${path.basename(file)}"`);
});

test('every address a job names is served with its type', async () => {
  const types: Record<string, string | null> = {};
  for (const url of [job.url, job.posterUrl, job.previewUrl, job.sheetUrl].filter((url) => url !== null)) {
    const answer = await fetch(url, { method: 'HEAD' });
    expect(answer.status, url).toBe(200);
    types[path.extname(url)] = answer.headers.get('content-type');
  }
  expect(types).toMatchObject({ '.mp4': 'video/mp4', '.jpg': 'image/jpeg' });
});

test('S31 no path leads out of the folder of finished files', async () => {
  await writeFile(path.join(service.dataDir, 'canary.mp4'), 'canary');
  const name = path.basename(file);
  const paths = [
    `/files/../canary.mp4`,
    `/files/${job.id}/../canary.mp4`,
    `/files/${job.id}/../../canary.mp4`,
    `/files/${job.id}/..%2f..%2fcanary.mp4`,
    `/files/${job.id}/..%2F..%2Fcanary.mp4`,
    `/files/${job.id}/%2e%2e/%2e%2e/canary.mp4`,
    `/files/${job.id}/%252e%252e%252fcanary.mp4`,
    `/files/${job.id}/..%5c..%5ccanary.mp4`,
    `/files/${job.id}/..\\..\\canary.mp4`,
    `/files/..%2f${job.id}/${name}`,
    `/files/%2e%2e/canary.mp4`,
    `/files/.%2e/canary.mp4`,
    `/files//canary.mp4`,
    `/files/./canary.mp4`,
    `/files/${job.id}/./canary.mp4`,
    `/files/${job.id}/%00`,
    `/files/${job.id}/${name}%00.mp4`,
    `/files/${job.id}/.hidden.mp4`,
    `/files/${job.id}//etc/passwd`,
    `/files/${job.id}/${encodeURIComponent('/etc/passwd')}`,
    `/files/${encodeURIComponent('/etc')}/passwd`,
    `/files/${job.id}/`,
    `/files/${job.id}`,
    `/files/`,
    `/files/${job.id.toUpperCase()}x/${name}`,
    `/files/${job.id}/%zz.mp4`,
    `/files/${job.id}/${'a'.repeat(3000)}.mp4`,
  ];
  expect(paths.length).toBeGreaterThanOrEqual(20);
  for (const each of paths) {
    const { status, body } = await sendRaw(
      service.port,
      `GET ${each} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect([400, 404], each).toContain(status);
    expect(body, each).not.toContain('canary');
    expect(JSON.parse(body), each).toMatchObject({
      error: { code: expect.stringMatching(/^(not_found|invalid_request)$/) },
    });
  }
  const real = await sendRaw(service.port, `GET ${file} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  expect(real.status).toBe(200);
});

test('S32 a link in a job folder, and a link as a job folder, are not there', async () => {
  const secret = path.join(service.dataDir, 'secret.mp4');
  await writeFile(secret, 'canary');
  await symlink(secret, path.join(folder, 'linked.mp4'));
  await mkdir(path.join(service.dataDir, 'elsewhere'));
  await writeFile(path.join(service.dataDir, 'elsewhere', 'film.mp4'), 'canary');
  await symlink(
    path.join(service.dataDir, 'elsewhere'),
    path.join(service.dataDir, 'files', 'linkedjob0000'),
  );
  await mkdir(path.join(folder, 'folder.mp4'));
  for (const each of [
    `/files/${job.id}/linked.mp4`,
    '/files/linkedjob0000/film.mp4',
    `/files/${job.id}/folder.mp4`,
  ]) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await service.ask(each, { method });
      expect(answer.status, each).toBe(404);
      expect(await answer.text()).not.toContain('canary');
    }
  }
});

test('a file that goes away while it is asked for is an error nobody caches', async () => {
  const sheet = path.join(folder, path.basename(new URL(job.posterUrl!).pathname));
  await rename(sheet, `${sheet}.away`);
  const answer = await service.json(new URL(job.posterUrl!).pathname);
  await rename(`${sheet}.away`, sheet);
  expect(answer.status).toBe(404);
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

test('where no public address is set, links lead to where the asker asked', async () => {
  const asked = async (host: string): Promise<Job> => {
    const { body } = await sendRaw(
      service.port,
      `GET /api/status/${job.id} HTTP/1.1\r\nHost: ${host}\r\nX-API-Key: alice-key-for-tests-only-0001\r\nConnection: close\r\n\r\n`,
    );
    return JSON.parse(body) as Job;
  };
  const there = await asked('films.example.org:8000');
  expect(there.url).toBe(`http://films.example.org:8000${file}`);
  expect(there.posterUrl).toMatch(/^http:\/\/films\.example\.org:8000\/files\//);
  // What is no host name is not repeated.
  expect((await asked('a"><script>')).url).toBe(job.url);
});

describe('signed links', () => {
  let signed: Service;
  let mine: Job;
  let other: Job;
  beforeAll(async () => {
    signed = await startService({ FILES_ACCESS: 'signed' });
    mine = await signed.film();
    other = await signed.film(undefined, 'bob');
  });
  afterAll(() => signed.stop());

  test('S37 a link opens its one file until it expires, and nothing else', async () => {
    const good = new URL(mine.url!);
    const status = async (change: (url: URL) => void): Promise<number> => {
      const url = new URL(good);
      change(url);
      const answer = await fetch(url);
      const text = await answer.text();
      if (answer.status === 403) expect(JSON.parse(text).error.code).toBe('forbidden');
      return answer.status;
    };
    const answer = await fetch(good);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    await answer.arrayBuffer();
    expect(await status((url) => (url.search = ''))).toBe(403);
    const sig = good.searchParams.get('sig')!;
    const turned = `${sig.startsWith('A') ? 'B' : 'A'}${sig.slice(1)}`;
    expect(await status((url) => url.searchParams.set('sig', turned))).toBe(403);
    expect(await status((url) => url.searchParams.append('sig', sig))).toBe(403);
    const later = String(Number(good.searchParams.get('exp')) + 1);
    expect(await status((url) => url.searchParams.set('exp', later))).toBe(403);
    expect(await status((url) => url.searchParams.set('exp', '1'))).toBe(403);
    expect(await status((url) => (url.pathname = new URL(mine.posterUrl!).pathname))).toBe(403);
    expect(await status((url) => (url.pathname = new URL(other.url!).pathname))).toBe(403);
    // Signed by ourselves, two days ago and now.
    const secret = await keepSecret(path.join(signed.dataDir, 'link-secret'));
    const signedAt = (time: number): string =>
      createFileSigner(secret, () => time).sign(mine.id, path.basename(good.pathname));
    expect(await status((url) => (url.search = signedAt(Date.now())))).toBe(200);
    expect(await status((url) => (url.search = signedAt(Date.now() - 48 * 3600_000)))).toBe(403);
    expect((await fetch(good, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(good, { headers: { range: 'bytes=0-9' } })).status).toBe(206);
  });

  test('S37 another key cannot read a job, so it gets no link either', async () => {
    const asked = await signed.json(`/api/status/${mine.id}`, { key: 'bob' });
    expect(asked.status).toBe(404);
    expect((await signed.json('/api/jobs', { key: 'bob' })).body.jobs.map((job: Job) => job.id)).toEqual([
      other.id,
    ]);
    expect((await signed.json(`/api/status/${mine.id}`, { key: 'boss' })).status).toBe(200);
  });
});
