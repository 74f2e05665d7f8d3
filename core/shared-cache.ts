/**
 * Caches that workers on many hosts share through the storage: what this host lacks is looked for
 * there, what it makes is put there in the background. Best effort: if the store is slow or away, the
 * film is made as if there were none.
 */
import { rm } from 'node:fs/promises';
import type { ContentCache } from './cache.ts';
import type { Logger } from './log.ts';
import { firstOf } from './pause.ts';
import type { SharedFiles } from './storage/types.ts';
import { createTurns } from './turns.ts';

export type ExchangeOptions = {
  shared: SharedFiles;
  /** Before the names of all its files, e.g. `cache/`. */
  folder: string;
  /** All that is shared, bytes. */
  maxBytes: number;
  log?: Logger | undefined;
};

/** Files by name that come from and go to other hosts. Nothing of it rejects. */
export type Exchange = {
  /** Copies a file to `temporary`, which must not exist, and then calls `keep`. @returns whether it did */
  bring(
    name: string,
    temporary: string,
    keep: () => Promise<unknown>,
    signal?: AbortSignal,
  ): Promise<boolean>;
  /** Sends a file in the background. @returns whether others find it now */
  send(name: string, file: string): Promise<boolean>;
  /** Removes the oldest over the limit, now and then, in the background. */
  trim(): void;
  /** Waits a moment for what is being sent. Idempotent. */
  close(): Promise<void>;
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

export function openExchange({ shared, folder, maxBytes, log }: ExchangeOptions): Exchange {
  const closing = new AbortController();
  const fetches = createTurns(FETCHES);
  const sends = createTurns(SENDS);
  const sending = new Map<string, Promise<boolean>>();
  let restsUntil = 0;
  let trimAt = performance.now() + TRIM_EVERY_MS * Math.random();

  const isResting = (): boolean => closing.signal.aborted || performance.now() < restsUntil;
  const rest = (error: unknown): false => {
    if (closing.signal.aborted) return false;
    restsUntil = performance.now() + REST_MS;
    log?.warn({ error: String(error) }, 'the shared cache is left alone for a minute');
    return false;
  };

  /** One after the other of a name; until the exchange is closed. @returns whether it was done */
  function inBackground(name: string, work: () => Promise<unknown>): Promise<boolean> {
    const known = sending.get(name);
    if (known) return known;
    if (isResting() || sending.size >= MOST_WAITING) return Promise.resolve(false);
    const done = sends
      .take(closing.signal, async () => !isResting() && work().then(() => true, rest))
      .catch(() => false)
      .finally(() => sending.delete(name));
    sending.set(name, done);
    return done;
  }

  async function trimShared(): Promise<void> {
    const files: { name: string; bytes: number; modifiedAt: Date }[] = [];
    for await (const file of shared.list(folder)) files.push(file);
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { name, bytes } of files.sort((a, b) => Number(a.modifiedAt) - Number(b.modifiedAt))) {
      if (total <= maxBytes || isResting()) return;
      await shared.remove(name);
      total -= bytes;
    }
  }

  return {
    async bring(name, temporary, keep, signal = closing.signal) {
      if (isResting()) return false;
      const until = AbortSignal.any([signal, closing.signal]);
      const fetch = async (): Promise<boolean> => {
        if (isResting()) return false;
        try {
          const limit = AbortSignal.any([until, AbortSignal.timeout(FETCH_MS)]);
          if (!(await shared.fetch(folder + name, temporary, limit))) return false;
          await keep();
          return true;
        } catch (error) {
          return until.aborted ? false : rest(error);
        } finally {
          await rm(temporary, { force: true });
        }
      };
      return fetches.take(until, fetch).catch(() => false);
    },
    send: (name, file) =>
      inBackground(name, () =>
        shared.put(folder + name, file, AbortSignal.any([closing.signal, AbortSignal.timeout(SEND_MS)])),
      ),
    trim() {
      if (performance.now() <= trimAt) return;
      trimAt = performance.now() + TRIM_EVERY_MS;
      void inBackground(' trim', trimShared);
    },
    async close() {
      const all = (): Promise<unknown> => Promise.all(sending.values());
      await firstOf(all().then(() => undefined), CLOSE_MS); // prettier-ignore
      closing.abort();
      await all();
    },
  };
}

/** @param local where files are used from; everything is there before it is shared */
export function shareCache(local: ContentCache, options: Omit<ExchangeOptions, 'folder'>): ContentCache {
  const exchange = openExchange({ ...options, folder: 'cache/' });
  const cache: ContentCache = {
    file: local.file,
    temporary: local.temporary,
    local,
    async has(key, extension, signal) {
      if (await local.has(key, extension)) return true;
      const temporary = local.temporary(key, extension);
      const keep = (): Promise<string> => local.keep(temporary, key, extension);
      return exchange.bring(`${key}.${extension}`, temporary, keep, signal);
    },
    async keep(temporary, key, extension) {
      const file = await local.keep(temporary, key, extension);
      void cache.share(key, extension);
      return file;
    },
    share: (key, extension) => exchange.send(`${key}.${extension}`, local.file(key, extension)),
    async trim() {
      exchange.trim();
      return local.trim();
    },
    async close() {
      await exchange.close();
      await local.close();
    },
  };
  return cache;
}
