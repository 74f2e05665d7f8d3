/**
 * The embedded driver: jobs in one SQLite file, no other program needed. Several processes of one
 * host may open the same file; within a process events and new work are known at once, across
 * processes after `pollMs`. Its parts are in embedded/.
 */
import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { StudioError } from '../errors.ts';
import { isFinal } from '../schema/job.ts';
import { isFull, LOG_BYTES, openDatabase, type Database } from './embedded/database.ts';
import { takeDeadWorkers } from './embedded/dead-workers.ts';
import { Ledger } from './embedded/ledger.ts';
import { forgetUsage, readStats, readUsage, reportWorker } from './embedded/reports.ts';
import { DiskReserve } from './embedded/reserve.ts';
import { migrations } from './embedded/schema.ts';
import { forgotten } from './forgetting.ts';
import * as life from './lifecycle.ts';
import type * as t from './types.ts';

export type EmbeddedJobsOptions = life.LifecyclePolicy & {
  /** Folder of the store, made if missing; on a local disk. */
  folder: string;
  /** Queued jobs above which new ones are refused. */
  maxQueued: number;
  /** Room kept for writing final states on a full disk, bytes. */
  reserveBytes: number;
  /** Free space below which new jobs are refused, bytes. */
  minFreeBytes: number;
  /** How often to look for what other processes did, ms. */
  pollMs: number;
  now: () => number;
};

/** @throws {StudioError} not_ready if the file is locked, damaged or cannot be opened */
export function openEmbeddedJobs(options: EmbeddedJobsOptions): t.JobBackend {
  makeFolder(options.folder);
  const reserveFile = path.join(options.folder, 'jobs.reserve');
  const reserve = new DiskReserve(reserveFile, options.reserveBytes, options.minFreeBytes);
  const open = (): Database => openDatabase(path.join(options.folder, 'jobs.db'), migrations);
  let db: Database;
  try {
    db = open();
  } catch (error) {
    // What is there must stay readable when the disk is full.
    if (!isFull(error) || !reserve.release()) throw error;
    db = open();
  }
  reserve.fill();
  const ledger = new Ledger(db, reserve, options);
  ledger.commitSurely(() => ledger.takeBackFrom(takeDeadWorkers(db), options.now()));
  return new EmbeddedJobs(ledger, reserve, options);
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StudioError('not_ready', `The folder ${folder} of the job store cannot be made.`, {
      hint: 'Point DATA_DIR at a folder this user may write to.',
      cause: error,
    });
  }
}

class EmbeddedJobs implements t.JobBackend {
  readonly driver = 'embedded';
  readonly announcements: t.AnnouncementOutbox;
  readonly help = null;
  readonly #ledger: Ledger;
  readonly #reserve: DiskReserve;
  readonly #options: EmbeddedJobsOptions;
  #closed = false;
  /** Whether the disk was too full for the last thing that was to begin. */
  #wasFull = false;

  constructor(ledger: Ledger, reserve: DiskReserve, options: EmbeddedJobsOptions) {
    this.#ledger = ledger;
    this.#reserve = reserve;
    this.#options = options;
    this.announcements = ledger.outbox;
  }

  async add(job: t.NewJob): Promise<{ job: t.JobRecord; created: boolean }> {
    const known = this.#repeated(job);
    if (known) return { job: known, created: false };
    if (this.#reserve.isLow() || !this.#reserve.fill()) throw diskLow();
    return this.#commitNew(() => {
      // Again under the lock: another process may have taken the same key meanwhile.
      const other = this.#repeated(job);
      if (other) return { job: other, created: false };
      if (this.#ledger.table.countQueued() >= this.#options.maxQueued) throw queueFull();
      const record = life.queueNew(job, newId(), this.#options.now(), this.#options);
      return { job: this.#ledger.insert(record, job.request), created: true };
    });
  }

  async record(id: string): Promise<t.JobRecord | null> {
    return this.#ledger.look(id);
  }

  async get(id: string): Promise<t.JobWithRequest | null> {
    const record = this.#ledger.load(id);
    const request = record && this.#ledger.table.loadRequest(id);
    return record && request && { ...record, request };
  }

  async list(query: t.JobQuery = {}): Promise<t.JobPage> {
    const page = this.#ledger.table.list(query);
    return { ...page, jobs: page.jobs.map((job) => this.#ledger.live.overlay(job)) };
  }

  async queuePositions(ids: readonly string[]): Promise<Map<string, number>> {
    return this.#ledger.table.queuePositions(ids);
  }

  async claim(
    workerId: string,
    options: { leaseMs: number; timeoutMs: number },
  ): Promise<t.ClaimedJob | null> {
    const { table, live } = this.#ledger;
    // Reading is free of locks: idle workers must not take turns at writing.
    if (!table.isDue(this.#options.now())) return null;
    const taken = this.#commitNew(() => {
      const now = this.#options.now();
      this.#ledger.takeBack(now);
      const next = table.next(now);
      const request = next && table.loadRequest(next.id);
      if (!next || !request) return null;
      const claimed = life.claimed(next, workerId, now, options);
      return { record: { ...this.#ledger.save(next, claimed), lease: claimed.lease }, request };
    });
    if (!taken) return null;
    live.start(taken.record, this.#options.now());
    return { ...taken.record, request: taken.request };
  }

  async waitForWork(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const isDue = (): boolean => this.#ledger.table.isDue(this.#options.now());
    await this.#ledger.waiters.until(isDue, this.#options.pollMs, timeoutMs, signal);
  }

  async heartbeat(claim: t.ClaimRef, leaseMs: number): Promise<t.LeaseState> {
    const { table } = this.#ledger;
    return this.#ledger.commitSurely(() => {
      const record = table.load(claim.id);
      if (!life.holds(record, claim)) return this.#ledger.lost(claim);
      table.saveQuietly(life.beaten(record, this.#options.now(), leaseMs));
      return stateOf(record);
    });
  }

  async progress(claim: t.ClaimRef, update: t.ProgressUpdate): Promise<t.LeaseState> {
    const now = this.#options.now();
    const taken = this.#ledger.live.take(claim, update, now);
    if (taken) {
      if (taken.live) this.#ledger.feed.unsaved(taken.live);
      return taken.state;
    }
    return this.#ledger.commit(() => {
      const record = this.#ledger.load(claim.id);
      if (!life.holds(record, claim)) return this.#ledger.lost(claim);
      this.#ledger.save(record, life.progressed(record, update, now));
      return stateOf(record);
    });
  }

  async finish(claim: t.ClaimRef, outcome: t.Outcome): Promise<t.JobRecord> {
    return this.#ledger.changeHeld(claim, (job, now) => life.finished(job, outcome, now, this.#options));
  }

  async park(claim: t.ClaimRef): Promise<t.JobRecord> {
    return this.#ledger.changeHeld(claim, (job, now) => life.parked(job, now, this.#options));
  }

  async cancel(id: string): Promise<t.JobRecord> {
    return this.#ledger.change(id, (job, now) => life.cancelAsked(job, now, this.#options));
  }

  async retry(id: string): Promise<t.JobRecord> {
    return this.#ledger.change(id, (job, now) => life.retryAsked(job, now, this.#options), { toEnd: true });
  }

  async setOrigin(id: string, patch: Partial<Omit<t.Origin, 'platform'>>): Promise<t.JobRecord> {
    return this.#ledger.change(id, (job) => life.withOrigin(job, patch));
  }

  watch(
    filter: t.WatchFilter,
    signal: AbortSignal,
    options: { after?: number | undefined } = {},
  ): AsyncIterable<t.JobEvent> {
    return this.#ledger.feed.watch(filter, signal, options.after);
  }

  async usage(query: t.UsageQuery): Promise<t.UsageRow[]> {
    return readUsage(this.#ledger.db, query);
  }

  async forget(person: t.Person): Promise<t.Forgotten> {
    const { table, outbox, db } = this.#ledger;
    return this.#ledger.commitSurely(() => {
      const theirs = table.ofPerson(person);
      const over = theirs.filter(({ status }) => isFinal(status));
      for (const record of over) {
        table.saveForgotten(forgotten(record, person));
        outbox.removeClosed(record.id);
      }
      return { jobs: over.length, usage: forgetUsage(db, person), unfinished: theirs.length - over.length };
    });
  }

  async trimUsage(before: number): Promise<number> {
    return this.#ledger.commitSurely(() => this.#ledger.db.run('DELETE FROM usage WHERE at < ?', before));
  }

  async stats(): Promise<t.JobStats> {
    return readStats(this.#ledger.db, this.#options.now(), this.#ledger.outbox.pending());
  }

  async reportWorker(worker: Omit<t.WorkerInfo, 'seenAt'>): Promise<void> {
    this.#ledger.commitSurely(() => reportWorker(this.#ledger.db, worker, this.#options.now()));
  }

  async forgetWorker(id: string): Promise<void> {
    this.#ledger.commitSurely(() => this.#ledger.db.run('DELETE FROM workers WHERE id = ?', id));
  }

  async expired(limit: number): Promise<t.JobRecord[]> {
    return this.#ledger.table.expired(this.#options.now(), limit);
  }

  async remove(id: string): Promise<boolean> {
    const { table, outbox } = this.#ledger;
    return this.#ledger.commitSurely(() => {
      const record = table.load(id);
      if (!record) return false;
      if (!isFinal(record.status)) throw notOver(record);
      outbox.removeClosed(id);
      table.remove(id);
      return true;
    });
  }

  async reconcile(): Promise<t.Reconciled> {
    const taken = this.#ledger.commitSurely(() => {
      this.#ledger.outbox.removeOld();
      return this.#ledger.takeBack(this.#options.now());
    });
    this.#reserve.fill();
    const idsOf = (status: string): string[] =>
      taken.filter((job) => job.status === status).map((job) => job.id);
    return { requeued: idsOf('queued'), failed: idsOf('failed'), cancelled: idsOf('cancelled') };
  }

  async health(): Promise<t.BackendHealth> {
    const started = performance.now();
    const reason = this.#fault();
    return { ok: reason === null, reason, latencyMs: performance.now() - started };
  }

  /** What begins: refused on a full disk, though less may still be written there. */
  #commitNew<T>(work: () => T): T {
    try {
      const result = this.#ledger.commit(work);
      this.#wasFull = false;
      return result;
    } catch (error) {
      if (isFull(error)) this.#wasFull = true;
      throw error;
    }
  }

  #fault(): string | null {
    try {
      this.#ledger.db.run('UPDATE pulse SET at = ?', this.#options.now());
      // The pulse is small: that it could be written does not say that a job could, which takes room in the log.
      const isStillFull = this.#wasFull && this.#reserve.freeBytes() < LOG_BYTES;
      return isStillFull || this.#reserve.isLow() || !this.#reserve.fill() ? diskLow().message : null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { live, feed, waiters, db } = this.#ledger;
    // What is pending is written before it returns.
    const written = live.close();
    feed.close();
    waiters.close();
    try {
      db.checkpoint();
    } catch {
      // Another process reads it, or the disk is full: the log is folded in at the next chance.
    }
    db.close();
    await written;
  }

  #repeated(job: t.NewJob): t.JobRecord | null {
    const known = job.idempotency && this.#ledger.table.findByKey(job.owner, job.idempotency.key);
    if (!known) return null;
    if (known.idempotency?.hash === job.idempotency?.hash) return this.#ledger.live.overlay(known);
    throw new StudioError('conflict', 'This Idempotency-Key was used for another request.', {
      hint: 'Send the same body again, or use a new key for a new request.',
    });
  }
}

function stateOf(record: t.JobRecord): t.LeaseState {
  return record.cancelRequested ? 'cancelRequested' : 'held';
}

/** 24 of 36 characters: 124 bits; lower case, so that it is also a safe folder name. */
function newId(): string {
  return Array.from({ length: 24 }, () => randomInt(36).toString(36)).join('');
}

function queueFull(): StudioError {
  return new StudioError('not_ready', 'Too many jobs are waiting already.', {
    retryable: true,
    hint: 'Try again when some of them are done.',
  });
}

function diskLow(): StudioError {
  return new StudioError('no_space', 'The disk of the job store is almost full: no new jobs are taken.', {
    retryable: true,
    hint: 'Free some space on the disk of DATA_DIR; nothing else needs to be done.',
  });
}

function notOver(record: t.JobRecord): StudioError {
  return new StudioError('conflict', `The job is ${record.status}.`, {
    hint: 'Cancel it first, then remove it.',
  });
}
