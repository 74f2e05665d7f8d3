/**
 * One signal that follows several, until it is let go. AbortSignal.any keeps growing the lists of a
 * long-lived signal, and ours live as long as the service.
 */
export type LinkedSignal = { signal: AbortSignal; abort: (reason: unknown) => void; unlink: () => void };

/** Follows every signal given; call `unlink` when the work is over. */
export function linkSignals(...followed: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController();
  const abort = (reason: unknown): void => controller.abort(reason);
  const onAbort = (event: Event): void => abort((event.target as AbortSignal).reason);
  for (const signal of followed) {
    if (signal?.aborted) abort(signal.reason);
    else signal?.addEventListener('abort', onAbort, { once: true });
  }
  const unlink = (): void => followed.forEach((signal) => signal?.removeEventListener('abort', onAbort));
  return { signal: controller.signal, abort, unlink };
}
