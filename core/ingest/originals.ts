/**
 * Brings a source into our folder under the name of its sha256, so that from here on nobody reads
 * a file that another can change, or sees a name that another chose.
 */
import { createHash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { asStudioError } from '../errors.ts';
import type { Cache } from './cache.ts';
import type { AddressRules } from './addresses.ts';
import type { Network } from './connect.ts';
import { keepBegun, takeBegun } from './begun-downloads.ts';
import type { IngestLimits } from './limits.ts';
import { tooLarge, unusable } from './refusal.ts';
import type { Progress, SharedWork } from './shared-work.ts';
import type { Source } from './source.ts';
import type { Begun, Validators } from './validators.ts';

export type Original = {
  sha256: string;
  /** Path of our copy of the source, which is made if it is not there yet. */
  file(signal: AbortSignal): Promise<string>;
};

/** Which of the limits holds for a file: by what it is to be used as. */
export type ByteLimit = 'pictureBytes' | 'clipBytes' | 'trackBytes';

export type Originals = {
  /**
   * @throws {StudioError} url_not_allowed, fetch_failed, too_large, timeout, media_unusable, no_space, cancelled
   */
  bring(
    source: Source,
    limit: ByteLimit,
    caller: { signal?: AbortSignal | undefined; onProgress?: Progress | undefined },
  ): Promise<Original>;
};

type Deps = {
  cache: Cache;
  shared: SharedWork;
  limits: IngestLimits;
  rules: AddressRules;
  network?: Network | undefined;
};
/** `at` is where redirects led. */
type UrlRecord = { sha256: string; bytes: number; validators: Validators; at: string };
type FileRecord = { sha256: string };

const COPY_CHUNK = 1 << 20;

export function createOriginals(deps: Deps): Originals {
  return {
    bring(source, limit, caller) {
      const name = source.kind === 'url' ? source.url : source.path;
      return deps.shared.run(`bring ${limit} ${name}`, caller, (signal, onProgress) =>
        source.kind === 'url'
          ? bringUrl(deps, source.url, limit, signal, onProgress)
          : bringFile(deps, source.path, limit, signal),
      );
    },
  };
}

/** A download, or the copy we have if the server says that it is still right. */
async function bringUrl(
  deps: Deps,
  url: string,
  limit: ByteLimit,
  signal: AbortSignal,
  onBytes: Progress,
): Promise<Original> {
  const { cache } = deps;
  const maxBytes = deps.limits[limit];
  const recordName = `url-${digest(url)}.json`;
  const record = await cache.readRecord<UrlRecord>(recordName);
  const usable =
    record && record.bytes <= maxBytes && (await cache.use(originalName(record.sha256))) ? record : null;
  const asked =
    usable && (usable.validators.etag ?? usable.validators.lastModified)
      ? { ...usable.validators, at: usable.at }
      : undefined;
  const temp = await cache.temp('.download');
  const begun = usable ? null : await takeBegun(cache, url, temp);
  const onBroken = (later: Begun): Promise<void> => keepBegun(cache, url, temp, later);
  // Loaded only now: most films begin sooner without the client it brings.
  const { fetchFile } = await import('./fetch.ts');
  const fetched = await fetchFile(
    { url, target: temp, begun, onBroken, limit, known: asked, signal, onBytes },
    deps,
  );
  if (!fetched) {
    await rm(temp, { force: true });
    onBytes(usable!.bytes, usable!.bytes);
    return original(cache.path(originalName(usable!.sha256)), usable!.sha256);
  }
  const file = await cache.publish(temp, originalName(fetched.sha256));
  await cache.writeRecord(recordName, {
    sha256: fetched.sha256,
    bytes: fetched.bytes,
    validators: fetched.validators,
    at: fetched.at,
  } satisfies UrlRecord);
  return original(file, fetched.sha256);
}

/**
 * A local file. One that has not changed since its content was last hashed (by inode, size and
 * change time, which no program can set back) is not read again unless its bytes are needed.
 */
async function bringFile(deps: Deps, file: string, limit: ByteLimit, signal: AbortSignal): Promise<Original> {
  const { cache } = deps;
  const { handle, stat } = await openRegularFile(file);
  try {
    if (stat.size > BigInt(deps.limits[limit])) throw tooLarge(deps.limits[limit], limit);
    if (stat.size === 0n) throw unusable('The file is empty.', 'Export or upload it again.');
    const recordName = `file-${digest([file, stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' '))}.json`;
    const record = await cache.readRecord<FileRecord>(recordName);
    if (record)
      return {
        sha256: record.sha256,
        file: (later) => copyAgain(deps, file, record.sha256, limit, later),
      };
    const sha256 = await copyIn(deps, handle, limit, signal);
    await cache.writeRecord(recordName, { sha256 } satisfies FileRecord);
    return original(cache.path(originalName(sha256)), sha256);
  } finally {
    await handle.close();
  }
}

/** Without blocking on a pipe, without following a link that was put there since the check. */
async function openRegularFile(file: string): Promise<{ handle: FileHandle; stat: BigIntStats }> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  const handle = await open(file, flags).catch((error: unknown) => {
    throw unusable('The file cannot be opened.', 'Check that it exists and may be read.', { cause: error });
  });
  const stat = await handle.stat({ bigint: true });
  if (stat.isFile()) return { handle, stat };
  await handle.close();
  throw unusable('This is not a file.', 'Give the path of a picture, clip or track.');
}

/** The copy of a file that was hashed before; the copy may have been removed to make room. */
async function copyAgain(
  deps: Deps,
  file: string,
  sha256: string,
  limit: ByteLimit,
  signal: AbortSignal,
): Promise<string> {
  const { cache } = deps;
  if (await cache.use(originalName(sha256))) return cache.path(originalName(sha256));
  const { handle } = await openRegularFile(file);
  try {
    if ((await copyIn(deps, handle, limit, signal)) !== sha256)
      throw unusable('The file changed while it was being read.', 'Try again when it is complete.');
    return cache.path(originalName(sha256));
  } finally {
    await handle.close();
  }
}

async function copyIn(
  { cache, limits }: Deps,
  source: FileHandle,
  limit: ByteLimit,
  signal: AbortSignal,
): Promise<string> {
  const temp = await cache.temp('.copy');
  try {
    const target = await open(temp, 'wx');
    const hash = createHash('sha256');
    try {
      const chunk = Buffer.allocUnsafe(COPY_CHUNK);
      for (let offset = 0; ;) {
        signal.throwIfAborted();
        const { bytesRead } = await source.read(chunk, 0, chunk.length, offset);
        if (bytesRead === 0) break;
        offset += bytesRead;
        if (offset > limits[limit]) throw tooLarge(limits[limit], limit); // it grew while we read
        const piece = chunk.subarray(0, bytesRead);
        hash.update(piece);
        await target.write(piece);
      }
    } finally {
      await target.close();
    }
    const sha256 = hash.digest('hex');
    await cache.publish(temp, originalName(sha256));
    return sha256;
  } catch (error) {
    await rm(temp, { force: true });
    throw asStudioError(error, 'internal');
  }
}

function original(file: string, sha256: string): Original {
  return { sha256, file: async () => file };
}

function originalName(sha256: string): string {
  return `original-${sha256}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
