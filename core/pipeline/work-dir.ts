/** A place for unfinished files on the disk of the results. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** A temporary folder beside the results, so that renaming suffices. Those of killed runs are removed. */
export async function makeWorkDir(outDir: string): Promise<string> {
  await mkdir(outDir, { recursive: true });
  for (const name of await readdir(outDir)) {
    const owner = Number(/^\.render-(\d+)-/.exec(name)?.[1]);
    if (owner && !isRunning(owner)) await rm(path.join(outDir, name), { recursive: true, force: true });
  }
  const workDir = path.join(outDir, `.render-${process.pid}-${randomUUID()}`);
  await mkdir(workDir);
  return workDir;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
