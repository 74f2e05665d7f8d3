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
  const count = words.length;
  const best: { cost: number; from: number }[] = [{ cost: 0, from: 0 }];
  for (let end = 1; end <= count; end++) best.push({ cost: Infinity, from: end - 1 });
  for (let from = 0; from < count; from++) {
    const base = best[from]?.cost ?? Infinity;
    let width = 0;
    for (let end = from + 1; end <= count; end++) {
      const last = words[end - 1] as CaptionWord;
      width += last.width + (end === from + 1 || last.joined ? 0 : space);
      if (end > from + 1 && width > 2 * maxWidth) break;
      const part = words.slice(from, end);
      if (end > from + 1 && !splitLines(part, space, maxWidth)) continue;
      const cost = base + cueCost(part, words[end], width / (2 * maxWidth));
      if (cost < (best[end]?.cost ?? Infinity)) best[end] = { cost, from };
    }
  }
  const cues: CaptionWord[][][] = [];
  for (let end = count; end > 0;) {
    const from = best[end]?.from ?? end - 1;
    const part = words.slice(from, end);
    cues.unshift(splitLines(part, space, maxWidth) ?? [part]);
    end = from;
  }
  return cues;
}

const breakCost = { sentence: 0, clause: 0.7, word: 3, nothing: 6 } as const;

function cueCost(part: readonly CaptionWord[], next: CaptionWord | undefined, fullness: number): number {
  const first = part[0] as CaptionWord;
  const last = part.at(-1) as CaptionWord;
  const spoken = last.endMs - first.startMs;
  const shown = Math.max(
    spoken,
    Math.min(next?.startMs ?? Infinity, last.endMs + timing.linger) - first.startMs,
  );
  const characters = last.end - first.start;
  let cost = 2 + 1.5 * (1 - fullness) ** 2;
  cost += breakCost[last.ends];
  if (last.ends === 'word' && /^\P{L}*\p{L}{1,3}$/u.test(last.text)) cost += 0.8;
  if (next && last.ends !== 'sentence')
    cost -= Math.min(2, Math.max(0, next.startMs - last.endMs - 120) / 150);
  if (shown < timing.shortest) cost += 4 * (1 - shown / timing.shortest);
  if (spoken > timing.longest && part.length > 1) cost += 100 + (spoken - timing.longest) / 100;
  // 21 characters a second is the usual ceiling of subtitles for adults.
  cost += Math.max(0, characters / Math.max(shown / 1000, 0.1) - 21) * 0.05;
  if (part.length === 1 && last.ends !== 'sentence') cost += 2;
  part.forEach((unit, index) => {
    const after = part[index + 1];
    if (!after) return;
    // Short sentences ("Yes. No.") may share a cue; longer ones have their own.
    if (unit.ends === 'sentence') cost += spoken < 2500 ? 2.5 : 7;
    cost += Math.max(0, after.startMs - unit.endMs - 500) / 150;
  });
  return cost;
}

/** One line if it fits, else the two evenest; null if two lines do not hold it. */
function splitLines(part: readonly CaptionWord[], space: number, maxWidth: number): CaptionWord[][] | null {
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
    if (upper > maxWidth) break;
    if (lower > maxWidth) continue;
    let cost = Math.abs(upper - lower) / maxWidth + (upper > lower ? 0.05 : 0);
    if (before.ends === 'sentence' || before.ends === 'clause') cost -= 0.3;
    if (before.ends === 'nothing') cost += 0.5;
    if (/^\P{L}*\p{L}{1,2}$/u.test(before.text)) cost += 0.12;
    if (!found || cost < found.cost) found = { at, cost };
  }
  return found && [part.slice(0, found.at), part.slice(found.at)];
}
