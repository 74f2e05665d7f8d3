/** The worker over a real store, with runs that behave and runs that do not. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { StudioError } from '../../core/errors.ts';
import { openJobs } from '../../core/jobs/index.ts';
import type { ClaimedJob, JobBackend, JobRecord } from '../../core/jobs/types.ts';
import { startWorker, type RunJob, type Worker, type WorkerOptions } from '../../core/worker.ts';
import { openEmbeddedForTest } from '../helpers/embedded-jobs.ts';
import { composeJob, failure, filmResult, keepingLog, refOf, speechJob } from '../helpers/job-samples.ts';

let jobs: JobBackend;
let fixture: Awaited<ReturnType<typeof openEmbeddedForTest>>;
let kept: ReturnType<typeof keepingLog>;
const workers: Worker[] = [];

beforeEach(async () => {
  fixture = await openEmbeddedForTest();
  await fixture.backend.close();
  // Real time: the worker's timers run by it.
  jobs = await openJobs({
    dataDir: fixture.dataDir,
    retryBaseMs: 20,
    pollMs: 10,
    reserveBytes: 0,
    minFreeBytes: 0,
  });
  kept = keepingLog();
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop({ graceMs: 0 })));
  await jobs.close();
  await fixture.dispose();
});

function start(run: RunJob, options: Partial<WorkerOptions> = {}): Worker {
  const worker = startWorker({
    jobs,
    run,
    concurrency: 1,
    jobTimeoutMs: 60_000,
    heartbeatMs: 20,
    log: kept.log,
    ...options,
  });
  workers.push(worker);
  return worker;
}

/** The record once the job has come to an end or to any other state asked for. */
async function reached(
  id: string,
  isThere = (job: JobRecord): boolean => job.finishedAt !== null,
): Promise<JobRecord> {
  for await (const event of jobs.watch({ id }, AbortSignal.timeout(20_000), { after: 0 }))
    if (isThere(event.job)) return event.job;
  throw new Error('the job did not get there');
}

const add = async (title = 'A film') => (await jobs.add(composeJob({ title }))).job;
/** A run that goes on until it is told to stop, and stops like one. */
const untilAborted: RunJob = (_job, { signal }) => sleep(60_000, filmResult, { signal });

test('runs a job to its end, with its request, reporting on the way', async () => {
  const seen: number[] = [];
  const watching = new AbortController();
  const { job } = await jobs.add(speechJob('Hello.'));
  const watched = (async () => {
    for await (const event of jobs.watch({ id: job.id }, watching.signal)) seen.push(event.job.progress);
  })();
  start(async (claimed, { report }) => {
    expect(claimed.request).toMatchObject({ kind: 'tts', speech: { text: 'Hello.' } });
    for (const progress of [10, 50, 90]) {
      report({ stage: 'voicing', progress });
      // Of reports that come while one is being written only the sum is told.
      while (Math.max(0, ...seen) < progress) await sleep(1);
    }
    return { ...filmResult, files: { main: 'speech.mp3' } };
  });
  const done = await reached(job.id);
  watching.abort();
  await watched;
  expect(done).toMatchObject({
    status: 'done',
    progress: 100,
    result: { files: { main: 'speech.mp3' } },
    attempts: 1,
  });
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen).toEqual(expect.arrayContaining([10, 50, 90, 100]));
});

test('takes as many at a time as told, and the next when one is done', async () => {
  let running = 0;
  let most = 0;
  const worker = start(
    async () => {
      most = Math.max(most, (running += 1));
      expect(worker.busy).toBeLessThanOrEqual(3);
      // However slowly they are claimed, three run together once; a fourth would have time to.
      while (most < 3) await sleep(1);
      await sleep(10);
      running -= 1;
      return filmResult;
    },
    { concurrency: 3 },
  );
  const ids: string[] = [];
  for (let i = 0; i < 9; i += 1) ids.push((await add()).id);
  for (const id of ids) expect((await reached(id)).status).toBe('done');
  expect(most).toBe(3);
});

test('S13: fails twice in a way that may pass, then works', async () => {
  const { id } = await add();
  start(async (job) => {
    if (job.attempts < 3)
      throw new StudioError('fetch_failed', 'The other side did not answer.', {
        retryable: true,
        stage: 'fetching',
      });
    return filmResult;
  });
  const done = await reached(id);
  expect(done).toMatchObject({ status: 'done', attempts: 3, error: null });
  expect(done.attemptLog.map((entry) => entry.error?.code ?? null)).toEqual([
    'fetch_failed',
    'fetch_failed',
    null,
  ]);
  const [first, second, third] = done.attemptLog;
  expect(second!.startedAt - first!.endedAt!).toBeGreaterThanOrEqual(20);
  expect(third!.startedAt - second!.endedAt!).toBeGreaterThanOrEqual(40);
});

test.each([
  [
    'an error with its place and hint',
    () =>
      new StudioError('media_unusable', 'Not a picture.', { stage: 'fetching', scene: 3, hint: 'Use PNG.' }),
    {
      code: 'media_unusable',
      stage: 'fetching',
      scene: 3,
      hint: 'Use PNG.',
      message: 'Not a picture.',
      retryable: false,
    },
  ],
  [
    'a plain error, without its stack',
    () => new TypeError('x is not a function'),
    { code: 'internal', message: 'x is not a function', retryable: false },
  ],
  ['something that is no error', () => 'oops', { code: 'internal', message: 'oops' }],
])('a run that throws %s fails the job', async (_name, thrown, error) => {
  const { id } = await add();
  start(async () => {
    throw thrown();
  });
  const failed = await reached(id);
  expect(failed).toMatchObject({ status: 'failed', error });
  expect(JSON.stringify(failed)).not.toContain('worker.test');
});

test('a run that throws before it returns a promise fails the job', async () => {
  const { id } = await add();
  start(() => {
    throw new StudioError('missing_tool', 'No ffmpeg.');
  });
  expect(await reached(id)).toMatchObject({ status: 'failed', error: { code: 'missing_tool' } });
});

test('cancel stops the run', async () => {
  const { id } = await add();
  let reason: unknown;
  start(async (_job, { signal }) => {
    signal.addEventListener('abort', () => (reason = signal.reason));
    return sleep(60_000, filmResult, { signal });
  });
  await reached(id, (job) => job.lease !== null);
  await jobs.cancel(id);
  expect(await reached(id)).toMatchObject({ status: 'cancelled', error: null });
  expect(reason).toMatchObject({ code: 'cancelled' });
});

test('S10: a run past its time is stopped and fails with timeout, once', async () => {
  const { id } = await add();
  let runs = 0;
  start(
    (job, context) => {
      runs += 1;
      return untilAborted(job, context);
    },
    { jobTimeoutMs: 60 },
  );
  expect(await reached(id)).toMatchObject({
    status: 'failed',
    attempts: 1,
    error: { code: 'timeout', hint: expect.stringContaining('JOB_TIMEOUT_S') },
  });
  expect(runs).toBe(1);
});

test('a run that ignores its signal is given up, loudly, and the slot goes on', async () => {
  const stuck = await add('stuck');
  const next = await add('next');
  start((job) => (job.title === 'stuck' ? new Promise(() => {}) : Promise.resolve(filmResult)), {
    jobTimeoutMs: 50,
    abandonMs: 30,
  });
  expect(await reached(stuck.id)).toMatchObject({ status: 'failed', error: { code: 'timeout' } });
  expect(await reached(next.id)).toMatchObject({ status: 'done' });
  expect(kept.lines.some((line) => line.level === 'error' && /did not stop/.test(line.message))).toBe(true);
});

test('S11: a lost lease stops the run, nothing of it is written, and it is logged', async () => {
  const { id } = await add();
  const aborted: unknown[] = [];
  const published: string[] = [];
  const run: RunJob = async (_job, { signal, assertLease }) => {
    signal.addEventListener('abort', () => aborted.push(signal.reason));
    await sleep(60_000, undefined, { signal }).catch(() => {});
    await assertLease();
    published.push('film');
    return filmResult;
  };
  // Beats too late for its lease, as a frozen process would.
  start(run, { leaseMs: 30, heartbeatMs: 400, reconcileMs: 60_000 });
  await reached(id, (job) => job.lease !== null);
  let other: ClaimedJob | null = null;
  while (!other) {
    await sleep(5);
    other = await jobs.claim('other', { leaseMs: 60_000, timeoutMs: 60_000 });
  }
  expect(other).toMatchObject({ id, attempts: 2 });
  while (!kept.lines.some((line) => /lost the lease/.test(line.message))) await sleep(5);
  expect(aborted).toEqual([expect.objectContaining({ code: 'lease_lost' })]);
  expect(published).toEqual([]);
  expect((await jobs.get(id))!.lease).toMatchObject({ owner: 'other', attempt: 2 });
  await jobs.finish(refOf(other), { status: 'done', result: filmResult });
});

test('a store that does not answer for a whole lease stops the run', async () => {
  const { id } = await add();
  const broken: JobBackend = new Proxy(jobs, {
    get: (target, name) => {
      if (name === 'heartbeat')
        return () => Promise.reject(new StudioError('not_ready', 'away', { retryable: true }));
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
  let reason: unknown;
  start(
    async (_job, { signal }) => {
      signal.addEventListener('abort', () => (reason = signal.reason));
      return sleep(60_000, filmResult, { signal });
    },
    { jobs: broken, leaseMs: 80, reconcileMs: 60_000 },
  );
  while (!kept.lines.some((line) => /lost the lease/.test(line.message))) await sleep(5);
  expect(reason).toMatchObject({ code: 'lease_lost' });
  expect((await jobs.get(id))!.status).not.toBe('done');
});

test('the end of a job is written again when the store was away for a moment', async () => {
  const { id } = await add();
  let refusals = 2;
  const shaky: JobBackend = new Proxy(jobs, {
    get: (target, name) => {
      if (name === 'finish' && refusals-- > 0)
        return () => Promise.reject(new StudioError('not_ready', 'locked', { retryable: true }));
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
  start(async () => filmResult, { jobs: shaky });
  expect(await reached(id)).toMatchObject({ status: 'done', attempts: 1 });
});

test('a store that cannot be claimed from for a moment is asked again', async () => {
  const { id } = await add();
  let refusals = 2;
  const shaky: JobBackend = new Proxy(jobs, {
    get: (target, name) => {
      if (name === 'claim' && refusals-- > 0)
        return () => Promise.reject(new StudioError('no_space', 'full', { retryable: true }));
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
  start(async () => filmResult, { jobs: shaky });
  expect(await reached(id)).toMatchObject({ status: 'done', attempts: 1 });
  expect(kept.lines.filter((line) => /did not answer a claim/.test(line.message))).toHaveLength(1);
});

test('a store that is away for minutes is asked all the time, so that work goes on when it is back, and told of seldom', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let asked = 0;
  const away = {
    claim: async () => {
      asked += 1;
      throw new StudioError('not_ready', 'away', { retryable: true });
    },
    waitForWork: async () => {},
    reconcile: async () => ({ requeued: [], failed: [], cancelled: [] }),
    reportWorker: async () => {},
    forgetWorker: async () => {},
  } satisfies Partial<JobBackend>;
  const warned = vi.spyOn(process, 'emitWarning');
  onTestFinished(() => warned.mockRestore());
  // Many slots wait for it together.
  const worker = start(async () => filmResult, { jobs: away as unknown as JobBackend, concurrency: 16 });
  await vi.advanceTimersByTimeAsync(60_000);
  const [inOneMinute, lines] = [asked, kept.lines.length];
  await vi.advanceTimersByTimeAsync(120_000);
  await worker.stop({ graceMs: 0 });
  expect(warned).not.toHaveBeenCalled();
  expect(inOneMinute).toBeGreaterThan(16 * 100);
  expect(asked).toBeGreaterThan(2.5 * inOneMinute);
  expect(lines).toBeLessThan(8);
  expect(kept.lines.length).toBeLessThan(10);
});

test('heartbeats keep a long job whatever the run does', async () => {
  const { id } = await add();
  // Longer than its lease, which is long enough for a machine that halts for a moment.
  start(() => sleep(2500, filmResult), { leaseMs: 1200, heartbeatMs: 20, reconcileMs: 10 });
  expect(await reached(id)).toMatchObject({ status: 'done', attempts: 1 });
});

test('S04: stop lets short runs end within the grace time', async () => {
  const { id } = await add();
  const stopping = new AbortController();
  const worker = start(async () => {
    await once(stopping.signal, 'abort');
    return filmResult;
  });
  await reached(id, (job) => job.lease !== null);
  await add('never started');
  const stopped = worker.stop({ graceMs: 20_000 });
  stopping.abort();
  await stopped;
  expect(await jobs.get(id)).toMatchObject({ status: 'done' });
  expect(await jobs.stats()).toMatchObject({ queued: 1, running: 0, failed: 0, workers: [] });
  expect(worker.busy).toBe(0);
});

test('S04: stop puts longer ones back in the queue without costing an attempt', async () => {
  const first = await add();
  const second = await add();
  const worker = start(untilAborted, { concurrency: 2 });
  await reached(second.id, (job) => job.lease !== null);
  await Promise.all([worker.stop({ graceMs: 10 }), worker.stop({ graceMs: 10 })]);
  for (const { id } of [first, second])
    expect(await jobs.get(id)).toMatchObject({ status: 'queued', attempts: 0, lease: null });
  start(async () => filmResult);
  expect(await reached(first.id)).toMatchObject({ status: 'done', attempts: 1 });
});

test('stop does not wait for a run that ignores it', async () => {
  const { id } = await add();
  const worker = start(() => new Promise(() => {}));
  await reached(id, (job) => job.lease !== null);
  await worker.stop({ graceMs: 0 });
  expect(await jobs.get(id)).toMatchObject({ status: 'queued', attempts: 0 });
});

test('S01: at its start a worker takes up what a dead one left', async () => {
  const { id } = await add();
  await jobs.claim('dead', { leaseMs: 1, timeoutMs: 1000 });
  await sleep(5);
  start(async () => filmResult);
  expect(await reached(id)).toMatchObject({ status: 'done', attempts: 2 });
});

test('workers show in the stats while they live', async () => {
  const worker = start(async () => filmResult, { concurrency: 2 });
  while ((await jobs.stats()).workers.length === 0) await sleep(5);
  expect((await jobs.stats()).workers).toEqual([
    expect.objectContaining({ id: worker.id, pid: process.pid, concurrency: 2, busy: 0 }),
  ]);
});

test('failures that may pass end after the third attempt with the reason', async () => {
  const { id } = await add();
  start(async () => {
    throw new StudioError('no_space', 'The disk is full.', { retryable: true });
  });
  expect(await reached(id)).toMatchObject({
    status: 'failed',
    attempts: 3,
    error: {
      ...failure(true),
      code: 'no_space',
      message: 'The disk is full.',
      stage: null,
      scene: null,
      hint: null,
    },
  });
});
