/**
 * Captions: cuts the script into cues of at most two lines, timed by the speech.
 * Pure: the caller says how wide a text is. What is shown is the script, word for word.
 */
import type { Mark } from '../tts/types.ts';
import { breakWide, joinPieces, splitPieces, type Piece } from '../drawing/line-breaks.ts';

/** A word as shown, in film time. */
export type Word = {
  text: string;
  /** True if no space stands before it: scripts without spaces, and parts of one very long word. */
  joined?: boolean;
  /** ms of the film */
  startMs: number;
  endMs: number;
};

export type Cue = {
  /** Scene, counted as its narration counts it. */
  scene: number;
  /** ms of the film; whole numbers, `endMs` exclusive. */
  startMs: number;
  endMs: number;
  language: string;
  /** One or two lines of words in reading order. */
  lines: Word[][];
};

export type CaptionedNarration = {
  scene: number;
  text: string;
  language: string;
  /** ms of the film at which the speech begins. */
  startMs: number;
  /** Where words are in the speech, ms from its beginning; may be empty. */
  marks: readonly Mark[];
  /** ms of the film after which no caption of this scene may stand, usually the end of its picture. */
  endMs?: number;
};

export type CueOptions = {
  /** px a line may take */
  maxLineWidth: number;
  /** Width of a text in px, as it will be drawn. */
  measure: (text: string, language: string) => number;
};

/** Rules of broadcast subtitling, softened for short films. All ms. */
const timing = {
  /** Shorter cues flash by. */
  shortest: 800,
  /** Longer ones are read twice. */
  longest: 6000,
  /** A cue may stay this long after its last word. */
  linger: 350,
  /** Gaps up to this are closed: a blink of nothing disturbs more than it tells. */
  closedGap: 450,
  /** Speech without marks: an ordinary speaking rate, ms a character. */
  character: 65,
} as const;

/**
 * Makes the cues of a film, in order, none overlapping another. Each narration's words, in order
 * and complete, are the words of its cues.
 */
export function makeCues(narrations: readonly CaptionedNarration[], options: CueOptions): Cue[] {
  const cues: Cue[] = [];
  for (const narration of [...narrations].sort((a, b) => a.startMs - b.startMs)) {
    const units = timeUnits(narration, options);
    if (units.length === 0) continue;
    for (const lines of cutIntoCues(units, narration.language, options)) {
      const words = lines.map((line) => line.map(toWord));
      const all = words.flat();
      cues.push({
        scene: narration.scene,
        startMs: all[0]?.startMs ?? 0,
        endMs: Math.max(...all.map((word) => word.endMs)),
        language: narration.language,
        lines: words,
      });
    }
  }
  return settleTimes(cues, new Map(narrations.map((narration) => [narration.scene, narration.endMs])));
}

/** The text of a cue, its lines apart. */
export function cueLines(cue: Cue): string[] {
  return cue.lines.map(joinPieces);
}

/** A piece with its times and what breaks well after it. */
type Unit = Piece & {
  startMs: number;
  endMs: number;
  width: number;
  ends: 'sentence' | 'clause' | 'word' | 'nothing';
};

function toWord(unit: Unit): Word {
  const word: Word = { text: unit.text, startMs: Math.round(unit.startMs), endMs: Math.round(unit.endMs) };
  return unit.joined ? { ...word, joined: true } : word;
}

function timeUnits(narration: CaptionedNarration, { maxLineWidth, measure }: CueOptions): Unit[] {
  const { text, language, startMs } = narration;
  const widths = new Map<string, number>();
  const widthOf = (part: string): number => {
    let width = widths.get(part);
    if (width === undefined) widths.set(part, (width = measure(part, language)));
    return width;
  };
  const pieces = splitPieces(text, language).flatMap((piece) =>
    breakWide(piece, (part) => widthOf(part) <= maxLineWidth),
  );
  const sentenceEnds = new Set(
    narration.marks.filter((mark) => mark.kind === 'sentence').map((mark) => mark.charEnd),
  );
  let earliest = 0;
  return spread(pieces, narration).map((time, index, times) => {
    const piece = pieces[index] as Piece;
    const start = Math.max(time.start, earliest);
    // A word ends where the next begins at the latest.
    const end = Math.max(start, Math.min(time.end, Math.max(times[index + 1]?.start ?? Infinity, start)));
    earliest = start;
    const ends = endingOf(piece, pieces[index + 1], sentenceEnds);
    return { ...piece, startMs: startMs + start, endMs: startMs + end, width: widthOf(piece.text), ends };
  });
}

function endingOf(piece: Piece, next: Piece | undefined, sentenceEnds: ReadonlySet<number>): Unit['ends'] {
  if (!next) return 'sentence';
  // Marks know that "Dr." ends no sentence; without them, the punctuation and the next letter say.
  if (sentenceEnds.size > 0) {
    for (const end of sentenceEnds) if (end >= piece.end && end <= next.start) return 'sentence';
  } else if (/[。！？…‼⁇⁈⁉؟۔।]["'»”’」』)\]]*$/u.test(piece.text)) return 'sentence';
  else if (
    /[\p{L}\p{N}\p{Pf}\p{Pe}"'][.!?]+["'»”’)\]]*$/u.test(piece.text) &&
    !/^\P{L}*\p{L}{1,3}\.$/u.test(piece.text)
  ) {
    if (!/^\p{Ll}/u.test(next.text)) return 'sentence';
  }
  if (/[,;:，、；：،؛]["'»”’」』)\]]*$|[–—]$/u.test(piece.text) || /^[–—(«“「『]/u.test(next.text))
    return 'clause';
  return next.joined && !/\p{sc=Han}|\p{sc=Hira}|\p{sc=Kana}|\p{sc=Thai}/u.test(piece.text)
    ? 'nothing'
    : 'word';
}

type Span = { start: number; end: number };

/** When each piece is spoken, ms from the start of the speech: by its marks, between them by its length. */
function spread(pieces: readonly Piece[], narration: CaptionedNarration): Span[] {
  const words = soundMarks(narration.marks, 'word');
  const marks = words.length > 0 ? words : soundMarks(narration.marks, 'sentence');
  if (marks.length === 0) {
    const length = narration.text.length;
    const room = narration.endMs === undefined ? Infinity : Math.max(0, narration.endMs - narration.startMs);
    marks.push({
      charStart: 0,
      charEnd: length,
      startMs: 0,
      endMs: Math.min(room, length * timing.character),
    });
  }
  let first = 0;
  const spans = pieces.map((piece): Span | undefined => {
    while (first < marks.length && (marks[first]?.charEnd ?? 0) <= piece.start) first++;
    let span: Span | undefined;
    for (let index = first; index < marks.length; index++) {
      const mark = marks[index] as SoundMark;
      if (mark.charStart >= piece.end) break;
      span = { start: span?.start ?? timeAt(mark, piece.start), end: timeAt(mark, piece.end) };
    }
    return span;
  });
  return fillGaps(spans, pieces, marks);
}

type SoundMark = Pick<Mark, 'charStart' | 'charEnd' | 'startMs' | 'endMs'>;

/** Marks of one kind in the order of the text, those that say nothing left out. */
function soundMarks(marks: readonly Mark[], kind: Mark['kind']): SoundMark[] {
  return marks
    .filter(
      (mark) =>
        mark.kind === kind &&
        mark.charEnd > mark.charStart &&
        mark.endMs >= mark.startMs &&
        mark.startMs >= 0,
    )
    .sort((a, b) => a.charStart - b.charStart || a.startMs - b.startMs);
}

/** Time of a character inside a mark, as if all its characters took the same time. */
function timeAt(mark: SoundMark, character: number): number {
  const part = (character - mark.charStart) / (mark.charEnd - mark.charStart);
  return mark.startMs + Math.min(1, Math.max(0, part)) * (mark.endMs - mark.startMs);
}

/** Gives what no mark covers (a dash, a word the engine skipped) its share of the time around it. */
function fillGaps(
  spans: (Span | undefined)[],
  pieces: readonly Piece[],
  marks: readonly SoundMark[],
): Span[] {
  const filled: Span[] = [];
  for (let index = 0; index < spans.length;) {
    const known = spans[index];
    if (known) {
      filled.push(known);
      index++;
      continue;
    }
    let end = index;
    while (end < spans.length && !spans[end]) end++;
    const from = filled.at(-1)?.end ?? Math.min(spans[end]?.start ?? 0, marks[0]?.startMs ?? 0);
    const to = Math.max(from, spans[end]?.start ?? from);
    const lengths = pieces.slice(index, end).map((piece) => piece.text.length);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    let at = from;
    for (const length of lengths) {
      const until = at + ((to - from) * length) / total;
      filled.push({ start: at, end: until });
      at = until;
    }
    index = end;
  }
  return filled;
}

/**
 * Cuts one narration where it costs least: every possible cue has a price (too long, too fast, ends
 * in mid-clause, swallows a sentence end), and the cheapest row of cues wins.
 */
function cutIntoCues(units: readonly Unit[], language: string, options: CueOptions): Unit[][][] {
  // Widths add up but for kerning; if a line turns out wider as a whole, cut again with less room.
  for (let room = 1; ; room -= 0.04) {
    const cues = cheapestCues(units, options.measure(' ', language), options.maxLineWidth * room);
    const isTooWide = (line: Unit[]): boolean =>
      line.length > 1 && options.measure(joinPieces(line), language) > options.maxLineWidth;
    if (room < 0.7 || !cues.some((lines) => lines.some(isTooWide))) return cues;
  }
}

function cheapestCues(units: readonly Unit[], space: number, maxWidth: number): Unit[][][] {
  const count = units.length;
  const best: { cost: number; from: number }[] = [{ cost: 0, from: 0 }];
  for (let end = 1; end <= count; end++) best.push({ cost: Infinity, from: end - 1 });
  for (let from = 0; from < count; from++) {
    const base = best[from]?.cost ?? Infinity;
    let width = 0;
    for (let end = from + 1; end <= count; end++) {
      const last = units[end - 1] as Unit;
      width += last.width + (end === from + 1 || last.joined ? 0 : space);
      if (end > from + 1 && width > 2 * maxWidth) break;
      const part = units.slice(from, end);
      if (end > from + 1 && !splitLines(part, space, maxWidth)) continue;
      const cost = base + cueCost(part, units[end], width / (2 * maxWidth));
      if (cost < (best[end]?.cost ?? Infinity)) best[end] = { cost, from };
    }
  }
  const cues: Unit[][][] = [];
  for (let end = count; end > 0;) {
    const from = best[end]?.from ?? end - 1;
    const part = units.slice(from, end);
    cues.unshift(splitLines(part, space, maxWidth) ?? [part]);
    end = from;
  }
  return cues;
}

const breakCost = { sentence: 0, clause: 0.7, word: 3, nothing: 6 } as const;

function cueCost(part: readonly Unit[], next: Unit | undefined, fullness: number): number {
  const first = part[0] as Unit;
  const last = part.at(-1) as Unit;
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
function splitLines(part: readonly Unit[], space: number, maxWidth: number): Unit[][] | null {
  const gap = (unit: Unit): number => (unit.joined ? 0 : space);
  const total = part.reduce((sum, unit, index) => sum + unit.width + (index === 0 ? 0 : gap(unit)), 0);
  if (total <= maxWidth || part.length === 1) return [[...part]];
  let upper = 0;
  let found: { at: number; cost: number } | null = null;
  for (let at = 1; at < part.length; at++) {
    const before = part[at - 1] as Unit;
    const after = part[at] as Unit;
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

/** Lets cues stay long enough to be read, closes small gaps, and keeps each off the next. */
function settleTimes(cues: Cue[], sceneEnds: ReadonlyMap<number, number | undefined>): Cue[] {
  const starts: number[] = [];
  for (const cue of cues) starts.push(Math.max(cue.startMs, (starts.at(-1) ?? -1) + 1));
  return cues.map((cue, index) => {
    const startMs = starts[index] as number;
    const next = starts[index + 1] ?? Infinity;
    const sceneEnd = sceneEnds.get(cue.scene) ?? Infinity;
    let endMs = Math.max(cue.endMs + timing.linger, startMs + timing.shortest);
    if (next - Math.max(cue.endMs, startMs) <= timing.linger + timing.closedGap) endMs = next;
    endMs = Math.min(
      endMs,
      next,
      startMs + timing.longest + (cue.lines.flat().length > 1 ? timing.linger : 0),
    );
    if (sceneEnd > startMs) endMs = Math.min(endMs, Math.round(sceneEnd));
    endMs = Math.max(endMs, startMs + 1);
    const lines = cue.lines.map((line) =>
      line.map((word) => {
        const start = Math.min(Math.max(word.startMs, startMs), endMs);
        return { ...word, startMs: start, endMs: Math.min(Math.max(word.endMs, start), endMs) };
      }),
    );
    return { ...cue, startMs, endMs, lines };
  });
}
