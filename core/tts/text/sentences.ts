/**
 * Cuts a normalised text into sentences: Unicode's rules (UAX 29, through Intl.Segmenter), then a
 * merge step for what they split wrongly, then a cut of what is too long for one engine call.
 */
import { abbreviationsOf, type Abbreviations } from './abbreviations.ts';
import { hasSpeech } from './normalise.ts';

/** A sentence by UTF-16 offsets, with the white space after it. */
export type Sentence = { start: number; end: number };

/** Longest sentence in UTF-16 units: keeps one engine call to seconds, so that cancelling is quick. */
const longestSentence = 400;

/**
 * The sentences of a text, in order; together they cover it exactly. Each one has something to say,
 * unless the whole text has nothing.
 */
export function segmentSentences(text: string, language: string): Sentence[] {
  if (text === '') return [];
  const abbreviations = abbreviationsOf(language);
  // A pause that was asked for ends a sentence, wherever it stands.
  const parts = Array.from(text.matchAll(/[^\ue000]*(?:\ue000\s*)*/g)).filter(([part]) => part !== '');
  return joinSpeechless(
    text,
    parts.flatMap(({ 0: part, index }) =>
      mergedSentences(part, language, abbreviations)
        .map(({ start, end }) => ({ start: start + index, end: end + index }))
        .flatMap((sentence) => cutLong(text, sentence)),
    ),
  );
}

function mergedSentences(text: string, language: string, abbreviations: Abbreviations): Sentence[] {
  const merged: Sentence[] = [];
  for (const piece of unicodeSentences(text, language)) {
    const last = merged.at(-1);
    if (
      last &&
      belongTogether(text.slice(last.start, last.end), text.slice(piece.start, piece.end), abbreviations)
    )
      last.end = piece.end;
    else merged.push({ ...piece });
  }
  return merged;
}

function unicodeSentences(text: string, language: string): Sentence[] {
  const [locale] = Intl.Segmenter.supportedLocalesOf([language]);
  const segmenter = new Intl.Segmenter(locale ?? 'en', { granularity: 'sentence' });
  return Array.from(segmenter.segment(text), ({ index, segment }) => ({
    start: index,
    end: index + segment.length,
  }));
}

function belongTogether(before: string, after: string, abbreviations: Abbreviations): boolean {
  if (after.trim() === '') return true;
  if (!hasSpeech(before) && !/\n\s*\n\s*$/.test(before)) return true;
  const startsLow = /^[\s"'([¿¡]*\p{Ll}/u.test(after);
  if (/\n\s*$/.test(before)) {
    // A line break inside a sentence is a hard wrap; an empty line never is.
    return startsLow && !/\n\s*\n\s*$/.test(before) && !/[.!?:;]["')\]]*\s*$/.test(before);
  }
  return startsLow || endsInAbbreviation(before, after, abbreviations);
}

function endsInAbbreviation(before: string, after: string, abbreviations: Abbreviations): boolean {
  const last = /(?:^|[\s"'([¿¡-])([^\s"'([¿¡-]+)\.\s*$/u.exec(before)?.[1];
  if (last === undefined) return false;
  const word = last.toLowerCase();
  const numberFollows = /^\s*[\dIVXLC]/.test(after);
  if (abbreviations.leading.has(word)) return true;
  if (abbreviations.beforeNumber.has(word)) return numberFollows;
  if (/^\d{1,3}$/.test(word)) return abbreviations.dottedOrdinals || /^\s*\d+\.\s*$/.test(before);
  // Initials and U.S.: a missed pause is better than one in the middle of a name.
  return /^\p{Lu}$/u.test(last) || /^\p{L}(?:\.\p{L})+$/u.test(last);
}

/** Cuts after a comma or the like, else at white space, else between characters. */
function cutLong(text: string, sentence: Sentence): Sentence[] {
  const parts: Sentence[] = [];
  let { start } = sentence;
  while (sentence.end - start > longestSentence) {
    const window = text.slice(start, start + longestSentence);
    const atClause = lastEnd(window, /[,;:)—，、；：]["']?\s+|[，、；：]/g);
    const atSpace = lastEnd(window, /\s+/g);
    const length =
      atClause > longestSentence / 4 ? atClause : atSpace > 0 ? atSpace : wholeCharacters(window);
    parts.push({ start, end: start + length });
    start += length;
  }
  parts.push({ start, end: sentence.end });
  return parts;
}

function lastEnd(window: string, pattern: RegExp): number {
  let end = 0;
  for (const match of window.matchAll(pattern)) end = match.index + match[0].length;
  return end;
}

/** Length without a surrogate pair or a combining mark cut in two. */
function wholeCharacters(window: string): number {
  const end = /[\ud800-\udbff]$/.test(window) ? window.length - 1 : window.length;
  const clusters = Array.from(
    new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(window.slice(0, end)),
  );
  const last = clusters.at(-1)!.index;
  return last > 0 ? last : end;
}

/** Pieces with nothing to say join the one before them, at the start the one after. */
function joinSpeechless(text: string, sentences: Sentence[]): Sentence[] {
  const joined: Sentence[] = [];
  for (const sentence of sentences) {
    const last = joined.at(-1);
    const speechless = !hasSpeech(text.slice(sentence.start, sentence.end));
    if (last && (speechless || !hasSpeech(text.slice(last.start, last.end)))) last.end = sentence.end;
    else joined.push({ ...sentence });
  }
  return joined;
}
