/** Taking segments off the board when others may be doing the same: what is chosen may be gone by then. */
import type { HelpBoard, SegmentHold } from '../jobs/types.ts';
import type { Choose } from '../pipeline/shared-film.ts';

/** Others that chose the same were faster so many times: then whoever asks may do so again later. */
const MOST_TRIES = 5;

/**
 * @param free what is thought to be free; nothing if that is not known
 * @returns what was taken, none if nothing is free; null if the film is no longer on the board
 */
export async function takeChosen(
  board: HelpBoard,
  hold: SegmentHold,
  choose: Choose,
  leaseMs: number,
  free: ReadonlySet<string>,
  workers: number,
): Promise<string[] | null> {
  let chosen = choose(free, workers);
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const reply = await board.take(hold, chosen, leaseMs);
    if (reply === 'over') return null;
    if (reply.taken.length > 0) return reply.taken;
    chosen = choose(new Set(reply.free), reply.workers + 1);
    if (chosen.length === 0) break;
  }
  return [];
}
