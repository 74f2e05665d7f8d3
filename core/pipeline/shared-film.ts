/**
 * What the pipeline needs of others when several workers render one film: contracts only, kept by
 * core/helping. A segment is known by its content key, so whoever renders it, it is the same.
 */
import type { ContentCache } from '../cache.ts';

/** A segment of a film of ours that another worker has in hand, or has delivered to the shared cache. */
export type Elsewhere = {
  worker: string;
  delivered: boolean;
  /** Frames done. */
  frames: number;
  /** Since it was begun, or as long as it is not, taken, ms. */
  heldMs: number;
};

/** Which to take of the segments that nobody has in hand. @param workers that take part, this one included */
export type Choose = (free: ReadonlySet<string>, workers: number) => string[];

/**
 * The film we make, offered to others. Nothing of it rejects: while the board cannot be reached, all
 * segments are ours.
 */
export type SharedFilm = {
  /** @returns what of the choice became ours; none if others have all of them */
  take(choose: Choose): Promise<string[]>;
  /** A segment need not be rendered any more. @param byOther that it came from another worker */
  settle(key: string, byOther: boolean): void;
  /** Makes a segment ours, whoever has it: the next `take` gives it. */
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

/** Another worker's film, as who helps with it sees it. Rejects when it is out of reach: then stop. */
export type FilmToHelp = {
  /** @returns what of the choice became ours; none if there is nothing to do, or it is time to leave */
  take(choose: Choose): Promise<string[]>;
  /** Says how many frames of a segment of ours are done. */
  frames(key: string, done: number): void;
  /** Whether to go on with a segment of ours; false if another has it now, or nobody needs it any more. */
  isWanted(key: string): boolean;
  /** Whether to leave before the next segment is begun. */
  isLeaving(): boolean;
  /** A segment of ours lies in the shared cache. */
  deliver(key: string): Promise<void>;
  /** Gives segments of ours back. */
  release(keys: readonly string[]): Promise<void>;
};
