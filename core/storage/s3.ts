/**
 * Storage in an S3-compatible bucket. Below the prefix:
 *   files/JOB/NAME         what is published, at addresses that can be told in advance
 *   sets/JOB/NUMBER.json   which of them are, see sets.ts
 *   staging/JOB/SET/NAME   what is being published
 *   shared/…               uploads and finished segments that workers on other hosts need
 */
import { randomUUID } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import type { S3Config } from '../config/storage.ts';
import { asStudioError, StudioError } from '../errors.ts';
import { firstOf } from '../pause.ts';
import { contentTypeOf, isJobId } from './file-names.ts';
import { CLEAN_UP_MS, openBucket, type Bucket } from './s3/bucket.ts';
import { readObject } from './s3/reading.ts';
import { openSets, type FileSet, type Sets } from './s3/sets.ts';
import { shareFiles } from './s3/shared-files.ts';
import type { FileSigner, Storage, StoredFile } from './types.ts';

export type S3StorageOptions = {
  config: S3Config;
  /** Where addresses of our links start, without a slash at the end. */
  baseUrl: () => string;
  signer: FileSigner;
  /** Epoch ms. */
  now?: () => number;
};

/** What is being published is never older, ms. */
const STAGED_MS = 6 * 3600_000;
/** Life of the addresses that readers are sent to, s: longer than any film is watched. */
const LINK_S = 6 * 3600;
/** The most that S3 copies in one step. */
const LARGEST_BYTES = 5 * 1024 ** 3;

/** @throws {StudioError} not_ready when the bucket cannot be listed, written and cleared, with what to set */
export async function openS3Storage({
  config,
  baseUrl,
  signer,
  now = Date.now,
}: S3StorageOptions): Promise<Storage> {
  const bucket = openBucket(config);
  await tryOut(bucket);
  const sets = openSets(bucket);

  return {
    driver: 's3',
    shared: shareFiles(bucket),
    async publish(jobId, files, signal) {
      const names = Object.keys(files);
      if (!isJobId(jobId) || names.length === 0 || !names.every((name) => contentTypeOf(name)))
        throw new StudioError('internal', 'These files cannot be published under such names.');
      try {
        await publish(bucket, sets, jobId, files, signal);
        for (const file of Object.values(files)) await rm(file, { force: true });
      } catch (error) {
        throw asStudioError(error, 'internal', 'The finished files could not be put in their place.').at({
          stage: 'saving',
        });
      }
    },
    async open(jobId, name) {
      const contentType = contentTypeOf(name);
      if (!contentType || !isJobId(jobId)) return null;
      const found = await find(bucket, sets, jobId, name);
      if (!found) return null;
      const { set, key, bytes } = found;
      const whole = { start: 0, end: bytes - 1 };
      const file: StoredFile = {
        name,
        size: bytes,
        etag: `"${set.id}.${name}"`,
        modifiedAt: set.at,
        contentType,
        stream: (range) => readObject(bucket, key, range ?? whole),
      };
      if (!config.redirect) return file;
      return { ...file, link: (disposition) => bucket.link(key, LINK_S, { contentType, disposition }) };
    },
    async remove(jobId) {
      if (!isJobId(jobId)) return 0;
      await sets.remove(jobId);
      return (await clear(bucket, `files/${jobId}/`)) + (await clear(bucket, `staging/${jobId}/`));
    },
    url(jobId, name) {
      if (config.publicBaseUrl) return `${config.publicBaseUrl}/${config.prefix}${fileKey(jobId, name)}`;
      const query = signer.sign(jobId, name);
      return `${baseUrl()}/files/${jobId}/${name}${query && `?${query}`}`;
    },
    async *jobIds() {
      for await (const id of sets.jobIds()) if (isJobId(id)) yield id;
    },
    async sweep() {
      const past = new Date(now() - STAGED_MS);
      let freed = 0;
      for await (const { key, bytes, modifiedAt } of bucket.list('staging/')) {
        const jobId = key.split('/')[1]!;
        if (modifiedAt > past) continue;
        if (isJobId(jobId)) await settle(bucket, sets, jobId);
        await bucket.remove(key);
        freed += bytes;
      }
      // Not every store can list them; a lifecycle rule does the same.
      await bucket.dropUnfinished('', past).catch(() => undefined);
      return freed;
    },
    space: () => Promise.resolve(null),
  };
}

/** Listing, writing and removing once shows wrong keys and rights now, not at the end of the first film. */
async function tryOut(bucket: Bucket): Promise<void> {
  const key = `staging/probe-${randomUUID()}`;
  for await (const _ of bucket.folders('sets/')) break;
  await bucket.write(key, '{}');
  await bucket.remove(key);
}

async function publish(
  bucket: Bucket,
  sets: Sets,
  jobId: string,
  files: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const id = randomUUID();
  const bytes: Record<string, number> = {};
  try {
    for (const [name, file] of Object.entries(files)) {
      bytes[name] = await sizeOf(file);
      await bucket.upload(file, stagedKey(jobId, id, name), { contentType: contentTypeOf(name)!, signal });
    }
    signal?.throwIfAborted();
  } catch (error) {
    const cleared = clear(bucket, `staging/${jobId}/${id}/`).then(
      () => undefined,
      () => undefined,
    );
    await firstOf(cleared, CLEAN_UP_MS); // else the sweep does it
    throw error;
  }
  // From here on staged files stay until they are in their places: readers may be sent to them.
  await sets.add(jobId, id, bytes);
  await settle(bucket, sets, jobId);
  await clear(bucket, `staging/${jobId}/${id}/`);
}

async function sizeOf(file: string): Promise<number> {
  const { size } = await stat(file);
  if (size <= LARGEST_BYTES) return size;
  throw new StudioError('too_large', 'The finished film is larger than 5 GiB, the most that S3 copies.', {
    hint: 'Ask for a lower quality or resolution.',
  });
}

/** Puts what the sets name in its place. Whoever does it does the same, so it can be done twice. */
async function settle(bucket: Bucket, sets: Sets, jobId: string): Promise<void> {
  const there = new Set<string>();
  for await (const { key } of bucket.list(`files/${jobId}/`)) there.add(key);
  for (const { id, files } of await sets.of(jobId)) {
    for (const name of Object.keys(files)) {
      if (there.has(fileKey(jobId, name))) continue;
      const isCopied = await bucket.copy(stagedKey(jobId, id, name), fileKey(jobId, name));
      // Gone from staging: then another one put it in its place meanwhile.
      if (!isCopied && !(await bucket.facts(fileKey(jobId, name))))
        throw new StudioError('internal', 'A finished file was lost while it was put in its place.', {
          retryable: true,
        });
    }
  }
}

type Found = { set: FileSet; key: string; bytes: number };

async function find(bucket: Bucket, sets: Sets, jobId: string, name: string): Promise<Found | null> {
  const set = await sets.holding(jobId, name);
  if (!set) return null;
  for (const key of [fileKey(jobId, name), stagedKey(jobId, set.id, name)]) {
    const facts = await bucket.facts(key);
    if (facts && facts.bytes === set.files[name]) return { set, key, bytes: facts.bytes };
  }
  // Removed by another process.
  sets.forget(jobId);
  return null;
}

/** @returns bytes freed */
async function clear(bucket: Bucket, prefix: string): Promise<number> {
  let freed = 0;
  for await (const { key, bytes } of bucket.list(prefix)) {
    await bucket.remove(key);
    freed += bytes;
  }
  return freed;
}

function fileKey(jobId: string, name: string): string {
  return `files/${jobId}/${name}`;
}

function stagedKey(jobId: string, set: string, name: string): string {
  return `staging/${jobId}/${set}/${name}`;
}
