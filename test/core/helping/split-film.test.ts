/** One film rendered by several workers: real Redis, real ffmpeg, a shared folder or a shared store between them. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../../core/config.ts';
import type { HelpTimes } from '../../../core/helping/times.ts';
import type { Job } from '../../../core/schema/job.ts';
import { createStudio } from '../../../core/studio.ts';
import { caller, finished, longFilm, openApp, quick, testDataDir, until } from '../../helpers/app.ts';
import { startRedisServer, type RedisServer } from '../../helpers/redis-server.ts';
import { testFfmpeg } from '../../helpers/samples.ts';
import { startS3Server, type S3Server } from '../../helpers/s3-server.ts';

const operator = caller('operator', 'all');
/** Others are heard of at once. */
const helpTimes: HelpTimes = { lookMs: 50, beatMs: 50, leaseMs: 1500, offerMs: 5000 };
let redis: RedisServer;
let s3: S3Server;
beforeAll(async () => {
  [redis, s3] = await Promise.all([startRedisServer(), startS3Server()]);
});
afterAll(() => Promise.all([redis.dispose(), s3.close()]));
beforeEach(async () => {
  await redis.start();
  await redis.command('FLUSHALL');
});
afterEach(() => {
  s3.fault = null;
});

type Worker = Awaited<ReturnType<typeof openApp>>;

function openWorker(env: Record<string, string> = {}, dataDir?: string): Promise<Worker> {
  return openApp({
    tuning: { ...quick, helpTimes },
    ...(dataDir ? { dataDir } : {}),
    env: {
      SERVICES: 'worker',
      REDIS_URL: redis.url,
      RENDER_THREADS: '1',
      TTS_ENGINE: 'none',
      SPLIT_FILMS_FROM_S: '0.01',
      ...env,
    },
  });
}

/** Heavy enough that a helper has planned it before it is over. */
const heavyFilm = (changes: Record<string, unknown> = {}) => longFilm(12, 3, changes);

const compose = async (worker: Worker, film: object): Promise<string> =>
  (await worker.studio.compose(film, operator)).job.id;

const helpedWith = (worker: Worker): number =>
  worker.lines.reduce((sum, line) => sum + (line['msg'] === 'helped with a film' ? Number(line['segments']) : 0), 0); // prettier-ignore
const ended = (worker: Worker): Record<string, unknown> | undefined =>
  worker.lines.find((line) => line['msg'] === 'job ended');
const segmentsIn = async (dataDir: string): Promise<string[]> =>
  (await readdir(path.join(dataDir, 'cache', 'segments')).catch((): string[] => [])).filter((name) => /^[0-9a-f]{64}\.mp4$/.test(name)); // prettier-ignore

/** Hashes of all its frames and of its sound, as a player sees and hears them. */
async function decoded(file: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    testFfmpeg().paths.ffmpeg,
    ['-nostdin', '-v', 'error', '-xerror', '-i', file, '-map', '0:v', '-f', 'framemd5', '-'],
    { maxBuffer: 1 << 26 },
  );
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** What one worker makes of it. */
async function madeAlone(film: object): Promise<string[]> {
  const dataDir = await testDataDir();
  const studio = createStudio(
    loadConfig({ PATH: process.env['PATH'], DATA_DIR: dataDir, TTS_ENGINE: 'none' }),
  );
  try {
    const { files } = await studio.render(film, { outDir: path.join(dataDir, 'out') });
    return await decoded(files.film);
  } finally {
    await studio.close();
  }
}

const filmOf = (worker: Worker, job: Job): string => path.join(worker.dataDir, 'files', job.id, path.basename(new URL(job.url!).pathname)); // prettier-ignore

test('two workers with one folder render a film together, and it is the one that one would make', async () => {
  const dataDir = await testDataDir();
  const [first, second] = await Promise.all([openWorker({}, dataDir), openWorker({}, dataDir)]);
  const film = heavyFilm();
  const bar: number[] = [];
  const watching = new AbortController();
  const id = await compose(first, film);
  const watched = (async () => {
    for await (const { job } of first.studio.watch({ id }, operator, watching.signal)) bar.push(job.progress);
  })();
  const job = await finished(first, id);
  watching.abort();
  await watched;
  expect(job).toMatchObject({ status: 'done', attempts: 1 });
  const [maker, helper] = ended(first) ? [first, second] : [second, first];
  const helped = helpedWith(helper);
  expect(helped).toBeGreaterThan(0);
  expect(helped).toBeLessThan((await segmentsIn(dataDir)).length);
  expect(ended(maker)).toMatchObject({ segmentsHelped: helped });
  expect((await first.studio.status()).queue.segmentsHelped).toBe(helped);
  expect(bar).toEqual([...bar].sort((a, b) => a - b));
  expect(await decoded(filmOf(maker, job))).toEqual(await madeAlone(film));
}, 60_000);
