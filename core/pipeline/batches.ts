/**
 * Pure: which neighbouring segments one encoder takes together. Long batches first, since starting an
 * encoder and opening clips has its price; short ones last, so that all threads end at about the same time.
 * Each batch is a share of what is left: guided self-scheduling (Polychronopoulos and Kuck, 1987).
 */
import type { Layer } from '../compositor/plan.ts';
import type { Segment } from './segments.ts';

/** A batch is what is left, divided by this and the threads: with less, the first thread may end long after the others. */
const SHARES = 1.4;
/** How far a batch may be from its share, as a part of it, to end where little must be opened again. */
const SLACK = 0.3;
/** No batch is much longer than this, s: an encoder that fails takes little with it. */
const LONGEST_S = 30;
/** What opening it again costs, in stills: a decoder to start, and a second of the clip to pass over. */
const CLIP_PRICE = 3;
/** More than anything can cost to open. */
const TOO_FAR = 1000;

/**
 * Takes the next batch from the front of `left`: neighbours in the film, in its order, at least one.
 * @param left segments still to render, in film order; those taken are removed
 * @param shortestS share that is still worth an encoder of its own, s
 */
export function takeBatch(left: Segment[], threads: number, shortestS = 0): Segment[] {
  const first = left[0];
  if (!first) return [];
  const longest = LONGEST_S * first.plan.fps;
  const all = sumFrames(left);
  const shortest = Math.min(shortestS * first.plan.fps, all);
  const share = Math.min(longest, Math.max(shortest, all / (SHARES * threads)));
  const isTooShort = (count: number): boolean => count > 0 && count < shortest * (1 - SLACK);
  let best = { count: 1, price: Infinity };
  let frames = 0;
  for (const [index, segment] of left.entries()) {
    const isNeighbour = segment.start === first.start + frames;
    if (!isNeighbour || (index > 0 && frames + segment.plan.frames / 2 > longest)) break;
    frames += segment.plan.frames;
    // Ends about the share come before all others; among them the cheapest, then the nearest.
    const missed = Math.abs(frames - share) / share;
    const price =
      missed +
      (missed <= SLACK ? reopening(segment, left[index + 1]) : TOO_FAR) +
      (isTooShort(frames) || isTooShort(all - frames) ? TOO_FAR : 0);
    if (price < best.price) best = { count: index + 1, price };
    if (frames > share * (1 + SLACK)) break;
  }
  return left.splice(0, best.count);
}

/** What two neighbours both show, and two encoders open twice. */
function reopening(before: Segment, after: Segment | undefined): number {
  if (!after) return 0;
  const shown = new Set(layersOf(before).map(sourceOf));
  const again = layersOf(after).filter((layer) => shown.has(sourceOf(layer)));
  return again.reduce((sum, { kind }) => sum + (kind === 'clip' ? CLIP_PRICE : 1), 0);
}

function layersOf({ plan }: Segment): Layer[] {
  return [plan.base, ...(plan.incoming ? [plan.incoming] : [])];
}

function sourceOf(layer: Layer): string {
  if (layer.kind === 'clip') return layer.hash;
  return 'hash' in layer.picture ? layer.picture.hash : layer.picture.colors.join();
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
