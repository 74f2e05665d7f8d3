/** Disks that fill up: small tmpfs mounts, where this user may make them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const canMount = tryMount();

export type SmallDisk = { folder: string; unmount: () => void };

/** @param folder where to mount it; a new one by default */
export function mountSmallDisk(
  bytes: number,
  folder = mkdtempSync(path.join(tmpdir(), 'genscene-disk-')),
): SmallDisk {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], { stdio: 'ignore' });
  return {
    folder,
    // Lazily: files may be open still.
    unmount: () => {
      execFileSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Leaves about so many bytes free. @returns how to give the room back */
export function fillDisk(folder: string, leaveBytes: number): () => void {
  const disk = statfsSync(folder);
  const filler = path.join(folder, '.filler');
  writeFileSync(filler, Buffer.alloc(Math.max(0, disk.bavail * disk.bsize - leaveBytes), 1));
  return () => rmSync(filler, { force: true });
}

function tryMount(): boolean {
  try {
    mountSmallDisk(1024 ** 2).unmount();
    return true;
  } catch {
    process.stderr.write('tests with small disks are skipped: this user may not mount a tmpfs\n');
    return false;
  }
}
