/** Another worker's film, of which we have some segments in hand: renewed by a timer, given back at the end. */
import { StudioError } from '../errors.ts';
import type { HelpBoard, SegmentHold } from '../jobs/types.ts';
import { firstOf } from '../pause.ts';
import type { FilmToHelp } from '../pipeline/shared-film.ts';
import type { HelpTimes } from './times.ts';

export type HeldSegmentsOptions = {
  board: HelpBoard;
  hold: SegmentHold;
  times: HelpTimes;
  /** Gives all back at once. */
  signal: AbortSignal;
  /** No further segment is taken. */
  isNeeded: () => boolean;
};

/** How long ending waits until segments are given back, ms. */
const RELEASE_MS = 1000;

export class HeldSegments implements FilmToHelp {
  readonly #options: HeldSegmentsOptions;
  readonly #held = new Map<string, { frames: number; lost: AbortController }>();
  readonly #over = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = (): void => this.#over.abort(stopped());
  #heardAt = performance.now();
  #beating = false;

  constructor(options: HeldSegmentsOptions) {
    this.#options = options;
    if (options.signal.aborted) this.#onAbort();
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#timer = setInterval(() => void this.#beat(), options.times.beatMs);
  }

  /** Aborts when the film is over or out of reach, or we are to stop. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  async take(keys: readonly string[]): Promise<string | null> {
    const { board, hold, times, isNeeded } = this.#options;
    if (this.signal.aborted || isNeeded() || (await board.jobsWait())) return null;
    const taken = await board.take(hold, keys, times.leaseMs);
    if (taken === 'none' || taken === 'over') return null;
    this.#held.set(taken.key, { frames: 0, lost: new AbortController() });
    return taken.key;
  }

  frames(key: string, done: number): void {
    const segment = this.#held.get(key);
    if (segment) segment.frames = done;
  }

  signalOf(key: string): AbortSignal {
    return this.#held.get(key)?.lost.signal ?? AbortSignal.abort(stopped());
  }

  async deliver(key: string): Promise<void> {
    await this.#options.board.deliver(this.#options.hold, key);
    this.#held.delete(key);
  }

  /** Gives back what is still in hand. Never rejects. */
  async close(): Promise<void> {
    const { board, hold, signal } = this.#options;
    clearInterval(this.#timer);
    signal.removeEventListener('abort', this.#onAbort);
    this.#over.abort(stopped());
    const keys = [...this.#held.keys()];
    this.#held.clear();
    if (keys.length > 0) await firstOf(board.release(hold, keys).catch(() => undefined), RELEASE_MS); // prettier-ignore
  }

  async #beat(): Promise<void> {
    if (this.#beating || this.signal.aborted) return;
    this.#beating = true;
    const { board, hold, times } = this.#options;
    const segments = [...this.#held].map(([key, { frames }]) => ({ key, frames }));
    try {
      const lost = await board.beat(hold, segments, times.leaseMs);
      this.#heardAt = performance.now();
      if (lost === 'over') this.#over.abort(stopped());
      else for (const key of lost) this.#lose(key);
    } catch {
      // Others may have them by now.
      if (performance.now() - this.#heardAt > times.leaseMs) this.#over.abort(stopped());
    } finally {
      this.#beating = false;
    }
  }

  #lose(key: string): void {
    this.#held.get(key)?.lost.abort(stopped());
    this.#held.delete(key);
  }
}

function stopped(): StudioError {
  return new StudioError('cancelled', 'Nobody waits for this segment any more.');
}
