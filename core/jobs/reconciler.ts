/** Calls reconcile() at start and then regularly: jobs of dead workers go back to the queue. */
import type { Logger } from '../log.ts';
import { pause } from '../pause.ts';
import type { JobBackend } from './types.ts';

export type Reconciler = { /** Idempotent. */ stop(): Promise<void> };

export function startReconciler(options: { jobs: JobBackend; log: Logger; everyMs: number }): Reconciler {
  const { jobs, log, everyMs } = options;
  const stopping = new AbortController();
  const rounds = (async () => {
    while (!stopping.signal.aborted) {
      try {
        const { requeued, failed, cancelled } = await jobs.reconcile();
        if (requeued.length + failed.length + cancelled.length > 0)
          log.warn({ requeued, failed, cancelled }, 'took back jobs of workers that fell silent');
      } catch (error) {
        log.error({ error: String(error) }, 'reconciling jobs failed');
      }
      await pause(everyMs, stopping.signal);
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await rounds;
    },
  };
}
