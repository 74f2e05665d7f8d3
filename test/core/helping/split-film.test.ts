/** One film rendered by several workers: real Redis, real ffmpeg, a shared folder or a shared store between them. */
import { execFile, spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { AppOptions } from '../../../app.ts';
import { loadConfig } from '../../../core/config.ts';
import { runningChildren } from '../../../core/ffmpeg.ts';
import type { HelpTimes } from '../../../core/helping/times.ts';
import type { JobRecord } from '../../../core/jobs/types.ts';
import type { Job } from '../../../core/schema/job.ts';
import { createStudio } from '../../../core/studio.ts';
import { caller, finished, longFilm, openApp, quick, testDataDir, until } from '../../helpers/app.ts';
import type { AppProcessSettings } from '../../helpers/app-process.ts';
import { appProcess } from '../../helpers/program.ts';
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
beforeEach(() => redis.command('FLUSHALL'));
afterEach(() => {
  s3.fault = null;
});

type Worker = Awaited<ReturnType<typeof openApp>>;

function openWorker(
  env: Record<string, string> = {},
  dataDir?: string,
  tuning: AppOptions['tuning'] = { ...quick, helpTimes },
): Promise<Worker> {
  return openApp({
    tuning,
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

/** Of the film below: ten scenes of 2 s, that overlap by half a second. */
const DURATION_S = 15.5;
/** Heavy enough that a helper has planned it before it is over. */
const heavyFilm = (changes: Record<string, unknown> = {}) =>
  longFilm(10, 2, { output: { resolution: 'hd', quality: 'draft', fps: 24 }, ...changes });

const compose = async (worker: Worker, film: object): Promise<string> =>
  (await worker.studio.compose(film, operator)).job.id;

const helpedWith = (worker: Worker): number =>
  worker.lines.reduce((sum, line) => sum + (line['msg'] === 'helped with a film' ? Number(line['segments']) : 0), 0); // prettier-ignore
const ended = (worker: Worker): Record<string, unknown> | undefined =>
  worker.lines.find((line) => line['msg'] === 'job ended');
/** Who made the film that is over: a worker says so after it has written the end, which others hear of first. */
async function makerOf(workers: readonly Worker[]): Promise<Worker> {
  await until(() => workers.some(ended));
  return workers.find(ended)!;
}

const segmentsIn = async (dataDir: string): Promise<string[]> =>
  (await readdir(path.join(dataDir, 'cache', 'segments')).catch((): string[] => [])).filter((name) => /^[0-9a-f]{64}\.mp4$/.test(name)); // prettier-ignore

/** Renders a film by one worker. @returns the file */
async function madeAlone(film: object): Promise<string> {
  const dataDir = await testDataDir();
  const studio = createStudio(
    loadConfig({ PATH: process.env['PATH'], DATA_DIR: dataDir, TTS_ENGINE: 'none' }),
  );
  try {
    return (await studio.render(film, { outDir: path.join(dataDir, 'out') })).files.film;
  } finally {
    await studio.close();
  }
}

/** Decodes both as a player would; any fault throws. @returns frames compared, and PSNR of the worst, dB */
async function compare(one: string, other: string): Promise<{ frames: number; worst: number }> {
  const { stdout } = await promisify(execFile)(
    testFfmpeg().paths.ffmpeg,
    ['-nostdin', '-v', 'error', '-xerror', '-i', one, '-i', other, '-lavfi', 'psnr=stats_file=-', '-f', 'null', '-'],
    { maxBuffer: 1 << 26 },
  ); // prettier-ignore
  const values = [...stdout.matchAll(/psnr_avg:(\S+)/g)].map(([, value]) => (value === 'inf' ? Infinity : Number(value))); // prettier-ignore
  return { frames: values.length, worst: Math.min(...values) };
}

const filmOf = (worker: Worker, job: Job): string => path.join(worker.dataDir, 'files', job.id, path.basename(new URL(job.url!).pathname)); // prettier-ignore

/** A helper says what it did once it has let go of the film, which may be after its end. */
const said = (worker: Worker, message: string): boolean =>
  worker.lines.some((line) => line['msg'] === message);

/** Segments of a film that another worker than its own renders now, as the board shows them. */
async function heldByHelpers(id: string): Promise<number> {
  const record = JSON.parse(String(await redis.command('HGET', `genscene:job:${id}`, 'record'))) as JobRecord;
  if (!record.lease) return 0;
  const { owner, attempt } = record.lease;
  const values = (await redis.command('HVALS', `genscene:film:${id}:${attempt}`)) as string[];
  return values.filter((value) => value !== '' && !value.startsWith('0 ') && !value.endsWith(` ${owner}`))
    .length;
}

/** Waits until one of two workers renders a segment of the other's film. */
async function helpBegun(id: string, workers: readonly Worker[]): Promise<{ maker: Worker; helper: Worker }> {
  await until(async () => (await heldByHelpers(id)) > 0);
  const maker = workers.find((worker) => said(worker, 'job started'))!;
  return { maker, helper: workers.find((worker) => worker !== maker)! };
}

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
  const maker = await makerOf([first, second]);
  const helper = maker === first ? second : first;
  await until(() => said(helper, 'helped with a film'));
  const helped = helpedWith(helper);
  expect(helped).toBeGreaterThan(0);
  expect(helped).toBeLessThan((await segmentsIn(dataDir)).length);
  expect(ended(maker)).toMatchObject({ segmentsHelped: helped });
  expect((await first.studio.status()).queue.segmentsHelped).toBe(helped);
  expect(bar).toEqual([...bar].sort((a, b) => a - b));
  // The same frames in the same order; encoders that go on from one segment to the next leave other noise.
  const { frames, worst } = await compare(filmOf(maker, job), await madeAlone(film));
  expect(frames).toBe(DURATION_S * 24);
  expect(worst).toBeGreaterThan(40);
}, 60_000);

test('workers on hosts of their own render a film together through a shared store', async () => {
  const env = { ...s3.env, S3_PREFIX: 'together', TTS_ENGINE: 'auto' };
  const workers = await Promise.all([openWorker(env), openWorker(env)]);
  const film = heavyFilm();
  film.scenes[0] = { ...film.scenes[0]!, text: 'Spoken once, heard by both.' } as (typeof film.scenes)[0];
  const job = await finished(workers[0]!, await compose(workers[0]!, film));
  expect(job).toMatchObject({ status: 'done', attempts: 1 });
  const maker = await makerOf(workers);
  const helper = workers.find((worker) => worker !== maker)!;
  await until(() => said(helper, 'helped with a film'));
  expect(helpedWith(helper)).toBeGreaterThan(0);
  expect(ended(maker)).toMatchObject({ segmentsHelped: helpedWith(helper) });
  const [all, own] = [await segmentsIn(maker.dataDir), await segmentsIn(helper.dataDir)];
  expect(all).toEqual(expect.arrayContaining(own));
  expect(own.length).toBeLessThan(all.length);
}, 60_000);

test('workers that share neither folder nor store leave each other alone', async () => {
  const workers = await Promise.all([openWorker(), openWorker()]);
  const job = await finished(workers[0]!, await compose(workers[0]!, heavyFilm()));
  expect(job.status).toBe('done');
  const maker = await makerOf(workers);
  const other = workers.find((worker) => worker !== maker)!;
  expect(ended(maker)).not.toHaveProperty('segmentsHelped');
  expect(said(other, 'no cache is shared with the worker of a film')).toBe(true);
  expect(await segmentsIn(other.dataDir)).toEqual([]);
}, 60_000);

test('with SPLIT_FILMS_FROM_S=0, and for light films, nothing is offered', async () => {
  for (const from of ['0', '1000']) {
    const dataDir = await testDataDir();
    const off = { SPLIT_FILMS_FROM_S: from };
    const workers = await Promise.all([openWorker(off, dataDir), openWorker(off, dataDir)]);
    expect((await finished(workers[0]!, await compose(workers[0]!, longFilm(2, 1)))).status).toBe('done');
    expect(await redis.command('EXISTS', 'genscene:films')).toBe(0);
    expect(workers.some((worker) => said(worker, 'looking into helping with a film'))).toBe(false);
    await Promise.all(workers.map((worker) => worker.stop(0)));
  }
}, 60_000);

test('a cancelled film lets its helper go', async () => {
  const dataDir = await testDataDir();
  const workers = await Promise.all([openWorker({}, dataDir), openWorker({}, dataDir)]);
  const id = await compose(workers[0]!, heavyFilm());
  await helpBegun(id, workers);
  await workers[0]!.studio.cancel(id, operator);
  expect((await finished(workers[0]!, id)).status).toBe('cancelled');
  await until(() => runningChildren().length === 0);
  expect(await redis.command('KEYS', 'genscene:film*')).toEqual([]);
  // Both are free for what comes next.
  expect((await finished(workers[0]!, await compose(workers[0]!, longFilm(1, 1)))).status).toBe('done');
}, 60_000);

test('a helper that is stopped gives its segment back, and the film is made without it', async () => {
  const dataDir = await testDataDir();
  const workers = await Promise.all([openWorker({}, dataDir), openWorker({}, dataDir)]);
  const id = await compose(workers[0]!, heavyFilm());
  const { maker, helper } = await helpBegun(id, workers);
  await helper.stop(5000);
  expect(await heldByHelpers(id)).toBe(0);
  expect(await finished(maker, id)).toMatchObject({ status: 'done', attempts: 1, duration: DURATION_S });
}, 60_000);

test('a helper leaves for a job of its own', async () => {
  const dataDir = await testDataDir();
  const workers = await Promise.all([openWorker({}, dataDir), openWorker({}, dataDir)]);
  const id = await compose(workers[0]!, longFilm(20, 4));
  const { maker, helper } = await helpBegun(id, workers);
  const light = await compose(maker, longFilm(1, 1, { title: 'Light' }));
  expect(await finished(maker, light)).toMatchObject({ status: 'done' });
  expect(helper.lines.some((line) => line['msg'] === 'job started' && line['job'] === light)).toBe(true);
  await maker.studio.cancel(id, operator);
}, 60_000);

test('a film whose Redis dies midway is made by its worker alone, once', async () => {
  const dataDir = await testDataDir();
  const patient = { ...quick, helpTimes, leaseMs: 60_000 };
  const workers = await Promise.all([openWorker({}, dataDir, patient), openWorker({}, dataDir, patient)]);
  const id = await compose(workers[0]!, heavyFilm());
  const { maker, helper } = await helpBegun(id, workers);
  await redis.kill('SIGKILL');
  await until(() => said(maker, 'other workers cannot be heard of; going on alone'));
  const all = 19;
  const before = (await segmentsIn(dataDir)).length;
  await until(async () => (await segmentsIn(dataDir)).length > Math.min(before, all - 1));
  await redis.start();
  expect(await finished(maker, id)).toMatchObject({ status: 'done', attempts: 1, duration: DURATION_S });
  expect(said(helper, 'job started')).toBe(false);
}, 60_000);

test('a film whose worker is stopped goes on at the other from shared segments', async () => {
  const env = { ...s3.env, S3_PREFIX: 'rolling' };
  const first = await openWorker(env);
  const id = await compose(first, heavyFilm());
  const sent = (): number => s3.requests.filter((request) => /^PUT .*rolling\/shared\/cache\/.*\.mp4/.test(request)).length; // prettier-ignore
  await until(() => sent() >= 4);
  const second = await openWorker(env);
  await first.stop(0);
  const job = await finished(second, id);
  // Parked, not failed: the attempt does not count.
  expect(job).toMatchObject({ status: 'done', attempts: 1, duration: DURATION_S });
  expect(job.scenesReused).toBeGreaterThan(0);
}, 60_000);

test('a helper that is killed midway costs a lease, and no frame', async () => {
  const dataDir = await testDataDir();
  const maker = await openWorker({}, dataDir);
  // It runs before there is a helper, who so cannot be the one that makes it.
  const film = longFilm(16, 3);
  const id = await compose(maker, film);
  await until(() => said(maker, 'job started'));
  const env = { SERVICES: 'worker', REDIS_URL: redis.url, DATA_DIR: dataDir, RENDER_THREADS: '1', TTS_ENGINE: 'none', SPLIT_FILMS_FROM_S: '0.01', LOG_LEVEL: 'error' }; // prettier-ignore
  const settings: AppProcessSettings = { env, tuning: { ...quick, helpTimes } };
  const helper = spawn(process.execPath, [appProcess, JSON.stringify(settings)], { stdio: ['ignore', 'ignore', 'inherit'] }); // prettier-ignore
  onTestFinished(() => void helper.kill('SIGKILL'));
  await until(async () => (await heldByHelpers(id)) > 0);
  helper.kill('SIGKILL');
  const job = await finished(maker, id);
  expect(job).toMatchObject({ status: 'done', attempts: 1, duration: 40.5 });
  const { stdout } = await promisify(execFile)(testFfmpeg().paths.ffprobe, ['-v', 'error', '-count_frames', '-select_streams', 'v', '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', filmOf(maker, job)]); // prettier-ignore
  expect(Number(stdout)).toBe(40.5 * 24);
}, 90_000);
