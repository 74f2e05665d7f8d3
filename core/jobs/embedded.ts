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
import { openDatabase, isFull, type Database } from './embedded/database.ts';
import { Feed } from './embedded/feed.ts';
import { JobTable } from './embedded/job-table.ts';
import { LiveProgress } from './embedded/live-progress.ts';
import { Outbox } from './embedded/outbox.ts';
import { readStats, readUsage, recordUsage, reportWorker } from './embedded/reports.ts';
import { DiskReserve } from './embedded/reserve.ts';
import { migrations } from './embedded/schema.ts';
import { Waiters } from './embedded/waiting.ts';
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

const DELIVERIES_KEPT = 50;

/** @throws {StudioError} not_ready if the file is locked, damaged or cannot be opened */
export function openEmbeddedJobs(options: EmbeddedJobsOptions): t.JobBackend {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const reserve = new DiskReserve(
    path.join(options.folder, 'jobs.reserve'),
    options.reserveBytes,
    options.minFreeBytes,
  );
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
  return new EmbeddedJobs(db, reserve, options);
}

class EmbeddedJobs implements t.JobBackend {
  readonly driver = 'embedded';
  readonly announcements: Outbox;
  readonly #db: Database;
  readonly #table: JobTable;
  readonly #reserve: DiskReserve;
  readonly #options: EmbeddedJobsOptions;
  readonly #feed: Feed;
  readonly #live: LiveProgress;
  readonly #waiters = new Waiters();
  /** Saved by the running transaction; for watchers only once it is committed. */
  #uncommitted: t.JobRecord[] = [];
  #closed = false;

  constructor(db: Database, reserve: DiskReserve, options: EmbeddedJobsOptions) {
    this.#db = db;
    this.#table = new JobTable(db);
    this.#reserve = reserve;
    this.#options = options;
    this.#live = new LiveProgress((claim) => this.#writePending(claim));
    this.#feed = new Feed(
      {
        changedSince: (change, id) =>
          this.#table
            .changedSince(change, id)
            .map(({ change: number, record }) => ({ change: number, record: this.#live.overlay(record) })),
        latestChange: () => this.#table.latestChange(),
      },
      options.pollMs,
    );
    this.announcements = new Outbox({
      db,
      waiters: this.#waiters,
      pollMs: options.pollMs,
      now: options.now,
      write: (work) => this.#write(work),
      logDelivery: (jobId, delivery) => this.#logDelivery(jobId, delivery),
    });
  }

  async add(job: t.NewJob): Promise<{ job: t.JobRecord; created: boolean }> {
    const known = this.#repeated(job);
    if (known) return { job: known, created: false };
    if (this.#reserve.isLow() || !this.#reserve.fill()) throw diskLow();
    const added = this.#commit(() => {
      // Again under the lock: another process may have taken the same key meanwhile.
      const other = this.#repeated(job);
      if (other) return { job: other, created: false };
      if (this.#table.countQueued() >= this.#options.maxQueued) throw queueFull();
      const record = life.queueNew(job, newId(), this.#options.now(), this.#options);
      return { job: this.#table.insert(record, job.request), created: true };
    });
    this.#tell();
    return added;
  }

  async get(id: string): Promise<t.JobWithRequest | null> {
    const record = this.#table.load(id);
    const request = record && this.#table.loadRequest(id);
    return record && request && { ...this.#live.overlay(record), request };
  }

  async list(query: t.JobQuery = {}): Promise<t.JobPage> {
    const page = this.#table.list(query);
    return { ...page, jobs: page.jobs.map((job) => this.#live.overlay(job)) };
  }

  async queuePositions(ids: readonly string[]): Promise<Map<string, number>> {
    return this.#table.queuePositions(ids);
  }

  async claim(
    workerId: string,
    options: { leaseMs: number; timeoutMs: number },
  ): Promise<t.ClaimedJob | null> {
    // Reading is free of locks: idle workers must not take turns at writing.
    if (!this.#table.isDue(this.#options.now())) return null;
    const job = this.#commit(() => {
      const now = this.#options.now();
      this.#takeBack(now);
      const next = this.#table.next(now);
      const request = next && this.#table.loadRequest(next.id);
      if (!next || !request) return null;
      const record = life.claimed(next, workerId, now, options);
      return { ...record, ...this.#table.save(record), lease: record.lease, request };
    });
    if (job) {
      const { request: _, ...record } = job;
      this.#live.start(record, this.#options.now());
    }
    this.#tell();
    return job;
  }

  async waitForWork(timeoutMs: number, signal: AbortSignal): Promise<void> {
    await this.#waiters.until(
      () => this.#table.isDue(this.#options.now()),
      this.#options.pollMs,
      timeoutMs,
      signal,
    );
  }

  async heartbeat(claim: t.ClaimRef, leaseMs: number): Promise<t.LeaseState> {
    return this.#write(() => {
      const record = this.#table.load(claim.id);
      if (!life.holds(record, claim)) return this.#lost(claim);
      this.#table.saveQuietly(life.beaten(record, this.#options.now(), leaseMs));
      return stateOf(record);
    });
  }

  async progress(claim: t.ClaimRef, update: t.ProgressUpdate): Promise<t.LeaseState> {
    const now = this.#options.now();
    const taken = this.#live.take(claim, update, now);
    if (taken) {
      if (taken.live) this.#feed.unsaved(taken.live);
      return taken.state;
    }
    const state = this.#commit(() => {
      const record = this.#load(claim.id);
      if (!life.holds(record, claim)) return this.#lost(claim);
      this.#save(record, life.progressed(record, update, now));
      return stateOf(record);
    });
    this.#tell();
    return state;
  }

  async finish(claim: t.ClaimRef, outcome: t.Outcome): Promise<t.JobRecord> {
    return this.#changeHeld(claim, (record, now) => life.finished(record, outcome, now, this.#options));
  }

  async park(claim: t.ClaimRef): Promise<t.JobRecord> {
    return this.#changeHeld(claim, (record, now) => life.parked(record, now, this.#options));
  }

  async cancel(id: string): Promise<t.JobRecord> {
    return this.#change(id, (record, now) => life.cancelAsked(record, now, this.#options));
  }

  async retry(id: string): Promise<t.JobRecord> {
    return this.#change(id, (record, now) => life.retryAsked(record, now, this.#options), { toEnd: true });
  }

  async setOrigin(id: string, patch: Partial<Omit<t.Origin, 'platform'>>): Promise<t.JobRecord> {
    return this.#change(id, (record) => ({
      ...record,
      origin: { ...record.origin, ...patch, platform: record.origin.platform },
    }));
  }

  watch(
    filter: t.WatchFilter,
    signal: AbortSignal,
    options: { after?: number | undefined } = {},
  ): AsyncIterable<t.JobEvent> {
    return this.#feed.watch(filter, signal, options.after);
  }

  async usage(query: t.UsageQuery): Promise<t.UsageRow[]> {
    return readUsage(this.#db, query);
  }

  async stats(): Promise<t.JobStats> {
    return readStats(this.#db, this.#options.now(), this.announcements.pending());
  }

  async reportWorker(worker: Omit<t.WorkerInfo, 'seenAt'>): Promise<void> {
    this.#write(() => reportWorker(this.#db, worker, this.#options.now()));
  }

  async forgetWorker(id: string): Promise<void> {
    this.#write(() => this.#db.run('DELETE FROM workers WHERE id = ?', id));
  }

  async expired(limit: number): Promise<t.JobRecord[]> {
    return this.#table.expired(this.#options.now(), limit);
  }

  async remove(id: string): Promise<boolean> {
    return this.#write(() => {
      const record = this.#table.load(id);
      if (!record) return false;
      if (!isFinal(record.status)) {
        throw new StudioError('conflict', `The job is ${record.status}.`, {
          hint: 'Cancel it first, then remove it.',
        });
      }
      this.announcements.removeClosed(id);
      this.#table.remove(id);
      return true;
    });
  }

  async reconcile(): Promise<t.Reconciled> {
    const taken = this.#write(() => {
      this.announcements.removeOld();
      return this.#takeBack(this.#options.now());
    });
    this.#reserve.fill();
    this.#tell();
    const idsOf = (status: string): string[] =>
      taken.filter((job) => job.status === status).map((job) => job.id);
    return { requeued: idsOf('queued'), failed: idsOf('failed'), cancelled: idsOf('cancelled') };
  }

  async health(): Promise<t.BackendHealth> {
    const started = performance.now();
    const answer = (reason: string | null): t.BackendHealth => ({
      ok: reason === null,
      reason,
      latencyMs: performance.now() - started,
    });
    try {
      this.#db.run('UPDATE pulse SET at = ?', this.#options.now());
      return answer(this.#reserve.isLow() || !this.#reserve.fill() ? diskLow().message : null);
    } catch (error) {
      return answer(error instanceof Error ? error.message : String(error));
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#live.close();
    this.#feed.close();
    this.#waiters.close();
    try {
      this.#db.checkpoint();
    } catch {
      // Another process reads it, or the disk is full: the log is folded in at the next chance.
    }
    this.#db.close();
  }

  /** A transaction that must go through even on a full disk: it may use up the reserve. */
  #write<T>(work: () => T): T {
    try {
      return this.#commit(work);
    } catch (error) {
      if (!isFull(error) || !this.#reserve.release()) throw error;
      return this.#commit(work);
    }
  }

  #commit<T>(work: () => T): T {
    this.#uncommitted = [];
    const result = this.#db.transaction(work);
    for (const record of this.#uncommitted) this.#live.saved(record, this.#options.now());
    return result;
  }

  #change(
    id: string,
    change: (record: t.JobRecord, now: number) => t.JobRecord,
    options: { toEnd?: boolean } = {},
  ): t.JobRecord {
    const changed = this.#write(() => {
      const record = this.#load(id);
      if (!record)
        throw new StudioError('not_found', 'There is no such job.', {
          hint: 'Its id may be wrong, or it was removed after its time.',
        });
      const next = change(record, this.#options.now());
      return next === record ? record : this.#save(record, next, options);
    });
    this.#tell();
    return changed;
  }

  #changeHeld(claim: t.ClaimRef, change: (record: t.JobRecord, now: number) => t.JobRecord): t.JobRecord {
    const changed = this.#write(() => {
      const record = this.#load(claim.id);
      if (!life.holds(record, claim)) {
        this.#lost(claim);
        throw leaseLost();
      }
      return this.#save(record, change(record, this.#options.now()));
    });
    this.#tell();
    return changed;
  }

  #load(id: string): t.JobRecord | null {
    const record = this.#table.load(id);
    return record && this.#live.overlay(record);
  }

  /** Writes the next state and all that follows from it. */
  #save(before: t.JobRecord, next: t.JobRecord, options: { toEnd?: boolean } = {}): t.JobRecord {
    const saved = this.#table.save(next, options);
    this.#uncommitted.push(saved);
    if (isFinal(saved.status) && !isFinal(before.status)) {
      this.announcements.announce(saved);
      recordUsage(this.#db, saved);
    }
    return saved;
  }

  #takeBack(now: number): t.JobRecord[] {
    return this.#table
      .abandoned(now)
      .map((record) => this.#save(record, life.takenBack(this.#live.overlay(record), now, this.#options)));
  }

  #lost(claim: t.ClaimRef): t.LeaseState {
    this.#live.lost(claim);
    return 'lost';
  }

  #writePending(claim: t.ClaimRef): void {
    try {
      this.#commit(() => {
        const record = this.#load(claim.id);
        if (life.holds(record, claim)) this.#save(record, record);
        else this.#lost(claim);
      });
      this.#tell();
    } catch {
      // Locked or full: the next report or the end of the job writes it.
    }
  }

  #logDelivery(jobId: string, delivery: t.Delivery): void {
    const record = this.#table.load(jobId);
    if (record)
      this.#table.saveQuietly({
        ...record,
        deliveries: [...record.deliveries, delivery].slice(-DELIVERIES_KEPT),
      });
  }

  #repeated(job: t.NewJob): t.JobRecord | null {
    const known = job.idempotency && this.#table.findByKey(job.owner, job.idempotency.key);
    if (!known) return null;
    if (known.idempotency?.hash === job.idempotency?.hash) return known;
    throw new StudioError('conflict', 'This Idempotency-Key was used for another request.', {
      hint: 'Send the same body again, or use a new key for a new request.',
    });
  }

  /** After a commit: watchers hear of it, waiters look. */
  #tell(): void {
    this.#feed.saved();
    this.#waiters.wake();
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
  return new StudioError('no_space', 'The disk of the job store is almost full, so no new jobs are taken.', {
    retryable: true,
    hint: 'Free some space on the disk of DATA_DIR; nothing else needs to be done.',
  });
}

function leaseLost(): StudioError {
  return new StudioError('lease_lost', 'Another worker owns this job now, or it is over.', {
    hint: 'Stop working on it and write nothing more.',
  });
}
