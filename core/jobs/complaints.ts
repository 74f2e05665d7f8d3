/** What a loop says in the log about a store that fails while it goes on asking it. */
import type { Logger } from '../log.ts';

export type Complaints = {
  /** It failed (again). */
  failed(error: unknown): void;
  /** It answered: the next failure is said at once. */
  answered(): void;
};

const FIRST_SILENCE_MS = 2000;
const LONGEST_SILENCE_MS = 5 * 60_000;

/**
 * Says the first failure at once and then ever more seldom: a disk that is full must not be filled with
 * log lines, and a Redis that is away for a night is told of often enough by a few.
 */
export function complaints(log: Logger, message: string): Complaints {
  let silenceMs = 0;
  let silentUntil = -Infinity;
  return {
    failed(error) {
      const now = performance.now();
      if (now < silentUntil) return;
      silenceMs = Math.min(LONGEST_SILENCE_MS, silenceMs * 2 || FIRST_SILENCE_MS);
      silentUntil = now + silenceMs;
      log.error({ error: String(error) }, message);
    },
    answered() {
      silenceMs = 0;
      silentUntil = -Infinity;
    },
  };
}
