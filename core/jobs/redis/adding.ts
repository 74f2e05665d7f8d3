/** Taking a job on: once for each Idempotency-Key, and only while the queue has room. */
import { randomInt } from 'node:crypto';
import { StudioError } from '../../errors.ts';
import { queueNew } from '../lifecycle.ts';
import type { JobRecord, NewJob } from '../types.ts';
import type { RedisParts } from './parts.ts';

/** @throws {StudioError} conflict (same key, other body), not_ready (queue full, or no Redis), no_space */
export async function addJob(
  { connection, ledger, store, live, now, options }: RedisParts,
  job: NewJob,
): Promise<{ job: JobRecord; created: boolean }> {
  // Before that it is not known what time it is.
  await connection.ready();
  for (;;) {
    const record = queueNew(job, newId(), now(), options);
    const added = await ledger.insert(record, job.request, options.maxQueued);
    if (added === null) throw queueFull();
    if ('inserted' in added) return { job: added.inserted, created: true };
    const known = await store.load(added.known);
    // Removed in this moment, with its key: then this one is the first.
    if (known) return { job: live.overlay(sameRequest(known.record, job)), created: false };
  }
}

/** 24 of 36 characters: 124 bits; lower case, so that it is also a safe folder name. */
function newId(): string {
  return Array.from({ length: 24 }, () => randomInt(36).toString(36)).join('');
}

/** @throws {StudioError} conflict */
function sameRequest(known: JobRecord, job: NewJob): JobRecord {
  if (known.idempotency?.hash === job.idempotency?.hash) return known;
  throw new StudioError('conflict', 'This Idempotency-Key was used for another request.', {
    hint: 'Send the same body again, or use a new key for a new request.',
  });
}

function queueFull(): StudioError {
  return new StudioError('not_ready', 'Too many jobs are waiting already.', {
    retryable: true,
    hint: 'Try again when some of them are done.',
  });
}
