/**
 * A cache that workers on many hosts share through the storage: what this host lacks is looked for
 * there, what it makes is put there in the background. Best effort: if the store is slow or away, the
 * film is made as if there were none.
 */
import { rm } from 'node:fs/promises';
import type { ContentCache } from './cache.ts';
import type { Logger } from './log.ts';
import { firstOf } from './pause.ts';
import type { SharedFiles } from './storage/types.ts';
import { createTurns } from './turns.ts';

export type SharedCacheOptions = {
  shared: SharedFiles;
  /** All that is shared, bytes. */
  maxBytes: number;
  log?: Logger | undefined;
};

/** Files fetched and sent at once. */
const FETCHES = 6;
const SENDS = 2;
/** Files waiting to be sent; what comes beyond is not shared. */
const MOST_WAITING = 500;
/** Longest that one file may take before it is rendered here instead, or not sent, ms. */
const FETCH_MS = 30_000;
const SEND_MS = 120_000;
/** After a fault the store is left alone for this long, ms. */
const REST_MS = 60_000;
const TRIM_EVERY_MS = 3600_000;
/** How long closing waits for what is being sent, ms. */
const CLOSE_MS = 1000;

const FOLDER = 'cache/';

/** @param local where files are used from; everything is there before it is shared */
export function shareCache(local: ContentCache, { shared, maxBytes, log }: SharedCacheOptions): ContentCache {
  const closing = new AbortController();
  const fetches = createTurns(FETCHES);
  const sends = createTurns(SENDS);
  const sending = new Map<string, Promise<void>>();
  let restsUntil = 0;
  let trimAt = performance.now() + TRIM_EVERY_MS * Math.random();

  const isResting = (): boolean => closing.signal.aborted || performance.now() < restsUntil;
  const rest = (error: unknown): void => {
    if (closing.signal.aborted) return;
    restsUntil = performance.now() + REST_MS;
    log?.warn({ error: String(error) }, 'the shared cache is left alone for a minute');
  };

  async function bring(key: string, extension: string, signal: AbortSignal): Promise<boolean> {
    const temporary = local.temporary(key, extension);
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS)]);
      if (!(await shared.fetch(nameOf(key, extension), temporary, limit))) return false;
      await local.keep(temporary, key, extension);
      return true;
    } catch (error) {
      if (!signal.aborted) rest(error);
      return false;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async function send(key: string, extension: string): Promise<void> {
    try {
      const limit = AbortSignal.any([closing.signal, AbortSignal.timeout(SEND_MS)]);
      await shared.put(nameOf(key, extension), local.file(key, extension), limit);
    } catch (error) {
      rest(error);
    }
  }

  async function trimShared(): Promise<void> {
    const files: { name: string; bytes: number; modifiedAt: Date }[] = [];
    for await (const file of shared.list(FOLDER)) files.push(file);
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { name, bytes } of files.sort((a, b) => Number(a.modifiedAt) - Number(b.modifiedAt))) {
      if (total <= maxBytes || isResting()) return;
      await shared.remove(name);
      total -= bytes;
    }
  }

  /** In the background, until the cache is closed. */
  function inBackground(name: string, work: () => Promise<void>): void {
    if (isResting() || sending.has(name) || sending.size >= MOST_WAITING) return;
    const done = sends
      .take(closing.signal, async () => {
        if (!isResting()) await work();
      })
      .catch(() => undefined)
      .finally(() => sending.delete(name));
    sending.set(name, done);
  }

  const cache: ContentCache = {
    file: local.file,
    temporary: local.temporary,
    async has(key, extension, signal = closing.signal) {
      if (await local.has(key, extension)) return true;
      if (isResting()) return false;
      const until = AbortSignal.any([signal, closing.signal]);
      return fetches.take(until, async () => !isResting() && bring(key, extension, until)).catch(() => false);
    },
    async keep(temporary, key, extension) {
      const file = await local.keep(temporary, key, extension);
      cache.share(key, extension);
      return file;
    },
    share: (key, extension) => inBackground(nameOf(key, extension), () => send(key, extension)),
    async trim() {
      if (performance.now() > trimAt) {
        trimAt = performance.now() + TRIM_EVERY_MS;
        inBackground('trim', () => trimShared().catch(rest));
      }
      return local.trim();
    },
    async close() {
      await firstOf(
        Promise.all(sending.values()).then(() => undefined),
        CLOSE_MS,
      );
      closing.abort();
      await Promise.all(sending.values());
      await local.close();
    },
  };
  return cache;
}

function nameOf(key: string, extension: string): string {
  return `${FOLDER}${key}.${extension}`;
}
