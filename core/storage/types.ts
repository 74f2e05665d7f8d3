/**
 * Storage: where finished files live and how they are handed out. Files of a job are published once,
 * whole, and never changed. Absence is `null`. Drivers: a local disk, S3-compatible stores.
 */
import type { Readable } from 'node:stream';

/** A file that can be served: facts first, bytes when asked for. */
export type StoredFile = {
  name: string;
  /** Bytes. */
  size: number;
  /** Strong, stable as long as the file exists, with its quotes. */
  etag: string;
  modifiedAt: Date;
  /** By our own table of names we publish, never guessed from content. */
  contentType: string;
  /** Bytes `start` to `end` (inclusive, as in HTTP); the whole file without a range. */
  stream(range?: { start: number; end: number }): Readable;
  /**
   * A short-lived address where the reader may GET the file itself, if it need not pass through us.
   * @param disposition of the answer: `Content-Disposition`
   */
  link?(disposition?: string): Promise<string>;
};

export interface Storage {
  readonly driver: string;
  /** Where processes on other hosts find what they need of us; absent where one disk is all there is. */
  readonly shared?: SharedFiles;
  /**
   * Moves finished files into the job's folder under their names: probed by the caller, synced to disk,
   * renamed, folder synced. All or none is visible; a file that is there already is never overwritten.
   * @param files name → path of a finished temporary file on the same disk
   * @param signal ends sending to a store over the network; then nothing is visible
   * @throws {StudioError} no_space, not_ready, cancelled
   */
  publish(jobId: string, files: Record<string, string>, signal?: AbortSignal): Promise<void>;
  /** @returns null for anything that is not a published file: bad names, links, folders, dotfiles. */
  open(jobId: string, name: string): Promise<StoredFile | null>;
  /** Removes all files of a job; no error if there are none. @returns bytes freed */
  remove(jobId: string): Promise<number>;
  /** Address of a published file, signed where FILES_ACCESS=signed. */
  url(jobId: string, name: string): string;
  /** Jobs that have files, for housekeeping. */
  jobIds(): AsyncIterable<string>;
  /** Removes what publishers left that died midway; safe beside those at work. @returns bytes freed */
  sweep(): Promise<number>;
  /** Free and total bytes of the disk; null where that has no meaning. */
  space(): Promise<{ freeBytes: number; totalBytes: number } | null>;
}

/**
 * Files that processes on many hosts share: uploads, finished segments. A name stands for one content
 * for ever, so putting twice is harmless.
 * @throws {StudioError} not_ready from everything
 */
export interface SharedFiles {
  put(name: string, file: string, signal?: AbortSignal): Promise<void>;
  /** For small records, which may be written again. */
  putText(name: string, text: string): Promise<void>;
  readText(name: string): Promise<string | null>;
  has(name: string): Promise<boolean>;
  /** Copies it to `target`, which must not exist, whole or not at all. @returns false if there is none */
  fetch(name: string, target: string, signal: AbortSignal): Promise<boolean>;
  list(prefix: string): AsyncIterable<{ name: string; bytes: number; modifiedAt: Date }>;
  remove(name: string): Promise<void>;
}

/** Signed addresses of files, where FILES_ACCESS=signed; else everyone who knows an address may read. */
export type FileSigner = {
  /** Query string (without `?`) that makes the address of a file valid for a day at most; empty where files are public. */
  sign(jobId: string, name: string): string;
  /** Whether a request may have the file. Anything odd in the query is a plain no. */
  verify(method: string, jobId: string, name: string, query: Readonly<Record<string, unknown>>): boolean;
};
