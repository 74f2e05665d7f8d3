/**
 * Jobs in Redis and every change of them. A change reads a job, lets a pure function say what comes
 * next, and applies that with all that follows from it in one script, only if nobody else changed the
 * job meanwhile; else it starts over. The mark compared is random, not counted: a Redis that lost its
 * last second in a power cut may count to the same number twice.
 */
import type { JobRecord, JobRequest } from '../types.ts';
import { EVENTS_PER_CHANGE } from '../watchers.ts';
import type { RedisClock } from './clock.ts';
import type { Connection } from './connection.ts';
import { Applier, type Guard } from './apply.ts';
import { consequences } from './consequences.ts';
import { found, movesBetween, turnOf, type Command } from './indexes.ts';
import { keys, numbersChannel, recordsChannel } from './keys.ts';
import { newMark } from './marks.ts';
import { readRecord, recordVersion, writeRecord, type RecordMigration } from './record-format.ts';
import { scripts, type Script } from './scripts.ts';

export type Snapshot = {
  record: JobRecord;
  /** Of this state; another one with every write. */
  mark: string;
  place: string;
  order: string;
};

/** `messages`: how many waited for an idle worker in that moment. */
export type Saved = { saved: Snapshot; messages: number };

/** A job to be claimed. */
export type Waiting = { snapshot: Snapshot; request: JobRequest };
/** `behind`: one more that could be claimed now. */
export type Peeked = { abandoned: string[]; next: Waiting[]; behind: string | null; messages: number };

export type CommitOptions = {
  /** Changes no watcher needs to hear of: a renewed lease, a delivery. */
  quiet?: boolean;
  /** A new place at the end of the queue. */
  toEnd?: boolean;
  guards?: Guard[];
  commands?: Command[];
};

export type StoreParts = {
  connection: Connection;
  clock: RedisClock;
  url: string;
  migrations: readonly RecordMigration[];
  /** How long after it was sent a change may still be made, ms. */
  patienceMs: number;
};

type PeekReply = [
  now: number,
  abandoned: string[],
  messages: number,
  behind: string,
  ...(string | (string | null)[])[],
];

const FIELDS = ['record', 'version', 'change', 'mark', 'place', 'order'];

export class Store {
  readonly #parts: StoreParts;
  /** What ends or frees goes through on full memory too, what is new does not. */
  readonly #changes: Applier;
  readonly #newChanges: Applier;
  readonly #version: string;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    const terms = {
      run: <T>(script: Script, values: string[]) => this.run<T>(script, values),
      channels: { numbers: numbersChannel(parts.url), records: recordsChannel(parts.url) },
      deadline: () => this.deadline(),
      onTime: (now: number) => parts.clock.set(now),
    };
    this.#changes = new Applier({ ...terms, script: scripts.apply });
    this.#newChanges = new Applier({ ...terms, script: scripts.applyNew });
    this.#version = String(recordVersion(parts.migrations));
  }

  async load(id: string): Promise<Snapshot | null> {
    const values = await this.#parts.connection.call((client) => client.hmGet(keys.job(id), FIELDS));
    return this.#snapshot(values);
  }

  async loadRequest(id: string): Promise<JobRequest | null> {
    const text = await this.#parts.connection.call((client) => client.hGet(keys.job(id), 'request'));
    return text === null || text === undefined ? null : (JSON.parse(text) as JobRequest);
  }

  /** Those that are there, in the order of the ids. */
  async loadAll(ids: readonly string[]): Promise<Snapshot[]> {
    const loaded = await Promise.all(ids.map((id) => this.load(id)));
    return loaded.filter((one) => one !== null);
  }

  /** Who is next, with requests, and who has been silent too long; see scripts.ts. */
  async peek(time: string, most: number): Promise<Peeked> {
    const reply = await this.run<PeekReply>(scripts.peek, [time, String(most), ...FIELDS, 'request']);
    const [now, abandoned, messages, behind, ...found] = reply;
    this.#parts.clock.set(now);
    const next = found.flatMap((values): Waiting[] => {
      const snapshot = Array.isArray(values) ? this.#snapshot(values) : null;
      const request = values.at(-1);
      return snapshot && request ? [{ snapshot, request: JSON.parse(request) as JobRequest }] : [];
    });
    return { abandoned, messages, behind: behind || null, next };
  }

  /** Puts a new job at the end of the queue; the id of an older one with the same key, or null if the queue is full. */
  async insert(
    record: JobRecord,
    request: JobRequest,
    maxQueued: number,
  ): Promise<Saved | { known: string } | null> {
    const mark = newMark();
    const { owner, idempotency } = record;
    const key = idempotency ? keys.idempotency(owner, idempotency.key) : '';
    const moves = movesBetween(null, { record, place: found.place, order: found.order });
    moves.additions.push(keys.changes, found.change, record.id);
    const commands: Command[] = [
      ['HSET', keys.job(record.id), ...this.#fields(mark), 'change', found.change, 'place', found.place, 'order', found.order, 'request', found.request],
    ]; // prettier-ignore
    if (key) commands.push(['SET', key, record.id]);
    const applied = await this.#newChanges.apply({
      record: writeRecord(record),
      request: JSON.stringify(request),
      numbered: true,
      newPlace: record,
      idempotencyKey: key,
      maxQueued,
      moves,
      commands,
    });
    if (applied.kind === 'known') return { known: applied.id };
    if (applied.kind !== 'done') return null;
    const { change, place, order, messages } = applied;
    return { saved: { record: numbered(record, change), mark, place, order }, messages };
  }

  /** Writes the next state and what follows from it; the guard's number if that failed, 1 if the job is not as it was. */
  async commit(
    before: Snapshot,
    next: JobRecord,
    options: CommitOptions = {},
  ): Promise<Saved | { refusedBy: number }> {
    const { quiet = false, toEnd = false } = options;
    const mark = newMark();
    const job = keys.job(next.id);
    const place = toEnd ? found.place : before.place;
    const fields = this.#fields(mark);
    if (toEnd) fields.push('place', place);
    if (!quiet) fields.push('change', found.change);
    const moves = movesBetween(before, { record: next, place, order: before.order });
    const commands: Command[] = [['HSET', job, ...fields], ...(options.commands ?? [])];
    const names: string[] = [];
    if (!quiet) {
      moves.additions.push(keys.changes, found.change, next.id);
      consequences(before.record, next, { moves, commands, names });
      // A job that was claimed makes its turn the one that is served.
      if (before.record.status === 'queued' && next.lease)
        commands.push(['ZADD', keys.turns, 'GT', turnOf(before.place), String(next.priority)]);
    }
    const applied = await this.#changes.apply({
      record: writeRecord(next),
      numbered: !quiet,
      newPlace: toEnd ? next : null,
      guards: [[job, 'mark', before.mark], ...(options.guards ?? [])],
      names,
      moves,
      commands,
    });
    if (applied.kind === 'stale') return { refusedBy: applied.guard };
    if (applied.kind !== 'done') throw new Error(`A change was answered ${applied.kind}.`);
    const record = quiet ? { ...next, eventId: before.record.eventId } : numbered(next, applied.change);
    const saved = { record, mark, place: toEnd ? applied.place : before.place, order: before.order };
    return { saved, messages: applied.messages };
  }

  /** Removes a job and all that points to it; false if it is not as it was. */
  async remove(before: Snapshot): Promise<boolean> {
    const { id, owner, idempotency } = before.record;
    const moves = movesBetween(before, null);
    moves.removals.push(keys.changes, id);
    const commands: Command[] = [['DEL', keys.job(id)]];
    if (idempotency) commands.push(['DEL', keys.idempotency(owner, idempotency.key)]);
    const guards: Guard[] = [[keys.job(id), 'mark', before.mark]];
    return (await this.#changes.apply({ guards, moves, commands })).kind === 'done';
  }

  /** Applies commands if all guards hold. */
  async guarded(guards: Guard[], commands: Command[]): Promise<boolean> {
    return (await this.#changes.apply({ guards, commands })).kind === 'done';
  }

  /** Places in the queue, from 1, of those that are in it. */
  async positions(ids: readonly string[]): Promise<Map<string, number>> {
    if (ids.length === 0) return new Map();
    const positions = await this.run<number[]>(scripts.positions, [...ids]);
    return new Map(
      ids.flatMap((id, index): [string, number][] => (positions[index] ? [[id, positions[index]]] : [])),
    );
  }

  /** How many jobs could be claimed, those of silent workers included. */
  async countDue(time: string): Promise<number> {
    const [, due] = await this.run<[number, number]>(scripts.countDue, [time]);
    return due;
  }

  async run<T>(script: Script, values: string[]): Promise<T> {
    return this.#parts.connection.call(async (client) => {
      try {
        return await client.sendCommand<never>(['EVALSHA', script.sha, '0', ...values]);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return client.sendCommand<never>(['EVAL', script.source, '0', ...values]);
      }
    });
  }

  /** Redis's time at which a command that has not run yet must not run any more. */
  deadline(): string {
    return String(this.#parts.clock.now() + this.#parts.patienceMs);
  }

  #fields(mark: string): string[] {
    return ['record', found.record, 'version', this.#version, 'mark', mark];
  }

  #snapshot(values: readonly (string | null | undefined)[]): Snapshot | null {
    const [record, version, change, mark, place, order] = values;
    if (!record || !mark) return null;
    const eventId = Number(change) * EVENTS_PER_CHANGE;
    return {
      record: readRecord(record, Number(version), eventId, this.#parts.migrations),
      mark,
      place: place ?? '',
      order: order ?? '',
    };
  }
}

function numbered(record: JobRecord, change: string): JobRecord {
  return { ...record, eventId: Number(change) * EVENTS_PER_CHANGE };
}
