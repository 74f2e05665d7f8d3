/**
 * Changes of jobs and what follows from them outside Redis: watchers hear, a worker is woken, waiters
 * look. Jobs held by this process are remembered as last written, so that their
 * changes cost one round trip; if another process changed one meanwhile, the write is refused and the
 * job read again.
 */
import { StudioError } from '../../errors.ts';
import { isFinal } from '../../schema/job.ts';
import { abandonedAt, claimed, holds, takenBack, type LifecyclePolicy } from '../lifecycle.ts';
import type { LiveProgress } from '../live-progress.ts';
import type { ClaimedJob, ClaimRef, JobRecord, JobRequest, Lease } from '../types.ts';
import type { Feed } from './feed.ts';
import type { CommitOptions, Saved, Snapshot, Store, Waiting } from './store.ts';
import type { Tickets } from './tickets.ts';

export type LedgerParts = {
  store: Store;
  live: LiveProgress;
  feed: Feed;
  tickets: Tickets;
  now: () => number;
  /** Work came: wakes who waits for it here; whether there was anyone. */
  onQueued: () => boolean;
  onFinal: () => void;
};

type SaveOptions = Pick<CommitOptions, 'quiet' | 'toEnd'>;

/** Times a change is tried against others of the same job. */
const TRIES = 100;

export class Ledger {
  readonly #parts: LedgerParts;
  readonly #held = new Map<string, Snapshot>();

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  async insert(
    record: JobRecord,
    request: JobRequest,
    maxQueued: number,
  ): Promise<{ inserted: JobRecord } | { known: string } | null> {
    const added = await this.#parts.store.insert(record, request, maxQueued);
    if (added === null || 'known' in added) return added;
    await this.#follow(null, added);
    return { inserted: added.saved.record };
  }

  /** Writes the next state of a job that is still as `before`; null if it is not. */
  async save(before: Snapshot, next: JobRecord, options: SaveOptions = {}): Promise<JobRecord | null> {
    const { live, store, now } = this.#parts;
    const written = live.pendingOf(next.id);
    const outcome = await store.commit(before, next, options);
    if ('refusedBy' in outcome) {
      this.#held.delete(next.id);
      return null;
    }
    const { saved } = outcome;
    if (!saved.record.lease) this.#held.delete(next.id);
    else if (this.#held.has(next.id) || before.record.lease === null) this.#held.set(next.id, saved);
    if (!options.quiet) {
      live.saved(saved.record, now(), written);
      await this.#follow(before, outcome);
    }
    return saved.record;
  }

  /** What `change` makes of a job; null if there is none. Unchanged if it gives back what it got. */
  async change(
    id: string,
    change: (record: JobRecord, now: number) => JobRecord,
    options: SaveOptions = {},
  ): Promise<JobRecord | null> {
    const { store, live, now } = this.#parts;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = await store.load(id);
      if (!before) return null;
      const record = live.overlay(before.record);
      const next = change(record, now());
      if (next === record) return record;
      const saved = await this.save(before, next, options);
      if (saved) return saved;
    }
    throw tooBusy();
  }

  /** The same for the job of a claim; null if the claim does not hold it (any more). */
  async changeHeld(
    claim: ClaimRef,
    change: (record: JobRecord & { lease: Lease }, now: number) => JobRecord,
    options: SaveOptions = {},
  ): Promise<JobRecord | null> {
    const { store, live, now } = this.#parts;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = this.#held.get(claim.id) ?? (await store.load(claim.id));
      if (!before || !holds(before.record, claim)) {
        if (this.#held.delete(claim.id)) continue;
        live.lost(claim);
        return null;
      }
      const { record } = before;
      const saved = await this.save(
        before,
        change(options.quiet ? record : live.overlay(record), now()),
        options,
      );
      if (saved) return saved;
    }
    throw tooBusy();
  }

  /** Gives a waiting job to a worker of this process; null if it is not as it was. */
  async claim(
    { snapshot, request }: Waiting,
    ask: { workerId: string; leaseMs: number; timeoutMs: number },
  ): Promise<ClaimedJob | null> {
    const { live, now } = this.#parts;
    const next = claimed(snapshot.record, ask.workerId, now(), ask);
    const saved = await this.save(snapshot, next);
    if (!saved) return null;
    const job = { ...saved, lease: next.lease };
    live.start(job, now());
    return { ...job, request };
  }

  /** What became of a running job whose worker fell silent; null if that is not so (any more). */
  async takeBack(id: string, policy: LifecyclePolicy): Promise<JobRecord | null> {
    let taken = false;
    const record = await this.change(id, (job, now) => {
      taken = (abandonedAt(job) ?? Number.POSITIVE_INFINITY) <= now;
      return taken ? takenBack(job, now, policy) : job;
    });
    return taken ? record : null;
  }

  /** Saves what is pending of a running job's progress. Never rejects: the next report or the job's end saves it too. */
  async writePending(claim: ClaimRef): Promise<void> {
    await this.changeHeld(claim, (job) => ({ ...job })).catch(() => {});
  }

  async #follow(before: Snapshot | null, { saved: { record }, messages }: Saved): Promise<void> {
    const { tickets, feed, onQueued, onFinal, now } = this.#parts;
    if (record.status === 'queued' && before?.record.status !== 'queued') {
      const delayMs = record.retryAt === null ? 0 : record.retryAt - now();
      if (delayMs > 0) tickets.sendLater(record.id, delayMs);
      // One that waits already will wake someone, and whoever is woken wakes the next if more is to do.
      else if (!onQueued() && messages === 0) tickets.send(record.id);
    }
    if (isFinal(record.status)) onFinal();
    await feed.saved(record);
  }
}

function tooBusy(): StudioError {
  return new StudioError('not_ready', 'The job is being changed by too many at once.', {
    retryable: true,
    hint: 'Try again in a moment.',
  });
}
