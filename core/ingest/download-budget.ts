/** What all downloads of one film together may come to. An address that is used twice counts once. */
import { asStudioError, StudioError } from '../errors.ts';
import type { Progress } from './shared-work.ts';

type Caller = { signal?: AbortSignal | undefined; onProgress?: Progress | undefined };

export type DownloadBudget = {
  /**
   * Runs a download and stops waiting for it when the sum passes the limit: at once where the server
   * says how much will come. Copies that are still right count as if they came anew, so that the
   * same storyboard is taken or refused whatever the cache holds.
   * @throws {StudioError} too_large, and whatever the download throws
   */
  count<T>(
    url: string,
    context: {
      signal?: AbortSignal | undefined;
      onBytes?: ((received: number, total: number | null) => void) | undefined;
    },
    download: (caller: Caller) => Promise<T>,
  ): Promise<T>;
};

/** @param maxBytes all downloads together, bytes */
export function createDownloadBudget(maxBytes: number): DownloadBudget {
  const sizes = new Map<string, number>();

  const spend = (url: string, bytes: number): boolean => {
    sizes.set(url, Math.max(bytes, sizes.get(url) ?? 0));
    return [...sizes.values()].reduce((sum, size) => sum + size, 0) <= maxBytes;
  };

  return {
    async count(url, { signal, onBytes }, download) {
      const stop = new AbortController();
      const onProgress: Progress = (received, total) => {
        if (!spend(url, Math.max(received, total ?? 0))) stop.abort(overspent(maxBytes));
        onBytes?.(received, total);
      };
      try {
        const done = await download({
          signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
          onProgress,
        });
        stop.signal.throwIfAborted();
        return done;
      } catch (error) {
        // What was refused takes no room from the others.
        sizes.delete(url);
        throw stop.signal.aborted ? asStudioError(stop.signal.reason, 'too_large') : error;
      }
    },
  };
}

function overspent(maxBytes: number): StudioError {
  const most = +(maxBytes / 1024 ** 2).toFixed(1);
  return new StudioError('too_large', `The media of this film come to more than ${most} MB of downloads.`, {
    hint: `${most} MB is the most for one film: use smaller files, or make two films of it. The limit is the setting FILM_MAX_DOWNLOAD_MB.`,
  });
}
