/**
 * The job queue over Redis beside bare bee-queue, and bee-queue with a plain record, in one run: `npm run bench:queue`.
 *   --jobs N      jobs of the throughput runs (3,000; 0 skips them and latency)
 *   --slots N     jobs a worker takes at a time (32)
 *   --fsync X     appendfsync of the Redis it starts: always (as recommended), everysec, no
 *   --films N     films for films/minute with 1, 2 and 4 worker processes (8; 0 skips it)
 *   --split S     seconds of one heavy film that 1 and 2 worker processes render (60; 0 skips it)
 *   --rounds N    of it, by turns (2)
 *   --pinned      its workers get one processor each and no other, as if each had a host of its own
 * All sides add and take in one process, 32 adds under way at a time, with a job that does nothing.
 */
import { parseArgs } from 'node:util';
import { startRedisServer, type RedisServer } from '../test/helpers/redis-server.ts';
import { bareBeeQueue, bareLatency } from './queue/bare.ts';
import { filmsPerMinute } from './queue/films.ts';
import { openSplitFilm, type SplitRun } from './queue/split-film.ts';
import { recordedBeeQueue } from './queue/recorded.ts';
import { wholePath, wholePathLatency } from './queue/whole-path.ts';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '3000' },
    slots: { type: 'string', default: '32' },
    fsync: { type: 'string', default: 'always' },
    films: { type: 'string', default: '8' },
    split: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '2' },
    pinned: { type: 'boolean', default: false },
  },
});
const jobs = Number(values.jobs);
const slots = Number(values.slots);
const films = Number(values.films);
const ROUNDS = 3;
const LATENCY_JOBS = 300;

const redis = await startRedisServer({ settings: { appendfsync: values.fsync } });
try {
  if (jobs > 0) await compareThroughput(redis);
  if (jobs > 0) await compareLatency(redis);
  if (films > 0) await compareWorkers(redis);
  if (Number(values.split) > 0) await compareSplit(redis);
} finally {
  await redis.dispose();
}

async function compareThroughput({ url, command }: RedisServer): Promise<void> {
  const sides = [
    { name: 'bare bee-queue', run: bareBeeQueue, rates: [] as number[], processor: [] as number[] },
    { name: 'with a record ', run: recordedBeeQueue, rates: [] as number[], processor: [] as number[] },
    { name: 'the whole path', run: wholePath, rates: [] as number[], processor: [] as number[] },
  ];
  // Turn and turn about, so that whatever else the machine does hits both; the first round warms up.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const { run, rates, processor } of sides) {
      await command('FLUSHALL');
      const before = process.cpuUsage();
      const rate = await run(url, jobs, slots);
      const { user, system } = process.cpuUsage(before);
      if (round === 0) continue;
      rates.push(rate);
      processor.push((user + system) / 1000 / jobs);
    }
  }
  const [bare, recorded, whole] = sides.map(({ rates }) => median(rates));
  say(`jobs/s, ${jobs} jobs, ${slots} slots, appendfsync ${values.fsync}, median of ${ROUNDS}:`);
  for (const { name, rates, processor } of sides)
    say(`  ${name}   ${median(rates).toFixed(0)}   (${rates.map(Math.round).join(', ')}), ${median(processor).toFixed(2)} ms of Node a job`); // prettier-ignore
  say(
    `  that is ${percent(whole! / bare!)} of bare bee-queue, and ${percent(whole! / recorded!)} of it with a record`,
  );
}

async function compareLatency({ url, command }: RedisServer): Promise<void> {
  await command('FLUSHALL');
  const bare = await bareLatency(url, LATENCY_JOBS);
  await command('FLUSHALL');
  const whole = await wholePathLatency(url, LATENCY_JOBS);
  say('from add to start, idle worker, ms:');
  say(`  bare bee-queue   p50 ${at(bare, 0.5)}  p99 ${at(bare, 0.99)}`);
  say(`  the whole path   p50 ${at(whole, 0.5)}  p99 ${at(whole, 0.99)}`);
}

async function compareWorkers({ url, command }: RedisServer): Promise<void> {
  say(`films/minute, ${films} films of 4 s at 640×360, each worker with one rendering thread:`);
  for (const workers of [1, 2, 4]) {
    await command('FLUSHALL');
    const perMinute = await filmsPerMinute(url, { films, workers });
    say(`  ${workers} ${workers === 1 ? 'worker ' : 'workers'}        ${perMinute.toFixed(1)}`);
  }
}

async function compareSplit({ url, command }: RedisServer): Promise<void> {
  const film = await openSplitFilm(url, { seconds: Number(values.split), pinned: values.pinned });
  const runs = new Map<number, SplitRun[]>([1, 2].map((workers) => [workers, []]));
  say(
    `one film of ${values.split} s at 1080p, each worker with one rendering thread${values.pinned ? ' on one processor' : ''}, from an empty cache:`,
  );
  try {
    for (let round = 0; round < Number(values.rounds); round += 1)
      for (const [workers, done] of runs) {
        await command('FLUSHALL');
        const run = await film.render(workers);
        done.push(run);
        const stages = Object.entries(run.stages).map(([stage, each]) => `${stage} ${each.toFixed(1)}`).join(', '); // prettier-ignore
        const cpu = run.cpuS.map((each) => each.toFixed(1)).join(' + ');
        say(`  ${workers} ${workers === 1 ? 'worker ' : 'workers'}  ${run.wallS.toFixed(1)} s (${stages})   processor ${cpu} s   helped ${run.helped} of ${run.segments} segments   others used ${run.othersLoad.toFixed(2)} processors`);
      } // prettier-ignore
  } finally {
    await film.dispose();
  }
  const [alone, together] = [...runs.values()].map((each) => median(each.map(({ wallS }) => wallS)));
  say(`  together ${(alone! / together!).toFixed(2)} times as fast`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function at(sorted: readonly number[], share: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
