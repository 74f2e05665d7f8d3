/** When a job that waits will likely be done: its place in the queue and how long jobs took lately. */
import type { JobBackend, JobStats } from '../jobs/types.ts';

export type Outlook = { queuePosition: number | null; etaSeconds: number | null };
export type QueueOutlook = {
  /** One for each id that waits. */
  of(ids: readonly string[]): Promise<Map<string, Outlook>>;
  /** Counts of the queue, at most `STATS_MS` old. */
  stats(): Promise<JobStats>;
};

/** Counting jobs costs milliseconds, being watched by hundreds should not multiply it. */
const STATS_MS = 1000;

export function createQueueOutlook(jobs: Pick<JobBackend, 'queuePositions' | 'stats'>): QueueOutlook {
  let known: { at: number; stats: Promise<JobStats> } | null = null;

  function stats(): Promise<JobStats> {
    if (known && performance.now() - known.at <= STATS_MS) return known.stats;
    const fresh = jobs.stats();
    known = { at: performance.now(), stats: fresh };
    fresh.catch(() => (known = null));
    return fresh;
  }

  return {
    stats,
    async of(ids) {
      if (ids.length === 0) return new Map();
      const [positions, now] = await Promise.all([jobs.queuePositions(ids), stats()]);
      return new Map(
        [...positions].map(([id, position]) => [
          id,
          { queuePosition: position, etaSeconds: etaOf(position, now) },
        ]),
      );
    },
  };
}

/**
 * Seconds until the job at this place is done, if jobs go on taking as long as the last hour's did;
 * null while that is not known, or nobody works.
 */
export function etaOf(
  position: number,
  { lastHour, running, workers }: Pick<JobStats, 'lastHour' | 'running' | 'workers'>,
): number | null {
  const mean = lastHour.meanRenderSeconds;
  const atOnce = workers.reduce((sum, worker) => sum + worker.concurrency, 0);
  if (mean === null || atOnce === 0) return null;
  // Those running are half done on average; then each round takes as many as there are places.
  const rounds = Math.floor((position - 1) / atOnce) + 1;
  const underWay = running >= atOnce ? mean / 2 : 0;
  return Math.ceil(underWay + rounds * mean);
}
