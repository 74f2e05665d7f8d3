/** Writes an upload to disk as it comes, hashing and counting it. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { DiskGuard } from '../disk-guard.ts';
import { StudioError } from '../errors.ts';
import { tooLarge } from '../ingest/refusal.ts';

export type Receiving = { /** Most bytes taken. */ maxBytes: number; guard: DiskGuard; signal: AbortSignal };

/** How often a running upload looks at the disk, bytes. */
const LOOK_EVERY_BYTES = 32 * 1024 ** 2;

/**
 * Takes no more than the limit and one chunk. What it wrote is the caller's to remove.
 * @throws {StudioError} too_large, media_unusable (empty), no_space; and the signal's reason
 */
export async function receive(
  bytes: Readable,
  target: string,
  { maxBytes, guard, signal }: Receiving,
): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  let lookAt = LOOK_EVERY_BYTES;
  const stop = (): void => void bytes.destroy(signal.reason instanceof Error ? signal.reason : undefined);
  signal.throwIfAborted();
  signal.addEventListener('abort', stop, { once: true });
  const handle = await open(target, 'wx');
  try {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      if (size > lookAt) {
        await guard.check();
        lookAt += LOOK_EVERY_BYTES;
      }
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    signal.throwIfAborted();
    await handle.sync();
  } finally {
    signal.removeEventListener('abort', stop);
    await handle.close();
  }
  if (size === 0)
    throw new StudioError('media_unusable', 'The upload is empty.', {
      hint: 'Send the file as multipart/form-data.',
    });
  return { sha256: hash.digest('hex'), size };
}
