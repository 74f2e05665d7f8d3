/**
 * One SQLite file, opened for durability: WAL, an fsync with every commit, write locks taken at once.
 * Turns SQLite's faults into StudioErrors that say what to do.
 */
import { chmodSync } from 'node:fs';
import path from 'node:path';
import Libsql from 'libsql';
import { StudioError } from '../../errors.ts';
import { openChangeMark } from './change-mark.ts';

/** Never a boolean: libsql 0.5.29 ends the whole process on one. */
export type SqlValue = string | number | null;
export type Row = Record<string, SqlValue>;

export type Database = {
  get(sql: string, ...values: SqlValue[]): Row | null;
  all(sql: string, ...values: SqlValue[]): Row[];
  /** Rows changed. */
  run(sql: string, ...values: SqlValue[]): number;
  /** All of `work` or nothing of it; the write lock is held from the start. Not to be nested. */
  transaction<T>(work: () => T): T;
  /** True: what was read since the last call is still what a read would find. False: perhaps not. */
  isUnchanged(): boolean;
  /** Moves the write-ahead log into the file and empties it. */
  checkpoint(): void;
  close(): void;
};

const BUSY_TIMEOUT_MS = 5000;
/** Pages (4 KiB) after which the write-ahead log is folded in: small, so that small disks do. */
const CHECKPOINT_PAGES = 256;
/** What the log grows to, bytes. */
export const LOG_BYTES = CHECKPOINT_PAGES * 4096;

/**
 * Opens (or makes) the file and brings its schema up to date. `migrations[n]` leads from version n
 * to n + 1; all missing ones happen in one transaction.
 * @throws {StudioError} not_ready: locked, damaged, made by a newer version, or not openable; no_space
 */
export function openDatabase(file: string, migrations: readonly string[]): Database {
  try {
    const connection = new Libsql(file, { timeout: BUSY_TIMEOUT_MS });
    // Scripts, addresses and who asked are nobody else's business on this host.
    chmodSync(file, 0o600);
    connection.exec('PRAGMA journal_mode = WAL');
    connection.exec('PRAGMA synchronous = FULL');
    connection.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    connection.exec(`PRAGMA journal_size_limit = ${LOG_BYTES}`);
    const database = wrap(connection, file);
    migrate(database, connection, migrations, file);
    const mark = openChangeMark(path.resolve(file), () =>
      Number(database.get('PRAGMA data_version')?.['data_version']),
    );
    const writing = <T>(work: () => T): T => {
      try {
        return work();
      } finally {
        mark.written();
      }
    };
    return {
      ...database,
      isUnchanged: mark.isUnchanged,
      run: (sql, ...values) => writing(() => database.run(sql, ...values)),
      transaction: (work) => writing(() => database.transaction(work)),
      // What is closed tells nothing more, not even of what was just read.
      close: () => writing(() => database.close()),
    };
  } catch (error) {
    throw storeError(error, file);
  }
}

function wrap(connection: Libsql.Database, file: string): Omit<Database, 'isUnchanged'> {
  const statements = new Map<string, Libsql.Statement>();
  let open = true;
  const prepare = (sql: string): Libsql.Statement => {
    if (!open) throw new StudioError('not_ready', 'The job store is closed.', { retryable: true });
    const known = statements.get(sql);
    if (known) return known;
    const statement = connection.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw storeError(error, file);
    }
  };
  return {
    get: (sql, ...values) =>
      guarded(() => withoutTiming(prepare(sql).get(...checked(values)) as Row | undefined)),
    all: (sql, ...values) => guarded(() => prepare(sql).all(...checked(values)) as Row[]),
    run: (sql, ...values) => guarded(() => prepare(sql).run(...checked(values)).changes),
    transaction: (work) =>
      guarded(() => {
        prepare('BEGIN IMMEDIATE').run();
        try {
          const result = work();
          prepare('COMMIT').run();
          return result;
        } catch (error) {
          rollBack(connection);
          throw error;
        }
      }),
    checkpoint: () => guarded(() => void prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()),
    close: () => {
      if (!open) return;
      open = false;
      statements.clear();
      connection.close();
    },
  };
}

/** SQLite rolls back by itself on some faults (a full disk is one); then there is nothing left to do. */
function rollBack(connection: Libsql.Database): void {
  try {
    connection.exec('ROLLBACK');
  } catch {
    // Rolled back already.
  }
}

function checked(values: SqlValue[]): SqlValue[] {
  for (const value of values) {
    if (value !== null && typeof value !== 'string' && typeof value !== 'number') {
      throw new TypeError(`A ${typeof value} cannot be stored.`);
    }
  }
  return values;
}

/** libsql adds its own timing to rows of get(). */
function withoutTiming(row: Row | undefined): Row | null {
  if (!row) return null;
  delete row['_metadata'];
  return row;
}

function migrate(
  database: Pick<Database, 'get' | 'transaction'>,
  connection: Libsql.Database,
  migrations: readonly string[],
  file: string,
): void {
  const version = (): number => Number(database.get('PRAGMA user_version')?.['user_version'] ?? 0);
  if (version() === migrations.length) return;
  database.transaction(() => {
    // Read again under the lock: another process may have done it meanwhile.
    const found = version();
    if (found > migrations.length) {
      throw new StudioError(
        'not_ready',
        `The job store ${file} was made by a newer version of Gen Scene Studio.`,
        {
          hint: 'Run the newer version again, or point DATA_DIR at another folder.',
        },
      );
    }
    for (const sql of migrations.slice(found)) connection.exec(sql);
    connection.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}

/** Whether the disk was too full for a write. */
export function isFull(error: unknown): boolean {
  return error instanceof StudioError && error.code === 'no_space';
}

function storeError(error: unknown, file: string): unknown {
  if (error instanceof StudioError) return error;
  const { code } = error as { code?: string };
  const text = error instanceof Error ? error.message : String(error);
  if (
    code === 'SQLITE_FULL' ||
    code === 'SQLITE_IOERR_WRITE' ||
    code === 'SQLITE_IOERR_SHMSIZE' ||
    code === 'ENOSPC'
  ) {
    return new StudioError('no_space', 'The disk of the job store is full.', {
      retryable: true,
      hint: 'Free some space on the disk of DATA_DIR; nothing else needs to be done.',
      cause: error,
    });
  }
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_BUSY_SNAPSHOT' || code === 'SQLITE_LOCKED') {
    return new StudioError('not_ready', 'The job store is locked by another process.', {
      retryable: true,
      hint: 'If it stays so, end the process that holds it (a backup, a database browser, a stopped worker).',
      cause: error,
    });
  }
  if (code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB') {
    return new StudioError('not_ready', `The job store ${file} is damaged.`, {
      hint: 'Stop the service, restore the file from a backup, or move it (with its -wal and -shm) aside to start with an empty one.',
      cause: error,
    });
  }
  if (code === undefined && !/ConnectionFailed/.test(text)) return error;
  return new StudioError('not_ready', `The job store ${file} cannot be used: ${text}`, {
    retryable: true,
    hint: 'Check that DATA_DIR exists, can be written, and is on a local disk.',
    cause: error,
  });
}
