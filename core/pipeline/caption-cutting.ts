/** Cuts the words of a narration into cues of one or two lines: where sentences, clauses and pauses end. */
import { joinPieces } from '../drawing/line-breaks.ts';
import { captionTiming as timing } from './caption-timing.ts';
import type { CaptionWord, CueOptions } from './caption-words.ts';

/**
 * Cuts one narration where it costs least: every possible cue has a price (too long, too fast, ends
 * in mid-clause, swallows a sentence end), and the cheapest row of cues wins.
 */
export function cutIntoCues(
  words: readonly CaptionWord[],
  language: string,
  options: CueOptions,
): CaptionWord[][][] {
  // Widths add up but for kerning; if a line turns out wider as a whole, cut again with less room.
  for (let room = 1; ; room -= 0.04) {
    const cues = cheapestCues(words, options.measure(' ', language), options.maxLineWidth * room);
    const isTooWide = (line: CaptionWord[]): boolean =>
      line.length > 1 && options.measure(joinPieces(line), language) > options.maxLineWidth;
    if (room < 0.7 || !cues.some((lines) => lines.some(isTooWide))) return cues;
  }
}

function cheapestCues(words: readonly CaptionWord[], space: number, maxWidth: number): CaptionWord[][][] {
  const best: { cost: number; from: number }[] = [{ cost: 0, from: 0 }];
  for (let end = 1; end <= words.length; end++) best.push({ cost: Infinity, from: end - 1 });
  for (let from = 0; from < words.length; from++) {
    const before = best[from]?.cost ?? Infinity;
    for (const { end, cost } of possibleCues(words, from, space, maxWidth)) {
      if (before + cost < (best[end]?.cost ?? Infinity)) best[end] = { cost: before + cost, from };
    }
  }
  const cues: CaptionWord[][][] = [];
  for (let end = words.length; end > 0;) {
    const from = best[end]?.from ?? end - 1;
    cues.unshift(splitLines(words.slice(from, end), space, maxWidth));
    end = from;
  }
  return cues;
}

/** The cues that may begin at `from`, each a word longer than the last, with their prices. */
function* possibleCues(
  words: readonly CaptionWord[],
  from: number,
  space: number,
  maxWidth: number,
): Generator<{ end: number; cost: number }> {
  const first = words[from] as CaptionWord;
  const inner = { pauses: 0, sentences: 0 };
  // The fullest upper line leaves the most room below: if that does not fit, no split does.
  let upper = 0;
  let lower = -1;
  for (let end = from + 1; end <= words.length; end++) {
    const last = words[end - 1] as CaptionWord;
    const gap = last.joined || end === from + 1 ? 0 : space;
    if (lower < 0 && (end === from + 1 || upper + gap + last.width <= maxWidth)) upper += gap + last.width;
    else lower = lower < 0 ? last.width : lower + gap + last.width;
    if (lower > maxWidth || (end > from + 1 && last.endMs - first.startMs > 3 * timing.longest)) return;
    const previous = words[end - 2];
    if (previous && end > from + 1) {
      inner.pauses += Math.max(0, last.startMs - previous.endMs - 500);
      if (previous.ends === 'sentence') inner.sentences++;
    }
    const fullness = (upper + Math.max(0, lower)) / (2 * maxWidth);
    yield { end, cost: cueCost(first, last, words[end], inner, fullness) };
  }
}

const breakCost = { sentence: 0, clause: 0.7, word: 3, nothing: 6 } as const;

/** What speaks against a cue from `first` to `last`, before the word `next`; the unit is "a slight flaw". */
function cueCost(
  first: CaptionWord,
  last: CaptionWord,
  next: CaptionWord | undefined,
  inner: { pauses: number; sentences: number },
  fullness: number,
): number {
  const spoken = last.endMs - first.startMs;
  const shown = Math.max(
    spoken,
    Math.min(next?.startMs ?? Infinity, last.endMs + timing.linger) - first.startMs,
  );
  let cost = 2 + 1.5 * (1 - fullness) ** 2 + breakCost[last.ends];
  if (last.clings && last.ends !== 'sentence') cost += 1.2;
  if (last.ends !== 'sentence' && last === first) cost += 2;
  if (next && last.ends !== 'sentence')
    cost -= Math.min(2, Math.max(0, next.startMs - last.endMs - 120) / 150);
  if (shown < timing.shortest) cost += 4 * (1 - shown / timing.shortest);
  if (spoken > timing.longest && last !== first) cost += 100 + (spoken - timing.longest) / 100;
  // 21 characters a second is the usual ceiling of subtitles for adults.
  cost += Math.max(0, (last.end - first.start) / Math.max(shown / 1000, 0.1) - 21) * 0.05;
  // Short sentences ("Yes. No.") may share a cue; longer ones have their own.
  cost += inner.sentences * (spoken < 1800 ? 2.5 : 7) + inner.pauses / 150;
  return cost;
}

/** One line if it fits, else the two evenest. */
function splitLines(part: readonly CaptionWord[], space: number, maxWidth: number): CaptionWord[][] {
  const gap = (unit: CaptionWord): number => (unit.joined ? 0 : space);
  const total = part.reduce((sum, unit, index) => sum + unit.width + (index === 0 ? 0 : gap(unit)), 0);
  if (total <= maxWidth || part.length === 1) return [[...part]];
  let upper = 0;
  let found: { at: number; cost: number } | null = null;
  for (let at = 1; at < part.length; at++) {
    const before = part[at - 1] as CaptionWord;
    const after = part[at] as CaptionWord;
    upper += before.width + (at === 1 ? 0 : gap(before));
    const lower = total - upper - gap(after);
    if (upper > maxWidth && at > 1) break;
    if (lower > maxWidth) continue;
    let cost = Math.abs(upper - lower) / maxWidth + (upper > lower ? 0.05 : 0);
    if (before.ends === 'sentence' || before.ends === 'clause') cost -= 0.3;
    if (before.ends === 'nothing') cost += 0.5;
    if (before.clings) cost += 0.25;
    if (!found || cost < found.cost) found = { at, cost };
  }
  return found ? [part.slice(0, found.at), part.slice(found.at)] : [[...part]];
}
