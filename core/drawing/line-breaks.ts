/**
 * Where a text may be broken into lines: at white space; inside scripts written without spaces
 * between words, never before closing or after opening punctuation; and anywhere between
 * characters when one word alone is too wide.
 */

/** A part of a text that stays on one line. Offsets are UTF-16 positions in the text. */
export type Piece = {
  text: string;
  /** True if no space stands between this piece and the one before it. */
  joined: boolean;
  start: number;
  end: number;
};

/** Scripts that put no spaces between words. */
export const spaceless =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;
/** No line begins with these (JIS X 4051 "kinsoku", in its common part). */
const notFirst =
  /^[\p{Pe}\p{Pf}\p{M}\u200d、。，．・：；？！‥…ー々〻ゝゞヽヾぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ,.!?;:%"'’”]/u;
/** No line ends with these. */
const notLast = /[\p{Ps}\p{Pi}\p{Sc}]$/u;
/** No-break spaces hold their neighbours together: "12 km" stays whole. */
const space = /[^\S\u00a0\u2007\u202f]+/u;

/** Splits a text into the pieces lines are made of. Their texts, with spaces where not joined, are the text. */
export function splitPieces(text: string, language: string): Piece[] {
  const pieces: Piece[] = [];
  const spaces = new RegExp(space.source, 'gu');
  let from = 0;
  const add = (to: number): void => {
    const token = text.slice(from, to);
    if (token.trim() === '') return;
    if (spaceless.test(token)) pieces.push(...splitSpaceless(token, from, language));
    else pieces.push({ text: token, joined: false, start: from, end: to });
  };
  for (const match of text.matchAll(spaces)) {
    add(match.index);
    from = match.index + match[0].length;
  }
  add(text.length);
  return pieces;
}

/** Words of a token without spaces, with punctuation kept on the right side of each break. */
function splitSpaceless(token: string, offset: number, language: string): Piece[] {
  const pieces: Piece[] = [];
  for (const { segment, index } of segmenter(language, 'word').segment(token)) {
    const last = pieces.at(-1);
    if (last && (notFirst.test(segment) || notLast.test(last.text))) {
      last.text += segment;
      last.end += segment.length;
    } else {
      const start = offset + index;
      pieces.push({ text: segment, joined: pieces.length > 0, start, end: start + segment.length });
    }
  }
  return pieces;
}

/**
 * Breaks a piece that `fits` refuses into the longest parts it takes, after a hyphen or slash where
 * one stands near the end of a part. A single character that does not fit stays as it is.
 */
export function breakWide(piece: Piece, fits: (text: string) => boolean): Piece[] {
  if (fits(piece.text)) return [piece];
  const characters = [...segmenter('en', 'grapheme').segment(piece.text)].map((part) => part.segment);
  const parts: Piece[] = [];
  let first = 0;
  let start = piece.start;
  while (first < characters.length) {
    let last = longestFit(characters, first, fits);
    if (last < characters.length) last = niceBreak(characters, first, last);
    const text = characters.slice(first, last).join('');
    parts.push({ text, joined: parts.length > 0 || piece.joined, start, end: start + text.length });
    start += text.length;
    first = last;
  }
  return parts;
}

/** Index after the last character that still fits when starting at `first`; at least one. */
function longestFit(characters: string[], first: number, fits: (text: string) => boolean): number {
  let good = first + 1;
  let step = 1;
  while (good + step <= characters.length && fits(characters.slice(first, good + step).join(''))) {
    good += step;
    step *= 2;
  }
  for (; step >= 1; step = Math.floor(step / 2)) {
    if (good + step <= characters.length && fits(characters.slice(first, good + step).join(''))) good += step;
  }
  return good;
}

function niceBreak(characters: string[], first: number, last: number): number {
  for (let at = last; at > first + (last - first) * 0.6; at--) {
    if (/[-/_.?&=–—]$/.test(characters[at - 1] ?? '')) return at;
  }
  return last;
}

/**
 * Wraps pieces into as few lines as possible and of nearly equal width.
 * @param widths px of each piece, in the same order
 * @returns for each line the indices of its pieces
 */
export function wrapLines(
  pieces: readonly Piece[],
  widths: readonly number[],
  spaceWidth: number,
  maxWidth: number,
): number[][] {
  const wanted = fillLines(pieces, widths, spaceWidth, maxWidth);
  if (wanted.length < 2) return wanted;
  let narrow = 0;
  let wide = maxWidth;
  // The narrowest width with as few lines makes them even; ten halvings reach 0.1 %.
  for (let step = 0; step < 10; step++) {
    const middle = (narrow + wide) / 2;
    if (fillLines(pieces, widths, spaceWidth, middle).length > wanted.length) narrow = middle;
    else wide = middle;
  }
  return fillLines(pieces, widths, spaceWidth, wide);
}

/** Fills line after line as full as it gets; the indices of the pieces of each. */
export function fillLines(
  pieces: readonly Piece[],
  widths: readonly number[],
  spaceWidth: number,
  maxWidth: number,
): number[][] {
  const lines: number[][] = [];
  let used = 0;
  pieces.forEach((piece, index) => {
    const width = widths[index] ?? 0;
    const line = lines.at(-1);
    const after = used + (piece.joined ? 0 : spaceWidth) + width;
    if (line && after <= maxWidth) {
      line.push(index);
      used = after;
    } else {
      lines.push([index]);
      used = width;
    }
  });
  return lines;
}

/** The text of pieces or words in a row: a space before each that is not joined to the one before. */
export function joinPieces(pieces: readonly { text: string; joined?: boolean | undefined }[]): string {
  return pieces.map((piece, index) => (index === 0 || piece.joined ? '' : ' ') + piece.text).join('');
}

const segmenters = new Map<string, Intl.Segmenter>();

/** Segmenters are slow to make and hold no state between texts. */
function segmenter(language: string, granularity: 'word' | 'grapheme'): Intl.Segmenter {
  const key = `${granularity} ${language}`;
  let made = segmenters.get(key);
  if (!made) segmenters.set(key, (made = new Intl.Segmenter(language, { granularity })));
  return made;
}
