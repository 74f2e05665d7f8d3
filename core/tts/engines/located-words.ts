/** Finds the words a service announced in the text it was given: it repeats them, in order. */
import type { SpokenWord } from '../engine.ts';

/** A word as announced: its text, and its time in s from the start of the audio. */
export type AnnouncedWord = { text: string; startS: number; endS: number };

/** Words that cannot be found (numbers written out) are left out; their neighbours share the place. */
export function locateWords(sentence: string, words: readonly AnnouncedWord[]): SpokenWord[] {
  const lower = sentence.toLowerCase();
  let at = 0;
  return words.flatMap(({ text, startS, endS }) => {
    const wanted = text.trim().toLowerCase();
    // Some letters change their length when made small: then positions would not be the sentence's.
    const start =
      lower.length === sentence.length ? lower.indexOf(wanted, at) : sentence.indexOf(text.trim(), at);
    if (wanted === '' || start < 0) return [];
    at = start + wanted.length;
    return [{ charStart: start, charEnd: at, startS, endS: Math.max(startS, endS) }];
  });
}
