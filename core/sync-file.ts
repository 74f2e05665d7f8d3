/** Makes what was written durable, before others trust the name it has. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Waits until the disk has its content: else a power cut can leave a name without it. */
export function syncFile(file: string): Promise<void> {
  return sync(file, constants.O_RDWR | constants.O_NOFOLLOW);
}

/** Waits until the disk has its names: else a power cut can take a file away that was just put there. */
export function syncFolder(folder: string): Promise<void> {
  return sync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
}

async function sync(name: string, flags: number): Promise<void> {
  const handle = await open(name, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
