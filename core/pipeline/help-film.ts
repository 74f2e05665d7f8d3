/**
 * Renders segments of another worker's film: plans the same storyboard, comes to the same keys, and puts
 * each segment it may take into the cache that both share. What it would have to speak is left to the other.
 */
import type { ContentCache } from '../cache.ts';
import type { Compositor } from '../compositor/pool.ts';
import { StudioError } from '../errors.ts';
import { allOrStop } from '../together.ts';
import { sumFrames } from './batches.ts';
import { nextShare } from './next-share.ts';
import { gatherFilm, planFilm, type PlanDeps, type PlanRequest } from './plan-film.ts';
import { segmentExtension } from './render-segments.ts';
import { countBatch } from './render-together.ts';
import type { Segment } from './segments.ts';
import type { FilmToHelp } from './shared-film.ts';

export type HelpRequest = PlanRequest & {
  film: FilmToHelp;
  /** Key of a file that the film's worker put into its cache. */
  token: string;
};

export const TOKEN_EXTENSION = 'offer';

/**
 * Helps until nothing is left to take.
 * @returns segments delivered; null if that worker's cache is not ours, and so nothing can be delivered
 * @throws {StudioError} what planning throws, render_failed, not_ready if the cache cannot be shared, cancelled
 */
export async function helpFilm(
  request: HelpRequest,
  deps: PlanDeps & { compositor: Compositor; cache: ContentCache },
): Promise<number | null> {
  const { film, signal } = request;
  const { cache, compositor } = deps;
  if (!(await cache.has(request.token, TOKEN_EXTENSION, signal))) return null;
  const gathered = await gatherFilm(request, deps);
  const { segments, encoding } = await planFilm(gathered, request, deps, { onlyKnownSpeech: true });
  const extension = segmentExtension(encoding);
  const known = new Map(segments.map((segment) => [segment.key, segment]));
  const abort = new AbortController();
  const together = AbortSignal.any([signal, abort.signal]);
  const delivering: Promise<void>[] = [];
  let delivered = 0;

  async function renderInTurn(): Promise<void> {
    for (;;) {
      together.throwIfAborted();
      const keys = await film.take((free, workers) => {
        const left = [...known.values()].filter(({ key }) => free.has(key));
        return nextShare(left, { threads: compositor.threads, workers, from: 'back' }).map(({ key }) => key);
      });
      const batch = keys.flatMap((key) => known.get(key) ?? []);
      if (batch.length === 0) return;
      await renderBatch(batch);
    }
  }

  /** Until all of it is delivered, or what comes next is not wanted here any more; the rest is given back. */
  async function renderBatch(batch: readonly Segment[]): Promise<void> {
    const stop = new AbortController();
    let sent = 0;
    const send = (finished: number): void => {
      // The thread goes on with the next one while this one is sent.
      for (; sent < finished; sent += 1) delivering.push(deliver(batch[sent]!.key));
    };
    const onProgress = (frames: number, finished: number): void => {
      const isBetween = finished > sent;
      send(finished);
      countBatch(batch, frames, ({ key }, own) => film.frames(key, own));
      const drawn = batch[Math.max(finished, segmentAt(batch, frames))];
      if (drawn && (!film.isWanted(drawn.key) || (isBetween && film.isLeaving()))) stop.abort();
    };
    try {
      const parts = batch.map(({ key, plan, scene }) => ({ plan, file: cache.file(key, extension), scene: scene + 1 })); // prettier-ignore
      const until = AbortSignal.any([together, stop.signal]);
      await compositor.run({ kind: 'segments', parts, encoding }, { signal: until, onProgress });
      onProgress(sumFrames(batch), batch.length);
    } catch (error) {
      if (together.aborted || !stop.signal.aborted) throw error;
      await film.release(batch.slice(sent).map(({ key }) => key));
    }
  }

  /** A failure ends the help: nothing more can be delivered then. */
  async function deliver(key: string): Promise<void> {
    try {
      if (!(await cache.share(key, extension)))
        throw new StudioError('not_ready', 'The shared cache takes no files.', { retryable: true });
      await film.deliver(key);
      delivered += 1;
    } catch (error) {
      abort.abort(error);
    }
  }

  await allOrStop(
    abort,
    Array.from({ length: compositor.threads }, () => renderInTurn()),
  );
  await Promise.all(delivering);
  abort.signal.throwIfAborted();
  return delivered;
}

/** Index of the segment of a batch whose frame is drawn after so many of all. */
function segmentAt(batch: readonly Segment[], frames: number): number {
  let end = 0;
  return batch.findIndex(({ plan }) => (end += plan.frames) > frames);
}
