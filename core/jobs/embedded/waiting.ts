/** Sleeping until there may be something to do: woken at once from within the process, else by looking. */

export class Waiters {
  readonly #wakers = new Set<() => void>();
  #closed = false;

  /** Lets everyone look now. */
  wake(): void {
    for (const wake of this.#wakers) wake();
  }

  /** Everyone goes, and later ones do not wait. */
  close(): void {
    this.#closed = true;
    this.wake();
  }

  /** Resolves when `look` answers true, the time is up, the signal aborts, or on close. Never rejects. */
  async until(look: () => boolean, pollMs: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!this.#closed && !signal.aborted && !tryLook(look)) {
      const left = end - performance.now();
      if (left <= 0) return;
      await this.#pause(Math.min(pollMs, left), signal);
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        this.#wakers.delete(go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      const timer = setTimeout(go, ms);
      this.#wakers.add(go);
      signal.addEventListener('abort', go, { once: true });
    });
  }
}

/** A store that cannot be read has nothing to do for now; whoever then claims gets the error. */
function tryLook(look: () => boolean): boolean {
  try {
    return look();
  } catch {
    return false;
  }
}
