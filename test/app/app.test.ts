/** The whole program in this process: jobs end as files that play, whatever comes between. */
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAssetsStore } from '../../core/assets-store.ts';
import { loadConfig } from '../../core/config.ts';
import { createDiskGuard } from '../../core/disk-guard.ts';
import { runningChildren } from '../../core/ffmpeg.ts';
import { openJobs } from '../../core/jobs/index.ts';
import type { NewKey } from '../../core/keys.ts';
import { startHousekeeping } from '../../core/service/housekeeping.ts';
import { openStorage } from '../../core/storage/index.ts';
import { publicFiles } from '../../core/storage/signed-links.ts';
import { caller, finished, longFilm, openApp, testDataDir, tinyFilm, until } from '../helpers/app.ts';
import { keepingLog } from '../helpers/job-samples.ts';
import { quarters, testFfmpeg } from '../helpers/samples.ts';
import { canMount, mountSmallDisk } from '../helpers/small-disk.ts';

const alice = caller('alice');
const work = { SERVICES: 'worker' };

async function download(app: Awaited<ReturnType<typeof openApp>>, id: string, name: string): Promise<string> {
  const file = await app.studio.openFile(id, name);
  if (!file) throw new Error(`There is no ${name}.`);
  const copy = path.join(await testDataDir(), name);
  await writeFile(copy, await file.stream().toArray());
  return copy;
}

/** Decodes all of it, as a player would; any fault throws. */
async function play(file: string): Promise<{ duration: number; streams: string[] }> {
  const { ffmpeg, ffprobe } = testFfmpeg().paths;
  await promisify(execFile)(ffmpeg, ['-nostdin', '-v', 'error', '-xerror', '-i', file, '-f', 'null', '-']);
  const { stdout } = await promisify(execFile)(ffprobe, [
    '-v',
    'error',
    '-show_entries',
    'format=duration:stream=codec_name',
    '-of',
    'json',
    file,
  ]);
  const probe = JSON.parse(stdout) as { format: { duration: string }; streams: { codec_name: string }[] };
  return {
    duration: Number(probe.format.duration),
    streams: probe.streams.map((stream) => stream.codec_name),
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function listen(
  handle: Parameters<typeof createServer>[1],
): Promise<{ url: string; host: string; server: Server }> {
  const server = createServer(handle!).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `http://${host}`, host, server };
}

describe('jobs end as files', () => {
  test('a film with narration, captions and everything beside it', async () => {
    const app = await openApp({ env: work });
    const scenes = [{ text: 'Hello world.', media: { type: 'color', color: '#224466' } }, { duration: 0.5 }];
    const { job } = await app.studio.compose(
      tinyFilm({ scenes, captions: { mode: 'both' }, metadata: { order: 7 } }),
      alice,
    );
    const seen: number[] = [];
    for await (const event of app.studio.watch({ id: job.id }, alice, new AbortController().signal, {
      after: 0,
    })) {
      seen.push(event.job.progress);
      if (event.type === 'done' || event.type === 'failed') break;
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    const done = await finished(app, job.id);
    expect(done).toMatchObject({
      status: 'done',
      progress: 100,
      attempts: 1,
      width: 640,
      height: 360,
      error: null,
      scenesTotal: 2,
      metadata: { order: 7 },
    });
    expect(done.loudness!.lufs).toBeCloseTo(-14, 0);
    expect(done.url).toBe(`http://localhost:0/files/${job.id}/film.mp4`);
    const film = await download(app, job.id, 'film.mp4');
    expect(done.size).toBe((await stat(film)).size);
    const { duration, streams } = await play(film);
    expect(duration).toBeCloseTo(done.duration!, 1);
    expect(streams).toEqual(['h264', 'aac']);
    for (const [name, start] of [
      ['poster.jpg', 'ffd8ff'],
      ['sheet.png', '89504e47'],
    ] as const) {
      const picture = await readFile(await download(app, job.id, name));
      expect(picture.toString('hex', 0, start.length / 2)).toBe(start);
    }
    expect(await readFile(await download(app, job.id, 'captions.vtt'), 'utf8')).toMatch(
      /^WEBVTT[^]*Hello world\./,
    );
    expect(await readFile(await download(app, job.id, 'captions.srt'), 'utf8')).toContain('Hello world.');
    expect(await readdir(path.join(app.dataDir, 'work'))).toEqual([]);
    expect((await readdir(path.join(app.dataDir, 'files', job.id))).sort()).toEqual([
      'captions.srt',
      'captions.vtt',
      'film.mp4',
      'poster.jpg',
      'sheet.png',
    ]);
  });

  test('speech as MP3, WAV and Ogg', async () => {
    const app = await openApp({ env: work });
    for (const [format, codec] of [
      ['mp3', 'mp3'],
      ['wav', 'pcm_s16le'],
      ['ogg', 'opus'],
    ] as const) {
      const { job } = await app.studio.speak({ text: 'The quick brown fox.', format }, alice);
      const done = await finished(app, job.id);
      const url: unknown = expect.stringContaining(`/speech.${format}`);
      expect(done).toMatchObject({
        status: 'done',
        kind: 'tts',
        url,
        width: null,
        posterUrl: null,
        captions: null,
      });
      const { duration, streams } = await play(await download(app, job.id, `speech.${format}`));
      expect(streams).toEqual([codec]);
      expect(Math.abs(duration - done.duration!)).toBeLessThan(0.15);
    }
  });

  test('a storyboard with an upload', async () => {
    const app = await openApp({ env: work });
    const png = await quarters(640, 360).png().toBuffer();
    const { src } = await app.studio.saveAsset(Readable.from([png]), alice, new AbortController().signal);
    const { job } = await app.studio.compose(
      tinyFilm({ scenes: [{ duration: 0.5, effect: 'none', media: { type: 'image', src } }] }),
      alice,
    );
    expect(await finished(app, job.id)).toMatchObject({ status: 'done' });
  });

  test('a webhook tells of it, signed, with the job as the API shows it', async () => {
    const got: { headers: Record<string, unknown>; body: string }[] = [];
    const { url, host } = await listen(async (request, response) => {
      const chunks = await request.toArray();
      got.push({ headers: request.headers, body: Buffer.concat(chunks as Buffer[]).toString() });
      response.end();
    });
    const app = await openApp({ env: { ...work, MEDIA_ALLOW_HOSTS: host } });
    const { job } = await app.studio.compose(tinyFilm({ webhookUrl: `${url}/hook` }), alice);
    await until(() => got.length > 0);
    const { headers, body } = got[0]!;
    expect(JSON.parse(body)).toMatchObject({
      event: 'done',
      job: { id: job.id, status: 'done', url: expect.stringContaining('film.mp4') },
    });
    const secret = (await readFile(path.join(app.dataDir, 'webhook-secret'), 'utf8')).trim();
    const signed = Object.values(headers).join(' ');
    const timestamp = Object.entries(headers).find(([name]) => name.includes('timestamp'))![1];
    expect(signed).toContain(
      createHmac('sha256', secret)
        .update(`${String(timestamp)}.${body}`)
        .digest('hex'),
    );
    await finished(app, job.id);
    await app.stop(3000);
    expect(got).toHaveLength(1);
    expect(app.lines.filter(({ msg }) => String(msg).includes('PUBLIC_BASE_URL'))).toMatchObject([
      { level: 40, teller: 'webhooks' },
    ]);
  });
});

describe('jobs that end otherwise', () => {
  test('cancel stops a render at once: no child, no film, no work folder is left', async () => {
    const app = await openApp({ env: work });
    const { job } = await app.studio.compose(
      longFilm(3, 60, { output: { resolution: '1080', quality: 'high', fps: 60 } }),
      alice,
    );
    await until(
      async () =>
        ((await app.studio.job(job.id, alice))?.status === 'rendering' && runningChildren().length > 0) ||
        (await app.studio.job(job.id, alice))?.scene,
    );
    await app.studio.cancel(job.id, alice);
    expect(await finished(app, job.id)).toMatchObject({ status: 'cancelled', url: null });
    await until(async () => (await readdir(path.join(app.dataDir, 'work'))).length === 0);
    expect(runningChildren()).toEqual([]);
    // The storyboard sheet may have been shown already; it goes with the job.
    const left = await readdir(path.join(app.dataDir, 'files'), { recursive: true });
    expect(left.filter((name) => path.extname(name) !== '' && path.basename(name) !== 'sheet.png')).toEqual(
      [],
    );
    await expect(app.studio.cancel(job.id, alice)).resolves.toMatchObject({ status: 'cancelled' });
  });

  test('S10: an ffmpeg that never ends is gone with the time of its job, which fails once', async () => {
    const { ffmpeg, ffprobe } = testFfmpeg().paths;
    const folder = await testDataDir();
    const stuck = path.join(folder, 'ffmpeg');
    const begun = path.join(folder, 'begun');
    await writeFile(
      stuck,
      `#!/bin/sh\ncase " $* " in *" rawvideo "*) echo $$ >> '${begun}'; exec sleep 3600;; esac\nexec '${ffmpeg}' "$@"\n`,
      { mode: 0o755 },
    );
    const app = await openApp({
      env: { ...work, FFMPEG_PATH: stuck, FFPROBE_PATH: ffprobe, JOB_TIMEOUT_S: '15', RENDER_THREADS: '1' },
    });
    const { job } = await app.studio.compose(tinyFilm(), alice);
    const failed = await finished(app, job.id);
    expect(failed).toMatchObject({
      status: 'failed',
      attempts: 1,
      url: null,
      error: { code: 'timeout', hint: expect.stringContaining('JOB_TIMEOUT_S') },
    });
    const pids = (await readFile(begun, 'utf8')).trim().split('\n').map(Number);
    expect(pids.length).toBeGreaterThan(0);
    await until(() => !pids.some(isAlive));
    expect(runningChildren()).toEqual([]);
  });

  test('a failed job says why and where, and runs again when asked', async () => {
    let isThere = false;
    const png = await quarters(64, 64).png().toBuffer();
    const { url, host } = await listen((_request, response) => {
      response.statusCode = isThere ? 200 : 404;
      response.end(isThere ? png : 'nothing');
    });
    const app = await openApp({ env: { ...work, MEDIA_ALLOW_HOSTS: host } });
    const { job } = await app.studio.compose(
      tinyFilm({
        scenes: [{ duration: 0.5 }, { duration: 0.5, media: { type: 'image', src: `${url}/a.png` } }],
      }),
      alice,
    );
    const failed = await finished(app, job.id);
    expect(failed).toMatchObject({
      status: 'failed',
      url: null,
      error: { code: 'fetch_failed', stage: 'fetching', scene: 2, hint: expect.any(String) },
    });
    await expect(app.studio.cancel(job.id, alice)).rejects.toMatchObject({ code: 'conflict' });
    isThere = true;
    expect(await app.studio.retry(job.id, alice)).toMatchObject({
      id: job.id,
      status: 'queued',
      error: null,
    });
    expect(await finished(app, job.id)).toMatchObject({ status: 'done' });
    await expect(app.studio.retry(job.id, alice)).rejects.toMatchObject({ code: 'conflict' });
  });

  test.runIf(canMount)(
    'S15: no room for the finished files is told, nothing half is served, and the state is written',
    async () => {
      const dataDir = await testDataDir();
      const app = await openApp({ env: work, dataDir });
      const disk = mountSmallDisk(16 * 1024, path.join(dataDir, 'files'));
      try {
        const { job } = await app.studio.compose(longFilm(3, 1), alice);
        const failed = await finished(app, job.id);
        expect(failed).toMatchObject({
          status: 'failed',
          attempts: 3,
          error: {
            code: 'no_space',
            stage: 'saving',
            retryable: true,
            hint: expect.stringContaining('space'),
          },
        });
        expect(await app.studio.openFile(job.id, 'film.mp4')).toBeNull();
        expect(await readdir(disk.folder)).toEqual([]);
        expect(await readdir(path.join(dataDir, 'work'))).toEqual([]);
      } finally {
        await app.stop(0);
        disk.unmount();
      }
    },
  );
});

describe('stopping and starting', () => {
  test('S04: the running job is finished within the grace, the waiting ones stay queued, nothing fails', async () => {
    const app = await openApp({ env: work });
    const running = (await app.studio.compose(tinyFilm({ title: 'running' }), alice)).job;
    for (let i = 0; i < 5; i += 1) await app.studio.compose(tinyFilm({ title: 'waiting' }), alice);
    await until(async () => (await app.studio.job(running.id, alice))?.status !== 'queued');
    await app.stop(30_000);
    const jobs = await openJobs({ dataDir: app.dataDir });
    const { jobs: records } = await jobs.list();
    await jobs.close();
    expect(records.map(({ status }) => status).sort()).toEqual([
      'done',
      'queued',
      'queued',
      'queued',
      'queued',
      'queued',
    ]);
    expect(await app.stop(0)).toBeUndefined();
  });

  test('S04: past the grace the running job is parked, and another start goes on from its finished segments', async () => {
    const dataDir = await testDataDir();
    const env = { ...work, RENDER_THREADS: '1' };
    const first = await openApp({ env, dataDir });
    const { job } = await first.studio.compose(
      longFilm(8, 2, { output: { resolution: 'hd', quality: 'draft', fps: 24 } }),
      alice,
    );
    const segments = path.join(dataDir, 'cache/segments');
    const isDone = (name: string): boolean => /^[0-9a-f]{64}\.mp4$/.test(name);
    await until(async () => (await readdir(segments).catch(() => [])).filter(isDone).length >= 2);
    await first.stop(0);
    expect(runningChildren()).toEqual([]);

    const jobs = await openJobs({ dataDir });
    expect(await jobs.get(job.id)).toMatchObject({
      status: 'queued',
      attempts: 0,
      attemptLog: [{ outcome: 'parked' }],
    });
    await jobs.close();
    const second = await openApp({ env, dataDir });
    expect(await finished(second, job.id)).toMatchObject({ status: 'done', attempts: 1 });
    const store = await openJobs({ dataDir });
    const record = await store.get(job.id);
    await store.close();
    expect(record!.result!.metrics!['segmentsReused']).toBeGreaterThanOrEqual(2);
  });

  test('leavings of dead runs go at the start', async () => {
    const dataDir = await testDataDir();
    const first = await openApp({ env: work, dataDir });
    const { job } = await first.studio.compose(tinyFilm(), alice);
    await finished(first, job.id);
    await first.stop(0);
    const left = path.join(dataDir, 'work', `.${job.id}.1.tmp`);
    await writeFile(left, 'half a film');
    await openApp({ env: work, dataDir });
    await until(() =>
      stat(left).then(
        () => false,
        () => true,
      ),
    );
  });

  test('S20: films past their time go with their files; a job that waits stays, and so does its upload', async () => {
    const app = await openApp({ env: work });
    const png = await quarters(32, 32).png().toBuffer();
    const { src, id } = await app.studio.saveAsset(Readable.from([png]), alice, new AbortController().signal);
    const { job } = await app.studio.compose(tinyFilm(), alice);
    expect(await finished(app, job.id)).toMatchObject({ status: 'done' });
    await app.stop(0);
    const { dataDir } = app;
    const waiting = await openApp({ dataDir, env: { SERVICES: 'api', API_KEYS: 'test:test-key-test-key' } });
    const kept = (
      await waiting.studio.compose(tinyFilm({ scenes: [{ media: { type: 'image', src } }] }), alice)
    ).job;
    await waiting.stop(0);

    const monthsAgo = new Date(Date.now() - 60 * 24 * 3600_000);
    await utimes(path.join(dataDir, 'assets', `${id}.json`), monthsAgo, monthsAgo);
    const jobs = await openJobs({ dataDir, now: () => Date.now() + 31 * 24 * 3600_000 });
    const config = loadConfig({ DATA_DIR: dataDir });
    const storage = await openStorage({ driver: 'local', dataDir, baseUrl: () => '', signer: publicFiles });
    const guard = createDiskGuard([dataDir]);
    const assets = createAssetsStore({
      folder: path.join(dataDir, 'assets'),
      ffmpeg: testFfmpeg,
      guard,
      keepMs: 1000,
      maxBytes: 1,
    });
    const { log } = keepingLog();
    const housekeeping = startHousekeeping({
      config,
      jobs,
      storage,
      assets,
      workDir: path.join(dataDir, 'work'),
      log,
    });
    await housekeeping.sweep();
    await housekeeping.stop();
    expect(await jobs.get(job.id)).toBeNull();
    expect(await readdir(path.join(dataDir, 'files'))).toEqual([]);
    expect(await jobs.get(kept.id)).toMatchObject({ status: 'queued' });
    expect(await assets.use(id)).not.toBeNull();
    await jobs.close();
  });

  test('the first start shows a key, later ones do not, and it opens the API', async () => {
    const dataDir = await testDataDir();
    const keys: NewKey[] = [];
    const onKeyCreated = (key: NewKey): void => void keys.push(key);
    const first = await openApp({ dataDir, onKeyCreated });
    expect(keys).toHaveLength(1);
    expect(first.services).toEqual(['api', 'worker', 'monitoring']);
    const ask = (key: string) => fetch(`${first.address}/api/jobs`, { headers: { 'x-api-key': key } });
    expect((await ask(keys[0]!.key)).status).toBe(200);
    expect((await ask('wrong')).status).toBe(401);
    expect(JSON.stringify(first.lines)).not.toContain(keys[0]!.key);
    await first.stop(0);
    await openApp({ dataDir, onKeyCreated });
    expect(keys).toHaveLength(1);
  });

  test('a port in use, an unknown service and an unusable folder are said, and nothing stays open', async () => {
    const { host } = await listen(() => {});
    const dataDir = await testDataDir();
    await expect(openApp({ dataDir, env: { PORT: host.split(':')[1]! } })).rejects.toMatchObject({
      code: 'not_ready',
      message: expect.stringContaining('Port'),
      hint: expect.stringContaining('PORT'),
    });
    await expect(openApp({ env: { SERVICES: 'slack' } })).rejects.toMatchObject({ code: 'invalid_request' });
    const file = path.join(dataDir, 'a file');
    await writeFile(file, '');
    await expect(openApp({ dataDir: file })).rejects.toMatchObject({
      code: 'not_ready',
      hint: expect.stringContaining('DATA_DIR'),
    });
    // The store is free again, and a working start follows.
    await openApp({ dataDir, env: work });
  });
});
