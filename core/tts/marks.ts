/**
 * Marks: where each sentence and each word of the script is in the audio. Captions show the script,
 * so a word is a white-space token of the original text, whatever the engine made of it.
 */
import type { SpokenWord } from './engine.ts';
import { originOf, type MappedText } from './text/mapped-text.ts';
import type { NormalisedText } from './text/normalise.ts';
import type { Sentence } from './text/sentences.ts';
import type { Mark } from './types.ts';

/** A spoken sentence: its place in the normalised text and in the joined audio. */
export type SpokenSentence = Sentence & {
  /** s from the start of the audio. */
  startS: number;
  endS: number;
  /** As the engine said them: characters and seconds count from the start of the sentence. */
  words: SpokenWord[];
};

type Token = {
  charStart: number;
  charEnd: number;
  text: string;
  sentence: number;
  startS: number;
  endS: number;
  known: boolean;
};

/**
 * Sentence and word marks in the order they are heard. Every white-space token of the original with
 * a letter or digit left after markup is taken away gets one word mark; together they never go back
 * or overlap, and all lie within the audio.
 */
export function makeMarks(
  original: string,
  text: NormalisedText,
  sentences: readonly SpokenSentence[],
): Mark[] {
  if (sentences.length === 0) return [];
  const tokens = wordTokens(original, text, sentences);
  placeSpoken(tokens, text.spoken, sentences);
  sentences.forEach((sentence, index) =>
    placeSkipped(
      tokens.filter((token) => token.sentence === index),
      sentence,
    ),
  );
  keepOrder(tokens, sentences.at(-1)!.endS);
  return sentences.flatMap((sentence, index) => [
    ...sentenceMark(original, text, sentence),
    ...tokens.filter((token) => token.sentence === index).map(wordMark),
  ]);
}

function sentenceMark(original: string, text: NormalisedText, sentence: SpokenSentence): Mark[] {
  const [from, to] = originOf(text.spoken, sentence.start, sentence.end);
  const inside = original.slice(from, to);
  const charStart = from + (inside.length - inside.trimStart().length);
  const charEnd = Math.max(charStart, from + inside.trimEnd().length);
  if (charEnd === charStart || sentence.endS <= sentence.startS) return [];
  const shown = displayed(text.display, charStart, charEnd).replace(/\s+/g, ' ').trim();
  return [
    {
      kind: 'sentence',
      text: shown,
      charStart,
      charEnd,
      startMs: sentence.startS * 1000,
      endMs: sentence.endS * 1000,
    },
  ];
}

function wordMark({ text, charStart, charEnd, startS, endS }: Token): Mark {
  return { kind: 'word', text, charStart, charEnd, startMs: startS * 1000, endMs: endS * 1000 };
}

function wordTokens(original: string, text: NormalisedText, sentences: readonly SpokenSentence[]): Token[] {
  const ends = sentences.map((sentence) => originOf(text.spoken, sentence.start, sentence.end)[1]);
  let sentence = 0;
  return Array.from(original.matchAll(/\S+/gu)).flatMap((match) => {
    const charStart = match.index;
    const charEnd = charStart + match[0].length;
    const shown = displayed(text.display, charStart, charEnd).trim();
    if (!/[\p{L}\p{N}]/u.test(shown)) return [];
    while (sentence < ends.length - 1 && charStart >= ends[sentence]!) sentence++;
    return [{ charStart, charEnd, text: shown, sentence, startS: 0, endS: 0, known: false }];
  });
}

/** What is shown of a range of the original: the display text that comes from it. */
function displayed(display: MappedText, charStart: number, charEnd: number): string {
  const first = firstAtLeast(display.starts, charStart);
  return display.text.slice(first, Math.max(first, firstAtLeast(display.starts, charEnd)));
}

/** Gives tokens the times of the engine's words that begin in them. */
function placeSpoken(tokens: Token[], spoken: MappedText, sentences: readonly SpokenSentence[]): void {
  const starts = tokens.map((token) => token.charStart);
  for (const sentence of sentences) {
    for (const word of sentence.words) {
      const [from, to] = originOf(
        spoken,
        sentence.start + word.charStart,
        sentence.start + Math.max(word.charEnd, word.charStart + 1),
      );
      // The last token that begins at or before the word; a word on a mark between tokens is the next one's.
      let index = Math.max(0, firstAtLeast(starts, from + 1) - 1);
      const next = tokens[index + 1];
      if (next && tokens[index]!.charEnd <= from && next.charStart < to) index++;
      const token = tokens[index];
      if (!token || token.charEnd <= from || token.charStart >= to) continue;
      const startS = sentence.startS + word.startS;
      const endS = sentence.startS + Math.max(word.startS, word.endS);
      if (!token.known) Object.assign(token, { startS, endS, known: true });
      else {
        token.startS = Math.min(token.startS, startS);
        token.endS = Math.max(token.endS, endS);
      }
    }
  }
}

/** Shortest gap, s a token, that words without a time of their own are put in. */
const leastGapS = 0.08;

/**
 * Gives tokens the engine announced no word for an estimated place: the gap they lie in if it is
 * wide enough, else a share by length of the word before (engines merge "of the"), else of the one
 * after.
 */
function placeSkipped(tokens: Token[], sentence: SpokenSentence): void {
  for (let index = 0; index < tokens.length;) {
    if (tokens[index]!.known) {
      index++;
      continue;
    }
    let end = index;
    while (end < tokens.length && !tokens[end]!.known) end++;
    const skipped = tokens.slice(index, end);
    const before = tokens[index - 1];
    const after = tokens[end];
    const from = before ? before.endS : sentence.startS;
    const to = after ? after.startS : sentence.endS;
    if (to - from >= leastGapS * skipped.length || (!before && !after)) share(skipped, from, to);
    else if (before) share([before, ...skipped], before.startS, before.endS);
    else share([...skipped, after!], Math.min(from, after!.startS), after!.endS);
    index = end;
  }
}

function share(tokens: Token[], from: number, to: number): void {
  const total = tokens.reduce((sum, token) => sum + token.text.length, 0);
  let at = from;
  for (const token of tokens) {
    token.startS = at;
    at += ((to - from) * token.text.length) / total;
    token.endS = at;
    token.known = true;
  }
}

/** Rounding and odd engine positions must not make words overlap or go back. */
function keepOrder(tokens: Token[], durationS: number): void {
  let done = 0;
  for (const token of tokens) {
    token.startS = Math.min(Math.max(token.startS, done), durationS);
    token.endS = Math.min(Math.max(token.endS, token.startS), durationS);
    done = token.endS;
  }
}

/** Index of the first value at or above `least` in a list that never falls. */
function firstAtLeast(values: readonly number[], least: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
