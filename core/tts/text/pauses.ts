/** Pauses written into a script: `[pause 500ms]`, `[pause 1.5s]`, `[pausa 2 s]`, or plain `[pause]`. */
import { originOf, replace, type MappedText } from './mapped-text.ts';

/** Stands for a pause in the spoken text; a character of private use, which scripts are cleaned of. */
export const pauseSign = '\ue000';

/** What `[pause]` alone means, ms. */
const plainMs = 500;
/** More than this is a scene of its own, ms. */
const longestMs = 10_000;

const written = /\[ *(?:pause|pausa) *:? *(?:(\d{1,6}(?:[.,]\d{1,3})?) *(ms|s) *)?\]/gi;

/** Puts a sign where a pause is written. */
export function markPauses(source: MappedText): MappedText {
  return replace(source, written, pauseSign);
}

/** The text without signs, and without the spaces they would leave behind. */
export function dropPauses(source: MappedText): MappedText {
  return replace(source, / ?\ue000/g, '');
}

/**
 * The pauses of a sentence, ms: those before its first word and those after its last, null where it
 * has none.
 * @param from start of the sentence in `spoken`
 */
export function pausesOf(
  original: string,
  spoken: MappedText,
  { start, end }: { start: number; end: number },
): { beforeMs: number | null; afterMs: number | null } {
  const found: { before: number[]; after: number[] } = { before: [], after: [] };
  let spoke = false;
  for (let at = start; at < end; at++) {
    const unit = spoken.text[at]!;
    if (unit === pauseSign)
      found[spoke ? 'after' : 'before'].push(lengthOf(original.slice(...originOf(spoken, at, at + 1)))); // prettier-ignore
    else if (/[\p{L}\p{N}]/u.test(unit)) spoke = true;
  }
  const sum = (all: number[]): number | null => (all.length === 0 ? null : all.reduce((a, b) => a + b, 0));
  return { beforeMs: sum(found.before), afterMs: sum(found.after) };
}

/** Whether a text written by people ends with a pause. */
export function endsWithPause(text: string): boolean {
  return new RegExp(`(?:${written.source})\\s*$`, 'i').test(text);
}

/** Whether a text written by people begins with a pause. */
export function beginsWithPause(text: string): boolean {
  return new RegExp(`^\\s*(?:${written.source})`, 'i').test(text);
}

function lengthOf(mark: string): number {
  const [, number, unit] = [...mark.matchAll(written)][0] ?? [];
  if (number === undefined) return plainMs;
  return Math.min(longestMs, Number(number.replace(',', '.')) * (unit!.toLowerCase() === 's' ? 1000 : 1));
}
