/** Text to espeak and word times from it: escaping, and the way back from its positions. */
import type { EspeakEvent } from '@echogarden/espeak-ng-emscripten';
import type { SpokenWord } from '../engine.ts';

export type EscapedText = {
  text: string;
  /** For each code point of `text`, its UTF-16 offset in the sentence; one more for the end. */
  offsets: number[];
};

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * espeak reads its text as markup, and `[[` as the start of phoneme codes. Positions it answers
 * are code points of what it was given. Emphasis is markup of ours.
 */
export function escapeForEspeak(
  sentence: string,
  emphasis: readonly (readonly [number, number])[] = [],
): EscapedText {
  let text = '';
  const offsets: number[] = [];
  let at = 0;
  const put = (given: string): void => {
    text += given;
    for (const _ of given) offsets.push(at);
  };
  for (const character of sentence) {
    if (emphasis.some(([, end]) => end === at)) put('</emphasis>');
    if (emphasis.some(([start]) => start === at)) put('<emphasis level="strong">');
    const given = entities[character] ?? (character === '[' || character === ']' ? ' ' : character);
    put(given);
    at += character.length;
  }
  if (emphasis.some(([, end]) => end === at)) put('</emphasis>');
  offsets.push(at);
  return { text, offsets };
}

/**
 * The words espeak announced. One lasts until its last sound: the pause phonemes after it are not
 * part of it. A word that is only announced (quotes, an unspoken sign) is left out.
 */
export function wordsFromEvents(
  events: readonly EspeakEvent[],
  escaped: EscapedText,
  durationS: number,
): SpokenWord[] {
  const words: SpokenWord[] = [];
  let sounding = false;
  const close = (atS: number): void => {
    if (sounding) words.at(-1)!.endS = Math.max(words.at(-1)!.startS, Math.min(atS, durationS));
    sounding = false;
  };
  let announced: SpokenWord | null = null;
  for (const event of events) {
    const atS = event.audio_position / 1000;
    if (event.type === 'word') {
      close(atS);
      announced = { ...place(event, escaped), startS: Math.min(atS, durationS), endS: durationS };
    } else if (event.type === 'phoneme') {
      if (event.id === '') close(atS);
      else if (announced) {
        words.push(announced);
        announced = null;
        sounding = true;
      } else if (words.length > 0) sounding = true;
    } else if (event.type === 'end') close(atS);
  }
  close(durationS);
  return words;
}

function place(event: EspeakEvent, { offsets }: EscapedText): { charStart: number; charEnd: number } {
  const last = offsets.length - 1;
  const first = Math.min(Math.max(0, event.text_position - 1), last);
  const end = Math.min(first + Math.max(1, event.word_length), last);
  return { charStart: offsets[first]!, charEnd: Math.max(offsets[first]!, offsets[end]!) };
}
