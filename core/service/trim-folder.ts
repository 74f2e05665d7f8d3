/** Keeps a folder tree of cached files within its size: what was used longest ago goes first. */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

export type TrimFolderOptions = {
  folder: string;
  /** Bytes the tree may take. */
  maxBytes: number;
  /** Files used within this time stay, whatever the size: a running job may read them, ms. */
  keepUsedMs: number;
  now?: () => number;
};

/** Caches mark use by the time of change. @returns bytes freed */
export async function trimFolder({
  folder,
  maxBytes,
  keepUsedMs,
  now = Date.now,
}: TrimFolderOptions): Promise<number> {
  const files: { path: string; bytes: number; usedAt: number }[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    const file = path.join(entry.parentPath, entry.name);
    const found = entry.isFile() ? await stat(file).catch(() => null) : null;
    if (found) files.push({ path: file, bytes: found.size, usedAt: found.mtimeMs });
  }
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let freed = 0;
  for (const { path: file, bytes, usedAt } of files.sort((a, b) => a.usedAt - b.usedAt)) {
    if (total <= maxBytes || now() - usedAt <= keepUsedMs) break;
    await rm(file, { force: true });
    total -= bytes;
    freed += bytes;
  }
  return freed;
}
