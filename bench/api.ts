/**
 * How fast the service answers, idle and while it renders, beside what plain Fastify gives in the same
 * run, bare and with the official plugins a public service needs; how soon a job begins; and whether memory grows with jobs. Loopback only.
 *
 *   npm run bench:api -- [--seconds 4] [--rounds 3] [--watchers 500] [--jobs 1000] [--json FILE]
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { GenScene, type Job, type StoryboardInput } from '../clients/genscene.ts';
import { load, median, spread, type Ask, type Load } from './api/load.ts';
import { startProcess, type Measured, type Memory } from './api/processes.ts';
import { fanOut } from './api/watchers.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    watchers: { type: 'string', default: '500' },
    jobs: { type: 'string', default: '1000' },
    json: { type: 'string' },
  },
});
const options = {
  seconds: Number(values.seconds),
  rounds: Number(values.rounds),
  watchers: Number(values.watchers),
  jobs: Number(values.jobs),
};
const CONNECTIONS = 20;
/** News of a render that are measured at least: at most ten a second are told, on a busy machine fewer. */
const CHANGES = 30;
const KEY = 'bench-key-for-loopback-only';
const auth = { 'x-api-key': KEY };

const small: StoryboardInput = {
  scenes: [{ media: { type: 'color', color: '#204060' }, duration: 1 }],
  output: { resolution: 'preview', quality: 'draft', fps: 24 },
  captions: { mode: 'off' },
};
/** No scene is like another: of equal ones only one would be rendered, and its film stand still meanwhile. */
const heavy = (base: string): StoryboardInput => ({
  scenes: Array.from({ length: 90 }, (_, scene) => ({
    media: {
      type: 'gradient' as const,
      colors: [`#${base}${(scene + 32).toString(16)}`, '#e0a040', '#801020'],
    },
    duration: 5,
    effect: 'zoomIn' as const,
  })),
  output: { resolution: '1080', quality: 'standard', fps: 60 },
});
/** A file as large as a short film, for Range reads of the size players ask for. */
const film = { id: 'benchfilm0000', bytes: 32 * 1024 ** 2, part: 64 * 1024 };

const folder = await mkdtemp(path.join(tmpdir(), 'genscene-bench-'));
const files = path.join(folder, 'files');
await mkdir(path.join(files, film.id), { recursive: true });
await writeFile(path.join(files, film.id, 'film.mp4'), randomBytes(film.bytes));
const service = await startProcess('service', {
  DATA_DIR: folder,
  HOST: '127.0.0.1',
  PORT: '0',
  API_KEYS: `bench:${KEY}`,
  RATE_LIMIT_PER_MINUTE: '1000000',
  WORKER_CONCURRENCY: '2',
});
const client = new GenScene({ baseUrl: service.address, apiKey: KEY });
const beside: Measured[] = [];
try {
  const done = await client.finished((await client.compose(small)).id);
  const known = { BENCH_JOB: JSON.stringify(done), BENCH_FOLDER: files, BENCH_KEY: KEY };
  const plain = await startProcess('plain', known);
  beside.push(plain);
  const guarded = await startProcess('guarded', known);
  beside.push(guarded);
  const report = await measure({ plain, guarded }, done);
  print(report);
  const json = JSON.stringify(report, null, 2);
  process.stdout.write(`${json}\n`);
  if (values.json) await writeFile(values.json, `${json}\n`);
} finally {
  await Promise.all([service, ...beside].map((each) => each.stop()));
  await rm(folder, { recursive: true, force: true });
}

type Report = Awaited<ReturnType<typeof measure>>;

type Beside = { plain: Measured; guarded: Measured };

async function measure(others: Beside, done: Job) {
  const startingUp = await timesToProgress(5);
  const compared = await compare(others, done);
  const renders = [await client.compose(heavy('2040')), await client.compose(heavy('4020'))];
  await Promise.all(renders.map(({ id }) => untilRendering(id)));
  const underRenders = {
    status: await load(service.address, () => statusOf(done.id), {
      ...options,
      connections: CONNECTIONS,
      status: 200,
    }),
    range: await load(service.address, () => partOf(), { ...options, connections: CONNECTIONS, status: 206 }),
    compose: await timesToAccept(40),
    plainRoute: await load(others.plain.address, () => ({ path: `/status/${done.id}` }), {
      ...options,
      connections: CONNECTIONS,
      status: 200,
    }),
    watchers: await fanOut(`${service.address}/api/status/${renders[0]!.id}/events`, auth, options.watchers, {
      seconds: options.seconds * 2,
      changes: CHANGES,
      limitSeconds: 120,
    }),
  };
  await cancelAll();
  return {
    options,
    node: process.version,
    idle: { ...compared, compose: await timesToAccept(40), ...startingUp },
    underTwoRenders: underRenders,
    memory: await memoryOverJobs(),
  };
}

/** Ours and theirs by turns, so that both meet the same moods of the machine; the round in the middle. */
async function compare({ plain, guarded }: Beside, done: Job) {
  const measures: Record<string, [of: Measured, ask: () => Ask, status: number]> = {
    plainRoute: [plain, () => ({ path: `/status/${done.id}` }), 200],
    guardedRoute: [guarded, () => ({ path: `/status/${done.id}`, headers: auth }), 200],
    health: [service, () => ({ path: '/health' }), 200],
    status: [service, () => statusOf(done.id), 200],
    plainRange: [plain, partOf, 206],
    range: [service, partOf, 206],
  };
  const rounds: Record<string, Load[]> = {};
  for (let round = 0; round < options.rounds; round++) {
    for (const [name, [of, ask, status]] of Object.entries(measures))
      (rounds[name] ??= []).push(
        await load(of.address, ask, {
          seconds: options.seconds,
          connections: CONNECTIONS,
          status,
          cpu: of.cpu,
        }),
      );
  }
  const middle = (name: string): Load =>
    rounds[name]!.find(({ perSecond }) => perSecond === median(rounds[name]!.map((each) => each.perSecond)))!;
  return {
    plainRoute: middle('plainRoute'),
    guardedRoute: middle('guardedRoute'),
    health: middle('health'),
    status: middle('status'),
    plainRange: middle('plainRange'),
    range: middle('range'),
  };
}

function statusOf(id: string): Ask {
  return { path: `/api/status/${id}`, headers: auth };
}

function partOf(): Ask {
  const start = Math.floor(Math.random() * (film.bytes - film.part));
  return {
    path: `/files/${film.id}/film.mp4`,
    headers: { range: `bytes=${start}-${start + film.part - 1}` },
  };
}

/** From POST to 202, ms. */
async function timesToAccept(count: number) {
  const times: number[] = [];
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    const asked = performance.now();
    ids.push((await client.compose({ ...small, priority: -10 })).id);
    times.push(performance.now() - asked);
  }
  for (const id of ids) await client.cancel(id).catch(() => undefined);
  return spread(times);
}

/** From POST to the first news of a worker, ms; nothing else is queued. */
async function timesToProgress(count: number) {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const asked = performance.now();
    const { id } = await client.compose(small);
    let isFirst = true;
    for await (const { status } of client.watch(id)) {
      if (status === 'queued' || !isFirst) continue;
      isFirst = false;
      times.push(performance.now() - asked);
    }
  }
  return { firstProgress: spread(times) };
}

async function untilRendering(id: string): Promise<void> {
  for await (const { status } of client.watch(id)) if (status === 'rendering') return;
}

async function cancelAll(): Promise<void> {
  const { jobs } = await client.jobs({
    status: ['queued', 'fetching', 'voicing', 'rendering', 'saving'],
    limit: 200,
  });
  for (const { id } of jobs) await client.cancel(id).catch(() => undefined);
  for (const { id } of jobs) await client.finished(id);
}

/** Each job differs, so that each is really rendered. The first fifth warms up. */
async function memoryOverJobs() {
  const samples: { jobs: number; memory: Memory }[] = [];
  const step = Math.max(1, Math.floor(options.jobs / 10));
  for (let made = 0; made < options.jobs; made += step) {
    const batch = Array.from({ length: Math.min(step, options.jobs - made) }, (_, index) => {
      const color = `#${(made + index + 1).toString(16).padStart(6, '0')}`;
      return { ...small, scenes: [{ media: { type: 'color' as const, color }, duration: 1 }] };
    });
    const accepted = await Promise.all(batch.map((storyboard) => client.compose(storyboard)));
    for (const { id } of accepted) {
      const { status, error } = await client.finished(id);
      if (status !== 'done') throw new Error(`A job ended ${status}: ${error?.message ?? ''}`);
    }
    samples.push({ jobs: made + batch.length, memory: await service.memory() });
  }
  const warm = samples.filter(({ jobs }) => jobs >= options.jobs / 5);
  return {
    jobs: options.jobs,
    first: warm[0]!.memory,
    last: warm.at(-1)!.memory,
    heapBytesPerJob: slope(warm.map(({ jobs, memory }) => [jobs, memory.heapUsed])),
    rssBytesPerJob: slope(warm.map(({ jobs, memory }) => [jobs, memory.rss])),
    samples,
  };
}

/** Of the line that fits best (least squares). */
function slope(points: [x: number, y: number][]): number {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x0 = mean(points.map(([x]) => x));
  const y0 = mean(points.map(([, y]) => y));
  const over = points.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0);
  return over / points.reduce((sum, [x]) => sum + (x - x0) ** 2, 0);
}

function print({ idle, underTwoRenders: busy, memory }: Report): void {
  const ms = (value: number): string => value.toFixed(1);
  const row = (name: string, load: Partial<Load> & Pick<Load, 'p50' | 'p99' | 'worst'>): string[] => [
    name,
    load.perSecond?.toFixed(0) ?? '',
    load.cpu?.toFixed(0) ?? '',
    ms(load.p50),
    ms(load.p99),
    ms(load.worst),
  ];
  const { watchers } = busy;
  table([
    ['', 'per second', 'CPU µs each', 'p50 ms', 'p99 ms', 'worst ms'],
    row('plain fastify route', idle.plainRoute),
    row('the same with CORS, helmet, log, key', idle.guardedRoute),
    row('health: the door alone', idle.health),
    row('status of a job', idle.status),
    row('plain @fastify/static, 64 KiB', idle.plainRange),
    row('range of a file, 64 KiB', idle.range),
    row('POST → 202', idle.compose),
    row('POST → first progress', idle.firstProgress),
    ['while two renders run:', '', '', '', '', ''],
    row('  plain fastify route', busy.plainRoute),
    row('  status of a job', busy.status),
    row('  range of a file, 64 KiB', busy.range),
    row('  POST → 202', busy.compose),
    row(`  a change to ${watchers.watchers} watchers`, {
      ...watchers,
      perSecond: watchers.deliveriesPerSecond,
    }),
  ]);
  const share = (ours: Load, theirs: Load): string =>
    `${((100 * ours.perSecond) / theirs.perSecond).toFixed(0)} %`;
  const mib = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  process.stdout.write(
    [
      `of plain fastify: health ${share(idle.health, idle.plainRoute)}, status ${share(idle.status, idle.plainRoute)}; range of @fastify/static: ${share(idle.range, idle.plainRange)}`,
      `memory over ${memory.jobs} jobs: heap ${mib(memory.first.heapUsed)} → ${mib(memory.last.heapUsed)} (${(memory.heapBytesPerJob / 1024).toFixed(1)} KiB a job), rss ${mib(memory.first.rss)} → ${mib(memory.last.rss)}`,
      '',
      '',
    ].join('\n'),
  );
}

function table(rows: string[][]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  for (const cells of rows) {
    const line = cells.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
    );
    process.stdout.write(`${line.join('  ')}\n`);
  }
}
