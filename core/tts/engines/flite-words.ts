/**
 * Finds the times of words in flite's output. flite tells when each phone of a sentence ends, but
 * not which word it belongs to; spoken one by one, the words tell their phones, and aligning both
 * rows (they differ where neighbours change a sound) gives each word its first and last phone.
 */

/** A phone and when it ends, s from the start of the audio. */
export type Phone = { name: string; endS: number };

const silence = 'pau';

/** Reads what `-psdur` prints: `pau:0.119 hh:0.212 …`. */
export function parseTimedPhones(line: string): Phone[] {
  return Array.from(line.matchAll(/(\S+):(\d+\.\d+)/g), ([, name, end]) => ({
    name: name!,
    endS: Number(end),
  }));
}

/** Reads what `-ps` prints for several utterances: one line of phone names each. */
export function parsePhoneLines(output: string): string[][] {
  return output
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\s+/).filter((name) => name !== '' && name !== silence));
}

/**
 * Start and end in s of each word, null for one without a sound of its own. Alignment by least
 * edit distance (Wagner & Fischer 1974) where vowels stand for vowels more cheaply than for
 * consonants, and silence costs nothing.
 */
export function alignWords(
  phones: readonly Phone[],
  words: readonly (readonly string[])[],
): ([number, number] | null)[] {
  const spoken = phones
    .map((phone, index) => ({ ...phone, startS: phones[index - 1]?.endS ?? 0 }))
    .filter((phone) => phone.name !== silence);
  const expected = words.flatMap((names, word) => names.map((name) => ({ name, word })));
  const owners: (number | null)[] = spoken.map(() => null);
  for (const [at, of] of alignPhones(
    spoken.map(({ name }) => name),
    expected.map(({ name }) => name),
  ))
    owners[at] = expected[of]!.word;
  // A sound without a pair ("Dr." is "drive" alone) goes with the word it adjoins, the one before first.
  const adjoin = (at: number, other: number): boolean =>
    owners[at] === null && spoken[other] !== undefined && touching(spoken[at]!, spoken[other]);
  for (let at = 1; at < spoken.length; at++) if (adjoin(at, at - 1)) owners[at] = owners[at - 1]!;
  for (let at = spoken.length - 2; at >= 0; at--) if (adjoin(at, at + 1)) owners[at] = owners[at + 1]!;
  const times: ([number, number] | null)[] = words.map(() => null);
  spoken.forEach(({ startS, endS }, at) => {
    const word = owners[at] ?? null;
    if (word !== null) times[word] = [times[word]?.[0] ?? startS, endS];
  });
  return times;
}

type Span = { startS: number; endS: number };

/** Whether no silence lies between two neighbours. */
function touching(a: Span, b: Span): boolean {
  return Math.abs(a.endS - b.startS) < 1e-6 || Math.abs(b.endS - a.startS) < 1e-6;
}

/** Pairs [index spoken, index expected] on the cheapest path, in order. */
function alignPhones(spoken: readonly string[], expected: readonly string[]): [number, number][] {
  const width = expected.length + 1;
  const costs = new Float64Array((spoken.length + 1) * width);
  for (let column = 1; column < width; column++) costs[column] = column;
  for (let row = 1; row <= spoken.length; row++) {
    costs[row * width] = row;
    for (let column = 1; column < width; column++) {
      const swap =
        costs[(row - 1) * width + column - 1]! + substitution(spoken[row - 1]!, expected[column - 1]!);
      costs[row * width + column] = Math.min(
        swap,
        costs[(row - 1) * width + column]! + 1,
        costs[row * width + column - 1]! + 1,
      );
    }
  }
  const pairs: [number, number][] = [];
  let row = spoken.length;
  let column = expected.length;
  while (row > 0 && column > 0) {
    const here = costs[row * width + column]!;
    const swap =
      costs[(row - 1) * width + column - 1]! + substitution(spoken[row - 1]!, expected[column - 1]!);
    if (here === swap) pairs.push([--row, --column]);
    else if (here === costs[(row - 1) * width + column]! + 1) row--;
    else column--;
  }
  return pairs.reverse();
}

const isVowel = (name: string): boolean => /^[aeiou]/.test(name);

function substitution(a: string, b: string): number {
  if (a === b) return 0;
  return isVowel(a) === isVowel(b) ? 0.6 : 1.6;
}
