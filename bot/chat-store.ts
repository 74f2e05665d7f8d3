/**
 * What a platform's bot remembers, in one SQLite file: settings of channels, which message is the card
 * of which job, what people typed. Written before a method returns, so that kill -9 loses nothing.
 */
import { chmodSync } from 'node:fs';
import path from 'node:path';
import Libsql from 'libsql';
import { StudioError } from '../core/errors.ts';
import type { Card, ChannelSettings, ChatPlatform, ChatStore } from './types.ts';

const BUSY_TIMEOUT_MS = 5000;

/** One table: kinds of things by name, as JSON. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS remembered (
    kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, touched_at INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
  ) WITHOUT ROWID`;

type Kind = 'settings' | 'card' | 'script' | 'fact';

/**
 * Opens (or makes) `chat-<platform>.db` in the data folder.
 * @throws {StudioError} not_ready if it cannot be opened
 */
export function openChatStore(
  dataDir: string,
  platform: ChatPlatform,
  now: () => number = Date.now,
): ChatStore {
  const file = path.join(dataDir, `chat-${platform}.db`);
  const db = open(file);
  const select = db.prepare('SELECT value FROM remembered WHERE kind = ? AND name = ?');
  const upsert = db.prepare(
    `INSERT INTO remembered (kind, name, value, touched_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value, touched_at = excluded.touched_at`,
  );
  const remove = db.prepare(`DELETE FROM remembered WHERE kind IN ('card', 'script') AND touched_at < ?`);
  let isOpen = true;

  function guarded<T>(work: () => T): T {
    if (!isOpen) throw storeError(file, new Error('it is closed'));
    try {
      return work();
    } catch (error) {
      throw storeError(file, error);
    }
  }
  function read<T>(kind: Kind, name: string): T | null {
    const row = guarded(() => select.get(kind, name) as { value: string } | undefined);
    return row ? (JSON.parse(row.value) as T) : null;
  }
  const write = (kind: Kind, name: string, value: unknown): void =>
    void guarded(() => upsert.run(kind, name, JSON.stringify(value), now()));
  const place = (team: string | null, channel: string): string => `${team ?? ''}/${channel}`;

  return {
    settings: (team, channel) => read<ChannelSettings>('settings', place(team, channel)) ?? {},
    saveSettings: (team, channel, settings) => write('settings', place(team, channel), settings),
    card: (jobId) => read<Card>('card', jobId),
    saveCard: (card) => write('card', card.jobId, card),
    script: (jobId) => read<string>('script', jobId),
    saveScript: (jobId, script) => write('script', jobId, script),
    fact: (name) => read<string>('fact', name),
    saveFact: (name, value) => write('fact', name, value),
    forget: (before) => void guarded(() => remove.run(before)),
    close() {
      if (!isOpen) return;
      isOpen = false;
      db.close();
    },
  };
}

function open(file: string): Libsql.Database {
  try {
    const db = new Libsql(file, { timeout: BUSY_TIMEOUT_MS });
    // Interaction tokens and what people typed are nobody else's business on this host.
    chmodSync(file, 0o600);
    db.exec('PRAGMA journal_mode = WAL');
    // A power cut may cost the last second: then cards are found again by their key, at no price in speed.
    db.exec('PRAGMA synchronous = NORMAL');
    db.exec(SCHEMA);
    return db;
  } catch (error) {
    throw storeError(file, error);
  }
}

function storeError(file: string, cause: unknown): StudioError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StudioError('not_ready', `${path.basename(file)} cannot be used: ${reason}`, {
    retryable: true,
    hint: 'Check that DATA_DIR is writable and its disk not full.',
    cause,
  });
}
