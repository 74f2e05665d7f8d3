/** Owns the thread words are found in: starts it when needed, ends it when idle, replaces it when it hangs. */
import type { Worker } from 'node:worker_threads';
import { asStudioError, StudioError } from '../../errors.ts';
import { openThread } from '../../program-files.ts';
import type { SpokenWord } from '../engine.ts';
import type { Reference, Sound } from './align-words.ts';
import type { FromThread, ToThread } from './thread.ts';

export type AligningThread = {
  /** @throws {StudioError} speech_failed, timeout, cancelled, not_ready once closed */
  align(reference: Reference, sound: Sound, signal: AbortSignal, timeoutMs: number): Promise<SpokenWord[]>;
  close(): Promise<void>;
};

type Waiting = { resolve: (words: SpokenWord[]) => void; reject: (error: unknown) => void };

/** How long it waits for more before its memory is given back, ms. */
const idleMs = 5000;

export function openAligningThread(): AligningThread {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | null = null;
  let idle: NodeJS.Timeout | undefined;
  let lastId = 0;
  let closed = false;

  function start(): Worker {
    const started = openThread('tts/alignment/thread', { resourceLimits, env: {} });
    started.on('message', (message: FromThread) => {
      const asked = waiting.get(message.id);
      if ('words' in message) asked?.resolve(message.words);
      else asked?.reject(new StudioError('speech_failed', message.fault));
    });
    started.on('error', (error) =>
      lose(started, asStudioError(error, 'speech_failed', 'the aligning thread failed')),
    );
    started.on('exit', () => lose(started, new StudioError('speech_failed', 'the aligning thread ended')));
    return started;
  }

  /** What waits is failed; the next sentence gets a new thread. */
  function lose(lost: Worker, error: StudioError): void {
    if (worker !== lost) return;
    worker = null;
    for (const asked of [...waiting.values()]) asked.reject(error);
  }

  async function end(error: StudioError): Promise<void> {
    clearTimeout(idle);
    const ending = worker;
    if (!ending) return;
    lose(ending, error);
    await ending.terminate();
  }

  function rest(): void {
    if (waiting.size > 0 || !worker) return;
    worker.unref();
    idle = setTimeout(() => void end(new StudioError('speech_failed', 'the aligning thread ended')), idleMs);
    idle.unref();
  }

  return {
    align(reference, sound, signal, timeoutMs) {
      if (signal.aborted) return Promise.reject(asStudioError(signal.reason, 'cancelled'));
      if (closed) return Promise.reject(new StudioError('not_ready', 'Speech is shut down.'));
      const id = ++lastId;
      clearTimeout(idle);
      worker ??= start();
      worker.ref();
      const answered = new Promise<SpokenWord[]>((resolve, reject) => {
        // The thread finishes what it has begun; nobody waits for it.
        const onAbort = (): void => waiting.get(id)?.reject(asStudioError(signal.reason, 'cancelled'));
        const timer = setTimeout(
          () =>
            void end(new StudioError('timeout', `finding its words took longer than ${timeoutMs / 1000} s`)),
          timeoutMs,
        );
        const settled = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          waiting.delete(id);
          rest();
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.set(id, {
          resolve: (words) => (settled(), resolve(words)),
          reject: (error) => (settled(), reject(error as Error)),
        });
      });
      worker.postMessage({ id, reference, sound } satisfies ToThread);
      return answered;
    },
    async close() {
      closed = true;
      await end(new StudioError('not_ready', 'Speech is shut down.'));
    },
  };
}

const resourceLimits = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 256 };
