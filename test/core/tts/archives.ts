/** Archives of voices, packed by the system's own tar and bzip2. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import path from 'node:path';

/** `<folder>` packed with its name as the archive's top folder. */
export function packFolder(folder: string, options: string[] = []): Buffer {
  const args = [...options, '-cjf', '-', '-C', path.dirname(folder), path.basename(folder)];
  return execFileSync('tar', args, { maxBuffer: 64 * 1024 ** 2 });
}

export const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
