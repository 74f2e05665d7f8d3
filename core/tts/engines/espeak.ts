/** espeak-ng: over a hundred languages, in child processes. */
import { speakInChild } from '../children/pool.ts';
import type { ChildPool } from '../children/pool.ts';
import type { Engine } from '../engine.ts';
import { espeakName } from './espeak-voices.ts';

/** `pool` runs children of the engine `espeak`; it is closed with the engine. */
export function createEspeak(pool: ChildPool, version: string): Engine {
  return {
    name: 'espeak',
    version,
    async synthesize(sentence) {
      const speech = await speakInChild(pool, { ...sentence, voice: espeakName(sentence.voice) });
      return { ...speech, timing: 'engine', warnings: warnings(sentence.text, sentence.language) };
    },
    close: () => pool.close(),
  };
}

function warnings(text: string, language: string): string[] {
  if (!/^ja\b/i.test(language) || !/\p{Script=Han}/u.test(text)) return [];
  return [
    'espeak cannot read kanji: it names them as Chinese letters. Write the narration in kana or choose another engine.',
  ];
}
