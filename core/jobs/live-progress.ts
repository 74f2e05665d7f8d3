/**
 * Progress of jobs that run in this process, between two durable writes: a commit costs 3–8 ms of
 * everyone's time, so it is written at most once a second per job while watchers hear of it at once.
 */
import { holds, progressed } from './lifecycle.ts';
import type { ClaimRef, JobRecord, Lease, LeaseState, ProgressUpdate } from './types.ts';
import { EVENTS_PER_CHANGE } from './watchers.ts';

const WRITE_EVERY_MS = 1000;

type Entry = {
  /** As last saved, with its lease. */
  record: JobRecord & { lease: Lease };
  pending: ProgressUpdate | null;
  pendingAt: number;
  writtenAt: number;
  /** Events given since the last save. */
  events: number;
  timer: NodeJS.Timeout | null;
};

export class LiveProgress {
  readonly #entries = new Map<string, Entry>();
  readonly #write: (claim: ClaimRef) => void | Promise<void>;

  /** @param write saves what is pending for a claim; called when a second has passed; must not reject */
  constructor(write: (claim: ClaimRef) => void | Promise<void>) {
    this.#write = write;
  }

  /** A job was claimed here: from now on its progress is kept. */
  start(record: JobRecord & { lease: Lease }, now: number): void {
    this.#drop(record.id);
    this.#entries.set(record.id, {
      record,
      pending: null,
      pendingAt: now,
      writtenAt: now - WRITE_EVERY_MS,
      events: 0,
      timer: null,
    });
  }

  /** The record with what is not written yet. */
  overlay<T extends JobRecord>(record: T): T {
    const entry = this.#entries.get(record.id);
    if (!entry || !holds(record, claimOf(entry))) return record;
    // Another process saved it meanwhile: its number is the higher one.
    const eventId = Math.max(record.eventId, entry.record.eventId + entry.events);
    if (!entry.pending) return { ...record, eventId };
    return { ...record, ...progressed(record, entry.pending, entry.pendingAt), eventId };
  }

  /**
   * Takes an update without writing. Null: it is time to write (or the claim is not known here).
   * `live` is the new state to tell watchers, unless the numbers for it are used up.
   */
  take(
    claim: ClaimRef,
    update: ProgressUpdate,
    now: number,
  ): { state: LeaseState; live: JobRecord | null } | null {
    const entry = this.#entries.get(claim.id);
    if (!entry || !holds(entry.record, claim)) return null;
    entry.pending = { ...entry.pending, ...defined(update) };
    entry.pendingAt = now;
    const wait = entry.writtenAt + WRITE_EVERY_MS - now;
    if (wait <= 0) return null;
    entry.timer ??= setTimeout(() => void this.#write(claim), wait).unref();
    const state = entry.record.cancelRequested ? 'cancelRequested' : 'held';
    if (entry.events + 1 >= EVENTS_PER_CHANGE) return { state, live: null };
    entry.events += 1;
    return { state, live: this.overlay(entry.record) };
  }

  /** What is not written yet of a job; the same object until more is told. */
  pendingOf(id: string): ProgressUpdate | null {
    return this.#entries.get(id)?.pending ?? null;
  }

  /**
   * A job was saved here, with its pending progress in it.
   * @param written what was pending when the save was made; what came since is kept
   */
  saved(record: JobRecord, now: number, written?: ProgressUpdate | null): void {
    const entry = this.#entries.get(record.id);
    if (!entry) return;
    const claim = claimOf(entry);
    if (!holds(record, claim)) return this.#drop(record.id);
    if (entry.timer) clearTimeout(entry.timer);
    const later = written !== undefined && entry.pending !== written;
    const timer = later ? setTimeout(() => void this.#write(claim), WRITE_EVERY_MS).unref() : null;
    const pending = later ? entry.pending : null;
    Object.assign(entry, { record, pending, writtenAt: now, events: 0, timer });
  }

  /** The claim is someone else's now. */
  lost(claim: ClaimRef): void {
    const entry = this.#entries.get(claim.id);
    if (entry && holds(entry.record, claim)) this.#drop(claim.id);
  }

  /** Writes all that is pending and forgets everything. A write that is not asynchronous is done on return. */
  async close(): Promise<void> {
    const unwritten = [...this.#entries.values()].filter((entry) => entry.pending);
    const writing = unwritten.map((entry) => this.#write(claimOf(entry)));
    await Promise.all(writing);
    for (const id of this.#entries.keys()) this.#drop(id);
  }

  #drop(id: string): void {
    const timer = this.#entries.get(id)?.timer;
    if (timer) clearTimeout(timer);
    this.#entries.delete(id);
  }
}

function claimOf(entry: Entry): ClaimRef {
  const { id, lease } = entry.record;
  return { id, owner: lease.owner, attempt: lease.attempt };
}

function defined(update: ProgressUpdate): ProgressUpdate {
  return Object.fromEntries(Object.entries(update).filter(([, value]) => value !== undefined));
}
