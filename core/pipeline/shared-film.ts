/**
 * What the pipeline needs of others when several workers render one film: contracts only, kept by
 * core/helping. A segment is known by its content key, so whoever renders it, it is the same.
 */
import type { ContentCache } from '../cache.ts';

/** Segments of a film of ours that others have in hand, or have delivered to the shared cache. */
export type Elsewhere = {
  delivered: boolean;
  /** Frames done. */
  frames: number;
  /** Since it was taken, ms. */
  heldMs: number;
};

/**
 * The film we make, offered to others. Nothing of it rejects: while the board cannot be reached, all
 * segments are ours.
 */
export type SharedFilm = {
  /** Takes the first of `keys` that nobody else has in hand; null if others have all of them. */
  take(keys: readonly string[]): Promise<string | null>;
  /** A segment need not be rendered any more. @param byOther that it came from another worker */
  settle(key: string, byOther: boolean): void;
  /** Makes a segment ours, whoever has it: the next `take` may give it. */
  takeOver(key: string): void;
  elsewhere(): ReadonlyMap<string, Elsewhere>;
  /** Resolves when there may be news: soon, at the latest when the signal aborts. */
  news(signal: AbortSignal): Promise<void>;
  /** Takes the film off the board. Idempotent. */
  close(): Promise<void>;
};

/** Offers a film to others. @returns null if it is not worth it */
export type OfferFilm = (film: {
  keys: readonly string[];
  /** What its rendering would take one worker, s. */
  expectedS: number;
  cache: ContentCache;
}) => SharedFilm | null;

/** Another worker's film, as who helps with it sees it. Rejects when it is over or out of reach: then stop. */
export type FilmToHelp = {
  /** Takes the first of `keys` that is wanted and nobody has in hand; null if there is none, or it is time to stop. */
  take(keys: readonly string[]): Promise<string | null>;
  /** Says how many frames of a segment of ours are done. */
  frames(key: string, done: number): void;
  /** Aborts when a segment of ours was given to another or is not wanted any more. */
  signalOf(key: string): AbortSignal;
  /** A segment of ours lies in the shared cache. */
  deliver(key: string): Promise<void>;
};
