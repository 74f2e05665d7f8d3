/**
 * A folder of files named by what they are made of. Whoever has the key may use the file and nobody
 * ever changes it; the oldest unused ones go when the folder grows over its limit.
 */
import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { syncFile } from './sync-file.ts';

/** Files used less than this ago are never removed: a running render may be about to read them, ms. */
const IN_USE_MS = 60 * 60_000;

export type ContentCache = {
  /** The part of it on this machine alone, for what costs less to make than to send. */
  readonly local: ContentCache;
  /** Where the file of a key is or will be; its folder exists. */
  file(key: string, extension: string): string;
  /** Whether it is there; if so it counts as used now. The signal ends looking elsewhere: then it is not. */
  has(key: string, extension: string, signal?: AbortSignal): Promise<boolean>;
  /** A name beside the final one, to write to before `keep`. */
  temporary(key: string, extension: string): string;
  /** Gives a finished temporary file its final name, once the disk has it: nothing proves it again. */
  keep(temporary: string, key: string, extension: string): Promise<string>;
  /**
   * Puts a file that is there where all find it who share this cache, in the background.
   * @returns whether they find it now; never rejects
   */
  share(key: string, extension: string): Promise<boolean>;
  /** Removes left-over temporary files and the least recently used ones over the limit. @returns bytes freed */
  trim(): Promise<number>;
  /** Ends what runs in the background. Idempotent. */
  close(): Promise<void>;
};

export async function openCache(folder: string, maxBytes: number): Promise<ContentCache> {
  await mkdir(folder, { recursive: true });
  const file = (key: string, extension: string): string => path.join(folder, `${key}.${extension}`);
  const cache: ContentCache = {
    get local() {
      return cache;
    },
    file,
    async has(key, extension) {
      const name = file(key, extension);
      try {
        await access(name);
        const now = new Date();
        await utimes(name, now, now);
        return true;
      } catch {
        return false;
      }
    },
    temporary: (key, extension) => path.join(folder, `${key}.${randomUUID()}.tmp.${extension}`),
    async keep(temporary, key, extension) {
      const name = file(key, extension);
      await syncFile(temporary);
      await rename(temporary, name);
      return name;
    },
    share: () => Promise.resolve(true),
    trim: () => trimFolder(folder, maxBytes),
    close: () => Promise.resolve(),
  };
  return cache;
}

async function trimFolder(folder: string, maxBytes: number): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const files: { name: string; bytes: number; usedAt: number }[] = [];
  for (const name of names) {
    const info = await stat(path.join(folder, name)).catch(() => null);
    if (info?.isFile()) files.push({ name, bytes: info.size, usedAt: info.mtimeMs });
  }
  let total = files.reduce((sum, entry) => sum + entry.bytes, 0);
  let freed = 0;
  const removable = files
    .filter((entry) => Date.now() - entry.usedAt > IN_USE_MS)
    .sort((a, b) => a.usedAt - b.usedAt);
  for (const entry of removable) {
    if (total <= maxBytes && !/\.tmp(\.|$)/.test(entry.name)) continue;
    await rm(path.join(folder, entry.name), { force: true });
    total -= entry.bytes;
    freed += entry.bytes;
  }
  return freed;
}
