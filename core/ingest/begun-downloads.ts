/** Downloads that broke off and can be gone on with, in this run or a later one: what came is kept in the cache. */
import { rename, rm, stat } from 'node:fs/promises';
import type { Cache } from './cache.ts';
import { contentKey } from './content-key.ts';
import { strongEtag, type Begun } from './validators.ts';

/** Puts what came of this address before to `target`; null if there is nothing to go on with. */
export async function takeBegun(cache: Cache, url: string, target: string): Promise<Begun | null> {
  const begun = await cache.readRecord<Begun>(recordName(url));
  if (!begun || !strongEtag(begun.validators)) return null;
  // Whoever renames it has it alone, though several processes may want it.
  const taken = await rename(cache.path(fileName(url, begun)), target).then(
    () => true,
    () => false,
  );
  if (!taken) return null;
  if ((await stat(target)).size === begun.bytes) return begun;
  await rm(target, { force: true });
  return null;
}

/** Keeps what came at `file`, if the server can vouch that the rest will fit; otherwise removes it. */
export async function keepBegun(cache: Cache, url: string, file: string, begun: Begun): Promise<void> {
  if (begun.bytes === 0 || !strongEtag(begun.validators)) return rm(file, { force: true });
  await cache.publish(file, fileName(url, begun));
  await cache.writeRecord(recordName(url), begun);
}

function recordName(url: string): string {
  return `${contentKey('begun', url)}.json`;
}

/** Bound to the ETag, so that bytes of two versions never meet. */
function fileName(url: string, { validators }: Begun): string {
  return contentKey('begun', url, validators.etag);
}
