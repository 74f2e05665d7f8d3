/**
 * Claims of one process, served together: those asked for while others are under way wait for one
 * common look at who is next, and are then written in one go. Among themselves they would only get in
 * each other's way.
 */
import type { ClaimedJob } from '../types.ts';
import type { Peeked, Waiting } from './store.ts';

export type ClaimAsk = { workerId: string; leaseMs: number; timeoutMs: number };

export type ClaimsParts = {
  peek: (most: number) => Promise<Peeked>;
  takeBack: (id: string) => Promise<unknown>;
  /** Null if another process was faster. */
  claim: (waiting: Waiting, ask: ClaimAsk) => Promise<ClaimedJob | null>;
  /** There is work for others too, and no message tells them. */
  wakeOthers: (id: string) => void;
};

type Asked = ClaimAsk & { resolve: (job: ClaimedJob | null) => void; reject: (error: unknown) => void };

export class Claims {
  readonly #parts: ClaimsParts;
  #asked: Asked[] = [];
  #serving = false;

  constructor(parts: ClaimsParts) {
    this.#parts = parts;
  }

  ask(ask: ClaimAsk): Promise<ClaimedJob | null> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ ...ask, resolve, reject });
      if (!this.#serving) void this.#serve();
    });
  }

  async #serve(): Promise<void> {
    this.#serving = true;
    // Those of the same moment belong together.
    await Promise.resolve();
    while (this.#asked.length > 0) {
      const asked = this.#asked;
      this.#asked = [];
      try {
        await this.#answer(asked);
      } catch (error) {
        for (const one of asked) one.reject(error);
      }
    }
    this.#serving = false;
  }

  async #answer(asked: readonly Asked[]): Promise<void> {
    let open = asked;
    while (open.length > 0) {
      const { abandoned, next, behind, messages } = await this.#parts.peek(open.length);
      if (abandoned.length > 0) {
        for (const id of abandoned) await this.#parts.takeBack(id);
        continue;
      }
      if (behind !== null && messages === 0) this.#parts.wakeOthers(behind);
      for (const one of open.slice(next.length)) one.resolve(null);
      const beaten = await Promise.all(
        next.map(async (waiting, index): Promise<Asked[]> => {
          const one = open[index];
          if (!one) return [];
          const job = await this.#parts.claim(waiting, one).catch((error: unknown) => {
            one.reject(error);
            throw error;
          });
          if (job) one.resolve(job);
          return job ? [] : [one];
        }),
      );
      open = beaten.flat();
    }
  }
}
