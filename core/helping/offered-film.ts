/**
 * Our film on the board, for others to help with. It keeps the offer alive and hears the news by a timer
 * of its own; while the board cannot be reached all segments are ours, so that it never delays a film.
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { ContentCache } from '../cache.ts';
import type { FilmNews, HelpBoard, SegmentHold } from '../jobs/types.ts';
import type { Logger } from '../log.ts';
import { firstOf, pause } from '../pause.ts';
import { TOKEN_EXTENSION } from '../pipeline/help-film.ts';
import type { Choose, Elsewhere, OfferFilm, SharedFilm } from '../pipeline/shared-film.ts';
import { takeChosen } from './take-chosen.ts';
import type { HelpTimes } from './times.ts';

export type OfferTerms = {
  board: HelpBoard;
  /** The claim that the film is made under. */
  hold: SegmentHold;
  /** Films that take one worker less than this are made alone, s. */
  fromS: number;
  /** Name of the file that shows which cache is ours; see newToken. */
  token: string;
  times: HelpTimes;
  log: Logger;
};

/** How long ending waits until the film is off the board, ms. */
const WITHDRAW_MS = 1000;

/** One for a worker's life: each leaves a file in the cache. */
export function newToken(): string {
  return randomBytes(32).toString('hex');
}

/** How the films of a job are offered. */
export function offerFilms(terms: OfferTerms): OfferFilm {
  return ({ keys, expectedS, cache }) =>
    expectedS < terms.fromS || keys.length < 2 ? null : new OfferedFilm(terms, keys, cache);
}

class OfferedFilm implements SharedFilm {
  readonly #terms: OfferTerms;
  readonly #film: SegmentHold & { token: string };
  readonly #cache: ContentCache;
  /** Not settled yet. */
  readonly #open: Set<string>;
  readonly #own = new Set<string>();
  readonly #takenOver = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #closing = new AbortController();
  readonly #keeping: Promise<void>;
  #untold = { settled: new Set<string>(), helped: 0 };
  #elsewhere = new Map<string, Elsewhere>();
  #onBoard = false;
  #heardAt = performance.now();

  constructor(terms: OfferTerms, keys: readonly string[], cache: ContentCache) {
    this.#terms = terms;
    this.#film = { ...terms.hold, token: terms.token };
    this.#cache = cache;
    this.#open = new Set(keys);
    this.#keeping = this.#keep();
  }

  async take(choose: Choose): Promise<string[]> {
    for (const key of this.#takenOver) {
      this.#takenOver.delete(key);
      if (this.#open.has(key) && !this.#own.has(key)) return this.#ours([key]);
    }
    const alone = (): string[] => this.#ours(choose(this.#free(), this.#workers));
    if (!this.#onBoard) return alone();
    const { board, times } = this.#terms;
    try {
      const taken = await takeChosen(board, this.#film, choose, times.leaseMs, this.#free(), this.#workers);
      // In our hands already: another thread took it while the board could not be reached.
      if (taken) return this.#ours(taken.filter((key) => !this.#own.has(key)));
      this.#onBoard = false;
    } catch (error) {
      this.#lose(error);
    }
    return alone();
  }

  settle(key: string, byOther: boolean): void {
    this.#open.delete(key);
    this.#own.delete(key);
    this.#untold.settled.add(key);
    if (byOther) this.#untold.helped += 1;
    this.#wake();
  }

  takeOver(key: string): void {
    this.#elsewhere.delete(key);
    this.#takenOver.add(key);
    this.#wake();
  }

  elsewhere(): ReadonlyMap<string, Elsewhere> {
    return this.#elsewhere;
  }

  async news(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.#waiting.delete(go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      if (signal.aborted || this.#closing.signal.aborted) return resolve();
      this.#waiting.add(go);
      signal.addEventListener('abort', go, { once: true });
    });
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#wake();
    const withdraw = async (): Promise<void> => {
      await this.#keeping;
      // What was settled last has not been told: the count of helped segments is in it.
      if (this.#untold.helped > 0) await this.#exchange();
      await this.#terms.board.withdraw(this.#film);
    };
    await firstOf(withdraw().catch(() => undefined), WITHDRAW_MS); // prettier-ignore
  }

  async #keep(): Promise<void> {
    const { board, times, log, hold } = this.#terms;
    const { signal } = this.#closing;
    try {
      const temporary = this.#cache.temporary(this.#film.token, TOKEN_EXTENSION);
      await writeFile(temporary, '');
      await this.#cache.keep(temporary, this.#film.token, TOKEN_EXTENSION);
    } catch (error) {
      log.warn({ job: hold.jobId, error: String(error) }, 'a film could not be offered to other workers');
      return;
    }
    while (!signal.aborted) {
      try {
        if (!this.#onBoard) await board.offer(this.#film, [...this.#open], times.offerMs);
        this.#onBoard = await this.#exchange();
        this.#heardAt = performance.now();
      } catch (error) {
        this.#lose(error);
      }
      this.#wake();
      await pause(times.beatMs, signal);
    }
  }

  /** @returns false if the film is not on the board any more */
  async #exchange(): Promise<boolean> {
    const { board, times } = this.#terms;
    const told = this.#untold;
    this.#untold = { settled: new Set(), helped: 0 };
    const news: FilmNews = { settled: [...told.settled], own: [...this.#own], helped: told.helped };
    try {
      const heard = await board.exchange(this.#film, news, { ttlMs: times.offerMs, leaseMs: times.leaseMs });
      if (heard === null) return false;
      this.#elsewhere = new Map(
        heard
          .filter(({ key }) => this.#open.has(key) && !this.#own.has(key) && !this.#takenOver.has(key))
          .map(({ key, ...there }) => [key, there]),
      );
      return true;
    } catch (error) {
      for (const key of told.settled) this.#untold.settled.add(key);
      this.#untold.helped += told.helped;
      throw error;
    }
  }

  /** The board cannot be reached: what others had in hand is theirs for as long as a lease lasts. */
  #lose(error: unknown): void {
    const { log, times, hold } = this.#terms;
    if (this.#onBoard)
      log.warn({ job: hold.jobId, error: String(error) }, 'other workers cannot be heard of; going on alone');
    this.#onBoard = false;
    if (performance.now() - this.#heardAt > times.leaseMs) this.#elsewhere.clear();
  }

  /** As far as is known here. */
  #free(): Set<string> {
    return new Set([...this.#open].filter((key) => !this.#own.has(key) && !this.#elsewhere.has(key)));
  }

  get #workers(): number {
    return 1 + new Set([...this.#elsewhere.values()].map(({ worker }) => worker)).size;
  }

  #ours(keys: string[]): string[] {
    for (const key of keys) this.#own.add(key);
    return keys;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}
