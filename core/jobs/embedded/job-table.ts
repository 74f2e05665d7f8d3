/** The jobs table: records in and out of it. Every method belongs inside the caller's transaction. */
import { StudioError } from '../../errors.ts';
import { isFinal } from '../../schema/job.ts';
import { abandonedAt } from '../lifecycle.ts';
import { ownerOfKey } from '../forgetting.ts';
import type { JobFilter, JobPage, JobQuery, JobRecord, JobRequest, Person } from '../types.ts';
import { EVENTS_PER_CHANGE } from '../watchers.ts';
import type { Database, Row, SqlValue } from './database.ts';

/**
 * Who goes next: the higher priority; then owners by turns, so that one's hundred films do not keep
 * another's one waiting; then the older job. See nextTurn().
 */
const QUEUE_ORDER = 'priority DESC, turn, queue_order';
const MAX_PAGE = 200;

export class JobTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  insert(record: JobRecord, request: JobRequest): JobRecord {
    const change = this.#nextChange();
    const numbered = { ...record, eventId: change * EVENTS_PER_CHANGE };
    const { origin } = record;
    this.#db.run(
      `INSERT INTO jobs (id, change, phase, status, kind, owner, platform, priority, turn, queue_order, ready_at, idempotency_key, record, request, user, channel)
       VALUES (?, ?, 'queued', 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      record.id, change, record.kind, record.owner, origin.platform, record.priority, this.#nextTurn(record), change, record.createdAt,
      record.idempotency?.key ?? null, JSON.stringify(numbered), JSON.stringify(request), origin.user ?? null, origin.channel ?? null,
    ); // prettier-ignore
    return numbered;
  }

  /** Writes a changed record under the next event number. `toEnd` gives it a new place in the queue. */
  save(record: JobRecord, options: { toEnd?: boolean } = {}): JobRecord {
    const change = this.#nextChange();
    const numbered = { ...record, eventId: change * EVENTS_PER_CHANGE };
    const phase = record.status === 'queued' ? 'queued' : isFinal(record.status) ? 'final' : 'running';
    this.#db.run(
      `UPDATE jobs SET change = ?, phase = ?, status = ?, priority = ?, turn = coalesce(?, turn), queue_order = coalesce(?, queue_order), ready_at = ?,
         abandoned_at = ?, finished_at = ?, expires_at = ?, record = ?, user = ?, channel = ? WHERE id = ?`,
      change, phase, record.status, record.priority, options.toEnd ? this.#nextTurn(record) : null, options.toEnd ? change : null, record.retryAt ?? record.queuedAt,
      abandonedAt(record), record.finishedAt, record.expiresAt, JSON.stringify(numbered),
      record.origin.user ?? null, record.origin.channel ?? null, record.id,
    ); // prettier-ignore
    return numbered;
  }

  /** Writes what no watcher needs to hear of: a renewed lease, a delivery. */
  saveQuietly(record: JobRecord): void {
    this.#db.run(
      'UPDATE jobs SET abandoned_at = ?, record = ? WHERE id = ?',
      abandonedAt(record),
      JSON.stringify(record),
      record.id,
    );
  }

  /** Those of a person, over or not. */
  ofPerson(person: Person): JobRecord[] {
    const isTheirs = person.platform === 'api' ? 'owner = ?' : 'user = ?';
    const value = person.platform === 'api' ? ownerOfKey(person) : person.user;
    const where = `platform = ? AND ${isTheirs}`;
    return this.#db.all(`SELECT record FROM jobs WHERE ${where}`, person.platform, value).map(parse);
  }

  /** Writes a record that has lost whoever asked for it. */
  saveForgotten(record: JobRecord): void {
    this.#db.run(
      'UPDATE jobs SET owner = ?, user = NULL, channel = NULL, idempotency_key = NULL, record = ? WHERE id = ?',
      record.owner,
      JSON.stringify(record),
      record.id,
    );
  }

  load(id: string): JobRecord | null {
    return recordOf(this.#db.get('SELECT record FROM jobs WHERE id = ?', id));
  }

  loadRequest(id: string): JobRequest | null {
    const row = this.#db.get('SELECT request FROM jobs WHERE id = ?', id);
    return row && (JSON.parse(String(row['request'])) as JobRequest);
  }

  findByKey(owner: string, key: string): JobRecord | null {
    return recordOf(
      this.#db.get('SELECT record FROM jobs WHERE owner = ? AND idempotency_key = ?', owner, key),
    );
  }

  list(query: JobQuery): JobPage {
    const { where, values } = conditions(query);
    if (query.cursor !== undefined) {
      where.push('seq < ?');
      values.push(readCursor(query.cursor));
    }
    const limit = Math.min(MAX_PAGE, Math.max(1, Math.trunc(query.limit ?? 50)));
    const filter = where.length > 0 ? `WHERE ${where.join(' AND ')}` : '';
    const rows = this.#db.all(
      `SELECT seq, record FROM jobs ${filter} ORDER BY seq DESC LIMIT ${limit + 1}`,
      ...values,
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return {
      jobs: shown.map(parse),
      nextCursor: rows.length > limit && last ? makeCursor(Number(last['seq'])) : null,
    };
  }

  /** The job to be claimed now; its turn is the one that newcomers join at. */
  next(now: number): JobRecord | null {
    const row = this.#db.get(
      `SELECT record, priority, turn FROM jobs WHERE phase = 'queued' AND ready_at <= ? ORDER BY ${QUEUE_ORDER} LIMIT 1`,
      now,
    );
    if (row) {
      this.#db.run(
        'INSERT INTO turns (priority, turn) VALUES (?, ?) ON CONFLICT (priority) DO UPDATE SET turn = max(turn, excluded.turn)',
        row['priority']!,
        row['turn']!,
      );
    }
    return recordOf(row);
  }

  abandoned(now: number): JobRecord[] {
    return this.#db
      .all(`SELECT record FROM jobs WHERE phase = 'running' AND abandoned_at <= ?`, now)
      .map(parse);
  }

  running(): JobRecord[] {
    return this.#db.all(`SELECT record FROM jobs WHERE phase = 'running'`).map(parse);
  }

  /** Whether a claim would find something. */
  isDue(now: number): boolean {
    const row = this.#db.get(
      `SELECT EXISTS (SELECT 1 FROM jobs WHERE phase = 'queued' AND ready_at <= ?)
           OR EXISTS (SELECT 1 FROM jobs WHERE phase = 'running' AND abandoned_at <= ?) AS due`,
      now,
      now,
    );
    return row?.['due'] === 1;
  }

  queuePositions(ids: readonly string[]): Map<string, number> {
    const rows = this.#db.all(
      `SELECT id, position FROM (SELECT id, row_number() OVER (ORDER BY ${QUEUE_ORDER}) AS position FROM jobs WHERE phase = 'queued')
       WHERE id IN (SELECT value FROM json_each(?))`,
      JSON.stringify(ids),
    );
    return new Map(rows.map((row) => [String(row['id']), Number(row['position'])]));
  }

  countQueued(): number {
    return Number(this.#db.get(`SELECT count(*) AS n FROM jobs WHERE phase = 'queued'`)?.['n']);
  }

  changedSince(change: number, id?: string): { change: number; record: JobRecord }[] {
    const rows = this.#db.all(
      `SELECT change, record FROM jobs WHERE change > ? ${id === undefined ? '' : 'AND id = ?'} ORDER BY change`,
      ...(id === undefined ? [change] : [change, id]),
    );
    return rows.map((row) => ({ change: Number(row['change']), record: parse(row) }));
  }

  latestChange(): number {
    return Number(this.#db.get('SELECT change FROM counter')?.['change']);
  }

  expired(now: number, limit: number): JobRecord[] {
    return this.#db
      .all(
        `SELECT record FROM jobs WHERE phase = 'final' AND expires_at <= ? ORDER BY expires_at LIMIT ?`,
        now,
        limit,
      )
      .map(parse);
  }

  remove(id: string): void {
    this.#db.run('DELETE FROM jobs WHERE id = ?', id);
  }

  /** Start-time fair queuing: an owner's jobs take one turn each, and who is new joins at the turn being served. */
  #nextTurn({ owner, priority }: JobRecord): number {
    const served = this.#db.get('SELECT turn FROM turns WHERE priority = ?', priority);
    const last = this.#db.get(
      `SELECT max(turn) AS turn FROM jobs WHERE phase = 'queued' AND owner = ? AND priority = ?`,
      owner,
      priority,
    );
    return Math.max(Number(served?.['turn'] ?? 0), Number(last?.['turn'] ?? -1) + 1);
  }

  #nextChange(): number {
    return Number(this.#db.get('UPDATE counter SET change = change + 1 RETURNING change')?.['change']);
  }
}

function conditions(filter: JobFilter): { where: string[]; values: SqlValue[] } {
  const where: string[] = [];
  const values: SqlValue[] = [];
  for (const column of ['kind', 'owner', 'platform', 'user', 'channel'] as const) {
    const wanted = filter[column];
    if (wanted === undefined) continue;
    where.push(`${column} = ?`);
    values.push(wanted);
  }
  if (filter.status !== undefined) {
    where.push('status IN (SELECT value FROM json_each(?))');
    values.push(JSON.stringify([filter.status].flat()));
  }
  return { where, values };
}

function makeCursor(seq: number): string {
  return Buffer.from(`seq:${seq}`).toString('base64url');
}

function readCursor(cursor: string): number {
  const seq = /^seq:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1];
  if (seq === undefined) {
    throw new StudioError('invalid_request', 'The cursor is not one of ours.', {
      hint: 'Use nextCursor of the page before, unchanged, or leave it out.',
      issues: [{ path: 'cursor', message: 'is not a cursor' }],
    });
  }
  return Number(seq);
}

function recordOf(row: Row | null): JobRecord | null {
  return row && parse(row);
}

function parse(row: Row): JobRecord {
  return JSON.parse(String(row['record'])) as JobRecord;
}
