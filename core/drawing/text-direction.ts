/**
 * Right-to-left text: the direction of a line, and the visual order of its words where each is
 * drawn by itself (a lit word). Inside a word, and in whole lines, Skia does the ordering.
 */

export type Direction = 'ltr' | 'rtl';

const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const strong = /\p{L}/u;
const digit = /\p{Nd}/u;
const rightToLeftLanguage = /^(ar|arc|ckb|dv|fa|he|iw|ks|ps|sd|ug|ur|yi)\b/i;

/**
 * The direction a line is read in: right to left only if it has such letters, and then if its
 * language or its first letter says so.
 */
export function directionOf(text: string, language: string): Direction {
  if (!rightToLeft.test(text)) return 'ltr';
  if (rightToLeftLanguage.test(language)) return 'rtl';
  return strongDirection(text) ?? 'ltr';
}

export type PlacedWord = {
  /** Index of the word in its line, in reading order. */
  index: number;
  /** What Skia is to be told, so that punctuation falls on the right side. */
  direction: Direction;
};

/**
 * Words of one line from left to right: the Unicode bidirectional algorithm (UAX #9, rules N1, N2
 * and L2), with words in the place of characters.
 */
export function visualOrder(words: readonly string[], base: Direction): PlacedWord[] {
  const directions = wordDirections(words, base);
  const placed: PlacedWord[] = [];
  for (let first = 0; first < words.length;) {
    let end = first + 1;
    while (end < words.length && directions[end] === directions[first]) end++;
    const direction = directions[first] ?? base;
    const run: PlacedWord[] = [];
    for (let index = first; index < end; index++) {
      const word = words[index] ?? '';
      // Outer punctuation of a foreign run belongs to the line around it.
      const outer =
        (index === first && /^[^\p{L}\p{N}]/u.test(word)) ||
        (index === end - 1 && /[^\p{L}\p{N}\p{M}]$/u.test(word));
      run.push({ index, direction: outer ? base : direction });
    }
    if (direction === 'rtl') run.reverse();
    if (base === 'rtl') placed.unshift(...run);
    else placed.push(...run);
    first = end;
  }
  return placed;
}

/** Numbers follow the letters before them; signs follow their neighbours if those agree, else the line. */
function wordDirections(words: readonly string[], base: Direction): Direction[] {
  const own = words.map(strongDirection);
  let before: Direction = base;
  const known = words.map((word, index) => {
    const direction = own[index] ?? (digit.test(word) ? before : undefined);
    before = direction ?? before;
    return direction;
  });
  return known.map((direction, index) => {
    if (direction) return direction;
    const left = known.slice(0, index).findLast((item) => item !== undefined) ?? base;
    const right = known.slice(index + 1).find((item) => item !== undefined) ?? base;
    return left === right ? left : base;
  });
}

function strongDirection(text: string): Direction | undefined {
  for (const character of text) {
    if (rightToLeft.test(character)) return 'rtl';
    if (strong.test(character)) return 'ltr';
  }
  return undefined;
}
