/**
 * Renders segments of another worker's film: plans the same storyboard, comes to the same keys, and puts
 * each segment it may take into the cache that both share. What it would have to speak is left to the other.
 */
import type { ContentCache } from '../cache.ts';
import type { Compositor } from '../compositor/pool.ts';
import { StudioError } from '../errors.ts';
import { allOrStop } from '../together.ts';
import { planFilm, type PlanDeps, type PlanRequest } from './plan-film.ts';
import { segmentExtension } from './render-segments.ts';
import { longestFirst } from './render-together.ts';
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
  const { segments, encoding } = await planFilm(request, deps, { onlyKnownSpeech: true });
  const extension = segmentExtension(encoding);
  const open = new Map(longestFirst(segments).map((segment) => [segment.key, segment]));
  const abort = new AbortController();
  const together = AbortSignal.any([signal, abort.signal]);
  const delivering: Promise<void>[] = [];
  let delivered = 0;

  async function renderInTurn(): Promise<void> {
    for (;;) {
      together.throwIfAborted();
      const key = await film.take([...open.keys()]);
      const segment = key === null ? undefined : open.get(key);
      if (!segment) return;
      open.delete(segment.key);
      // The thread goes on with the next one while this one is sent.
      if (await renderOne(segment))
        delivering.push(deliver(segment.key).catch((error: unknown) => abort.abort(error)));
    }
  }

  /** @returns false if it was taken from us meanwhile */
  async function renderOne({ key, plan }: Segment): Promise<boolean> {
    const lost = film.signalOf(key);
    try {
      if (await cache.has(key, extension, together)) return true;
      await compositor.run(
        { kind: 'segment', plan, encoding, file: cache.file(key, extension) },
        { signal: AbortSignal.any([together, lost]), onProgress: (frames) => film.frames(key, frames) },
      );
      return true;
    } catch (error) {
      if (lost.aborted && !together.aborted) return false;
      throw error;
    }
  }

  async function deliver(key: string): Promise<void> {
    if (!(await cache.share(key, extension)))
      throw new StudioError('not_ready', 'The shared cache takes no files.', { retryable: true });
    await film.deliver(key);
    delivered += 1;
  }

  await allOrStop(
    abort,
    Array.from({ length: compositor.threads }, () => renderInTurn()),
  );
  await Promise.all(delivering);
  abort.signal.throwIfAborted();
  return delivered;
}
