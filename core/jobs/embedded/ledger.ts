/**
 * Changes of jobs: each one a transaction with all that follows from it (announcements, usage), and
 * after its commit watchers hear of it and waiters look. Methods marked "inside" belong in a
 * `commit` or `commitSurely`.
 */
import { StudioError } from '../../errors.ts';
import { isFinal } from '../../schema/job.ts';
import { holds, takenBack, type LifecyclePolicy } from '../lifecycle.ts';
import { LiveProgress } from '../live-progress.ts';
import type { ClaimRef, Delivery, JobRecord, JobRequest, LeaseState } from '../types.ts';
import { isFull, type Database } from './database.ts';
import { Feed } from './feed.ts';
import { JobTable } from './job-table.ts';
import { Outbox } from './outbox.ts';
import { RecentRecords } from './recent-records.ts';
import { recordUsage } from './reports.ts';
import type { DiskReserve } from './reserve.ts';
import { Waiters } from './waiting.ts';

const DELIVERIES_KEPT = 50;

type Change = (record: JobRecord, now: number) => JobRecord;
type SaveOptions = { /** Gives the job a new place in the queue. */ toEnd?: boolean };
export type LedgerOptions = LifecyclePolicy & { pollMs: number; now: () => number };

export class Ledger {
  readonly db: Database;
  readonly table: JobTable;
  readonly live: LiveProgress;
  readonly feed: Feed;
  readonly outbox: Outbox;
  readonly waiters = new Waiters();
  readonly #recent: RecentRecords;
  readonly #reserve: DiskReserve;
  readonly #options: LedgerOptions;
  /** Saved by the running transaction; of no one's concern until it is committed. */
  #uncommitted: JobRecord[] = [];

  constructor(db: Database, reserve: DiskReserve, options: LedgerOptions) {
    const { pollMs, now } = options;
    this.db = db;
    this.table = new JobTable(db);
    this.#recent = new RecentRecords(db);
    this.#reserve = reserve;
    this.#options = options;
    this.live = new LiveProgress((claim) => this.#writePending(claim));
    this.feed = new Feed(
      {
        changedSince: (since, id) => {
          const changed = this.table.changedSince(since, id);
          return changed.map(({ change, record }) => ({ change, record: this.live.overlay(record) }));
        },
        latestChange: () => this.table.latestChange(),
      },
      pollMs,
    );
    this.outbox = new Outbox({
      db,
      waiters: this.waiters,
      pollMs,
      now,
      write: (work) => this.commitSurely(work),
      logDelivery: (jobId, delivery) => this.#logDelivery(jobId, delivery),
    });
  }

  /** All of `work` or nothing, durably. */
  commit<T>(work: () => T): T {
    this.#uncommitted = [];
    const result = this.db.transaction(work);
    if (this.#uncommitted.length > 0) {
      for (const record of this.#uncommitted) this.live.saved(record, this.#options.now());
      this.feed.saved();
      this.waiters.wake();
    }
    return result;
  }

  /** The same for what must go through even on a full disk: it may use up the reserve. */
  commitSurely<T>(work: () => T): T {
    try {
      return this.commit(work);
    } catch (error) {
      if (!isFull(error) || !this.#reserve.release()) throw error;
      return this.commit(work);
    }
  }

  /** @throws {StudioError} not_found, and what `change` throws */
  change(id: string, change: Change, options: SaveOptions = {}): JobRecord {
    return this.commitSurely(() => {
      const record = this.load(id);
      if (!record) throw notFound();
      const next = change(record, this.#options.now());
      return next === record ? record : this.save(record, next, options);
    });
  }

  /** @throws {StudioError} lease_lost if the claim does not hold the job */
  changeHeld(claim: ClaimRef, change: Change): JobRecord {
    return this.commitSurely(() => {
      const record = this.load(claim.id);
      if (holds(record, claim)) return this.save(record, change(record, this.#options.now()));
      this.lost(claim);
      throw leaseLost();
    });
  }

  /** The record with the progress of this process that is not written yet. */
  load(id: string): JobRecord | null {
    const record = this.table.load(id);
    return record && this.live.overlay(record);
  }

  /** The same, outside of any transaction, for those who only look: see RecentRecords. */
  look(id: string): JobRecord | null {
    const record = this.#recent.get(id, (wanted) => this.table.load(wanted));
    return record && this.live.overlay(record);
  }

  /** Inside. */
  insert(record: JobRecord, request: JobRequest): JobRecord {
    const inserted = this.table.insert(record, request);
    this.#uncommitted.push(inserted);
    return inserted;
  }

  /** Inside. Writes the next state and what follows from it. */
  save(before: JobRecord, next: JobRecord, options: SaveOptions = {}): JobRecord {
    const saved = this.table.save(next, options);
    this.#uncommitted.push(saved);
    if (isFinal(saved.status) && !isFinal(before.status)) {
      this.outbox.announce(saved);
      recordUsage(this.db, saved);
    }
    return saved;
  }

  /** Inside. Takes running jobs from workers that fell silent. */
  takeBack(now: number): JobRecord[] {
    const abandoned = this.table.abandoned(now).map((record) => this.live.overlay(record));
    return abandoned.map((record) => this.save(record, takenBack(record, now, this.#options)));
  }

  /** Inside. Takes running jobs from workers that are known to be gone, whatever their leases say. */
  takeBackFrom(workers: ReadonlySet<string>, now: number): JobRecord[] {
    const theirs = this.table.running().filter(({ lease }) => lease && workers.has(lease.owner));
    return theirs.map((record) => {
      const ended = { ...record, lease: record.lease && { ...record.lease, expiresAt: now } };
      return this.save(record, takenBack(ended, now, this.#options));
    });
  }

  lost(claim: ClaimRef): LeaseState {
    this.live.lost(claim);
    return 'lost';
  }

  #writePending(claim: ClaimRef): void {
    try {
      this.commit(() => {
        const record = this.load(claim.id);
        if (holds(record, claim)) this.save(record, record);
        else this.lost(claim);
      });
    } catch {
      // Locked or full: the next report or the end of the job writes it.
    }
  }

  #logDelivery(jobId: string, delivery: Delivery): void {
    const record = this.table.load(jobId);
    if (!record) return;
    const deliveries = [...record.deliveries, delivery].slice(-DELIVERIES_KEPT);
    this.table.saveQuietly({ ...record, deliveries });
  }
}

function notFound(): StudioError {
  return new StudioError('not_found', 'There is no such job.', {
    hint: 'Its id may be wrong, or it was removed after its time.',
  });
}

function leaseLost(): StudioError {
  return new StudioError('lease_lost', 'Another worker owns this job now, or it is over.', {
    hint: 'Stop working on it and write nothing more.',
  });
}
