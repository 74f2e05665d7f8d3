/** A few tasks at a time: what runs, how much room is left, and waiting for some. */

export class Slots {
  readonly #size: number;
  readonly #running = new Set<Promise<void>>();
  #freed: (() => void) | null = null;

  constructor(size: number) {
    this.#size = size;
  }

  get busy(): number {
    return this.#running.size;
  }

  get free(): number {
    return this.#size - this.#running.size;
  }

  /** @param task must not reject */
  start(task: () => Promise<void>): void {
    const work = task().finally(() => {
      this.#running.delete(work);
      this.#freed?.();
    });
    this.#running.add(work);
  }

  /** Resolves when a task ends or the signal aborts. One caller at a time. */
  async whenFreed(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.#freed = null;
        signal.removeEventListener('abort', go);
        resolve();
      };
      this.#freed = go;
      signal.addEventListener('abort', go, { once: true });
    });
  }

  /** Resolves when all that run now have ended. */
  async drained(): Promise<void> {
    await Promise.all(this.#running);
  }
}
