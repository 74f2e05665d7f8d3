/**
 * Word times where an engine tells none and alignment failed: by length, over the sounding part of the
 * audio.
 */
import type { SpokenWord } from './engine.ts';

/** Punctuation is heard as a pause of about this many letters. */
const pauseLetters = 4;

/** One word for each white-space token, from the start of the sound to its end. */
export function estimateWords(text: string, durationS: number): SpokenWord[] {
  const tokens = Array.from(text.matchAll(/\S+/gu), (match) => ({ start: match.index, text: match[0] }));
  const weights = tokens.map((token) => [lettersOf(token.text), pauseAfterToken(token.text)] as const);
  // The last pause lies behind the sound.
  const total = weights.reduce((sum, [letters, rest], index) => sum + letters + (index < weights.length - 1 ? rest : 0), 0); // prettier-ignore
  let at = 0;
  return tokens.map((token, index) => {
    const [letters, rest] = weights[index]!;
    const startS = (at / Math.max(1, total)) * durationS;
    const endS = ((at + letters) / Math.max(1, total)) * durationS;
    at += letters + rest;
    return {
      charStart: token.start,
      charEnd: token.start + token.text.length,
      startS,
      endS: Math.min(durationS, endS),
    };
  });
}

/** Digits are said as words: three letters each is about right. */
function lettersOf(token: string): number {
  const digits = token.match(/\p{N}/gu)?.length ?? 0;
  const letters = token.match(/[\p{L}\p{Sc}%&@+=]/gu)?.length ?? 0;
  // One more for the gap and the attack that every word has.
  return letters + digits * 3 + 1;
}

function pauseAfterToken(token: string): number {
  return /[,;:.!?…—]["')\]]*$/u.test(token) ? pauseLetters : 0;
}
