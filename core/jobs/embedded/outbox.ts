/** The announcements table: what is to be told, written with the state it tells of. */
import { randomUUID } from 'node:crypto';
import { announcementChannels } from '../lifecycle.ts';
import type {
  AnnouncedEvent,
  Announcement,
  AnnouncementChannel,
  AnnouncementOutbox,
  Delivery,
  JobRecord,
} from '../types.ts';
import type { Database, Row } from './database.ts';
import type { Waiters } from './waiting.ts';

const KEPT_AFTER_CLOSING_MS = 7 * 24 * 3600_000;

export type OutboxParts = {
  db: Database;
  waiters: Waiters;
  pollMs: number;
  now: () => number;
  /** Runs a transaction, giving up the disk reserve if it must. */
  write: <T>(work: () => T) => T;
  /** Adds a delivery to a job's log, inside the transaction; a job that is gone is passed over. */
  logDelivery: (jobId: string, delivery: Delivery) => void;
};

export class Outbox implements AnnouncementOutbox {
  readonly #parts: OutboxParts;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Writes what must be told of a job that has just become final; inside its transaction. */
  announce(job: JobRecord): void {
    for (const channel of announcementChannels(job)) {
      this.#parts.db.run(
        'INSERT INTO announcements (id, job_id, channel, event, record, created_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
        randomUUID(), job.id, channel, job.status, JSON.stringify(job), this.#parts.now(), this.#parts.now(),
      ); // prettier-ignore
    }
  }

  async claim(
    channel: AnnouncementChannel,
    sender: string,
    options: { leaseMs: number; limit?: number },
  ): Promise<Announcement[]> {
    const { db, now, write } = this.#parts;
    if (!this.#isDue(channel)) return [];
    const rows = write(
      () =>
      db.all(
        `UPDATE announcements SET sender = ?, due_at = ?, attempts = attempts + 1 WHERE seq IN
           (SELECT seq FROM announcements WHERE channel = ? AND closed_at IS NULL AND due_at <= ? ORDER BY seq LIMIT ?)
         RETURNING *`,
        sender, now() + options.leaseMs, channel, now(), options.limit ?? 10,
      ), // prettier-ignore
    );
    return rows.sort((a, b) => Number(a['seq']) - Number(b['seq'])).map(fromRow);
  }

  async ack(id: string, sender: string, delivery?: Delivery): Promise<boolean> {
    return this.#close(id, sender, null, 'delivered', delivery);
  }

  async release(
    id: string,
    sender: string,
    outcome: { retryAt: number | null; reason: string; delivery?: Delivery },
  ): Promise<boolean> {
    return this.#close(id, sender, outcome.retryAt, outcome.reason, outcome.delivery);
  }

  async wait(channel: AnnouncementChannel, timeoutMs: number, signal: AbortSignal): Promise<void> {
    await this.#parts.waiters.until(() => this.#isDue(channel), this.#parts.pollMs, timeoutMs, signal);
  }

  pending(): number {
    return Number(
      this.#parts.db.get('SELECT count(*) AS n FROM announcements WHERE closed_at IS NULL')?.['n'],
    );
  }

  /** Forgets what a removed job has already told; what is still to be told stays. */
  removeClosed(jobId: string): void {
    this.#parts.db.run('DELETE FROM announcements WHERE job_id = ? AND closed_at IS NOT NULL', jobId);
  }

  removeOld(): void {
    this.#parts.db.run(
      'DELETE FROM announcements WHERE closed_at <= ?',
      this.#parts.now() - KEPT_AFTER_CLOSING_MS,
    );
  }

  #isDue(channel: AnnouncementChannel): boolean {
    const { db, now } = this.#parts;
    return (
      db.get(
        'SELECT 1 AS due FROM announcements WHERE channel = ? AND closed_at IS NULL AND due_at <= ? LIMIT 1',
        channel,
        now(),
      ) !== null
    );
  }

  #close(
    id: string,
    sender: string,
    retryAt: number | null,
    reason: string,
    delivery: Delivery | undefined,
  ): boolean {
    const { db, now, write, logDelivery } = this.#parts;
    return write(() => {
      const row = db.get(
        'SELECT job_id FROM announcements WHERE id = ? AND sender = ? AND closed_at IS NULL',
        id,
        sender,
      );
      if (!row) return false;
      const closedAt = retryAt === null ? now() : null;
      db.run(
        'UPDATE announcements SET sender = NULL, due_at = ?, closed_at = ?, reason = ? WHERE id = ?',
        retryAt,
        closedAt,
        reason,
        id,
      );
      if (delivery) logDelivery(String(row['job_id']), delivery);
      return true;
    });
  }
}

function fromRow(row: Row): Announcement {
  return {
    id: String(row['id']),
    jobId: String(row['job_id']),
    channel: row['channel'] as AnnouncementChannel,
    event: row['event'] as AnnouncedEvent,
    job: JSON.parse(String(row['record'])) as JobRecord,
    attempts: Number(row['attempts']),
    createdAt: Number(row['created_at']),
  };
}
