/**
 * The folder of files we wrote: named by content, complete or absent, oldest out first.
 * Several processes may share it. A file appears by rename, and one that was used lately stays,
 * since a running job may be reading it.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';

export type Cache = {
  /** Absolute path that a file of this name has, whether it is there or not. */
  path(name: string): string;
  /** Whether the file is there; if so it counts as used now. */
  use(name: string): Promise<boolean>;
  /** A new, unused path in the same folder, for writing. */
  temp(extension: string): Promise<string>;
  /** Gives a finished temp file its name, and makes room if the folder grew too large. */
  publish(temp: string, name: string): Promise<string>;
  readRecord<T>(name: string): Promise<T | null>;
  writeRecord(name: string, record: unknown): Promise<void>;
  /** Removes least recently used files until the folder is within its size. */
  makeRoom(): Promise<void>;
};

type Options = {
  dir: string;
  maxBytes: number;
  /** Files used within this time stay, ms. */
  keepUsedMs: number;
};

const TEMP_PREFIX = '.tmp-';

export function createCache({ dir, maxBytes, keepUsedMs }: Options): Cache {
  const folder = path.resolve(dir);
  /** Bytes in the folder as last counted plus what was added since; null before the first count. */
  let occupied: number | null = null;

  const cache: Cache = {
    path: (name) => path.join(folder, name),

    async use(name) {
      const now = new Date();
      return utimes(cache.path(name), now, now).then(
        () => true,
        () => false,
      );
    },

    async temp(extension) {
      await mkdir(folder, { recursive: true });
      return path.join(folder, `${TEMP_PREFIX}${randomUUID()}${extension}`);
    },

    async publish(temp, name) {
      const { size } = await stat(temp);
      const target = cache.path(name);
      await rename(temp, target);
      await cache.use(name);
      if (occupied !== null) occupied += size;
      if (occupied === null || occupied > maxBytes) await cache.makeRoom();
      return target;
    },

    async readRecord<T>(name: string) {
      try {
        const record = JSON.parse(await readFile(cache.path(name), 'utf8')) as T;
        await cache.use(name);
        return record;
      } catch {
        return null; // absent, removed meanwhile, or half a file after a power cut: all mean "make it again"
      }
    },

    async writeRecord(name, record) {
      const temp = await cache.temp('.json');
      await writeFile(temp, JSON.stringify(record));
      await rename(temp, cache.path(name));
    },

    async makeRoom() {
      const files = await list(folder);
      const idle = files
        .filter((file) => Date.now() - file.usedAt > keepUsedMs)
        .sort((a, b) => a.usedAt - b.usedAt);
      occupied = files.reduce((sum, file) => sum + file.size, 0);
      for (const file of idle) {
        // An old temp file belongs to a process that died.
        if (occupied <= maxBytes && !file.name.startsWith(TEMP_PREFIX)) continue;
        await rm(cache.path(file.name), { force: true });
        occupied -= file.size;
      }
    },
  };
  return cache;
}

async function list(folder: string): Promise<{ name: string; size: number; usedAt: number }[]> {
  const files = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const found = await stat(path.join(folder, name)).catch(() => null);
    if (found?.isFile()) files.push({ name, size: found.size, usedAt: found.mtimeMs });
  }
  return files;
}
