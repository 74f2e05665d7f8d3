/**
 * HelpBoard: where the worker that makes a film shows which of its segments others may render. All of it
 * is best effort, for segments are named by their content: an answer that is lost, a segment rendered
 * twice or a note that comes too late costs time and changes nothing. Faults are StudioError `not_ready`.
 */

/** A film on the board: one attempt of a job. */
export type FilmRef = { jobId: string; attempt: number };

export type FilmOffer = FilmRef & {
  /** Key of a file in the cache of the worker that offers: who cannot find it there shares nothing with it. */
  token: string;
  /** Segments that nobody has in hand. */
  free: number;
};

/** A segment in the hands of another worker, or delivered by one. */
export type SegmentElsewhere = {
  key: string;
  worker: string;
  delivered: boolean;
  /** Frames of it that are done. */
  frames: number;
  /** Since it was begun, or as long as it is not, taken, ms. */
  heldMs: number;
};

/** What the worker that makes the film tells about its segments. */
export type FilmNews = {
  /** Segments that need not be begun (or asked for) any more. */
  settled: readonly string[];
  /** Those it renders itself now. */
  own: readonly string[];
  /** Of `settled`, those that others rendered: they are counted. */
  helped: number;
};

/** A worker's hold on segments of a film. */
export type SegmentHold = FilmRef & { worker: string };

export type Taken = { taken: string[]; free: string[]; workers: number };

export interface HelpBoard {
  /** Shows a film's open segments, or some again after they were forgotten. Forgotten `ttlMs` after the last word of it. */
  offer(film: FilmRef & { token: string }, keys: readonly string[], ttlMs: number): Promise<void>;
  /** For who offers: tells and hears the news. @returns null if the film is no longer on the board */
  exchange(
    film: SegmentHold & { token: string },
    news: FilmNews,
    times: { ttlMs: number; leaseMs: number },
  ): Promise<SegmentElsewhere[] | null>;
  /** Nobody need begin any of it; who renders one of its segments hears of it with the next beat. */
  withdraw(film: FilmRef & { token: string }): Promise<void>;

  /** Films with free segments, most of them first. */
  offers(): Promise<FilmOffer[]>;
  /**
   * Takes those of `keys` that are on the board and that nobody has in hand, for `leaseMs`.
   * @returns what was taken, what is free then, and how many workers have segments in hand; `over` if the
   * film is no longer on the board
   */
  take(hold: SegmentHold, keys: readonly string[], leaseMs: number): Promise<Taken | 'over'>;
  /**
   * Renews the hold on segments and says how many frames of each are done.
   * @returns those that are lost (taken over or settled); `over` if the film is no longer on the board
   */
  beat(
    hold: SegmentHold,
    segments: readonly { key: string; frames: number }[],
    leaseMs: number,
  ): Promise<string[] | 'over'>;
  /** Says that a segment lies in the shared cache. @returns false if another has it in hand by now, or it is settled */
  deliver(hold: SegmentHold, key: string): Promise<boolean>;
  /** Gives segments back. */
  release(hold: SegmentHold, keys: readonly string[]): Promise<void>;
  /** Whether a job could be claimed now: who helps makes room for it. */
  jobsWait(): Promise<boolean>;
}
