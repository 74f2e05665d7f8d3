/** Waiting that an AbortSignal ends early, and quietly: for loops that look at the signal themselves. */

/** Resolves after `ms`, or as soon as the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const go = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', go);
      resolve();
    };
    const timer = setTimeout(go, ms);
    signal.addEventListener('abort', go, { once: true });
  });
}

/** Resolves when one of the signals aborts. */
export function aborted(...signals: AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      for (const signal of signals) signal.removeEventListener('abort', go);
      resolve();
    };
    if (signals.some((signal) => signal.aborted)) return resolve();
    for (const signal of signals) signal.addEventListener('abort', go, { once: true });
  });
}

/** Resolves with the work or after `ms`, whichever is first. */
export async function firstOf(work: Promise<void>, ms: number): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, pause(Math.max(0, ms), done.signal)]).finally(() => done.abort());
}
