/**
 * Pure: which of a film's free segments a worker takes next when several render it. Neighbours share an
 * encoder, as in batches.ts; who makes the film takes from its front and who helps from its back, so that
 * they rarely want the same. Towards the end single ones, the shortest last: so all end at about the same time.
 */
import { takeBatch } from './batches.ts';
import type { Segment } from './segments.ts';

/** As many are expected to take part at least, so that the first share leaves enough for one who joins soon. */
const FEWEST_WORKERS = 2;

/**
 * @param free in film order
 * @param threads of this worker; the others are taken to have as many
 * @param workers that take part now, this one included
 * @returns neighbours in film order; none only if there are none
 */
export function nextShare(
  free: readonly Segment[],
  { threads, workers, from }: { threads: number; workers: number; from: 'front' | 'back' },
): Segment[] {
  const all = threads * Math.max(FEWEST_WORKERS, workers);
  const share = from === 'front' ? takeBatch([...free], all) : takeFromBack(free, all);
  return share.length > 1 ? share : longest(free, from);
}

/** The same in a film that is shown backwards. */
function takeFromBack(free: readonly Segment[], threads: number): Segment[] {
  const backwards = free.map((segment) => ({ ...segment, start: -(segment.start + segment.plan.frames) }));
  const keys = new Set(takeBatch(backwards.reverse(), threads).map(({ key }) => key));
  return free.filter(({ key }) => keys.has(key));
}

function longest(free: readonly Segment[], from: 'front' | 'back'): Segment[] {
  const inTurn = from === 'front' ? free : [...free].reverse();
  return [...inTurn].sort((a, b) => b.plan.frames - a.plan.frames).slice(0, 1);
}
