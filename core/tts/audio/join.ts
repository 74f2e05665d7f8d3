/** Puts spoken sentences one after another, with pauses of our own between them. */

/** Pauses at speed 1, s: what a narrator leaves after each kind of ending. */
const pauses = { clause: 0.15, sentence: 0.35, ellipsis: 0.5, line: 0.5, paragraph: 0.75 };

/** The pause after a sentence, s. `ending` is the end of its text with the white space after it. */
export function pauseAfter(ending: string, speed: number): number {
  return pauseKind(ending) / speed;
}

function pauseKind(ending: string): number {
  if (/\n\s*\n\s*$/.test(ending)) return pauses.paragraph;
  if (/\n\s*$/.test(ending)) return pauses.line;
  const last = ending.replace(/[\s"')\]」』）]+$/u, '');
  if (last.endsWith('...')) return pauses.ellipsis;
  if (/[.!?。！？।؟۔]$/u.test(last)) return pauses.sentence;
  return /[,;:)—،、，；：]$/u.test(last) ? pauses.clause : pauses.clause / 3;
}

/** One sentence's place in the joined audio, in samples. */
export type Placed = { start: number; length: number };

/**
 * Where each sentence goes, and how long it all is, in samples. `pausesS[i]` follows sentence i but the
 * last; `leadS` and `tailS` are silence that was asked for at both ends.
 */
export function placeSentences(
  lengths: readonly number[],
  pausesS: readonly number[],
  sampleRate: number,
  { leadS = 0, tailS = 0 }: { leadS?: number; tailS?: number } = {},
): { places: Placed[]; length: number } {
  const places: Placed[] = [];
  let at = Math.round(leadS * sampleRate);
  lengths.forEach((length, index) => {
    places.push({ start: at, length });
    const isLast = index === lengths.length - 1;
    // A sentence that made no sound leaves no pause either.
    at += length + (isLast || length === 0 ? 0 : Math.round((pausesS[index] ?? 0) * sampleRate));
  });
  const end = places.reduce(
    (most, place) => Math.max(most, place.length > 0 ? place.start + place.length : 0),
    0,
  );
  return { places, length: end === 0 ? 0 : end + Math.round(tailS * sampleRate) };
}

/** The joined samples; the ends of each part are faded over 2 ms so that none clicks. */
export function joinSamples(
  parts: readonly Int16Array[],
  places: readonly Placed[],
  length: number,
  sampleRate: number,
): Int16Array {
  const joined = new Int16Array(length);
  const fade = Math.round(0.002 * sampleRate);
  parts.forEach((part, index) => {
    const { start } = places[index]!;
    joined.set(part, start);
    for (let step = 0; step < Math.min(fade, part.length >> 1); step++) {
      const first = start + step;
      const last = start + part.length - 1 - step;
      joined[first] = Math.round((joined[first]! * step) / fade);
      joined[last] = Math.round((joined[last]! * step) / fade);
    }
  });
  return joined;
}
