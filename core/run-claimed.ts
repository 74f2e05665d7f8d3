/**
 * One claimed job from start to end: keeps the lease by a timer of its own, stops a run that was
 * cancelled, taken away or is past its time, and turns what a run throws into the job's end.
 */
import { asStudioError, StudioError } from './errors.ts';
import type {
  ClaimedJob,
  ClaimRef,
  JobBackend,
  JobRecord,
  JobResult,
  LeaseState,
  Outcome,
  ProgressUpdate,
} from './jobs/types.ts';
import type { Logger } from './log.ts';
import { aborted, pause } from './pause.ts';
import type { JobError } from './schema/job.ts';
import { traced } from './trace.ts';

export type RunContext = {
  /** Aborted on cancel, lost lease, deadline and stop; its reason is a StudioError. Stop all children then. */
  signal: AbortSignal;
  /** Cheap: call it as often as there is something new. */
  report: (update: ProgressUpdate) => void;
  /**
   * Call it right before a file gets its final name, so that a worker that slept does not publish.
   * @throws {StudioError} lease_lost, cancelled
   */
  assertLease: () => Promise<void>;
};

/** Makes the film of a job (or the speech). It rejects with a StudioError, and only after its children are gone. */
export type RunJob = (job: ClaimedJob, context: RunContext) => Promise<JobResult>;

export type ClaimedOptions = {
  jobs: JobBackend;
  run: RunJob;
  log: Logger;
  leaseMs: number;
  heartbeatMs: number;
  /** How long a run may take to stop once it was told to, ms; then it is given up, loudly. */
  abandonMs: number;
  jobTimeoutMs: number;
  /** Aborted with the reason when jobs are to go back to the queue. */
  parking: AbortSignal;
};

/** What is left of a stop for runs that were told to park, ms. */
const PARK_WITHIN_MS = 1500;

/**
 * One claim from start to end; resolves when the job's state is written, or is no longer ours to write.
 * Rejects if the state could not be written: the job is then taken back when its lease ends.
 */
export async function runClaimed(job: ClaimedJob, options: ClaimedOptions): Promise<void> {
  const { jobs, log, parking } = options;
  const claim: ClaimRef = { id: job.id, owner: job.lease.owner, attempt: job.lease.attempt };
  const stopRun = new AbortController();
  const stop = (reason: StudioError): void => {
    if (!stopRun.signal.aborted) stopRun.abort(reason);
  };
  const heed = (state: LeaseState): void => {
    if (state === 'lost') stop(leaseLost());
    if (state === 'cancelRequested') stop(new StudioError('cancelled', 'Cancelled.'));
  };
  const onPark = (): void => stop(parking.reason as StudioError);
  if (parking.aborted) onPark();
  parking.addEventListener('abort', onPark, { once: true });
  const deadline = setTimeout(() => stop(overdue(options.jobTimeoutMs)), options.jobTimeoutMs);
  const heart = keepLease(claim, options, heed, stop);
  const reporter = reportLatest((update) => jobs.progress(claim, update).then(heed), log, job.id);
  const assertLease = async (): Promise<void> => {
    heed(await jobs.heartbeat(claim, options.leaseMs));
    stopRun.signal.throwIfAborted();
  };

  const { requestId: request } = job.origin;
  const facts = { job: job.id, attempt: claim.attempt, ...(request ? { request } : {}) };
  log.info({ ...facts, kind: job.kind }, 'job started');
  const ended = await settle(
    () =>
      traced({ log, facts }, () =>
        options.run(job, { signal: stopRun.signal, report: reporter.report, assertLease }),
      ),
    stopRun.signal,
    options,
  );
  clearTimeout(deadline);
  parking.removeEventListener('abort', onPark);
  try {
    await reporter.close();
    const written = await conclude(claim, ended, stopRun.signal, options);
    log.info(
      {
        ...facts,
        status: written.status,
        ...(written.error
          ? { code: written.error.code, stage: written.error.stage, scene: written.error.scene }
          : {}),
        ...(written.result?.metrics?.['segmentsHelped']
          ? { segmentsHelped: written.result.metrics['segmentsHelped'] }
          : {}),
        ms: written.updatedAt - (job.startedAt ?? written.updatedAt),
      },
      'job ended',
    );
  } catch (error) {
    if (!(error instanceof StudioError && error.code === 'lease_lost')) throw error;
    log.warn({ job: job.id, attempt: claim.attempt }, 'lost the lease of a job: its result is dropped');
  } finally {
    heart.stop();
  }
}

type Ended = { result: JobResult } | { error: unknown };

/** Waits for the run; one that ignores its signal is given up, so that the slot is not lost for ever. */
async function settle(
  run: () => Promise<JobResult>,
  signal: AbortSignal,
  options: ClaimedOptions,
): Promise<Ended> {
  const finished = (async () => run())().then(
    (result): Ended => ({ result }),
    (error: unknown): Ended => ({ error }),
  );
  const givenUp = aborted(signal).then(async (): Promise<Ended> => {
    const patience = new AbortController();
    void finished.then(() => patience.abort());
    await Promise.race([
      pause(options.abandonMs, patience.signal),
      parkLimit(options.parking, patience.signal),
    ]);
    if (!patience.signal.aborted) options.log.error({}, 'a run did not stop when told to, and was given up');
    patience.abort();
    return { error: signal.reason };
  });
  return Promise.race([finished, givenUp]);
}

/** When the process is about to go, waiting long for one run helps nobody. */
async function parkLimit(parking: AbortSignal, signal: AbortSignal): Promise<void> {
  await aborted(parking, signal);
  await pause(PARK_WITHIN_MS, signal);
}

/** Writes how the claim ended; the store may be away for a moment, so it is tried as long as the lease may live. */
async function conclude(
  claim: ClaimRef,
  ended: Ended,
  signal: AbortSignal,
  options: ClaimedOptions,
): Promise<JobRecord> {
  const { jobs, log } = options;
  const end = performance.now() + options.leaseMs;
  for (let wait = 200; ; wait = Math.min(2000, wait * 2)) {
    try {
      if (signal.aborted && isParked(signal.reason) && !('result' in ended)) return await jobs.park(claim);
      return await jobs.finish(claim, outcomeOf(ended, signal));
    } catch (error) {
      const passing = error instanceof StudioError && error.retryable;
      if (!passing || performance.now() + wait > end) throw error;
      log.warn({ job: claim.id, error: error.message }, 'the end of a job could not be written yet');
      await pause(wait, options.parking);
    }
  }
}

function isParked(reason: unknown): boolean {
  return reason instanceof StudioError && reason.code === 'not_ready';
}

/** Why we stopped a run says more than what it threw when it was stopped. */
function outcomeOf(ended: Ended, signal: AbortSignal): Outcome {
  if ('result' in ended) return { status: 'done', result: ended.result };
  const error = asStudioError(signal.aborted ? signal.reason : ended.error, 'internal');
  if (error.code === 'lease_lost') throw error;
  if (error.code === 'cancelled') return { status: 'cancelled' };
  return { status: 'failed', error: jobError(error) };
}

/** More faults than anybody mends at once are not kept with the job. */
const ISSUES_KEPT = 100;

/** An error as the job shows it: no stack, no cause. */
export function jobError(error: StudioError): JobError {
  return {
    code: error.code,
    stage: error.stage ?? null,
    scene: error.scene ?? null,
    retryable: error.retryable,
    message: error.message,
    hint: error.hint ?? null,
    ...(error.issues?.length ? { issues: error.issues.slice(0, ISSUES_KEPT) } : {}),
  };
}

/**
 * Beats from a timer, whatever the run does. When the store has not answered for a whole lease,
 * someone else may own the job: the run is stopped as if told so.
 */
function keepLease(
  claim: ClaimRef,
  options: ClaimedOptions,
  heed: (state: LeaseState) => void,
  stop: (reason: StudioError) => void,
): { stop: () => void } {
  let renewedAt = performance.now();
  let beating = false;
  const beat = async (): Promise<void> => {
    if (beating) return;
    beating = true;
    const askedAt = performance.now();
    try {
      heed(await options.jobs.heartbeat(claim, options.leaseMs));
      renewedAt = askedAt;
    } catch (error) {
      options.log.warn({ job: claim.id, error: String(error) }, 'heartbeat failed');
      if (performance.now() - renewedAt > options.leaseMs) stop(leaseLost());
    } finally {
      beating = false;
    }
  };
  const timer = setInterval(() => void beat(), options.heartbeatMs);
  return { stop: () => clearInterval(timer) };
}

/** Sends reports one after the other; of those that come while one is under way only the sum is sent. */
function reportLatest(
  send: (update: ProgressUpdate) => Promise<void>,
  log: Logger,
  id: string,
): { report: (update: ProgressUpdate) => void; close: () => Promise<void> } {
  let waiting: ProgressUpdate | null = null;
  let sending: Promise<void> | null = null;
  let closed = false;
  const drain = async (): Promise<void> => {
    while (waiting && !closed) {
      const update = waiting;
      waiting = null;
      await send(update).catch((error: unknown) =>
        log.debug({ job: id, error: String(error) }, 'progress was not written'),
      );
    }
    sending = null;
  };
  return {
    report: (update) => {
      if (closed) return;
      waiting = { ...waiting, ...update };
      sending ??= drain();
    },
    close: async () => {
      closed = true;
      await sending;
    },
  };
}

function leaseLost(): StudioError {
  return new StudioError('lease_lost', 'Another worker owns this job now, or it is over.');
}

function overdue(limitMs: number): StudioError {
  const seconds = Math.round(limitMs / 1000);
  return new StudioError('timeout', `The job took longer than ${seconds} s.`, {
    hint: 'Make the film shorter or of a lower quality, or raise JOB_TIMEOUT_S.',
  });
}
