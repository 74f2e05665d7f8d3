/** Where programs are on this machine. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** @param searchPath folders, separated as in PATH; relative ones are passed over */
export function findProgram(name: string, searchPath: string): string | null {
  const folders = searchPath.split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  return folders.map((folder) => path.join(folder, name)).find(isExecutable) ?? null;
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
