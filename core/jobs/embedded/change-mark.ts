/**
 * Whether anyone, in this process or another, has changed a database since we last looked, without
 * asking SQLite: opening a read of it (locks and all) takes longer than all else of a small request.
 *
 * A commit in WAL mode is there for readers once it is in the header of the wal-index, which SQLite
 * compares for the same purpose (https://sqlite.org/walformat.html#the_wal_index_file_format, 2.1:
 * the header's counter grows with each transaction). We read the same bytes of the same file.
 */
import { closeSync, fstatSync, openSync, readSync, statSync, type BigIntStats } from 'node:fs';
import { setImmediate } from 'node:timers';

type ChangeMark = {
  /**
   * True: what was read since the last call is still what a reader would find. False: perhaps not.
   * Others' commits are looked for once a turn of the event loop: who could know of one asks in a later turn.
   */
  isUnchanged(): boolean;
  /** To be called for every write of ours. */
  written(): void;
  close(): void;
};

/** Bytes of the header, which is there twice; while it is being written the two differ. */
const HEADER_BYTES = 48;
/** Elsewhere a file need not show at once what others wrote into memory mapped from it. */
const COHERENT = new Set<NodeJS.Platform>(['linux', 'darwin', 'freebsd']);

/** One for all connections of this process to a database. */
type Index = {
  key: string;
  descriptor: number;
  users: number;
  header: Buffer;
  /** Grows with every change seen. */
  version: number;
  /** Whether it was looked at in this turn of the event loop, and nothing written since. */
  isFresh: boolean;
};

/**
 * By device and inode. Closing a file gives up all locks of this process on it (POSIX), SQLite's too: so
 * each is opened once, whoever needs it, and closed only when no connection can be using it any more.
 */
const indexes = new Map<string, Index>();

/** @param file of the database, which is open in WAL mode. To be closed after it. */
export function openChangeMark(file: string): ChangeMark {
  const index = COHERENT.has(process.platform) ? useIndex(`${file}-shm`) : null;
  if (!index) return { isUnchanged: () => false, written: () => undefined, close: () => undefined };
  let seen = -1;
  let isOpen = true;
  return {
    isUnchanged() {
      if (!isOpen) return false;
      const before = seen;
      seen = versionOf(index);
      return seen === before;
    },
    written() {
      index.isFresh = false;
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      leaveIndex(index);
    },
  };
}

function versionOf(index: Index): number {
  if (index.isFresh) return index.version;
  const header = readHeader(index.descriptor);
  if (header === null || !header.equals(index.header)) index.version++;
  if (header !== null) {
    index.header = header;
    index.isFresh = true;
    setImmediate(() => (index.isFresh = false)).unref();
  }
  return index.version;
}

/** Null while it is being written. */
function readHeader(descriptor: number): Buffer | null {
  const bytes = Buffer.allocUnsafe(2 * HEADER_BYTES);
  try {
    if (readSync(descriptor, bytes, 0, bytes.length, 0) < bytes.length) return null;
  } catch {
    return null;
  }
  const isWhole = bytes.compare(bytes, HEADER_BYTES, 2 * HEADER_BYTES, 0, HEADER_BYTES) === 0;
  return isWhole ? bytes : null;
}

function useIndex(file: string): Index | null {
  try {
    const known = indexes.get(keyOf(statSync(file, { bigint: true })));
    if (known) {
      known.users++;
      return known;
    }
    const descriptor = openSync(file, 'r');
    const key = keyOf(fstatSync(descriptor, { bigint: true }));
    const index = { key, descriptor, users: 1, header: Buffer.alloc(0), version: 0, isFresh: false };
    indexes.set(key, index);
    return index;
  } catch {
    return null;
  }
}

/** SQLite removes the file with the last connection to it. While it is there, someone may hold locks. */
function leaveIndex(index: Index): void {
  index.users--;
  if (index.users > 0 || fstatSync(index.descriptor).nlink > 0) return;
  indexes.delete(index.key);
  closeSync(index.descriptor);
}

function keyOf({ dev, ino }: BigIntStats): string {
  return `${dev} ${ino}`;
}
