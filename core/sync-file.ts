/** Makes a file's content durable, before it gets the name by which others trust it. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Waits until the disk has it: else a power cut can leave a name without its content. */
export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
