/** Which uploads go: those unused for long, and the oldest while all together take too much room. */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { isAssetId, isUnfinished } from './names.ts';

export type TrimOptions = {
  /** How long an unused upload stays, ms. */
  keepMs: number;
  /** All uploads together, bytes. */
  maxBytes: number;
  /** Whether a job that is not over needs it. */
  isWanted: (id: string) => boolean;
  now?: () => number;
};

/** Where uploads are kept. */
export type Place = {
  kept(): Promise<Kept[]>;
  /** Epoch ms; null if nobody can say. */
  lastUse(id: string): Promise<number | null>;
  remove(id: string): Promise<void>;
};
export type Kept = { id: string; bytes: number; /** Epoch ms. */ usedAt: number };

/** Uploads used within this time stay, however many there are, ms: their storyboard is being written. */
const JUST_USED_MS = 24 * 3600_000;
/** Unfinished uploads of dead processes are removed after this, ms. */
const UNFINISHED_KEPT_MS = 3600_000;

/** @returns bytes freed */
export async function trimPlace(
  place: Place,
  { keepMs, maxBytes, isWanted, now = Date.now }: TrimOptions,
): Promise<number> {
  const kept = await place.kept();
  let freed = 0;
  let total = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { id, bytes, usedAt } of kept.sort((a, b) => a.usedAt - b.usedAt)) {
    const age = now() - usedAt;
    const isPast = age > keepMs || (total > maxBytes && age > JUST_USED_MS);
    // Looked at again: someone may have used it since.
    if (!isPast || isWanted(id) || ((await place.lastUse(id)) ?? usedAt) > usedAt) continue;
    await place.remove(id);
    total -= bytes;
    freed += bytes;
  }
  return freed;
}

/** The folder of uploads on this host, cleared of unfinished ones first. */
export async function trimAssets({ folder, ...options }: TrimOptions & { folder: string }): Promise<number> {
  const { now = Date.now } = options;
  return trimPlace(
    {
      async kept() {
        const kept: Kept[] = [];
        for (const name of await readdir(folder).catch(() => [])) {
          const file = path.join(folder, name);
          const found = await stat(file).catch(() => null);
          if (found && isUnfinished(name) && now() - found.mtimeMs > UNFINISHED_KEPT_MS)
            await rm(file, { recursive: true, force: true });
          if (found && isAssetId(name))
            kept.push({
              id: name,
              bytes: found.size,
              usedAt: (await lastUse(folder, name)) ?? found.mtimeMs,
            });
        }
        return kept;
      },
      lastUse: (id) => lastUse(folder, id),
      async remove(id) {
        await rm(path.join(folder, `${id}.json`), { force: true });
        await rm(path.join(folder, id), { force: true });
      },
    },
    options,
  );
}

async function lastUse(folder: string, id: string): Promise<number | null> {
  return (await stat(path.join(folder, `${id}.json`)).catch(() => null))?.mtimeMs ?? null;
}
