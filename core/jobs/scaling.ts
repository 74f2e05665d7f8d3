/** How many workers there should be: what an autoscaler goes by. */
import type { WorkerInfo } from './types.ts';

/** All that waits now should have begun by then, s. */
const TARGET_WAIT_S = 60;
/** What a film takes as long as none was made in the last hour, s. */
const UNKNOWN_FILM_S = 30;

/**
 * Workers (processes) for the jobs there are: a slot for each that runs, and as many more as begin all
 * that wait within a minute if jobs go on taking as long as in the last hour. 0 when there is nothing.
 */
export function wantedWorkers(now: {
  queued: number;
  running: number;
  /** Mean of the last hour, s, or null. */
  meanRenderSeconds: number | null;
  /** Those that live: how many jobs one takes is learned from them. */
  workers: readonly Pick<WorkerInfo, 'concurrency'>[];
}): number {
  const each = now.workers.reduce((sum, { concurrency }) => sum + concurrency, 0) / now.workers.length || 1;
  const seconds = now.meanRenderSeconds ?? UNKNOWN_FILM_S;
  // One that waits needs one slot at most, however long it takes.
  const forWaiting = Math.min(now.queued, Math.ceil((now.queued * seconds) / TARGET_WAIT_S));
  return Math.ceil((now.running + forWaiting) / each);
}
