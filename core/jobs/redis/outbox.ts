/** Announcements in Redis: written with the state they tell of (store.ts), handed out here under a lease. */
import { randomUUID } from 'node:crypto';
import type {
  AnnouncedEvent,
  Announcement,
  AnnouncementChannel,
  AnnouncementOutbox,
  Delivery,
} from '../types.ts';
import { EVENTS_PER_CHANGE } from '../watchers.ts';
import type { Connection } from './connection.ts';
import type { Command } from './indexes.ts';
import { keys } from './keys.ts';
import { readRecord, recordVersion, type RecordMigration } from './record-format.ts';
import { scripts } from './scripts.ts';
import type { Guard } from './apply.ts';
import type { Store } from './store.ts';
import type { Waiters } from './waiting.ts';

export type OutboxParts = {
  connection: Connection;
  store: Store;
  waiters: Waiters;
  migrations: readonly RecordMigration[];
  pollMs: number;
  /** What time it is for scripts: '' is Redis's own. */
  time: () => string;
};

const CHANNELS: readonly AnnouncementChannel[] = ['webhook', 'discord', 'slack'];
const DELIVERIES_KEPT = 50;

export class Outbox implements AnnouncementOutbox {
  readonly #parts: OutboxParts;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  async claim(
    channel: AnnouncementChannel,
    sender: string,
    options: { leaseMs: number; limit?: number },
  ): Promise<Announcement[]> {
    const { store, time } = this.#parts;
    if (!(await this.#isDue(channel))) return [];
    const taken = await store.run<[string, string[]][]>(scripts.takeAnnouncements, [
      time(),
      keys.outbox(channel),
      store.deadline(),
      String(options.leaseMs),
      String(options.limit ?? 10),
      sender,
    ]);
    return taken.map(([id, pairs]) => this.#announcement(id, pairs));
  }

  async ack(id: string, sender: string, delivery?: Delivery): Promise<boolean> {
    return this.#close(id, sender, null, delivery);
  }

  async release(
    id: string,
    sender: string,
    outcome: { retryAt: number | null; reason: string; delivery?: Delivery },
  ): Promise<boolean> {
    return this.#close(id, sender, outcome.retryAt, outcome.delivery);
  }

  async wait(channel: AnnouncementChannel, timeoutMs: number, signal: AbortSignal): Promise<void> {
    await this.#parts.waiters.until(() => this.#isDue(channel), this.#parts.pollMs, timeoutMs, signal);
  }

  async pending(): Promise<number> {
    const counts = await this.#parts.connection.call((client) =>
      Promise.all(CHANNELS.map((channel) => client.zCard(keys.outbox(channel)))),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #isDue(channel: AnnouncementChannel): Promise<boolean> {
    const { store, time } = this.#parts;
    const [, due] = await store.run<[number, number]>(scripts.countAnnouncements, [
      time(),
      keys.outbox(channel),
    ]);
    return due > 0;
  }

  /** The end of one try, and the line of it in the job's log, in one step. */
  async #close(
    id: string,
    sender: string,
    retryAt: number | null,
    delivery: Delivery | undefined,
  ): Promise<boolean> {
    const { connection, store } = this.#parts;
    const key = keys.announcement(id);
    const [channel, member, jobId, holder] = await connection.call((client) =>
      client.hmGet(key, ['channel', 'member', 'job_id', 'sender']),
    );
    if (!channel || !member || !jobId || holder !== sender) return false;
    const outbox = keys.outbox(channel as AnnouncementChannel);
    const commands: Command[] =
      retryAt === null
        ? [['DEL', key], ['ZREM', outbox, member]]
        : [['HSET', key, 'sender', `nobody ${randomUUID()}`], ['ZADD', outbox, String(retryAt), member]]; // prettier-ignore
    const held: Guard = [key, 'sender', sender];
    for (;;) {
      const job = delivery && (await store.load(jobId));
      if (!job) return store.guarded([held], commands);
      const deliveries = [...job.record.deliveries, delivery].slice(-DELIVERIES_KEPT);
      const written = await store.commit(
        job,
        { ...job.record, deliveries },
        { quiet: true, guards: [held], commands },
      );
      if (!('refusedBy' in written)) return true;
      if (written.refusedBy === 2) return false;
    }
  }

  #announcement(id: string, pairs: string[]): Announcement {
    const fields = new Map<string, string>();
    for (let i = 0; i + 1 < pairs.length; i += 2) fields.set(pairs[i]!, pairs[i + 1]!);
    const text = (name: string): string => fields.get(name) ?? '';
    const { migrations } = this.#parts;
    const version = fields.has('version') ? Number(text('version')) : recordVersion(migrations);
    return {
      id,
      jobId: text('job_id'),
      channel: text('channel') as AnnouncementChannel,
      event: text('event') as AnnouncedEvent,
      job: readRecord(text('record'), version, Number(text('change')) * EVENTS_PER_CHANGE, migrations),
      attempts: Number(text('attempts')),
      createdAt: Number(text('created_at')),
    };
  }
}
