/** Numbers over all jobs: usage, service status, living workers. */
import { isFinal, type JobError } from '../../schema/job.ts';
import { nobody, ownerOfKey } from '../forgetting.ts';
import type { JobRecord, JobStats, Person, UsageQuery, UsageRow, WorkerInfo } from '../types.ts';
import { wantedWorkers } from '../scaling.ts';
import type { Database, Row, SqlValue } from './database.ts';

const WORKER_SEEN_MS = 60_000;
const HOUR_MS = 3600_000;

const usageKeys = {
  day: `strftime('%Y-%m-%d', at / 1000, 'unixepoch')`,
  user: `coalesce(user, owner)`,
  channel: `coalesce(channel, platform)`,
  platform: 'platform',
  owner: 'owner',
} as const;

/** Counts a job that has just become final; inside its transaction. */
export function recordUsage(db: Database, job: JobRecord): void {
  if (!isFinal(job.status)) return;
  const made = job.status === 'done' ? job.result : null;
  db.run(
    `INSERT INTO usage (at, job_id, kind, outcome, owner, platform, user, channel, film_seconds, render_seconds, scenes, scenes_reused, bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    job.finishedAt, job.id, job.kind, job.status, job.owner, job.origin.platform, job.origin.user ?? null, job.origin.channel ?? null,
    made?.duration ?? 0, job.workedMs / 1000, made ? job.scenesTotal : 0, made?.scenesReused ?? 0, made?.size ?? 0,
  ); // prettier-ignore
}

/** Takes a person out of the rows, whose sums stay; inside a transaction. @returns rows changed */
export function forgetUsage(db: Database, person: Person): number {
  const isTheirs = person.platform === 'api' ? 'owner = ?' : 'user = ?';
  return db.run(
    `UPDATE usage SET user = NULL, channel = NULL, owner = ? WHERE platform = ? AND ${isTheirs}`,
    nobody(person),
    person.platform,
    person.platform === 'api' ? ownerOfKey(person) : person.user,
  );
}

/** Grouped sums, largest group first, days in their order. */
export function readUsage(db: Database, query: UsageQuery): UsageRow[] {
  const where = ['at >= ?', 'at < ?'];
  const values: SqlValue[] = [query.from ?? 0, query.to ?? Number.MAX_SAFE_INTEGER];
  if (query.owner !== undefined) {
    where.push('owner = ?');
    values.push(query.owner);
  }
  const order = query.by === 'day' ? 'key' : 'jobs DESC, key';
  const rows = db.all(
    `SELECT ${usageKeys[query.by]} AS key, count(*) AS jobs,
            sum(outcome = 'done') AS done, sum(outcome = 'failed') AS failed, sum(outcome = 'cancelled') AS cancelled,
            sum(film_seconds) AS filmSeconds, sum(render_seconds) AS renderSeconds,
            sum(scenes) AS scenes, sum(scenes_reused) AS scenesReused, sum(bytes) AS bytes
     FROM usage WHERE ${where.join(' AND ')} GROUP BY 1 ORDER BY ${order}`,
    ...values,
  );
  return rows as unknown as UsageRow[];
}

export function readStats(db: Database, now: number, announcementsPending: number): JobStats {
  const count = (sql: string, ...values: SqlValue[]): number =>
    Number(db.get(`SELECT count(*) AS n FROM jobs WHERE ${sql}`, ...values)?.['n']);
  const oldest =
    db.get(`SELECT min(ready_at) AS at FROM jobs WHERE phase = 'queued' AND ready_at <= ?`, now)?.['at'] ??
    null;
  const lastHour = db.get(
    `SELECT sum(outcome = 'done') AS done, sum(outcome = 'failed') AS failed, avg(CASE WHEN outcome = 'done' THEN render_seconds END) AS mean
     FROM usage WHERE at > ?`,
    now - HOUR_MS,
  );
  const lastDone = lastOf(db, 'done');
  const lastFailed = lastOf(db, 'failed');
  const queued = count(`phase = 'queued'`);
  const running = count(`phase = 'running'`);
  const meanRenderSeconds = (lastHour?.['mean'] as number | null) ?? null;
  const workers = db
    .all('SELECT info, seen_at FROM workers WHERE seen_at > ? ORDER BY id', now - WORKER_SEEN_MS)
    .map(workerOf);
  return {
    queued,
    running,
    done: count(`phase = 'final' AND status = 'done'`),
    failed: count(`phase = 'final' AND status = 'failed'`),
    cancelled: count(`phase = 'final' AND status = 'cancelled'`),
    oldestWaitMs: oldest === null ? null : Math.max(0, now - Number(oldest)),
    stalled: count(`phase = 'running' AND abandoned_at <= ?`, now),
    lastHour: {
      done: Number(lastHour?.['done'] ?? 0),
      failed: Number(lastHour?.['failed'] ?? 0),
      meanRenderSeconds,
    },
    lastDone: lastDone && { id: lastDone.id, at: lastDone.finishedAt ?? 0 },
    lastFailed: lastFailed && {
      id: lastFailed.id,
      at: lastFailed.finishedAt ?? 0,
      code: (lastFailed.error as JobError).code,
    },
    workers,
    wantedWorkers: wantedWorkers({ queued, running, meanRenderSeconds, workers }),
    announcementsPending,
  };
}

/** Notes that a worker lives, and forgets those long unheard of. */
export function reportWorker(db: Database, worker: Omit<WorkerInfo, 'seenAt'>, now: number): void {
  db.run(
    'INSERT INTO workers (id, seen_at, info) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, info = excluded.info',
    worker.id,
    now,
    JSON.stringify(worker),
  );
  db.run('DELETE FROM workers WHERE seen_at < ?', now - HOUR_MS);
}

function workerOf(row: Row): WorkerInfo {
  return {
    ...(JSON.parse(String(row['info'])) as Omit<WorkerInfo, 'seenAt'>),
    seenAt: Number(row['seen_at']),
  };
}

function lastOf(db: Database, status: 'done' | 'failed'): JobRecord | null {
  const row = db.get(
    `SELECT record FROM jobs WHERE phase = 'final' AND status = ? ORDER BY finished_at DESC LIMIT 1`,
    status,
  );
  return row && (JSON.parse(String(row['record'])) as JobRecord);
}
