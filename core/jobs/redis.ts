/**
 * The Redis driver: jobs of many hosts in one Redis, with bee-queue for delivery. The record in Redis
 * is the truth and every step on it is fenced and atomic (redis/store.ts); messages only wake workers
 * (redis/tickets.ts). Redis may be away at any time, at the start too: calls then end within seconds
 * with `not_ready`, and everything goes on when it is back.
 */
import { randomInt } from 'node:crypto';
import { StudioError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { isFinal } from '../schema/job.ts';
import { forgotten, isOf, ownerOfKey } from './forgetting.ts';
import * as life from './lifecycle.ts';
import { LiveProgress } from './live-progress.ts';
import { Claims, type ClaimAsk } from './redis/claims.ts';
import { RedisClock } from './redis/clock.ts';
import { Connection } from './redis/connection.ts';
import { Feed } from './redis/feed.ts';
import { RedisHelpBoard } from './redis/help.ts';
import { keys, ticketsWaiting } from './redis/keys.ts';
import { Ledger } from './redis/ledger.ts';
import { listJobs } from './redis/listing.ts';
import { Outbox } from './redis/outbox.ts';
import { recordMigrations, type RecordMigration } from './redis/record-format.ts';
import { forgetOldWorkers, readStats, reportWorker } from './redis/reports.ts';
import { scripts } from './redis/scripts.ts';
import { checkServer } from './redis/server-check.ts';
import { Store, type Waiting } from './redis/store.ts';
import { Tickets } from './redis/tickets.ts';
import { forgetUsage, readUsage } from './redis/usage.ts';
import { Waiters } from './redis/waiting.ts';
import type * as t from './types.ts';

export type RedisJobsOptions = life.LifecyclePolicy & {
  url: string;
  log: Logger;
  /** Queued jobs above which new ones are refused. */
  maxQueued: number;
  /** How often to look for announcements that are due, ms. */
  pollMs: number;
  /** For tests: another clock than Redis's. */
  now?: (() => number) | undefined;
  /** For tests: how records of older versions are read. */
  migrations?: readonly RecordMigration[] | undefined;
};

/** Returns at once: Redis need not be there yet. */
export function openRedisJobs(options: RedisJobsOptions): t.JobBackend {
  return new RedisJobs(options);
}

/** How often an idle worker looks whether work came without a message, ms. */
const LOOK_FOR_WORK_MS = 2000;
const CHANGES_AT_ONCE = 500;

class RedisJobs implements t.JobBackend {
  readonly driver = 'redis';
  readonly announcements: t.AnnouncementOutbox;
  readonly help: t.HelpBoard;
  readonly #options: RedisJobsOptions;
  readonly #now: () => number;
  /** For scripts, which ask Redis itself if it is ''. */
  readonly #time: () => string;
  readonly #clock = new RedisClock();
  readonly #connection: Connection;
  readonly #store: Store;
  readonly #tickets: Tickets;
  readonly #feed: Feed;
  readonly #live: LiveProgress;
  readonly #ledger: Ledger;
  readonly #outbox: Outbox;
  readonly #workWaiters = new Waiters();
  readonly #announcementWaiters = new Waiters();
  readonly #claims: Claims;
  #warnings: string[] = [];
  #closed = false;

  constructor(options: RedisJobsOptions) {
    const { url, log, migrations = recordMigrations } = options;
    this.#options = options;
    const { now } = options;
    this.#now = now ?? (() => this.#clock.now());
    this.#time = now ? () => String(now()) : () => '';
    this.#tickets = new Tickets({
      url,
      log,
      wake: () => this.#wakeWorker(),
      waiting: () => this.#connection.call((client) => client.lLen(ticketsWaiting)),
    });
    this.#connection = new Connection({
      url,
      log,
      name: 'genscene',
      prepare: async (client) => {
        const [seconds, microseconds] = (await client.sendCommand<never>(['TIME'])) as unknown as [
          string,
          string,
        ];
        this.#clock.set(Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000));
        this.#warn(await checkServer(client));
        this.#tickets.connected();
      },
    });
    const connection = this.#connection;
    this.#store = new Store({ connection, clock: this.#clock, url, migrations });
    this.#live = new LiveProgress((claim) => this.#writePending(claim));
    this.#feed = new Feed({
      url,
      log,
      changedSince: (change, id) => this.#changedSince(change, id),
      latestChange: async () => Number((await connection.call((client) => client.get(keys.change))) ?? 0),
      onAnnounced: () => this.#announcementWaiters.wake(),
    });
    this.#ledger = new Ledger({
      store: this.#store,
      live: this.#live,
      feed: this.#feed,
      tickets: this.#tickets,
      now: this.#now,
      onQueued: () => this.#wakeWorker(),
      onFinal: () => this.#announcementWaiters.wake(),
    });
    this.#outbox = new Outbox({
      connection,
      store: this.#store,
      waiters: this.#announcementWaiters,
      migrations,
      pollMs: options.pollMs,
      time: this.#time,
    });
    this.#claims = new Claims({
      peek: (most) => this.#store.peek(this.#time(), most),
      takeBack: (id) => this.#takeBack(id),
      claim: (waiting, ask) => this.#claim(waiting, ask),
      wakeOthers: (id) => this.#tickets.send(id),
    });
    this.announcements = this.#outbox;
    this.help = new RedisHelpBoard({ store: this.#store, jobsWait: () => this.#isDue() });
  }

  async add(job: t.NewJob): Promise<{ job: t.JobRecord; created: boolean }> {
    // Before that it is not known what time it is.
    await this.#connection.ready();
    for (;;) {
      const record = life.queueNew(job, newId(), this.#now(), this.#options);
      const added = await this.#ledger.insert(record, job.request, this.#options.maxQueued);
      if (added === null) throw queueFull();
      if ('inserted' in added) return { job: added.inserted, created: true };
      const known = await this.#store.load(added.known);
      // Removed in this moment, with its key: then this one is the first.
      if (known) return { job: this.#live.overlay(sameRequest(known.record, job)), created: false };
    }
  }

  async record(id: string): Promise<t.JobRecord | null> {
    const snapshot = await this.#store.load(id);
    return snapshot && this.#live.overlay(snapshot.record);
  }

  async get(id: string): Promise<t.JobWithRequest | null> {
    const [snapshot, request] = await Promise.all([this.#store.load(id), this.#store.loadRequest(id)]);
    return snapshot && request && { ...this.#live.overlay(snapshot.record), request };
  }

  async list(query: t.JobQuery = {}): Promise<t.JobPage> {
    const page = await listJobs(this.#connection, this.#store, query);
    return { ...page, jobs: page.jobs.map((job) => this.#live.overlay(job)) };
  }

  async queuePositions(ids: readonly string[]): Promise<Map<string, number>> {
    if (ids.length === 0) return new Map();
    const positions = await this.#store.run<number[]>(scripts.positions, [...ids]);
    return new Map(
      ids.flatMap((id, index): [string, number][] => (positions[index] ? [[id, positions[index]]] : [])),
    );
  }

  async claim(
    workerId: string,
    options: { leaseMs: number; timeoutMs: number },
  ): Promise<t.ClaimedJob | null> {
    return this.#claims.ask({ workerId, ...options });
  }

  async waitForWork(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { foundByLooking } = await this.#workWaiters.until(
      () => this.#isDue(),
      LOOK_FOR_WORK_MS,
      timeoutMs,
      signal,
      () => this.#tickets.wait(),
    );
    if (foundByLooking) this.#tickets.distrust();
  }

  async heartbeat(claim: t.ClaimRef, leaseMs: number): Promise<t.LeaseState> {
    const renewed = await this.#ledger.changeHeld(claim, (job, now) => life.beaten(job, now, leaseMs), {
      quiet: true,
    });
    return renewed ? stateOf(renewed) : 'lost';
  }

  async progress(claim: t.ClaimRef, update: t.ProgressUpdate): Promise<t.LeaseState> {
    const taken = this.#live.take(claim, update, this.#now());
    if (taken) {
      if (taken.live) this.#feed.unsaved(taken.live);
      return taken.state;
    }
    const written = await this.#ledger.changeHeld(claim, (job, now) => life.progressed(job, update, now));
    return written ? stateOf(written) : 'lost';
  }

  async finish(claim: t.ClaimRef, outcome: t.Outcome): Promise<t.JobRecord> {
    return this.#endHeld(claim, (job, now) => life.finished(job, outcome, now, this.#options));
  }

  async park(claim: t.ClaimRef): Promise<t.JobRecord> {
    return this.#endHeld(claim, (job, now) => life.parked(job, now, this.#options));
  }

  async cancel(id: string): Promise<t.JobRecord> {
    return this.#change(id, (job, now) => life.cancelAsked(job, now, this.#options));
  }

  async retry(id: string): Promise<t.JobRecord> {
    return this.#change(id, (job, now) => life.retryAsked(job, now, this.#options), { toEnd: true });
  }

  async setOrigin(id: string, patch: Partial<Omit<t.Origin, 'platform'>>): Promise<t.JobRecord> {
    return this.#change(id, (job) => life.withOrigin(job, patch));
  }

  watch(
    filter: t.WatchFilter,
    signal: AbortSignal,
    options: { after?: number | undefined } = {},
  ): AsyncIterable<t.JobEvent> {
    return this.#feed.watch(filter, signal, options.after);
  }

  async usage(query: t.UsageQuery): Promise<t.UsageRow[]> {
    return readUsage(this.#connection, query);
  }

  async forget(person: t.Person): Promise<t.Forgotten> {
    const list = person.platform === 'api' ? keys.listOf('owner', ownerOfKey(person)) : keys.listOf('user', person.user); // prettier-ignore
    const ids = await this.#connection.call((client) => client.zRange(list, 0, -1));
    const count = { jobs: 0, unfinished: 0 };
    for (const id of ids) {
      let was = 'other' as 'over' | 'unfinished' | 'other';
      await this.#ledger.change(
        id,
        (job) => {
          was = !isOf(job, person) ? 'other' : isFinal(job.status) ? 'over' : 'unfinished';
          return forgotten(job, person);
        },
        { quiet: true },
      );
      if (was === 'over') count.jobs += 1;
      if (was === 'unfinished') count.unfinished += 1;
    }
    return { ...count, usage: await forgetUsage(this.#connection, person) };
  }

  async trimUsage(before: number): Promise<number> {
    return this.#connection.call((client) => client.zRemRangeByScore(keys.usage, '-inf', `(${before}`));
  }

  async stats(): Promise<t.JobStats> {
    const pending = await this.#outbox.pending();
    const [stats, helped] = await Promise.all([
      readStats(this.#connection, this.#store, this.#now(), pending),
      this.#connection.call((client) => client.get(keys.helped)),
    ]);
    return { ...stats, segmentsHelped: Number(helped ?? 0) };
  }

  async reportWorker(worker: Omit<t.WorkerInfo, 'seenAt'>): Promise<void> {
    await this.#connection.ready();
    await reportWorker(this.#connection, worker, this.#now());
  }

  async forgetWorker(id: string): Promise<void> {
    await this.#connection.call((client) => client.hDel(keys.workers, id));
  }

  async expired(limit: number): Promise<t.JobRecord[]> {
    const ids = await this.#connection.call((client) =>
      client.zRangeByScore(keys.expiry, '-inf', this.#now(), { LIMIT: { offset: 0, count: limit } }),
    );
    return (await this.#store.loadAll(ids)).map(({ record }) => record);
  }

  async remove(id: string): Promise<boolean> {
    for (;;) {
      const snapshot = await this.#store.load(id);
      if (!snapshot) return false;
      if (!isFinal(snapshot.record.status)) throw notOver(snapshot.record);
      if (await this.#store.remove(snapshot)) return true;
    }
  }

  async reconcile(): Promise<t.Reconciled> {
    const ids = await this.#connection.call((client) =>
      client.zRangeByScore(keys.running, '-inf', this.#now()),
    );
    const taken: t.JobRecord[] = [];
    for (const id of ids) {
      const record = await this.#takeBack(id);
      if (record) taken.push(record);
    }
    await this.#sendMissingTicket();
    await forgetOldWorkers(this.#connection, this.#now());
    const idsOf = (status: string): string[] =>
      taken.filter((job) => job.status === status).map((job) => job.id);
    return { requeued: idsOf('queued'), failed: idsOf('failed'), cancelled: idsOf('cancelled') };
  }

  async health(): Promise<t.BackendHealth> {
    const started = performance.now();
    const reason = await this.#connection
      .call((client) => client.set(keys.pulse, String(this.#now())))
      .then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
    return { ok: reason === null, reason, warnings: this.#warnings, latencyMs: performance.now() - started };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#live.close();
    this.#workWaiters.close();
    this.#announcementWaiters.close();
    await Promise.all([this.#feed.close(), this.#tickets.close()]);
    await this.#connection.close();
  }

  async #isDue(): Promise<boolean> {
    const [, due] = await this.#store.run<[number, number]>(scripts.countDue, [this.#time()]);
    return due > 0;
  }

  async #claim({ snapshot, request }: Waiting, ask: ClaimAsk): Promise<t.ClaimedJob | null> {
    const claimed = life.claimed(snapshot.record, ask.workerId, this.#now(), ask);
    const saved = await this.#ledger.save(snapshot, claimed);
    if (!saved) return null;
    const job = { ...saved, lease: claimed.lease };
    this.#live.start(job, this.#now());
    return { ...job, request };
  }

  /** Work came: is there someone here to take it? */
  #wakeWorker(): boolean {
    const anyone = this.#workWaiters.size > 0;
    this.#workWaiters.wake();
    return anyone;
  }

  /** @returns what became of a running job whose worker fell silent; null if that is not so (any more) */
  async #takeBack(id: string): Promise<t.JobRecord | null> {
    let taken = false;
    const record = await this.#ledger.change(id, (job, now) => {
      taken = (life.abandonedAt(job) ?? Number.POSITIVE_INFINITY) <= now;
      return taken ? life.takenBack(job, now, this.#options) : job;
    });
    return taken ? record : null;
  }

  async #endHeld(
    claim: t.ClaimRef,
    change: (record: t.JobRecord & { lease: t.Lease }, now: number) => t.JobRecord,
  ): Promise<t.JobRecord> {
    const record = await this.#ledger.changeHeld(claim, change);
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
    const record = await this.#ledger.change(id, change, options);
    if (record) return record;
    throw new StudioError('not_found', 'There is no such job.', {
      hint: 'Its id may be wrong, or it was removed after its time.',
    });
  }

  async #writePending(claim: t.ClaimRef): Promise<void> {
    // Away for now: the next report or the end of the job writes it.
    await this.#ledger.changeHeld(claim, (job) => ({ ...job })).catch(() => {});
  }

  async #sendMissingTicket(): Promise<void> {
    const { next, messages } = await this.#store.peek(this.#time(), 1);
    if (next[0] && messages === 0) this.#tickets.send(next[0].snapshot.record.id);
  }

  async #changedSince(change: number, id?: string): Promise<{ change: number; record: t.JobRecord }[]> {
    const ids =
      id === undefined
        ? await this.#connection.call((client) =>
            client.zRangeByScore(keys.changes, `(${change}`, '+inf', {
              LIMIT: { offset: 0, count: CHANGES_AT_ONCE },
            }),
          )
        : [id];
    const loaded = await this.#store.loadAll(ids);
    return loaded
      .map(({ record }) => ({
        change: Math.floor(record.eventId / 1000),
        record: this.#live.overlay(record),
      }))
      .filter((one) => one.change > change || one.record.eventId > change * 1000)
      .sort((a, b) => a.change - b.change);
  }

  #warn(warnings: string[]): void {
    if (warnings.join() !== this.#warnings.join())
      for (const warning of warnings) this.#options.log.warn({}, warning);
    this.#warnings = warnings;
  }
}

function stateOf(record: t.JobRecord): t.LeaseState {
  return record.cancelRequested ? 'cancelRequested' : 'held';
}

/** @throws {StudioError} conflict */
function sameRequest(known: t.JobRecord, job: t.NewJob): t.JobRecord {
  if (known.idempotency?.hash === job.idempotency?.hash) return known;
  throw new StudioError('conflict', 'This Idempotency-Key was used for another request.', {
    hint: 'Send the same body again, or use a new key for a new request.',
  });
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

function notOver(record: t.JobRecord): StudioError {
  return new StudioError('conflict', `The job is ${record.status}.`, {
    hint: 'Cancel it first, then remove it.',
  });
}
