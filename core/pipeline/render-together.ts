/**
 * Renders the segments of a film that is offered to other workers: those that nobody has in hand, some
 * neighbours at a time, and fetches what others deliver. What they do not deliver in time is rendered here.
 */
import type { Encoding } from '../compositor/encode.ts';
import type { Compositor } from '../compositor/pool.ts';
import { asStudioError } from '../errors.ts';
import { allOrStop } from '../together.ts';
import { sumFrames } from './batches.ts';
import { nextShare } from './next-share.ts';
import type { SegmentRun } from './render-segments.ts';
import type { Segment } from './segments.ts';
import type { Elsewhere, SharedFilm } from './shared-film.ts';

/** Another worker may take at least this long for a segment, ms, */
const LEAST_PATIENCE_MS = 10_000;
/** and so many times as long as it would take here. */
const PATIENCE = 3;
/** What a frame takes as long as none was rendered here, ms. */
const UNKNOWN_FRAME_MS = 100;

/**
 * @param onFrames frames done of `run.frames`, those of others included
 * @returns how many segments others rendered
 * @throws {StudioError} with the scene at fault, once nothing runs any more
 */
export async function renderTogether(
  run: SegmentRun,
  encoding: Encoding,
  compositor: Compositor,
  film: SharedFilm,
  signal: AbortSignal,
  onFrames: (done: number) => void,
): Promise<number> {
  const open = new Map(run.missing.map((segment) => [segment.key, segment]));
  /** Being rendered or fetched here. */
  const inHand = new Set<string>();
  const pace = { frames: 0, ms: 0 };
  let idle = 0;
  let helped = 0;
  const count = countFrames(onFrames);
  const abort = new AbortController();
  const together = AbortSignal.any([signal, abort.signal]);

  /** One batch after the other, until nothing is left to do. */
  async function renderInTurn(): Promise<void> {
    while (open.size > 0) {
      together.throwIfAborted();
      const keys = await film.take((free, workers) => {
        const left = [...open.values()].filter(({ key }) => free.has(key) && !inHand.has(key));
        return nextShare(left, { threads: compositor.threads, workers, from: 'front' }).map(({ key }) => key);
      });
      const batch = keys.flatMap((key) => open.get(key) ?? []);
      if (batch.length > 0) await renderHere(batch);
      else {
        idle += 1;
        await film.news(together);
        idle -= 1;
      }
    }
  }

  async function renderHere(batch: readonly Segment[]): Promise<void> {
    for (const { key } of batch) inHand.add(key);
    const startedAt = performance.now();
    let settled = 0;
    const onProgress = (frames: number, finished: number): void => {
      countBatch(batch, frames, count);
      for (; settled < finished; settled += 1) {
        run.rendered(batch[settled]!);
        settle(batch[settled]!, false);
      }
    };
    try {
      const parts = batch.map((segment) => ({ plan: segment.plan, file: run.file(segment), scene: segment.scene + 1 })); // prettier-ignore
      await compositor.run({ kind: 'segments', parts, encoding }, { signal: together, onProgress });
      onProgress(sumFrames(batch), batch.length);
    } catch (error) {
      throw asStudioError(error, 'render_failed').at({ stage: 'rendering' });
    }
    pace.frames += sumFrames(batch);
    pace.ms += performance.now() - startedAt;
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
        else count(segment, Math.min(there.frames, segment.plan.frames));
      }
      const needed = idle > 0 ? betterHere() : null;
      if (needed) film.takeOver(needed);
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

  /**
   * Once nothing else is left to do here: the last segment that another has in hand and has not begun while it
   * is at another one, or one that it is too slow with. To render that twice costs nobody anything.
   */
  function betterHere(): string | null {
    const held = [...film.elsewhere()].filter(([key, { delivered }]) => !delivered && open.has(key) && !inHand.has(key)); // prettier-ignore
    const waits = held
      .filter(
        ([, one]) =>
          one.frames === 0 && held.some(([, other]) => other !== one && other.worker === one.worker),
      )
      .sort(([a], [b]) => open.get(b)!.start - open.get(a)!.start);
    return (waits[0] ?? held.find(([key, there]) => isTooSlow(open.get(key)!, there)))?.[0] ?? null;
  }

  function isTooSlow({ plan }: Segment, { heldMs }: Elsewhere): boolean {
    const frameMs = pace.frames > 0 ? pace.ms / pace.frames : UNKNOWN_FRAME_MS;
    return heldMs > Math.max(LEAST_PATIENCE_MS, PATIENCE * frameMs * plan.frames);
  }

  await allOrStop(abort, [collect(), ...Array.from({ length: compositor.threads }, () => renderInTurn())]);
  return helped;
}

/** Says of each segment of a batch how many of its frames are done, when so many of all are. */
export function countBatch(
  batch: readonly Segment[],
  frames: number,
  count: (segment: Segment, frames: number) => void,
): void {
  let before = 0;
  for (const segment of batch) {
    const own = Math.min(segment.plan.frames, frames - before);
    if (own <= 0) return;
    count(segment, own);
    before += segment.plan.frames;
  }
}

/** Adds up the frames of all segments, whoever draws them. */
function countFrames(onFrames: (done: number) => void): (segment: Segment, frames: number) => void {
  const frames = new Map<string, number>();
  let total = 0;
  return (segment, done) => {
    const before = frames.get(segment.key) ?? 0;
    if (done === before) return;
    total += done - before;
    frames.set(segment.key, done);
    onFrames(total);
  };
}
