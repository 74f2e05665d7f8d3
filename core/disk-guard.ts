/**
 * Keeps the disk from filling up: below a reserve of free space no new work is taken, so that the
 * work under way can end and be written down.
 */
import { statfs } from 'node:fs/promises';
import { StudioError } from './errors.ts';

export type DiskSpace = { freeBytes: number; totalBytes: number };

export type DiskGuard = {
  /** The disk with the least room of those watched. */
  space(): Promise<DiskSpace>;
  /** Whether new work would be refused now. */
  isLow(): Promise<boolean>;
  /** @throws {StudioError} no_space (retryable) while there is too little room for new work */
  check(): Promise<void>;
};

/** Free space below which no new jobs and uploads are taken: a long film in 4k with its segments. */
const RESERVE_BYTES = 512 * 1024 ** 2;
/** On small disks the reserve is this share of them. */
const RESERVE_SHARE = 0.05;
/** The disk is asked at most this often, ms. */
const LOOK_MS = 500;

/** Free bytes that are kept for work under way, on a disk of this size. */
export function reserveOf(totalBytes: number): number {
  return Math.min(RESERVE_BYTES, totalBytes * RESERVE_SHARE);
}

/** @param folders existing folders; they may lie on different disks */
export function createDiskGuard(folders: readonly string[]): DiskGuard {
  let known: { at: number; space: Promise<DiskSpace> } | null = null;

  function space(): Promise<DiskSpace> {
    if (!known || performance.now() - known.at > LOOK_MS) {
      const fresh = tightest(folders);
      known = { at: performance.now(), space: fresh };
      fresh.catch(() => (known = null));
    }
    return known.space;
  }

  async function isLow(): Promise<boolean> {
    const { freeBytes, totalBytes } = await space();
    return freeBytes < reserveOf(totalBytes);
  }

  return {
    space,
    isLow,
    async check() {
      if (!(await isLow())) return;
      throw new StudioError('no_space', 'The disk is almost full: no new work is taken.', {
        retryable: true,
        hint: 'Free some space on the disk of DATA_DIR, or lower RETENTION_DAYS and CACHE_MAX_GB; work is taken again by itself.',
      });
    },
  };
}

async function tightest(folders: readonly string[]): Promise<DiskSpace> {
  const disks = await Promise.all(folders.map(spaceOf));
  const room = ({ freeBytes, totalBytes }: DiskSpace): number => freeBytes - reserveOf(totalBytes);
  return disks.reduce((least, disk) => (room(disk) < room(least) ? disk : least));
}

/** Free is what an ordinary user may still write. */
export async function spaceOf(folder: string): Promise<DiskSpace> {
  const disk = await statfs(folder);
  return { freeBytes: disk.bavail * disk.bsize, totalBytes: disk.blocks * disk.bsize };
}
