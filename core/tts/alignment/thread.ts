/** The thread words are found in, so that a tenth of a second of arithmetic a sentence blocks nobody. */
import { parentPort } from 'node:worker_threads';
import type { SpokenWord } from '../engine.ts';
import { alignWords, type Reference, type Sound } from './align-words.ts';

export type ToThread = { id: number; reference: Reference; sound: Sound };
export type FromThread = { id: number } & ({ words: SpokenWord[] } | { fault: string });

const port = parentPort!;
port.on('message', ({ id, reference, sound }: ToThread) => {
  try {
    port.postMessage({ id, words: alignWords(reference, sound) } satisfies FromThread);
  } catch (error) {
    port.postMessage({
      id,
      fault: error instanceof Error ? error.message : String(error),
    } satisfies FromThread);
  }
});
