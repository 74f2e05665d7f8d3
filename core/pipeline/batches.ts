/**
 * Pure: which neighbouring segments one encoder takes together. Long batches first, since starting an
 * encoder and opening clips has its price; short ones last, so that all threads end at about the same time.
 * Each batch is a share of what is left: guided self-scheduling (Polychronopoulos and Kuck, 1987).
 */
import type { Segment } from './segments.ts';

/** A batch is what is left, divided by this and the threads. */
const SHARES = 2;
/** No batch is longer than this, s: an encoder that fails takes little with it. */
const LONGEST_S = 30;

/**
 * Takes the next batch from the front of `left`: neighbours in the film, in its order, at least one.
 * @param left segments still to render, in film order; those taken are removed
 */
export function takeBatch(left: Segment[], threads: number): Segment[] {
  const first = left[0];
  if (!first) return [];
  const longest = LONGEST_S * first.plan.fps;
  const share = Math.min(longest, sumFrames(left) / (SHARES * threads));
  let frames = first.plan.frames;
  let count = 1;
  for (; count < left.length; count++) {
    const next = left[count]!;
    const isNeighbour = next.start === first.start + frames;
    // Beyond half of it, one more would be further from the share than one less.
    if (!isNeighbour || frames + next.plan.frames / 2 > share) break;
    frames += next.plan.frames;
  }
  return left.splice(0, count);
}

/**
 * Threads for the encoder of a batch that is longer than its fair share of the work: the others would have
 * nothing to do while it ends. Where a film is long there is no such batch, and one thread wastes least.
 * @param left frames that are still to render besides it
 */
export function encoderThreads(batch: readonly Segment[], left: number, threads: number): number {
  const frames = sumFrames(batch);
  return Math.max(1, Math.min(threads, Math.round((frames * threads) / (frames + left))));
}

export function sumFrames(segments: readonly Segment[]): number {
  return segments.reduce((sum, { plan }) => sum + plan.frames, 0);
}
