/**
 * The life of a job as pure functions: each takes a record and gives the next one. Every driver
 * applies them inside its own atomic step, so the rules are the same whatever the store.
 *
 *   queued → fetching|voicing|rendering|saving → done | failed | cancelled
 *      ↑ retryable failure, lost lease, park ┘       └ retry by hand → queued
 */
import { StudioError } from '../errors.ts';
import { isFinal, type JobError } from '../schema/job.ts';
import { backoffMs } from './backoff.ts';
import { requestFacts } from './request.ts';
import type { AttemptEntry, JobRecord, Lease, Origin } from './record.ts';
import type { AnnouncementChannel, ClaimRef, NewJob, Outcome, ProgressUpdate } from './types.ts';

export type LifecyclePolicy = {
  /** Attempts before a retryable failure is final. */
  maxAttempts: number;
  /** Wait after the first retryable failure, ms; doubles with each. */
  retryBaseMs: number;
  retryCapMs: number;
  /** How long a final job is kept, ms. */
  retentionMs: number;
};

const ATTEMPTS_KEPT = 20;
/** How long past its deadline a job may go on before it is taken from a worker that still beats, ms. */
const DEADLINE_GRACE_MS = 60_000;

/** Whether the claim is the one that holds the job now. */
export function holds(record: JobRecord | null, claim: ClaimRef): record is JobRecord & { lease: Lease } {
  return record?.lease?.owner === claim.owner && record.lease.attempt === claim.attempt;
}

export function queueNew(job: NewJob, id: string, now: number, policy: LifecyclePolicy): JobRecord {
  const facts = requestFacts(job.request);
  return {
    id,
    kind: job.request.kind,
    owner: job.owner,
    origin: job.origin,
    priority: job.priority ?? facts.priority,
    title: facts.title,
    metadata: facts.metadata,
    webhookUrl: facts.webhookUrl,
    idempotency: job.idempotency ?? null,
    status: 'queued',
    ...noProgress,
    scenesTotal: facts.scenesTotal,
    attempts: 0,
    attemptsLimit: policy.maxAttempts,
    claims: 0,
    lease: null,
    cancelRequested: false,
    retryAt: null,
    deadline: null,
    result: null,
    error: null,
    attemptLog: [],
    deliveries: [],
    workedMs: 0,
    createdAt: now,
    queuedAt: now,
    startedAt: null,
    finishedAt: null,
    updatedAt: now,
    expiresAt: null,
    eventId: 0,
  };
}

const noProgress = {
  progress: 0,
  stage: null,
  scene: null,
  scenesReused: null,
  etaSeconds: null,
  warnings: [] as string[],
  sheet: null,
};

export function claimed(
  record: JobRecord,
  worker: string,
  now: number,
  options: { leaseMs: number; timeoutMs: number },
): JobRecord & { lease: Lease } {
  const attempt = record.claims + 1;
  const first = record.kind === 'tts' ? 'voicing' : 'fetching';
  const entry: AttemptEntry = { attempt, worker, startedAt: now, endedAt: null, outcome: null, error: null };
  return {
    ...record,
    ...noProgress,
    status: first,
    stage: first,
    attempts: record.attempts + 1,
    claims: attempt,
    lease: { owner: worker, attempt, expiresAt: now + options.leaseMs },
    retryAt: null,
    deadline: now + options.timeoutMs,
    attemptLog: [...record.attemptLog, entry].slice(-ATTEMPTS_KEPT),
    startedAt: record.startedAt ?? now,
    updatedAt: now,
  };
}

export function beaten(record: JobRecord & { lease: Lease }, now: number, leaseMs: number): JobRecord {
  return { ...record, lease: { ...record.lease, expiresAt: now + leaseMs } };
}

/** Progress only grows; the stage is the renderer's to tell, and is the status of a running job. */
export function progressed(record: JobRecord, update: ProgressUpdate, now: number): JobRecord {
  const told = update.progress;
  const progress =
    told === undefined || !Number.isFinite(told)
      ? record.progress
      : Math.max(record.progress, Math.min(100, told));
  return {
    ...record,
    progress,
    status: update.stage ?? record.status,
    stage: update.stage ?? record.stage,
    scene: update.scene === undefined ? record.scene : update.scene,
    scenesTotal: update.scenesTotal ?? record.scenesTotal,
    scenesReused: update.scenesReused === undefined ? record.scenesReused : update.scenesReused,
    etaSeconds: update.etaSeconds === undefined ? record.etaSeconds : update.etaSeconds,
    sheet: update.sheet ?? record.sheet,
    updatedAt: now,
  };
}

/** Adds to where the answer goes; the platform it came from never changes. */
export function withOrigin(record: JobRecord, patch: Partial<Omit<Origin, 'platform'>>): JobRecord {
  return { ...record, origin: { ...record.origin, ...patch, platform: record.origin.platform } };
}

export function finished(
  record: JobRecord,
  outcome: Outcome,
  now: number,
  policy: LifecyclePolicy,
): JobRecord {
  // A film that is made stays made, even if a cancel came while its last byte was written.
  if (outcome.status === 'done') {
    const { result } = outcome;
    const done = final(leave(record, 'done', now), 'done', now, policy);
    return { ...done, progress: 100, result, warnings: result.warnings, scenesReused: result.scenesReused };
  }
  if (outcome.status === 'cancelled' || record.cancelRequested)
    return final(leave(record, 'cancelled', now), 'cancelled', now, policy);
  const { error } = outcome;
  if (error.retryable && record.attempts < record.attemptsLimit) {
    const failures = policy.maxAttempts - (record.attemptsLimit - record.attempts);
    const retryAt = now + backoffMs(failures, policy.retryBaseMs, policy.retryCapMs);
    return requeued(leave(record, 'retried', now, error), retryAt, now);
  }
  return { ...final(leave(record, 'failed', now, error), 'failed', now, policy), error };
}

/** Back to its old place in the queue, as if it had not been claimed. */
export function parked(record: JobRecord, now: number, policy: LifecyclePolicy): JobRecord {
  if (record.cancelRequested) return final(leave(record, 'cancelled', now), 'cancelled', now, policy);
  return requeued({ ...leave(record, 'parked', now), attempts: record.attempts - 1 }, null, now);
}

/** When a running job will have to be taken from its worker if nothing is heard: silent for a lease, or long past its deadline, epoch ms. */
export function abandonedAt(record: JobRecord): number | null {
  if (record.lease === null) return null;
  return record.deadline === null
    ? record.lease.expiresAt
    : Math.min(record.lease.expiresAt, record.deadline + DEADLINE_GRACE_MS);
}

export function takenBack(record: JobRecord, now: number, policy: LifecyclePolicy): JobRecord {
  if (record.cancelRequested) return final(leave(record, 'cancelled', now), 'cancelled', now, policy);
  const silent = record.lease === null || record.lease.expiresAt <= now;
  if (silent && record.attempts < record.attemptsLimit)
    return requeued(leave(record, 'lost', now), null, now);
  const error = silent ? workerDied(record) : tookTooLong(record);
  return { ...final(leave(record, 'lost', now, error), 'failed', now, policy), error };
}

function workerDied(record: JobRecord): JobError {
  const times = record.attempts === 1 ? 'once' : `${record.attempts} times`;
  return {
    code: 'internal',
    stage: record.stage,
    scene: record.scene,
    retryable: false,
    message: `The worker making this died ${times}, so it was given up.`,
    hint: 'Look for the reason in the worker’s log (memory is the usual one), then retry the job.',
  };
}

function tookTooLong(record: JobRecord): JobError {
  return {
    code: 'timeout',
    stage: record.stage,
    scene: record.scene,
    retryable: false,
    message: 'The job went past its time limit and its worker did not stop it.',
    hint: 'Restart that worker; for long films raise JOB_TIMEOUT_S.',
  };
}

export function cancelAsked(record: JobRecord, now: number, policy: LifecyclePolicy): JobRecord {
  if (record.status === 'cancelled') return record;
  if (isFinal(record.status)) {
    throw new StudioError('conflict', `The job is ${record.status} already.`, {
      hint: 'Only a queued or running job can be cancelled.',
    });
  }
  if (record.lease === null) return { ...final(record, 'cancelled', now, policy), cancelRequested: true };
  return record.cancelRequested ? record : { ...record, cancelRequested: true, updatedAt: now };
}

/** Same id, fresh attempts; claims go on counting, so that an old worker stays fenced off. */
export function retryAsked(record: JobRecord, now: number, policy: LifecyclePolicy): JobRecord {
  if (record.status !== 'failed' && record.status !== 'cancelled') {
    throw new StudioError('conflict', `The job is ${record.status}.`, {
      hint: 'Only a failed or cancelled job can be retried.',
    });
  }
  return {
    ...requeued(record, null, now),
    attemptsLimit: record.attempts + policy.maxAttempts,
    cancelRequested: false,
    error: null,
    result: null,
    workedMs: 0,
    queuedAt: now,
    startedAt: null,
    finishedAt: null,
    expiresAt: null,
  };
}

/** Who must be told that a job is over. */
export function announcementChannels(record: JobRecord): AnnouncementChannel[] {
  const channels: AnnouncementChannel[] = [];
  if (record.webhookUrl !== null) channels.push('webhook');
  const { platform } = record.origin;
  if (platform === 'discord' || platform === 'slack') channels.push(platform);
  return channels;
}

function requeued(record: JobRecord, retryAt: number | null, now: number): JobRecord {
  return { ...record, ...noProgress, status: 'queued', lease: null, deadline: null, retryAt, updatedAt: now };
}

function final(
  record: JobRecord,
  status: 'done' | 'failed' | 'cancelled',
  now: number,
  policy: LifecyclePolicy,
): JobRecord {
  return {
    ...record,
    status,
    stage: null,
    scene: null,
    lease: null,
    deadline: null,
    retryAt: null,
    etaSeconds: null,
    finishedAt: now,
    updatedAt: now,
    expiresAt: now + policy.retentionMs,
  };
}

/** Closes the log entry of the running attempt and counts its time. */
function leave(
  record: JobRecord,
  outcome: NonNullable<AttemptEntry['outcome']>,
  now: number,
  error: JobError | null = null,
): JobRecord {
  const current = record.attemptLog.at(-1);
  if (record.lease === null || current === undefined) return record;
  const entry: AttemptEntry = { ...current, endedAt: now, outcome, error };
  return {
    ...record,
    attemptLog: [...record.attemptLog.slice(0, -1), entry],
    workedMs: record.workedMs + Math.max(0, now - current.startedAt),
  };
}
