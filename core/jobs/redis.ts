/**
 * The Redis driver: jobs of many hosts in one Redis, with bee-queue for delivery. The record in Redis
 * is the truth and every step on it is fenced and atomic (redis/store.ts); messages only wake workers
 * (redis/tickets.ts). Redis may be away at any time, at the start too: calls then end within seconds
 * with `not_ready`, and everything goes on when it is back. The parts are put together in
 * redis/parts.ts.
 */
import { StudioError } from '../errors.ts';
import * as life from './lifecycle.ts';
import { addJob } from './redis/adding.ts';
import { RedisHelpBoard } from './redis/help.ts';
import { keys } from './redis/keys.ts';
import { listJobs } from './redis/listing.ts';
import { openParts, type RedisJobsOptions, type RedisParts } from './redis/parts.ts';
import { reconcile } from './redis/reconciling.ts';
import { expiredJobs, forgetPerson, removeJob } from './redis/removing.ts';
import { readStats, reportWorker } from './redis/reports.ts';
import { readUsage } from './redis/usage.ts';
import type * as t from './types.ts';

/** Returns at once: Redis need not be there yet. */
export function openRedisJobs(options: RedisJobsOptions): t.JobBackend {
  return new RedisJobs(openParts(options));
}

/** How often an idle worker looks whether work came without a message, ms. */
const LOOK_FOR_WORK_MS = 2000;

class RedisJobs implements t.JobBackend {
  readonly driver = 'redis';
  readonly announcements: t.AnnouncementOutbox;
  readonly help: t.HelpBoard;
  readonly #parts: RedisParts;
  #closed = false;

  constructor(parts: RedisParts) {
    this.#parts = parts;
    this.announcements = parts.outbox;
    this.help = new RedisHelpBoard({ store: parts.store, jobsWait: () => this.#isDue() });
  }

  async add(job: t.NewJob): Promise<{ job: t.JobRecord; created: boolean }> {
    return addJob(this.#parts, job);
  }

  async record(id: string): Promise<t.JobRecord | null> {
    const snapshot = await this.#parts.store.load(id);
    return snapshot && this.#parts.live.overlay(snapshot.record);
  }

  async get(id: string): Promise<t.JobWithRequest | null> {
    const [snapshot, request] = await Promise.all([
      this.#parts.store.load(id),
      this.#parts.store.loadRequest(id),
    ]);
    return snapshot && request && { ...this.#parts.live.overlay(snapshot.record), request };
  }

  async list(query: t.JobQuery = {}): Promise<t.JobPage> {
    const page = await listJobs(this.#parts.connection, this.#parts.store, query);
    return { ...page, jobs: page.jobs.map((job) => this.#parts.live.overlay(job)) };
  }

  async queuePositions(ids: readonly string[]): Promise<Map<string, number>> {
    return this.#parts.store.positions(ids);
  }

  async claim(
    workerId: string,
    options: { leaseMs: number; timeoutMs: number },
  ): Promise<t.ClaimedJob | null> {
    return this.#parts.claims.ask({ workerId, ...options });
  }

  async waitForWork(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { foundByLooking } = await this.#parts.workWaiters.until(
      () => this.#isDue(),
      LOOK_FOR_WORK_MS,
      timeoutMs,
      signal,
      () => this.#parts.tickets.wait(),
    );
    if (foundByLooking) this.#parts.tickets.distrust();
  }

  async heartbeat(claim: t.ClaimRef, leaseMs: number): Promise<t.LeaseState> {
    const renewed = await this.#parts.ledger.changeHeld(claim, (job, now) => life.beaten(job, now, leaseMs), {
      quiet: true,
    });
    return renewed ? stateOf(renewed) : 'lost';
  }

  async progress(claim: t.ClaimRef, update: t.ProgressUpdate): Promise<t.LeaseState> {
    const taken = this.#parts.live.take(claim, update, this.#parts.now());
    if (taken) {
      if (taken.live) this.#parts.feed.unsaved(taken.live);
      return taken.state;
    }
    const written = await this.#parts.ledger.changeHeld(claim, (job, now) =>
      life.progressed(job, update, now),
    );
    return written ? stateOf(written) : 'lost';
  }

  async finish(claim: t.ClaimRef, outcome: t.Outcome): Promise<t.JobRecord> {
    return this.#endHeld(claim, (job, now) => life.finished(job, outcome, now, this.#parts.options));
  }

  async park(claim: t.ClaimRef): Promise<t.JobRecord> {
    return this.#endHeld(claim, (job, now) => life.parked(job, now, this.#parts.options));
  }

  async cancel(id: string): Promise<t.JobRecord> {
    return this.#change(id, (job, now) => life.cancelAsked(job, now, this.#parts.options));
  }

  async retry(id: string): Promise<t.JobRecord> {
    return this.#change(id, (job, now) => life.retryAsked(job, now, this.#parts.options), { toEnd: true });
  }

  async setOrigin(id: string, patch: Partial<Omit<t.Origin, 'platform'>>): Promise<t.JobRecord> {
    return this.#change(id, (job) => life.withOrigin(job, patch));
  }

  watch(
    filter: t.WatchFilter,
    signal: AbortSignal,
    options: { after?: number | undefined } = {},
  ): AsyncIterable<t.JobEvent> {
    return this.#parts.feed.watch(filter, signal, options.after);
  }

  async usage(query: t.UsageQuery): Promise<t.UsageRow[]> {
    return readUsage(this.#parts.connection, query);
  }

  async forget(person: t.Person): Promise<t.Forgotten> {
    return forgetPerson(this.#parts, person);
  }

  async trimUsage(before: number): Promise<number> {
    return this.#parts.connection.call((client) => client.zRemRangeByScore(keys.usage, '-inf', `(${before}`));
  }

  async stats(): Promise<t.JobStats> {
    const pending = await this.#parts.outbox.pending();
    const [stats, helped] = await Promise.all([
      readStats(this.#parts.connection, this.#parts.store, this.#parts.now(), pending),
      this.#parts.connection.call((client) => client.get(keys.helped)),
    ]);
    return { ...stats, segmentsHelped: Number(helped ?? 0) };
  }

  async reportWorker(worker: Omit<t.WorkerInfo, 'seenAt'>): Promise<void> {
    await this.#parts.connection.ready();
    await reportWorker(this.#parts.connection, worker, this.#parts.now());
  }

  async forgetWorker(id: string): Promise<void> {
    await this.#parts.connection.call((client) => client.hDel(keys.workers, id));
  }

  async expired(limit: number): Promise<t.JobRecord[]> {
    return expiredJobs(this.#parts, limit);
  }

  async remove(id: string): Promise<boolean> {
    return removeJob(this.#parts, id);
  }

  async reconcile(): Promise<t.Reconciled> {
    return reconcile(this.#parts);
  }

  async health(): Promise<t.BackendHealth> {
    const started = performance.now();
    const reason = await this.#parts.connection
      .call((client) => client.set(keys.pulse, String(this.#parts.now())))
      .then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
    return {
      ok: reason === null,
      reason,
      warnings: this.#parts.warnings(),
      latencyMs: performance.now() - started,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#parts.live.close();
    this.#parts.workWaiters.close();
    this.#parts.announcementWaiters.close();
    await Promise.all([this.#parts.feed.close(), this.#parts.tickets.close()]);
    await this.#parts.connection.close();
  }

  async #isDue(): Promise<boolean> {
    return (await this.#parts.store.countDue(this.#parts.time())) > 0;
  }

  async #endHeld(
    claim: t.ClaimRef,
    change: (record: t.JobRecord & { lease: t.Lease }, now: number) => t.JobRecord,
  ): Promise<t.JobRecord> {
    const record = await this.#parts.ledger.changeHeld(claim, change);
    if (record) return record;
    throw new StudioError('lease_lost', 'Another worker owns this job now, or it is over.', {
      hint: 'Stop working on it and write nothing more.',
    });
  }

  async #change(
    id: string,
    change: (record: t.JobRecord, now: number) => t.JobRecord,
    options: { toEnd?: boolean } = {},
  ): Promise<t.JobRecord> {
    const record = await this.#parts.ledger.change(id, change, options);
    if (record) return record;
    throw new StudioError('not_found', 'There is no such job.', {
      hint: 'Its id may be wrong, or it was removed after its time.',
    });
  }
}

function stateOf(record: t.JobRecord): t.LeaseState {
  return record.cancelRequested ? 'cancelRequested' : 'held';
}
