/** Sleeping until there may be something to do: woken at once by whoever knows, else by looking now and then. */
import { pause } from '../../pause.ts';

export class Waiters {
  readonly #wakers = new Set<() => void>();
  #closed = false;
  #woken = 0;

  /** How many sleep or look. */
  get size(): number {
    return this.#wakers.size;
  }

  /** Lets everyone look now. */
  wake(): void {
    this.#woken += 1;
    for (const wake of this.#wakers) wake();
  }

  /** Everyone goes, and later ones do not wait. */
  close(): void {
    this.#closed = true;
    this.wake();
  }

  /**
   * Resolves when `look` answers true, the time is up, the signal aborts, or on close. Never rejects.
   * @param onIdle called before each sleep
   * @returns whether something was found only by looking, not by being woken
   */
  async until(
    look: () => Promise<boolean>,
    pollMs: number,
    timeoutMs: number,
    signal: AbortSignal,
    onIdle: () => void = () => {},
  ): Promise<{ foundByLooking: boolean }> {
    const end = performance.now() + timeoutMs;
    let slept = false;
    for (;;) {
      let wokenMeanwhile = this.#woken;
      const sleep = new AbortController();
      const wake = (): void => sleep.abort();
      this.#wakers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      try {
        if (this.#closed || signal.aborted) return { foundByLooking: false };
        if (await look().catch(() => false))
          return { foundByLooking: slept && wokenMeanwhile === this.#woken };
        const left = end - performance.now();
        if (left <= 0) return { foundByLooking: false };
        if (wokenMeanwhile !== this.#woken) continue;
        onIdle();
        wokenMeanwhile = this.#woken;
        await pause(Math.min(pollMs, left), sleep.signal);
        slept = wokenMeanwhile === this.#woken;
      } finally {
        this.#wakers.delete(wake);
        signal.removeEventListener('abort', wake);
      }
    }
  }
}
