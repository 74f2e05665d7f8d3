/** Numbers over all jobs, and which workers live. */
import type { JobStats, WorkerInfo } from '../types.ts';
import { wantedWorkers } from '../scaling.ts';
import type { Connection } from './connection.ts';
import { keys } from './keys.ts';
import type { Store } from './store.ts';
import { readRecent } from './usage.ts';

const WORKER_SEEN_MS = 60_000;
const HOUR_MS = 3600_000;

export async function readStats(
  connection: Connection,
  store: Store,
  now: number,
  announcementsPending: number,
): Promise<JobStats> {
  const newest = { REV: true } as const;
  const [queued, running, done, failed, cancelled, oldest, stalled, lastDone, lastFailed, workers] =
    await connection.call((client) =>
      Promise.all([
        client.zCard(keys.queue),
        client.zCard(keys.running),
        client.zCard(keys.ended('done')),
        client.zCard(keys.ended('failed')),
        client.zCard(keys.ended('cancelled')),
        client.zRangeWithScores(keys.waiting, 0, 0),
        client.zCount(keys.running, '-inf', now),
        client.zRangeWithScores(keys.ended('done'), 0, 0, newest),
        client.zRangeWithScores(keys.ended('failed'), 0, 0, newest),
        client.hGetAll(keys.workers),
      ]),
    );
  const lastHour = await readRecent(connection, now - HOUR_MS);
  const failure = lastFailed[0] && (await store.load(lastFailed[0].value));
  const since = oldest[0]?.score;
  const living = livingWorkers(workers, now);
  return {
    queued,
    running,
    done,
    failed,
    cancelled,
    oldestWaitMs: since === undefined || since > now ? null : now - since,
    stalled,
    lastHour,
    lastDone: lastDone[0] ? { id: lastDone[0].value, at: lastDone[0].score } : null,
    lastFailed: failure
      ? { id: failure.record.id, at: lastFailed[0]!.score, code: failure.record.error?.code ?? 'internal' }
      : null,
    workers: living,
    wantedWorkers: wantedWorkers({
      queued,
      running,
      meanRenderSeconds: lastHour.meanRenderSeconds,
      workers: living,
    }),
    announcementsPending,
  };
}

/** Notes that a worker lives. */
export async function reportWorker(
  connection: Connection,
  worker: Omit<WorkerInfo, 'seenAt'>,
  now: number,
): Promise<void> {
  const info: WorkerInfo = { ...worker, seenAt: now };
  await connection.call((client) => client.hSet(keys.workers, worker.id, JSON.stringify(info)));
}

/** Forgets those long unheard of. */
export async function forgetOldWorkers(connection: Connection, now: number): Promise<void> {
  const workers = await connection.call((client) => client.hGetAll(keys.workers));
  const old = Object.values(workers)
    .map((text) => JSON.parse(text) as WorkerInfo)
    .filter(({ seenAt }) => seenAt < now - HOUR_MS);
  if (old.length > 0)
    await connection.call((client) =>
      client.hDel(
        keys.workers,
        old.map(({ id }) => id),
      ),
    );
}

function livingWorkers(workers: Record<string, string>, now: number): WorkerInfo[] {
  return Object.values(workers)
    .map((text) => JSON.parse(text) as WorkerInfo)
    .filter(({ seenAt }) => seenAt > now - WORKER_SEEN_MS)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}
