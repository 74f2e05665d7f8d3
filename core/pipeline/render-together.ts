/**
 * Renders the segments of a film that is offered to other workers: those that nobody has in hand, longest
 * first, and fetches what others deliver. What they do not deliver in time is rendered here after all.
 */
import type { Encoding } from '../compositor/encode.ts';
import type { Compositor } from '../compositor/pool.ts';
import { asStudioError } from '../errors.ts';
import { allOrStop } from '../together.ts';
import type { SegmentRun } from './render-segments.ts';
import type { Segment } from './segments.ts';
import type { SharedFilm } from './shared-film.ts';

/** Another worker may take at least this long for a segment, ms, */
const LEAST_PATIENCE_MS = 10_000;
/** and so many times as long as it would take here. */
const PATIENCE = 3;
/** What a frame takes as long as none was rendered here, ms. */
const UNKNOWN_FRAME_MS = 100;

/** Short ones last: so all workers end at about the same time. Equally long ones stay in the film's order. */
export function longestFirst(segments: readonly Segment[]): Segment[] {
  return [...segments].sort((a, b) => b.plan.frames - a.plan.frames);
}

/**
 * @param onFrames frames done of `run.frames`, those of others included, and the scene worked on, from 1
 * @returns how many segments others rendered
 * @throws {StudioError} with the scene at fault, once nothing runs any more
 */
export async function renderTogether(
  run: SegmentRun,
  encoding: Encoding,
  compositor: Compositor,
  film: SharedFilm,
  signal: AbortSignal,
  onFrames: (done: number, scene: number) => void,
): Promise<number> {
  const open = new Map(longestFirst(run.missing).map((segment) => [segment.key, segment]));
  /** Being rendered or fetched here. */
  const inHand = new Set<string>();
  const pace = { frames: 0, ms: 0 };
  let idle = 0;
  let helped = 0;
  const count = countFrames(onFrames);
  const abort = new AbortController();
  const together = AbortSignal.any([signal, abort.signal]);

  /** One after the other, until nothing is left to do. */
  async function renderInTurn(): Promise<void> {
    while (open.size > 0) {
      together.throwIfAborted();
      const wanted = [...open.keys()].filter((key) => !inHand.has(key));
      const key = wanted.length > 0 ? await film.take(wanted) : null;
      const segment = key === null ? undefined : open.get(key);
      if (segment) await renderHere(segment);
      else {
        idle += 1;
        await film.news(together);
        idle -= 1;
      }
    }
  }

  async function renderHere(segment: Segment): Promise<void> {
    const scene = segment.scene + 1;
    inHand.add(segment.key);
    const startedAt = performance.now();
    try {
      await compositor.run(
        { kind: 'segment', plan: segment.plan, encoding, file: run.file(segment) },
        { signal: together, onProgress: (frames) => count(segment, frames) },
      );
    } catch (error) {
      throw asStudioError(error, 'render_failed').at({ stage: 'rendering', scene });
    }
    pace.frames += segment.plan.frames;
    pace.ms += performance.now() - startedAt;
    run.rendered(segment);
    settle(segment, false);
  }

  /** Hears what others do, until nothing is left to do. */
  async function collect(): Promise<void> {
    const fetching: Promise<void>[] = [];
    while (open.size > 0) {
      together.throwIfAborted();
      for (const [key, there] of film.elsewhere()) {
        const segment = open.get(key);
        if (!segment || inHand.has(key)) continue;
        if (there.delivered) fetching.push(fetch(segment));
        else if (isTooSlow(segment, there.heldMs)) film.takeOver(key);
        else count(segment, Math.min(there.frames, segment.plan.frames));
      }
      await film.news(together);
    }
    await Promise.all(fetching);
  }

  async function fetch(segment: Segment): Promise<void> {
    inHand.add(segment.key);
    if (await run.find(segment, together)) {
      helped += 1;
      settle(segment, true);
    } else {
      inHand.delete(segment.key);
      film.takeOver(segment.key);
    }
  }

  function settle(segment: Segment, byOther: boolean): void {
    open.delete(segment.key);
    count(segment, segment.plan.frames);
    film.settle(segment.key, byOther);
  }

  /** Only where nothing else is left to do here: rendering it twice then costs nobody anything. */
  function isTooSlow({ plan }: Segment, heldMs: number): boolean {
    const frameMs = pace.frames > 0 ? pace.ms / pace.frames : UNKNOWN_FRAME_MS;
    return idle > 0 && heldMs > Math.max(LEAST_PATIENCE_MS, PATIENCE * frameMs * plan.frames);
  }

  await allOrStop(abort, [collect(), ...Array.from({ length: compositor.threads }, () => renderInTurn())]);
  return helped;
}

/** Adds up the frames of all segments, whoever draws them. */
function countFrames(
  onFrames: (done: number, scene: number) => void,
): (segment: Segment, frames: number) => void {
  const frames = new Map<string, number>();
  let total = 0;
  return (segment, done) => {
    total += done - (frames.get(segment.key) ?? 0);
    frames.set(segment.key, done);
    onFrames(total, segment.scene + 1);
  };
}
