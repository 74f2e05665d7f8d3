/** Another worker's film, of which we have some segments in hand: renewed by a timer, given back at the end. */
import { StudioError } from '../errors.ts';
import type { HelpBoard, SegmentHold } from '../jobs/types.ts';
import { firstOf } from '../pause.ts';
import type { Choose, FilmToHelp } from '../pipeline/shared-film.ts';
import { takeChosen } from './take-chosen.ts';
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
  /** With their frames done. */
  readonly #held = new Map<string, number>();
  readonly #over = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = (): void => this.#over.abort(stopped());
  #heardAt = performance.now();
  #beating = false;
  #leaving = false;
  #delivered = 0;

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

  async take(choose: Choose): Promise<string[]> {
    const { board, hold, times } = this.#options;
    if (this.signal.aborted || (await this.#mustLeave())) return [];
    const taken = await takeChosen(board, hold, choose, times.leaseMs, new Set(), 1);
    for (const key of taken ?? []) this.#held.set(key, 0);
    return taken ?? [];
  }

  frames(key: string, done: number): void {
    if (this.#held.has(key)) this.#held.set(key, done);
  }

  isWanted(key: string): boolean {
    return this.#held.has(key);
  }

  isLeaving(): boolean {
    return this.#leaving;
  }

  /** Segments delivered that were wanted. */
  get delivered(): number {
    return this.#delivered;
  }

  async deliver(key: string): Promise<void> {
    if (await this.#options.board.deliver(this.#options.hold, key)) this.#delivered += 1;
    this.#held.delete(key);
  }

  async release(keys: readonly string[]): Promise<void> {
    const held = keys.filter((key) => this.#held.delete(key));
    if (held.length > 0) await this.#options.board.release(this.#options.hold, held);
  }

  /** Gives back what is still in hand. Never rejects. */
  async close(): Promise<void> {
    const { signal } = this.#options;
    clearInterval(this.#timer);
    signal.removeEventListener('abort', this.#onAbort);
    this.#over.abort(stopped());
    await firstOf(
      this.release([...this.#held.keys()]).catch(() => undefined),
      RELEASE_MS,
    );
  }

  async #beat(): Promise<void> {
    if (this.#beating || this.signal.aborted) return;
    this.#beating = true;
    const { board, hold, times } = this.#options;
    const segments = [...this.#held].map(([key, frames]) => ({ key, frames }));
    try {
      await this.#mustLeave();
      const lost = await board.beat(hold, segments, times.leaseMs);
      this.#heardAt = performance.now();
      if (lost === 'over') this.#over.abort(stopped());
      else for (const key of lost) this.#held.delete(key);
    } catch {
      // Others may have them by now.
      if (performance.now() - this.#heardAt > times.leaseMs) this.#over.abort(stopped());
    } finally {
      this.#beating = false;
    }
  }

  /** @throws {StudioError} not_ready */
  async #mustLeave(): Promise<boolean> {
    const { board, isNeeded } = this.#options;
    this.#leaving = isNeeded() || (await board.jobsWait());
    return this.#leaving;
  }
}

function stopped(): StudioError {
  return new StudioError('cancelled', 'Nobody waits for this segment any more.');
}
