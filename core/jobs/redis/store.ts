/**
 * Jobs in Redis and every change of them. A change reads a job, lets a pure function say what comes
 * next, and applies that with all that follows from it in one script, only if nobody else changed the
 * job meanwhile; else it starts over. The mark compared is random, not counted: a Redis that lost its
 * last second in a power cut may count to the same number twice.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { StudioError } from '../../errors.ts';
import { isFinal } from '../../schema/job.ts';
import { announcementChannels } from '../lifecycle.ts';
import type { JobRecord, JobRequest } from '../types.ts';
import { EVENTS_PER_CHANGE } from '../watchers.ts';
import type { RedisClock } from './clock.ts';
import { PATIENCE_MS, type Connection } from './connection.ts';
import { found, indexCommands, turnOf, type Command } from './indexes.ts';
import { changesChannel, keys } from './keys.ts';
import { readRecord, recordVersion, writeRecord, type RecordMigration } from './record-format.ts';
import { scripts, type Script } from './scripts.ts';
import { usageRow } from './usage.ts';

export type Snapshot = {
  record: JobRecord;
  /** Of this state; another one with every write. */
  mark: string;
  place: string;
  order: string;
  /** Message that was sent for it when it was queued. */
  ticket: string;
};

/** A job to be claimed. */
export type Waiting = { snapshot: Snapshot; request: JobRequest };

/** Only if the hash has this value in this field; '' is absence. */
export type Guard = [key: string, field: string, value: string];

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
};

const FIELDS = ['record', 'version', 'change', 'mark', 'place', 'order', 'ticket'] as const;
const FIELD_LIST: readonly string[] = FIELDS;
/** How long a key outlives a job whose removal does not come, ms. */
const KEY_GRACE_MS = 24 * 3600_000;

export class Store {
  readonly #parts: StoreParts;
  readonly #channel: string;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#channel = changesChannel(parts.url);
  }

  async load(id: string): Promise<Snapshot | null> {
    const values = await this.#parts.connection.call((client) => client.hmGet(keys.job(id), [...FIELD_LIST]));
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

  /** Who is next, with requests, and who has been silent too long. */
  async peek(time: string, most: number): Promise<{ abandoned: string[]; next: Waiting[] }> {
    const [now, abandoned, ...found] = await this.run<[number, string[], ...(string | (string | null)[])[]]>(
      scripts.peek,
      [time, String(most), ...FIELDS, 'request'],
    );
    this.#parts.clock.set(now);
    const next = found.flatMap((values): Waiting[] => {
      const snapshot = Array.isArray(values) ? this.#snapshot(values) : null;
      const request = values.at(-1);
      return snapshot && request ? [{ snapshot, request: JSON.parse(request) as JobRequest }] : [];
    });
    return { abandoned, next };
  }

  /** Puts a new job at the end of the queue; the id of an older one with the same key, or null if the queue is full. */
  async insert(
    record: JobRecord,
    request: JobRequest,
    maxQueued: number,
  ): Promise<{ inserted: Snapshot } | { known: string } | null> {
    const mark = newMark();
    const ticket = ticketOf(record, mark);
    const { owner, idempotency } = record;
    const key = idempotency ? keys.idempotency(owner, idempotency.key) : '';
    const fresh = { record, place: found.place, order: found.order };
    const text = writeRecord(record);
    const commands: Command[] = [
      ['HSET', keys.job(record.id), 'request', JSON.stringify(request), ...this.#fields(text, mark, ticket), 'change', found.change, 'place', found.place, 'order', found.order],
      ...indexCommands(null, fresh),
      ['ZADD', keys.changes, found.change, record.id],
      ['PUBLISH', this.#channel, `${found.change} ${text}`],
    ]; // prettier-ignore
    if (key) commands.push(['SET', key, record.id]);
    const header = ['1', String(record.priority), owner, record.id, key, String(maxQueued)];
    const reply = await this.#apply(scripts.applyNew, header, [], commands);
    if (reply[0] === 'known') return { known: String(reply[2]) };
    if (reply[0] === 'full') return null;
    const [, , change, place, order] = reply as [string, number, string, string, string];
    return { inserted: { record: numbered(record, change), mark, place, order, ticket } };
  }

  /** Writes the next state and what follows from it; null if the job is not as it was, the guard's number if that failed. */
  async commit(
    before: Snapshot,
    next: JobRecord,
    options: CommitOptions = {},
  ): Promise<Snapshot | { refusedBy: number }> {
    const mark = newMark();
    const requeued =
      next.status === 'queued' && (before.record.status !== 'queued' || options.toEnd === true);
    const ticket = requeued ? ticketOf(next, mark) : before.ticket;
    const place = options.toEnd ? found.place : before.place;
    const job = keys.job(next.id);
    const text = writeRecord(next);
    const commands: Command[] = [
      ['HSET', job, ...this.#fields(text, mark, ticket), ...(options.toEnd ? ['place', place] : [])],
      ...indexCommands(before, { record: next, place, order: before.order }),
      ...(options.commands ?? []),
    ];
    if (!options.quiet) {
      commands.push(
        ['HSET', job, 'change', found.change],
        ['ZADD', keys.changes, found.change, next.id],
        ['PUBLISH', this.#channel, `${found.change} ${text}`],
        ...consequences(before.record, next),
      );
      // A job that was claimed makes its turn the one that is served.
      if (before.record.status === 'queued' && next.lease)
        commands.push(['ZADD', keys.turns, 'GT', turnOf(before.place), String(next.priority)]);
    }
    const header = [options.quiet ? '0' : '1', ...(options.toEnd ? [String(next.priority), next.owner, next.id] : ['', '', '']), '', '']; // prettier-ignore
    const guards: Guard[] = [[job, 'mark', before.mark], ...(options.guards ?? [])];
    const reply = await this.#apply(scripts.apply, header, guards, commands);
    if (reply[0] === 'stale') return { refusedBy: Number(reply[2]) };
    const [, , change, newPlace] = reply as [string, number, string, string];
    const record = options.quiet ? { ...next, eventId: before.record.eventId } : numbered(next, change);
    return { record, mark, place: options.toEnd ? newPlace : before.place, order: before.order, ticket };
  }

  /** Removes a job and all that points to it; false if it is not as it was. */
  async remove(before: Snapshot): Promise<boolean> {
    const { id, owner, idempotency } = before.record;
    const commands: Command[] = [
      ...indexCommands(before, null),
      ['ZREM', keys.changes, id],
      ['DEL', keys.job(id)],
    ];
    if (idempotency) commands.push(['DEL', keys.idempotency(owner, idempotency.key)]);
    return this.guarded([[keys.job(id), 'mark', before.mark]], commands).then((failed) => failed === null);
  }

  /** Applies commands if all guards hold; else the number of the first that does not. */
  async guarded(guards: Guard[], commands: Command[]): Promise<number | null> {
    const reply = await this.#apply(scripts.apply, ['0', '', '', '', '', ''], guards, commands);
    return reply[0] === 'stale' ? Number(reply[2]) : null;
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
    return String(this.#parts.clock.now() + PATIENCE_MS);
  }

  async #apply(
    script: Script,
    header: string[],
    guards: Guard[],
    commands: Command[],
  ): Promise<(string | number)[]> {
    const list = commands.flatMap((command) => [String(command.length), ...command]);
    const reply = await this.run<(string | number)[]>(script, [
      this.deadline(),
      ...header,
      String(guards.length),
      ...guards.flat(),
      ...list,
    ]);
    this.#parts.clock.set(Number(reply[1]));
    if (reply[0] !== 'late') return reply;
    throw new StudioError('not_ready', 'The job store (Redis) was too slow; nothing was changed.', {
      retryable: true,
      hint: 'Try again; if it stays so, look at the load of Redis and the network to it.',
    });
  }

  #fields(record: string, mark: string, ticket: string): string[] {
    const version = String(recordVersion(this.#parts.migrations));
    return ['record', record, 'version', version, 'mark', mark, 'ticket', ticket];
  }

  #snapshot(values: readonly (string | null | undefined)[]): Snapshot | null {
    const [record, version, change, mark, place, order, ticket] = values;
    if (!record || !mark) return null;
    const eventId = Number(change) * EVENTS_PER_CHANGE;
    return {
      record: readRecord(record, Number(version), eventId, this.#parts.migrations),
      mark,
      place: place ?? '',
      order: order ?? '',
      ticket: ticket ?? '',
    };
  }
}

/** What must happen in the same moment as a job's end, and what a retry takes back of it. */
function consequences(before: JobRecord, next: JobRecord): Command[] {
  const commands: Command[] = [];
  const key = next.idempotency && keys.idempotency(next.owner, next.idempotency.key);
  if (isFinal(next.status) && !isFinal(before.status)) {
    for (const channel of announcementChannels(next)) {
      const id = randomUUID();
      const member = `${found.change}|${id}`;
      commands.push(
        ['HSET', keys.announcement(id), 'job_id', next.id, 'channel', channel, 'event', next.status, 'record', writeRecord(next), 'change', found.change, 'member', member, 'created_at', String(next.updatedAt), 'attempts', '0'],
        ['ZADD', keys.outbox(channel), String(next.updatedAt), member],
      ); // prettier-ignore
    }
    commands.push(['ZADD', keys.usage, String(next.finishedAt), JSON.stringify(usageRow(next, newMark()))]);
    if (key) commands.push(['PEXPIREAT', key, String((next.expiresAt ?? next.updatedAt) + KEY_GRACE_MS)]);
  }
  if (key && isFinal(before.status) && !isFinal(next.status)) commands.push(['PERSIST', key]);
  return commands;
}

function numbered(record: JobRecord, change: string): JobRecord {
  return { ...record, eventId: Number(change) * EVENTS_PER_CHANGE };
}

/** Never the same twice: bee-queue silently ignores a message whose id it has seen. */
function ticketOf(record: JobRecord, mark: string): string {
  return `${record.id}:${record.claims + 1}:${mark}`;
}

const thisProcess = randomBytes(9).toString('base64url');
let marks = 0;

/** Never the same twice, in any process: 72 bits of this one and a count. */
function newMark(): string {
  marks += 1;
  return `${thisProcess}${marks.toString(36)}`;
}
