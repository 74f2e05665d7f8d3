/**
 * What monitoring remembers, in one SQLite file: states, incidents, what was delivered where, mutes, the
 * audit, and rings of results. Written before a method returns, so that a restart tells nothing twice.
 */
import { chmodSync } from 'node:fs';
import path from 'node:path';
import Libsql from 'libsql';
import { StudioError } from '../core/errors.ts';
import type { Actor, Finding, Mute, PostedMessage } from '../core/ops/types.ts';
import type { StoredIncident } from './incidents.ts';
import { TIERS, type Tier } from './rings.ts';
import type { WatchState } from './watchdog.ts';

export type Watched = {
  state: WatchState;
  finding: Finding | null;
  /** What was wrong when it was wrong last, and by what cause. */
  lastBad: { finding: Finding; cause: string } | null;
  checkedAt: number | null;
};

/** A message of an incident in one channel: `done` catches up with `want`. */
export type Delivery = {
  /** The same for the same message, whatever happens: `<incident>:<channel>:<what>`. */
  key: string;
  incident: string;
  channel: string;
  what: 'card' | 'recovered' | `reminder-${number}`;
  want: number;
  done: number;
  /** Where it was posted, as the channel says it. */
  posted: PostedMessage | null;
  /** Whether the incident was over already when it was first posted. */
  postedOver: boolean;
  attempts: number;
  dueAt: number;
  createdAt: number;
};

export type AuditEntry = { at: number; by: Actor; action: string; about: string; why: string };
export type Slot = { at: number; good: number; bad: number; latencyMs: number };

export interface MonitorStore {
  /** Of all checks that were ever watched. */
  watchedIds(): string[];
  watched(check: string): Watched | null;
  saveWatched(check: string, watched: Watched): void;
  incident(id: string): StoredIncident | null;
  openIncidents(): StoredIncident[];
  /** Newest first. */
  incidents(limit: number): StoredIncident[];
  saveIncident(incident: StoredIncident): void;
  delivery(key: string): Delivery | null;
  deliveriesOf(incident: string): Delivery[];
  pending(): Delivery[];
  saveDelivery(delivery: Delivery): void;
  /** Those that are not over. */
  mutes(now: number): Mute[];
  saveMute(mute: Mute): void;
  audit(entry: AuditEntry): void;
  audits(limit: number): AuditEntry[];
  /** Takes a person out of the audit, of incidents and of mutes. @returns entries changed */
  forget(person: Pick<Actor, 'platform' | 'id'>): number;
  addResult(check: string, ok: boolean, latencyMs: number | null, at: number): void;
  slots(check: string, tier: Tier, from: number): Slot[];
  /** Removes what is past its time. */
  trim(now: number): void;
  /** All or nothing. */
  together(work: () => void): void;
  close(): void;
}

const BUSY_TIMEOUT_MS = 5000;
const KEEP_INCIDENTS_MS = 400 * 24 * 3600_000;

const SCHEMA = [
  'CREATE TABLE IF NOT EXISTS watched (id TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
  `CREATE TABLE IF NOT EXISTS incidents (id TEXT PRIMARY KEY, opened_at INTEGER NOT NULL,
     closed_at INTEGER, value TEXT NOT NULL) WITHOUT ROWID`,
  'CREATE INDEX IF NOT EXISTS incidents_open ON incidents (opened_at) WHERE closed_at IS NULL',
  'CREATE INDEX IF NOT EXISTS incidents_by_time ON incidents (opened_at)',
  `CREATE TABLE IF NOT EXISTS deliveries (key TEXT PRIMARY KEY, incident TEXT NOT NULL,
     pending INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID`,
  'CREATE INDEX IF NOT EXISTS deliveries_of ON deliveries (incident)',
  'CREATE INDEX IF NOT EXISTS deliveries_pending ON deliveries (pending) WHERE pending = 1',
  `CREATE TABLE IF NOT EXISTS mutes (id TEXT PRIMARY KEY, until INTEGER NOT NULL,
     value TEXT NOT NULL) WITHOUT ROWID`,
  'CREATE TABLE IF NOT EXISTS audit (at INTEGER NOT NULL, value TEXT NOT NULL)',
  `CREATE TABLE IF NOT EXISTS results (name TEXT NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL,
     good INTEGER NOT NULL, bad INTEGER NOT NULL, latency REAL NOT NULL,
     PRIMARY KEY (name, step, at)) WITHOUT ROWID`,
];

/**
 * Opens (or makes) `monitoring.db` in the data folder; `:memory:` keeps nothing.
 * @throws {StudioError} not_ready if it cannot be opened
 */
export function openMonitorStore(dataDir: string): MonitorStore {
  const file = dataDir === ':memory:' ? dataDir : path.join(dataDir, 'monitoring.db');
  const db = open(file);
  const prepared = new Map<string, Libsql.Statement>();
  const sql = (text: string): Libsql.Statement => {
    const known = prepared.get(text) ?? db.prepare(text);
    prepared.set(text, known);
    return known;
  };
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw storeError(file, error);
    }
  };
  const run = (text: string, ...values: unknown[]): void => void guarded(() => sql(text).run(...values));
  const all = <T>(text: string, ...values: unknown[]): T[] =>
    guarded(() => sql(text).all(...values) as { value: string }[]).map(({ value }) => JSON.parse(value) as T);
  const one = <T>(text: string, ...values: unknown[]): T | null => all<T>(text, ...values)[0] ?? null;
  let isOpen = true;

  return {
    watchedIds: () =>
      guarded(() =>
        (sql('SELECT id FROM watched ORDER BY id').all() as { id: string }[]).map(({ id }) => id),
      ),
    watched: (check) => one('SELECT value FROM watched WHERE id = ?', check),
    saveWatched: (check, watched) =>
      run(
        'INSERT INTO watched VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value',
        check,
        JSON.stringify(watched),
      ),
    incident: (id) => one('SELECT value FROM incidents WHERE id = ?', id),
    openIncidents: () => all('SELECT value FROM incidents WHERE closed_at IS NULL ORDER BY opened_at'),
    incidents: (limit) => all('SELECT value FROM incidents ORDER BY opened_at DESC LIMIT ?', limit),
    saveIncident: (incident) =>
      run(
        `INSERT INTO incidents VALUES (?, ?, ?, ?) ON CONFLICT (id)
         DO UPDATE SET opened_at = excluded.opened_at, closed_at = excluded.closed_at, value = excluded.value`,
        incident.id,
        incident.openedAt,
        incident.closedAt,
        JSON.stringify(incident),
      ),
    delivery: (key) => one('SELECT value FROM deliveries WHERE key = ?', key),
    deliveriesOf: (incident) => all('SELECT value FROM deliveries WHERE incident = ?', incident),
    pending: () => all('SELECT value FROM deliveries WHERE pending = 1 ORDER BY key'),
    saveDelivery: (delivery) =>
      run(
        `INSERT INTO deliveries VALUES (?, ?, ?, ?) ON CONFLICT (key)
         DO UPDATE SET pending = excluded.pending, value = excluded.value`,
        delivery.key,
        delivery.incident,
        delivery.done < delivery.want ? 1 : 0,
        JSON.stringify(delivery),
      ),
    mutes: (now) => all('SELECT value FROM mutes WHERE until > ? ORDER BY until', now),
    saveMute: (mute) =>
      run(
        `INSERT INTO mutes VALUES (?, ?, ?) ON CONFLICT (id)
         DO UPDATE SET until = excluded.until, value = excluded.value`,
        mute.id,
        mute.until,
        JSON.stringify(mute),
      ),
    audit: (entry) => run('INSERT INTO audit VALUES (?, ?)', entry.at, JSON.stringify(entry)),
    audits: (limit) => all('SELECT value FROM audit ORDER BY at DESC, rowid DESC LIMIT ?', limit),
    forget: (person) =>
      guarded(
        () =>
          db.transaction(() =>
            ['audit', 'incidents', 'mutes'].reduce((changed, table) => {
              const key = table === 'audit' ? 'rowid' : 'id';
              const rows = sql(`SELECT ${key} AS key, value FROM ${table}`).all() as { key: unknown; value: string }[]; // prettier-ignore
              const theirs = rows.flatMap((row) => {
                const value = withoutActor(row.value, person);
                return value === row.value ? [] : [{ ...row, value }];
              });
              for (const row of theirs)
                sql(`UPDATE ${table} SET value = ? WHERE ${key} = ?`).run(row.value, row.key);
              return changed + theirs.length;
            }, 0),
          )() as number,
      ),
    addResult(check, ok, latencyMs, at) {
      for (const { stepMs } of TIERS)
        run(
          `INSERT INTO results VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name, step, at) DO UPDATE SET
             good = good + excluded.good, bad = bad + excluded.bad, latency = latency + excluded.latency`,
          check,
          stepMs,
          Math.floor(at / stepMs) * stepMs,
          ok ? 1 : 0,
          ok ? 0 : 1,
          ok ? (latencyMs ?? 0) : 0,
        );
    },
    slots: (check, { stepMs }, from) =>
      guarded(
        () =>
          sql(
            `SELECT at, good, bad, latency AS latencyMs FROM results
             WHERE name = ? AND step = ? AND at >= ? ORDER BY at`,
          ).all(check, stepMs, from) as Slot[],
      ),
    trim(now) {
      for (const { stepMs, keepMs } of TIERS)
        run('DELETE FROM results WHERE step = ? AND at < ?', stepMs, now - keepMs);
      const before = now - KEEP_INCIDENTS_MS;
      run('DELETE FROM deliveries WHERE incident IN (SELECT id FROM incidents WHERE closed_at < ?)', before);
      run('DELETE FROM incidents WHERE closed_at < ?', before);
      run('DELETE FROM mutes WHERE until < ?', before);
      run('DELETE FROM audit WHERE at < ?', before);
    },
    together: (work) => guarded(() => db.transaction(work)()),
    close() {
      if (!isOpen) return;
      isOpen = false;
      db.close();
    },
  };
}

/** Whoever did it, wherever they stand in a kept value. */
function withoutActor(text: string, { platform, id }: Pick<Actor, 'platform' | 'id'>): string {
  return JSON.stringify(JSON.parse(text), (_name, value: unknown) => {
    const actor = value as Partial<Actor> | null;
    const isTheirs = typeof actor === 'object' && actor?.platform === platform && actor.id === id;
    return isTheirs ? { platform, id: 'forgotten', name: '–' } : value;
  });
}

function open(file: string): Libsql.Database {
  try {
    const db = new Libsql(file, { timeout: BUSY_TIMEOUT_MS });
    if (file !== ':memory:') chmodSync(file, 0o600);
    db.exec('PRAGMA journal_mode = WAL');
    // A power cut may cost the last second; messages are found again by their key.
    db.exec('PRAGMA synchronous = NORMAL');
    for (const statement of SCHEMA) db.exec(statement);
    return db;
  } catch (error) {
    throw storeError(file, error);
  }
}

function storeError(file: string, cause: unknown): StudioError {
  if (cause instanceof StudioError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StudioError('not_ready', `${path.basename(file)} cannot be used: ${reason}`, {
    retryable: true,
    hint: 'Check that DATA_DIR is writable and its disk not full.',
    cause,
  });
}
