/**
 * Downloads a big file so that a broken connection, Ctrl-C or a restart costs nothing: what has come
 * stays in a `.part` file and the rest is asked for.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createReadStream } from 'node:fs';
import { asStudioError, StudioError } from '../../errors.ts';
import { pause } from '../../pause.ts';
import { linkSignals } from '../linked-signal.ts';

export type Download = {
  url: string;
  /** Where the part file is and stays when this returns; its folder is made. */
  part: string;
  bytes: number;
  /** Of the whole file, hexadecimal; any of them will do. Empty: only the size is known. */
  sha256: readonly string[];
  signal: AbortSignal;
  onProgress?: (bytes: number, totalBytes: number) => void;
  /** Without a byte for so long, ms, a connection is given up. */
  stallMs?: number;
  /** Before another try, ms; doubles. */
  retryMs?: number;
};

const mostTries = 6;

/**
 * Leaves the complete, checked file at `part`.
 * @throws {StudioError} fetch_failed, no_space, cancelled
 */
export async function download(file: Download): Promise<void> {
  await mkdir(path.dirname(file.part), { recursive: true });
  await checkSpace(file);
  for (let tries = 1; (await sizeOf(file.part)) !== file.bytes; tries++) {
    const failure = await fetchRest(file).then(
      () => null,
      (error: unknown) => asFailure(file, error),
    );
    if (failure && (!failure.retryable || tries === mostTries)) throw failure;
    if ((await sizeOf(file.part)) > file.bytes) await discard(file.part);
    if (!failure && (await sizeOf(file.part)) !== file.bytes && tries === mostTries)
      throw wrongSize(file, await sizeOf(file.part));
    if (failure) await pause((file.retryMs ?? 1000) * 2 ** (tries - 1), file.signal);
  }
  await checkContent(file);
}

/** Removes what there is of a download. */
export async function discard(part: string): Promise<void> {
  await Promise.all([rm(part, { force: true }), rm(`${part}.etag`, { force: true })]);
}

async function checkSpace({ part, bytes }: Download): Promise<void> {
  const { bavail, bsize } = await statfs(path.dirname(part));
  // The archive, what is in it, and some air.
  const needed = bytes * 3 - (await sizeOf(part));
  if (bavail * bsize > needed) return;
  throw new StudioError('no_space', `A voice of ${Math.ceil(bytes / 1e6)} MB needs ${Math.ceil(needed / 1e6)} MB of free disk.`, {
    hint: 'Free some space on the disk of the data folder, then try again.',
  }); // prettier-ignore
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => null))?.size ?? 0;
}

/** RFC 9110, 14: asks for what is missing, of the same file as before only. */
async function fetchRest({
  url,
  part,
  bytes,
  signal,
  onProgress,
  stallMs = 30_000,
}: Download): Promise<void> {
  const { signal: ending, abort, unlink } = linkSignals(signal);
  let timer = setTimeout(() => abort(stalled(url)), stallMs);
  try {
    let have = await sizeOf(part);
    const tag = have > 0 ? await readFile(`${part}.etag`, 'utf8').catch(() => '') : '';
    const headers: Record<string, string> = have > 0 ? { range: `bytes=${have}-`, ...(tag ? { 'if-range': tag } : {}) } : {}; // prettier-ignore
    const response = await fetch(url, { headers, signal: ending });
    if (response.status === 416) {
      await discard(part);
      return;
    }
    if (!response.ok || !response.body) throw refused(url, response.status);
    if (/text\/html/i.test(response.headers.get('content-type') ?? ''))
      throw refused(url, response.status, true);
    if (response.status !== 206) have = 0;
    const etag = response.headers.get('etag');
    // A weak tag does not promise the same bytes.
    if (etag && !etag.startsWith('W/')) await writeFile(`${part}.etag`, etag);
    const file = await open(part, have > 0 ? 'a' : 'w');
    try {
      for await (const chunk of response.body) {
        clearTimeout(timer);
        timer = setTimeout(() => abort(stalled(url)), stallMs);
        await file.write(chunk);
        have += chunk.length;
        if (have > bytes) return;
        onProgress?.(have, bytes);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw ending.aborted ? asStudioError(ending.reason, 'cancelled') : error;
  } finally {
    clearTimeout(timer);
    unlink();
  }
}

function asFailure({ url }: Download, error: unknown): StudioError {
  const known = asStudioError(error, 'fetch_failed');
  if (known.code !== 'fetch_failed' || known === error) return known;
  const { code, message } = ((error as Error).cause as { code?: string; message?: string } | undefined) ?? {};
  return new StudioError('fetch_failed', `${new URL(url).host} was not reached, or broke off: ${code ?? message ?? (error as Error).message}.`, {
    retryable: true,
    hint: 'Check the network and try again: what has come so far is kept.',
    cause: error,
  }); // prettier-ignore
}

function refused(url: string, status: number, isPage = false): StudioError {
  const what = isPage ? 'a web page instead of the file' : String(status);
  return new StudioError(
    'fetch_failed',
    `${new URL(url).host} answered ${what} for ${path.posix.basename(url)}.`,
    {
      retryable: !isPage && (status >= 500 || status === 429),
      hint: 'Try again later; the file may have moved.',
    },
  );
}

function stalled(url: string): StudioError {
  return new StudioError('fetch_failed', `${new URL(url).host} sent nothing more.`, {
    retryable: true,
    hint: 'Try again: what has come so far is kept.',
  });
}

function wrongSize({ url, bytes }: Download, found: number): StudioError {
  return new StudioError(
    'fetch_failed',
    `${path.posix.basename(url)} has ${found} bytes instead of ${bytes}.`,
    {
      hint: 'It was published anew or broken on the way; try again, or a newer version of this program.',
    },
  );
}

async function checkContent({ url, part, sha256, signal }: Download): Promise<void> {
  if (sha256.length === 0) return;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(part, { signal })) hash.update(chunk as Buffer);
  const found = hash.digest('hex');
  if (sha256.includes(found)) return;
  await discard(part);
  throw new StudioError('fetch_failed', `${path.posix.basename(url)} is not the file that was published: its SHA-256 is ${found}.`, {
    hint: 'It was removed. Try again; if it happens again, somebody changed the file.',
  }); // prettier-ignore
}
