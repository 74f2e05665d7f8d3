/**
 * Unpacks a tar archive of a voice into a folder: files and folders, and nothing that could reach
 * outside of it. Format: POSIX.1-2001 ustar and pax, and GNU's long names.
 */
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

const blockBytes = 512;
/** Of a voice: more would be something else. */
const mostBytes = 4 * 1024 ** 3;
const mostFiles = 20_000;

type Entry = { name: string; type: string; bytes: number };

/**
 * Writes what the pieces hold. The archive's one top folder is left out; where there are several, all
 * are kept.
 * @throws {RangeError} if it is no tar, cut short, too big, or holds something that is no plain file
 */
export async function unpackTar(pieces: AsyncIterable<Uint8Array>, folder: string): Promise<void> {
  const reader = new BlockReader(pieces);
  try {
    await unpackEntries(reader, folder);
    // What follows is padding, but reading it lets whoever unpacks check the end too.
    await reader.drain();
  } finally {
    await reader.close();
  }
}

async function unpackEntries(reader: BlockReader, folder: string): Promise<void> {
  let longName: string | null = null;
  let [files, bytes] = [0, 0];
  for (;;) {
    const header = await reader.read(blockBytes);
    if (header === null) throw new RangeError('is cut short');
    if (header.every((byte) => byte === 0)) return;
    const entry = readHeader(header, longName);
    bytes += entry.bytes;
    if (++files > mostFiles || bytes > mostBytes) throw new RangeError('holds more than a voice could');
    const padding = (blockBytes - (entry.bytes % blockBytes)) % blockBytes;
    if (entry.type === 'L' || entry.type === 'x' || entry.type === 'g') {
      const note = await reader.take(entry.bytes + padding);
      const text = Buffer.from(note.buffer, note.byteOffset, entry.bytes).toString('utf8');
      if (entry.type === 'L') longName = text.replace(/\0.*$/s, '');
      if (entry.type === 'x') longName = paxPath(text) ?? longName;
      continue;
    }
    longName = null;
    const target = placeOf(entry.name, folder);
    if (entry.type === '5') {
      if (target) await mkdir(target, { recursive: true });
    } else if (entry.type === '0' || entry.type === '\0') {
      await writeEntry(reader, entry, target);
    } else throw new RangeError(`holds a link or a device (${entry.name.slice(0, 100)})`);
    await reader.take(padding + (entry.type === '5' ? entry.bytes : 0));
  }
}

function readHeader(header: Uint8Array, longName: string | null): Entry {
  const bytes = Buffer.from(header.buffer, header.byteOffset, blockBytes);
  const text = (at: number, length: number): string =>
    bytes.toString('utf8', at, at + length).replace(/\0.*$/s, '');
  // The sum counts its own field as spaces.
  const sum = bytes.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (sum !== parseInt(text(148, 8), 8)) throw new RangeError('is no tar archive, or damaged');
  const prefix = text(257, 6).startsWith('ustar') ? text(345, 155) : '';
  const name = longName ?? (prefix ? `${prefix}/${text(0, 100)}` : text(0, 100));
  const size = parseInt(text(124, 12), 8);
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('is no tar archive, or damaged');
  return { name, type: String.fromCharCode(bytes[156]!), bytes: size };
}

/** `length key=value` lines. */
function paxPath(text: string): string | null {
  return /^\d+ path=(.*)$/m.exec(text)?.[1] ?? null;
}

/** Where an entry goes; null for the top folder itself. */
function placeOf(name: string, folder: string): string | null {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (path.isAbsolute(name) || parts.includes('..') || name.includes('\0') || name.includes('\\'))
    throw new RangeError(`wants to write outside of its folder (${name.slice(0, 100)})`);
  const inner = parts.slice(1);
  return inner.length === 0 ? null : path.join(folder, ...inner);
}

async function writeEntry(reader: BlockReader, entry: Entry, target: string | null): Promise<void> {
  if (!target) throw new RangeError(`holds a file beside its folder (${entry.name.slice(0, 100)})`);
  await mkdir(path.dirname(target), { recursive: true });
  const file: FileHandle = await open(target, 'wx');
  try {
    for (let left = entry.bytes; left > 0;) {
      const piece = await reader.take(Math.min(left, 1024 ** 2));
      await file.write(piece);
      left -= piece.length;
    }
  } finally {
    await file.close();
  }
}

/** Exact amounts out of pieces of any size. */
class BlockReader {
  private readonly pieces: AsyncIterator<Uint8Array>;
  private rest: Uint8Array = new Uint8Array(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.pieces = pieces[Symbol.asyncIterator]();
  }

  /** So many bytes, null if there is nothing left. */
  async read(bytes: number): Promise<Uint8Array | null> {
    const out = new Uint8Array(bytes);
    let filled = 0;
    while (filled < bytes) {
      if (this.rest.length === 0) {
        const { value, done } = await this.pieces.next();
        if (done) {
          if (filled === 0) return null;
          throw new RangeError('is cut short');
        }
        this.rest = value;
        continue;
      }
      const part = this.rest.subarray(0, bytes - filled);
      out.set(part, filled);
      filled += part.length;
      this.rest = this.rest.subarray(part.length);
    }
    return out;
  }

  async drain(): Promise<void> {
    while (!(await this.pieces.next()).done);
  }

  /** Lets the source of the pieces end, however far it was read. */
  async close(): Promise<void> {
    await this.pieces.return?.();
  }

  async take(bytes: number): Promise<Uint8Array> {
    const out = await this.read(bytes);
    if (out === null && bytes > 0) throw new RangeError('is cut short');
    return out ?? new Uint8Array(0);
  }
}
