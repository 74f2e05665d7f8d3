/** A worker that has nothing to do looks for films on the board and helps with one at a time. */
import { StudioError } from '../errors.ts';
import type { FilmOffer, HelpBoard, JobBackend } from '../jobs/types.ts';
import type { Logger } from '../log.ts';
import type { FilmToHelp } from '../pipeline/shared-film.ts';
import type { Storyboard } from '../schema/storyboard.ts';
import { traced } from '../trace.ts';
import { HeldSegments } from './held-segments.ts';
import type { HelpTimes } from './times.ts';

/** Renders segments of a film; see pipeline/help-film.ts for what it returns and throws. */
export type RunHelp = (
  storyboard: Storyboard,
  context: { film: FilmToHelp; token: string; signal: AbortSignal },
) => Promise<number | null>;

export type HelperOptions = {
  jobs: Pick<JobBackend, 'get'>;
  board: HelpBoard;
  run: RunHelp;
  workerId: string;
  times: HelpTimes;
  log: Logger;
};

/** Fewer are done before one has planned the film. */
const FEWEST_FREE = 2;
/** A film that could not be helped with is left alone for so long, ms: its files may be on their way. Doubles. */
const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 60_000;

export class Helper {
  readonly #options: HelperOptions;
  /** By job and attempt. */
  readonly #rests = new Map<string, { until: number; ms: number }>();

  constructor(options: HelperOptions) {
    this.#options = options;
  }

  /** The film that needs help most; null if none does, or the board cannot be reached. */
  async find(): Promise<FilmOffer | null> {
    const offers = await this.#options.board.offers().catch(() => []);
    const names = new Set(offers.map(nameOf));
    for (const name of this.#rests.keys()) if (!names.has(name)) this.#rests.delete(name);
    const isOpen = (offer: FilmOffer): boolean =>
      offer.free >= FEWEST_FREE && (this.#rests.get(nameOf(offer))?.until ?? 0) <= performance.now();
    return offers.find(isOpen) ?? null;
  }

  /**
   * Helps until nothing is left, a job waits, or the signal aborts; then what is in hand is given back.
   * Never rejects.
   * @param isNeeded whether this worker has something else to do: no further segment is begun then
   */
  async help(
    offer: FilmOffer,
    { signal, isNeeded }: { signal: AbortSignal; isNeeded: () => boolean },
  ): Promise<void> {
    const { jobs, board, run, workerId, times, log } = this.#options;
    const { jobId, attempt, token } = offer;
    const facts = { job: jobId, attempt };
    const held = new HeldSegments({
      board,
      hold: { jobId, attempt, worker: workerId },
      times,
      signal,
      isNeeded,
    });
    try {
      const job = await jobs.get(jobId);
      if (job?.request.kind !== 'compose' || job.lease?.attempt !== attempt) return this.#rest(offer);
      const { storyboard } = job.request;
      log.debug(facts, 'looking into helping with a film');
      const delivered = await traced({ log, facts }, () =>
        run(storyboard, { film: held, token, signal: held.signal }),
      );
      if (!delivered) this.#rest(offer);
      if (delivered === null) log.debug(facts, 'no cache is shared with the worker of a film');
    } catch (error) {
      const isOver = held.signal.aborted || (error instanceof StudioError && error.code === 'cancelled');
      if (!isOver) log.info({ ...facts, error: String(error) }, 'could not help with a film');
      this.#rest(offer);
    } finally {
      // The film may have been over a moment before we noticed: what was delivered until then counts.
      if (held.delivered > 0) log.info({ ...facts, segments: held.delivered }, 'helped with a film');
      await held.close();
    }
  }

  #rest(offer: FilmOffer): void {
    const name = nameOf(offer);
    const ms = Math.min(LONGEST_REST_MS, (this.#rests.get(name)?.ms ?? FIRST_REST_MS / 2) * 2);
    this.#rests.set(name, { until: performance.now() + ms, ms });
  }
}

function nameOf({ jobId, attempt }: FilmOffer): string {
  return `${jobId}:${attempt}`;
}
