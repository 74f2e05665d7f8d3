/**
 * The whole program under random kills: `npm run bench:chaos`. One API, some workers and one Redis
 * (appendfsync always), each a real process, are killed with -9 and started again at random while
 * films are asked for over REST. At the end nothing may be lost, made twice or announced twice.
 *   --seconds N   how long things are killed (150; the full run is 600)
 *   --jobs N      films asked for (60; the full run is 200)
 *   --workers N   worker processes (2)
 *   --seed N      of the random numbers, to repeat a run
 * Exits with 1 if a promise was broken.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openJobs } from '../core/jobs/index.ts';
import type { JobBackend } from '../core/jobs/types.ts';
import { startRedisServer } from '../test/helpers/redis-server.ts';
import { startPrograms } from './chaos/programs.ts';
import { startReceiver } from './chaos/receiver.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '150' },
    jobs: { type: 'string', default: '60' },
    workers: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});
const seconds = Number(values.seconds);
const wanted = Number(values.jobs);
const workers = Number(values.workers);
const random = randomNumbers(Number(values.seed));
/** Once nothing is killed any more: longest time in which no film ends and none is told of, s. */
const STANDSTILL_S = 90;

const dataDir = await mkdtemp(path.join(tmpdir(), 'genscene-chaos-'));
const redis = await startRedisServer();
const receiver = await startReceiver();
const programs = await startPrograms({ dataDir, redisUrl: redis.url, workers, receiver: receiver.host });
const jobs = await openJobs({ dataDir, redisUrl: redis.url });
const kills = { api: 0, worker: 0, redis: 0 };
try {
  say(`seed ${values.seed}: ${wanted} films, ${workers} workers, ${seconds} s of kills`);
  const end = performance.now() + seconds * 1000;
  const [ids] = await Promise.all([askForFilms(end), killAtRandom(end)]);
  const rested = await rest(ids);
  await report(jobs, ids, rested);
} finally {
  await jobs.close();
  await programs.stop();
  await receiver.close();
  await redis.dispose();
  await rm(dataDir, { recursive: true, force: true });
}

/** Each is asked for with one Idempotency-Key until it is answered 202 (or 200), spread over two thirds of the time. */
async function askForFilms(end: number): Promise<string[]> {
  const gapMs = (seconds * 1000 * 2) / 3 / wanted;
  const asked: Promise<string>[] = [];
  for (let i = 0; i < wanted && performance.now() < end; i += 1) {
    asked.push(programs.compose(i, receiver.url));
    await sleep(gapMs);
  }
  return Promise.all(asked);
}

async function killAtRandom(end: number): Promise<void> {
  await sleep(3000);
  while (performance.now() < end) {
    const victim = random();
    if (victim < 0.6) {
      programs.kill('worker', random());
      kills.worker += 1;
    } else if (victim < 0.8) {
      programs.kill('api', 0);
      kills.api += 1;
    } else {
      kills.redis += 1;
      await redis.kill('SIGKILL');
      await sleep(random() * 2000);
      await redis.start();
    }
    await sleep(4000 + random() * 8000);
  }
}

/** Waits until all are over and told of; false if it comes to a standstill before. However slow the machine is, it moves. */
async function rest(ids: string[]): Promise<boolean> {
  let best = Infinity;
  let movedAt = performance.now();
  while (performance.now() - movedAt < STANDSTILL_S * 1000) {
    const { queued, running, announcementsPending } = await jobs.stats();
    const untold = ids.filter((id) => !receiver.told.has(id)).length;
    const left = queued + running + announcementsPending + untold;
    if (left === 0) return true;
    if (best === Infinity) say(`kills are over: ${queued} films wait, ${running} are being made`);
    if (left < best) movedAt = performance.now();
    best = Math.min(best, left);
    await sleep(500);
  }
  return false;
}

async function report(backend: JobBackend, ids: string[], rested: boolean): Promise<void> {
  const records = await Promise.all(ids.map((id) => backend.record(id)));
  const lost = records.filter((job) => job === null).length;
  const done = records.filter((job) => job?.status === 'done').length;
  const failed = records.filter((job) => job?.status === 'failed');
  const doubled = records.filter(
    (job) => (job?.attemptLog.filter(({ outcome }) => outcome === 'done').length ?? 0) > 1,
  ).length;
  const { jobs: all } = await backend.list({ limit: 200 });
  const extra = wanted <= 200 ? all.length - new Set(ids).size : 0;
  const toldTwice = [...receiver.told.values()].filter((deliveries) => deliveries.size > 1).length;
  const untold = ids.filter((id) => !receiver.told.has(id)).length;
  const attempts = records.reduce((sum, job) => sum + (job?.attempts ?? 0), 0);
  say(`kills: ${kills.worker} of workers, ${kills.api} of the API, ${kills.redis} of Redis`);
  say(`films: ${ids.length} accepted, ${done} done, ${failed.length} failed, ${attempts} attempts`);
  for (const job of failed) say(`  failed ${job!.id}: ${job!.error?.message}`);
  say(
    `lost ${lost}, under two ids ${extra}, made twice ${doubled}, told twice ${toldTwice}, never told ${untold}`,
  );
  say(`webhook requests that repeated a delivery by its id: ${receiver.repeats()}`);
  if (!rested) say(`at a standstill: nothing happened for ${STANDSTILL_S} s`);
  // A job that died three times is rightly given up; anything else that failed is not.
  const wrongly = failed.filter((job) => job!.attempts < job!.attemptsLimit).length;
  if (!rested || lost + extra + doubled + toldTwice + untold + wrongly > 0) process.exitCode = 1;
}

/** mulberry32: small and even enough to choose victims. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
