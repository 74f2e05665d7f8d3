/**
 * The few things we ask of a bucket, in our words. Bytes are streamed both ways; every request has
 * time limits and is tried again by the library, and what it throws is put plainly.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { S3Config } from '../../config/storage.ts';
import { isAbsent, isFaultOfDisk, isTaken, s3Fault } from './faults.ts';

/** @throws {StudioError} not_ready from everything, with what to do; cancelled */
export type Bucket = {
  /** Streams a file there, in parts if it is large; what of it was sent is taken back if that fails. */
  upload(file: string, key: string, how: Sending): Promise<void>;
  /** Writes a small object. @returns false if there is one already and `how.onlyNew` */
  write(key: string, text: string, how?: { onlyNew?: boolean; signal?: AbortSignal }): Promise<boolean>;
  /** Null where there is none, as for all that read. */
  readText(key: string): Promise<string | null>;
  /** `start`: of the body within the object; a store may ignore what was asked for. */
  read(key: string, how: Reading): Promise<{ body: Readable; bytes: number; start: number } | null>;
  facts(key: string): Promise<ObjectFacts | null>;
  /** Within the bucket. @returns false if there is nothing to copy */
  copy(from: string, to: string): Promise<boolean>;
  list(prefix: string): AsyncIterable<ObjectFacts & { key: string }>;
  /** Names between the prefix and the next slash. */
  folders(prefix: string): AsyncIterable<string>;
  remove(key: string): Promise<void>;
  /** Address by which anybody may GET the object for `seconds`. */
  link(key: string, seconds: number, answer: { contentType: string; disposition?: string }): Promise<string>;
  /** Takes back uploads in parts that nobody ended since. */
  dropUnfinished(prefix: string, before: Date): Promise<void>;
};

export type Sending = { contentType: string; signal?: AbortSignal };
export type Reading = { start?: number; end?: number; signal: AbortSignal };
export type ObjectFacts = { bytes: number; modifiedAt: Date };

/** Held in memory for each upload: this many bytes times two. S3 takes 5 MiB or more, and 10,000 parts. */
const PART_BYTES = 8 * 1024 ** 2;
const CONNECT_MS = 5000;
/** Until an answer begins, one part sent included. */
const ANSWER_MS = 120_000;
/** Without a byte either way. */
const SILENCE_MS = 30_000;
/** Whoever cancels does not wait longer for what was sent to be taken back. */
export const CLEAN_UP_MS = 3000;
/** Published files never change. */
const FOREVER = 'public, max-age=31536000, immutable';
/** The library's own warnings would go to the console. */
const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

export function openBucket(config: S3Config): Bucket {
  const { bucket: Bucket } = config;
  const agent = { keepAlive: true, maxSockets: 256 };
  const client = new S3Client({
    region: config.region,
    endpoint: config.endpoint,
    forcePathStyle: config.forcePathStyle,
    credentials: { accessKeyId: config.accessKeyId, secretAccessKey: config.secretAccessKey },
    // Newer checksums by trailers are not understood by every store.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 4,
    logger: silent,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      throwOnRequestTimeout: true,
      socketTimeout: SILENCE_MS,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
      logger: silent,
    },
  });
  const at = (key: string): { Bucket: string; Key: string } => ({ Bucket, Key: config.prefix + key });
  const own = (key: string | undefined): string => (key ?? '').slice(config.prefix.length);

  async function* pages(prefix: string, delimiter?: string) {
    let after: string | undefined;
    do {
      const page = await client
        .send(
          new ListObjectsV2Command({
            Bucket,
            Prefix: config.prefix + prefix,
            Delimiter: delimiter,
            ContinuationToken: after,
          }),
        )
        .catch(fault('list its files'));
      yield page;
      after = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (after !== undefined);
  }

  return {
    async upload(file, key, { contentType, signal }) {
      signal?.throwIfAborted();
      const target = { ...at(key), ContentType: contentType, CacheControl: FOREVER };
      const { size } = await stat(file);
      const body = createReadStream(file);
      // The library stops waiting when it is told to, but not the requests under way.
      const send = (command: never, options?: object): unknown =>
        client.send(command, { ...options, abortSignal: signal });
      const upload = new Upload({
        client: Object.create(client, { send: { value: send } }) as S3Client,
        params: { ...target, Body: body },
        partSize: Math.max(PART_BYTES, Math.ceil(size / 9000)),
        queueSize: 2,
      });
      const stop = (): void => void upload.abort();
      signal?.addEventListener('abort', stop, { once: true });
      try {
        await upload.done();
      } catch (error) {
        // It leaves what was sent, too.
        if (signal?.aborted && upload.uploadId !== undefined)
          await client
            .send(new AbortMultipartUploadCommand({ ...at(key), UploadId: upload.uploadId }), {
              abortSignal: AbortSignal.timeout(CLEAN_UP_MS),
            })
            .catch(() => undefined); // else the sweep does it
        if (isFaultOfDisk(error)) throw error;
        throw s3Fault(error, 'take a file');
      } finally {
        signal?.removeEventListener('abort', stop);
        body.destroy();
      }
    },
    async write(key, text, { onlyNew, signal } = {}) {
      try {
        await client.send(
          new PutObjectCommand({
            ...at(key),
            Body: text,
            ContentType: 'application/json',
            ...(onlyNew ? { IfNoneMatch: '*' } : {}),
          }),
          { abortSignal: signal },
        );
        return true;
      } catch (error) {
        if (onlyNew && isTaken(error)) return false;
        throw s3Fault(error, 'take a record');
      }
    },
    async readText(key) {
      const found = await client.send(new GetObjectCommand(at(key))).catch(absent('read a record'));
      return (await found?.Body?.transformToString().catch(fault('read a record'))) ?? null;
    },
    async read(key, { start = 0, end, signal }) {
      const range = start > 0 || end !== undefined ? `bytes=${start}-${end ?? ''}` : undefined;
      const found = await client
        .send(new GetObjectCommand({ ...at(key), Range: range }), { abortSignal: signal })
        .catch(absent('read a file'));
      if (!found) return null;
      const first = Number(/^bytes (\d+)-/.exec(found.ContentRange ?? '')?.[1] ?? 0);
      return { body: found.Body as Readable, bytes: found.ContentLength ?? 0, start: first };
    },
    async facts(key) {
      const found = await client.send(new HeadObjectCommand(at(key))).catch(absent('look for a file'));
      return found && { bytes: found.ContentLength ?? 0, modifiedAt: found.LastModified ?? new Date(0) };
    },
    async copy(from, to) {
      const source = `${Bucket}/${config.prefix}${from}`.split('/').map(encodeURIComponent).join('/');
      const copied = await client
        .send(new CopyObjectCommand({ ...at(to), CopySource: source }))
        .catch(absent('put a file in its place'));
      return copied !== null;
    },
    async *list(prefix) {
      for await (const page of pages(prefix))
        for (const { Key, Size = 0, LastModified = new Date(0) } of page.Contents ?? [])
          yield { key: own(Key), bytes: Size, modifiedAt: LastModified };
    },
    async *folders(prefix) {
      for await (const page of pages(prefix, '/'))
        for (const { Prefix } of page.CommonPrefixes ?? []) yield own(Prefix).slice(prefix.length, -1);
    },
    async remove(key) {
      await client.send(new DeleteObjectCommand(at(key))).catch(absent('remove a file'));
    },
    async link(key, seconds, { contentType, disposition }) {
      const command = new GetObjectCommand({
        ...at(key),
        ResponseContentType: contentType,
        ResponseContentDisposition: disposition,
      });
      return getSignedUrl(client, command, { expiresIn: seconds }).catch(fault('sign a link'));
    },
    async dropUnfinished(prefix, before) {
      const { Uploads = [] } = await client
        .send(new ListMultipartUploadsCommand({ Bucket, Prefix: config.prefix + prefix }))
        .catch(fault('list unfinished uploads'));
      for (const { Key, UploadId, Initiated } of Uploads)
        if (Initiated && Initiated < before)
          await client
            .send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
            .catch(absent('take back an upload'));
    },
  };
}

/** For `catch`: says plainly what went wrong. */
function fault(doing: string): (error: unknown) => never {
  return (error) => {
    throw s3Fault(error, doing);
  };
}

/** For `catch`: what is not there is null. */
function absent(doing: string): (error: unknown) => null {
  return (error) => {
    if (isAbsent(error)) return null;
    throw s3Fault(error, doing);
  };
}
