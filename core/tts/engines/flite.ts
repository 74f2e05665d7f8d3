/** flite: clear English, in child processes. */
import { speakInChild } from '../children/pool.ts';
import type { ChildPool } from '../children/pool.ts';
import type { Engine } from '../engine.ts';
import { originOf } from '../text/mapped-text.ts';
import { writeForFlite } from './flite-text.ts';

/** `pool` runs children of the engine `flite`; it is closed with the engine. */
export function createFlite(pool: ChildPool, version: string): Engine {
  return {
    name: 'flite',
    version,
    async synthesize(sentence) {
      const { text, dropped } = writeForFlite(sentence.text);
      const warnings =
        dropped.length > 0 ? [`flite speaks English only and left out: ${dropped.join(' ')}`] : [];
      if (!/[a-z0-9]/i.test(text.text))
        return { samples: new Int16Array(0), sampleRate: 16_000, words: [], timing: 'engine', warnings };
      const speech = await speakInChild(pool, { ...sentence, text: text.text });
      const words = speech.words.map((word) => {
        const [charStart, charEnd] = originOf(text, word.charStart, word.charEnd);
        return { ...word, charStart, charEnd };
      });
      return { ...speech, words, timing: 'engine', warnings };
    },
    close: () => pool.close(),
  };
}
