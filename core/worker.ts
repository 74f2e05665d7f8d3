/**
 * Takes jobs from the backend, some at a time, until it is stopped; each is run by run-claimed.ts. With
 * nothing else to do it helps with the films of other workers.
 */
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import { StudioError } from './errors.ts';
import { Helper, type RunHelp } from './helping/helper.ts';
import type { HelpTimes } from './helping/times.ts';
import { complaints } from './jobs/complaints.ts';
import { startReconciler } from './jobs/reconciler.ts';
import { Slots } from './jobs/slots.ts';
import type { ClaimedJob, JobBackend } from './jobs/types.ts';
import type { Logger } from './log.ts';
import { pause } from './pause.ts';
import { runClaimed, type RunJob } from './run-claimed.ts';

export type { RunContext, RunJob } from './run-claimed.ts';

export type WorkerOptions = {
  jobs: JobBackend;
  run: RunJob;
  /** How other workers' films are helped with, where the backend has a board for it; absent: not at all. */
  help?: { run: RunHelp; times: HelpTimes } | null;
  /** Jobs at a time. */
  concurrency: number;
  /** Time allowed for one attempt, ms. */
  jobTimeoutMs: number;
  log: Logger;
  /** New for each start of a process; made up if absent. */
  workerId?: string;
  leaseMs?: number;
  heartbeatMs?: number;
  reconcileMs?: number;
  /** How long a run may take to stop once it was told to, ms; then it is given up, loudly. */
  abandonMs?: number;
};

export type Worker = {
  readonly id: string;
  /** Jobs running now. */
  readonly busy: number;
  /** Takes no more jobs; those running may finish within `graceMs`, then they are put back in the queue. Idempotent. */
  stop(options: { graceMs: number }): Promise<void>;
};

const IDLE_WAIT_MS = 5000;
/** Wait after the store failed, ms; never longer, so that work goes on as soon as it is back. */
const STORE_PAUSE_MS = 500;

export function startWorker(options: WorkerOptions): Worker {
  const { jobs, run, log, concurrency, jobTimeoutMs } = options;
  const { leaseMs = 30_000, heartbeatMs = 10_000, reconcileMs = 30_000, abandonMs = 30_000 } = options;
  const id = options.workerId ?? `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`;
  const stopping = new AbortController();
  const parking = new AbortController();
  // Each running job listens to one, each slot that waits for a store to come back to the other.
  setMaxListeners(0, parking.signal, stopping.signal);
  const slots = new Slots(concurrency);
  const { help } = options;
  const helper = help && jobs.help && new Helper({ jobs, board: jobs.help, workerId: id, log, ...help });
  const idleWaitMs = helper && help ? help.times.lookMs : IDLE_WAIT_MS;
  let helping = 0;
  const startedAt = Date.now();
  let stopped: Promise<void> | null = null;
  const store = complaints(log, 'the job store did not answer a claim');

  const reconciler = startReconciler({ jobs, log, everyMs: reconcileMs });
  const present = (): Promise<void> =>
    jobs
      .reportWorker({
        id,
        host: hostname(),
        pid: process.pid,
        concurrency,
        busy: slots.busy - helping,
        startedAt,
      })
      .catch((error: unknown) => log.warn({ error: String(error) }, 'worker could not report itself'));
  const presence = setInterval(() => void present(), heartbeatMs);
  presence.unref();
  void present();
  const dispatching = dispatch();

  async function dispatch(): Promise<void> {
    while (!stopping.signal.aborted) {
      // All free slots at once: a store over a network answers many claims as fast as one.
      const claims = await Promise.all(Array.from({ length: slots.free }, () => tryClaim()));
      const claimed = claims.filter((job) => job !== null);
      for (const job of claimed) begin(job);
      if (slots.free === 0) await slots.whenFreed(stopping.signal);
      else if (claimed.length < claims.length && !(await beginHelping()))
        await jobs.waitForWork(idleWaitMs, stopping.signal);
    }
  }

  async function tryClaim(): Promise<ClaimedJob | null> {
    try {
      const job = await jobs.claim(id, { leaseMs, timeoutMs: jobTimeoutMs });
      store.answered();
      return job;
    } catch (error) {
      store.failed(error);
      await pause(STORE_PAUSE_MS, stopping.signal);
      return null;
    }
  }

  function begin(job: ClaimedJob): void {
    const terms = { jobs, run, log, leaseMs, heartbeatMs, abandonMs, jobTimeoutMs, parking: parking.signal };
    slots.start(() =>
      runClaimed(job, terms).catch((error: unknown) =>
        log.error({ job: job.id, error: String(error) }, 'the end of a job could not be written'),
      ),
    );
  }

  /** Helping takes a slot, and only while there is no job of ours: both would share the same threads. */
  async function beginHelping(): Promise<boolean> {
    const offer = slots.busy === 0 && helper ? await helper.find() : null;
    if (!helper || !offer || stopping.signal.aborted) return false;
    const isNeeded = (): boolean => slots.busy > helping;
    helping += 1;
    slots.start(() =>
      helper.help(offer, { signal: stopping.signal, isNeeded }).finally(() => (helping -= 1)),
    );
    return true;
  }

  async function stop(graceMs: number): Promise<void> {
    stopping.abort();
    await dispatching;
    const finished = new AbortController();
    void slots.drained().then(() => finished.abort());
    await pause(graceMs, finished.signal);
    parking.abort(new StudioError('not_ready', 'The worker is stopping.', { retryable: true }));
    await slots.drained();
    clearInterval(presence);
    await reconciler.stop();
    await jobs.forgetWorker(id).catch(() => {});
  }

  return {
    id,
    get busy() {
      return slots.busy - helping;
    },
    stop: ({ graceMs }) => (stopped ??= stop(graceMs)),
  };
}
