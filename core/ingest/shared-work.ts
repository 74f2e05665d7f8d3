/** One run of a piece of work for everybody who asks for it at the same time. */
import { asStudioError, StudioError } from '../errors.ts';

export type Progress = (received: number, total: number | null) => void;

type Running = {
  result: Promise<unknown>;
  waiting: number;
  stop: AbortController;
  listeners: Set<Progress>;
};

export type SharedWork = {
  /**
   * Joins the work running under `key`, or starts it. A caller who aborts leaves; the work itself
   * is aborted when the last one has left. Nothing is remembered after it ends.
   */
  run<T>(
    key: string,
    caller: { signal?: AbortSignal | undefined; onProgress?: Progress | undefined },
    work: (signal: AbortSignal, onProgress: Progress) => Promise<T>,
  ): Promise<T>;
};

export function createSharedWork(): SharedWork {
  const running = new Map<string, Running>();

  const start = <T>(
    key: string,
    work: (signal: AbortSignal, onProgress: Progress) => Promise<T>,
  ): Running => {
    const stop = new AbortController();
    const listeners = new Set<Progress>();
    const report: Progress = (received, total) => listeners.forEach((listener) => listener(received, total));
    const result = work(stop.signal, report).finally(() => {
      if (running.get(key) === entry) running.delete(key);
    });
    // Everybody may have left before it fails; each caller who stays awaits it in turn.
    result.catch(() => {});
    const entry: Running = { result, waiting: 0, stop, listeners };
    running.set(key, entry);
    return entry;
  };

  return {
    async run(key, { signal, onProgress }, work) {
      if (signal?.aborted) throw asStudioError(signal.reason, 'cancelled');
      const entry = running.get(key) ?? start(key, work);
      entry.waiting += 1;
      if (onProgress) entry.listeners.add(onProgress);
      try {
        return (await untilAborted(entry.result, signal)) as Awaited<ReturnType<typeof work>>;
      } finally {
        if (onProgress) entry.listeners.delete(onProgress);
        entry.waiting -= 1;
        if (entry.waiting === 0) {
          // A newcomer must not join work that is being stopped.
          if (running.get(key) === entry) running.delete(key);
          entry.stop.abort(new StudioError('cancelled', 'Nobody waits for it any more.'));
        }
      }
    },
  };
}

/** The result, or the signal's reason as an error if that comes first. */
async function untilAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return result;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(asStudioError(signal.reason, 'cancelled'));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([result, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort!);
  }
}
