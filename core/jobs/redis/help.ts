/**
 * The board of films in Redis: one hash a film (field: key of an open segment, value: who has it), and
 * one sorted set of films by when they are forgotten. Each step is one script, with the clock of Redis.
 */
import type {
  FilmNews,
  FilmOffer,
  FilmRef,
  HelpBoard,
  SegmentElsewhere,
  SegmentHold,
  Taken,
} from '../types.ts';
import { helpScripts } from './help-scripts.ts';
import { keys } from './keys.ts';
import type { Store } from './store.ts';

export type RedisHelpParts = {
  store: Pick<Store, 'run'>;
  jobsWait: () => Promise<boolean>;
};

/** Films looked at by who wants to help. */
const MOST_FILMS = 20;

export class RedisHelpBoard implements HelpBoard {
  readonly jobsWait: () => Promise<boolean>;
  readonly #store: Pick<Store, 'run'>;

  constructor({ store, jobsWait }: RedisHelpParts) {
    this.#store = store;
    this.jobsWait = jobsWait;
  }

  async offer(film: FilmRef & { token: string }, segments: readonly string[], ttlMs: number): Promise<void> {
    await this.#store.run(helpScripts.offer, [hashOf(film), memberOf(film), String(ttlMs), ...segments]);
  }

  async exchange(
    film: SegmentHold & { token: string },
    { settled, own, helped }: FilmNews,
    { ttlMs, leaseMs }: { ttlMs: number; leaseMs: number },
  ): Promise<SegmentElsewhere[] | null> {
    const reply = await this.#store.run<[number, string[]] | null>(helpScripts.exchange, [
      hashOf(film),
      memberOf(film),
      film.worker,
      String(ttlMs),
      String(leaseMs),
      String(helped),
      String(own.length),
      ...own,
      ...settled,
    ]);
    if (!reply) return null;
    const [now, pairs] = reply;
    const found: SegmentElsewhere[] = [];
    for (let at = 0; at < pairs.length; at += 2) {
      const state = stateOf(pairs[at + 1]!);
      if (!state || state.worker === film.worker) continue;
      const { worker, delivered, frames, since, until } = state;
      if (delivered || until > now)
        found.push({ key: pairs[at]!, worker, delivered, frames, heldMs: now - since });
    }
    return found;
  }

  async withdraw(film: FilmRef & { token: string }): Promise<void> {
    await this.#store.run(helpScripts.withdraw, [hashOf(film), memberOf(film)]);
  }

  async offers(): Promise<FilmOffer[]> {
    const found = await this.#store.run<string[]>(helpScripts.offers, [hashOf({ jobId: '', attempt: '' }), String(MOST_FILMS)]); // prettier-ignore
    const offers: FilmOffer[] = [];
    for (let at = 0; at < found.length; at += 2) {
      const [jobId = '', attempt, token = ''] = found[at]!.split(' ');
      offers.push({ jobId, attempt: Number(attempt), token, free: Number(found[at + 1]) });
    }
    return offers.sort((a, b) => b.free - a.free);
  }

  async take(hold: SegmentHold, wanted: readonly string[], leaseMs: number): Promise<Taken | 'over'> {
    const reply = await this.#store.run<[string[], string[], number] | null>(helpScripts.take, [
      hashOf(hold),
      hold.worker,
      String(leaseMs),
      ...wanted,
    ]);
    if (!reply) return 'over';
    const [taken, free, workers] = reply;
    return { taken, free, workers };
  }

  async beat(
    hold: SegmentHold,
    segments: readonly { key: string; frames: number }[],
    leaseMs: number,
  ): Promise<string[] | 'over'> {
    const lost = await this.#store.run<string[] | null>(helpScripts.beat, [
      hashOf(hold),
      hold.worker,
      String(leaseMs),
      ...segments.flatMap(({ key, frames }) => [key, String(frames)]),
    ]);
    return lost ?? 'over';
  }

  async deliver(hold: SegmentHold, key: string): Promise<boolean> {
    return (await this.#store.run<number>(helpScripts.deliver, [hashOf(hold), hold.worker, key])) === 1;
  }

  async release(hold: SegmentHold, segments: readonly string[]): Promise<void> {
    await this.#store.run(helpScripts.release, [hashOf(hold), hold.worker, ...segments]);
  }
}

function hashOf({ jobId, attempt }: { jobId: string; attempt: number | '' }): string {
  return jobId === '' ? keys.film('') : keys.film(`${jobId}:${attempt}`);
}

function memberOf({ jobId, attempt, token }: FilmRef & { token: string }): string {
  return `${jobId} ${attempt} ${token}`;
}

/** `until since frames worker`; until is 0 once it is delivered. Null for a free one. */
function stateOf(
  value: string,
): { worker: string; delivered: boolean; until: number; since: number; frames: number } | null {
  const [, until, since, frames, worker] = /^(\d+) (\d+) (\d+) (.*)$/.exec(value) ?? [];
  if (worker === undefined) return null;
  return {
    worker,
    delivered: until === '0',
    until: Number(until),
    since: Number(since),
    frames: Number(frames),
  };
}
