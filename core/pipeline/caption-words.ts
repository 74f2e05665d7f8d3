/** Gives each word of a narration its time, by the marks of the speech, and says how well the text breaks after it. */
import type { Mark } from '../tts/types.ts';
import { breakWide, spaceless, splitPieces, type Piece } from '../drawing/line-breaks.ts';

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

/** A piece of the text with its times in the film and what breaks well after it. */
export type CaptionWord = Piece & {
  startMs: number;
  endMs: number;
  /** px */
  width: number;
  /** Whether a break after it reads badly: little words, initials, and what a number belongs to. */
  clings: boolean;
  ends: 'sentence' | 'clause' | 'word' | 'nothing';
};

/** Speech without marks: an ordinary speaking rate, ms a character. */
const characterMs = 65;

/** The words of a narration in order: times never run backwards, and no word is wider than a line. */
export function timedWords(
  narration: CaptionedNarration,
  { maxLineWidth, measure }: CueOptions,
): CaptionWord[] {
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
  // Only an engine that timed the words has looked at the sentences too.
  const known = soundMarks(narration.marks, 'word').length > 0 ? narration.marks : [];
  const sentenceEnds = new Set(known.filter((mark) => mark.kind === 'sentence').map((mark) => mark.charEnd));
  let earliest = 0;
  return spread(pieces, narration).map((time, index, times) => {
    const piece = pieces[index] as Piece;
    const start = Math.max(time.start, earliest);
    // A word ends where the next begins at the latest.
    const end = Math.max(start, Math.min(time.end, Math.max(times[index + 1]?.start ?? Infinity, start)));
    earliest = start;
    const ends = endingOf(piece, pieces[index + 1], sentenceEnds);
    return {
      ...piece,
      startMs: startMs + start,
      endMs: startMs + end,
      width: widthOf(piece.text),
      clings: clingsTo(piece, pieces[index + 1]),
      ends,
    };
  });
}

function clingsTo(piece: Piece, next: Piece | undefined): boolean {
  if (!next || next.joined) return false;
  const isLittle = /^\P{L}*\p{L}{1,3}$/u.test(piece.text);
  const isInitial = /^\p{Lu}\.$/u.test(piece.text) || /^\p{Lu}\.$/u.test(next.text);
  // "Apollo 11", "12 miles", "July 16, 1969"
  const hasNumber = /[\p{L}\p{N}]$|\p{N},$/u.test(piece.text) && /^\p{N}/u.test(next.text);
  return isLittle || isInitial || hasNumber || /^\p{N}+$/u.test(piece.text);
}

function endingOf(
  piece: Piece,
  next: Piece | undefined,
  sentenceEnds: ReadonlySet<number>,
): CaptionWord['ends'] {
  if (!next) return 'sentence';
  const isSentence =
    sentenceEnds.size > 0
      ? [...sentenceEnds].some((end) => end > piece.start && end <= next.start)
      : looksLikeSentenceEnd(piece.text, next.text);
  if (isSentence) return 'sentence';
  // "July 16, 1969" and "3, 2, 1" are no clauses.
  const isCount = /\p{N},$/u.test(piece.text) && /^\p{N}/u.test(next.text);
  if ((clauseEnd.test(piece.text) && !isCount) || /^[–—(«“「『]/u.test(next.text)) return 'clause';
  return next.joined && !spaceless.test(piece.text) ? 'nothing' : 'word';
}

const clauseEnd = /[,;:，、；：،؛]["'»”’」』)\]]*$|[–—]$/u;
const fullStop = /[。！？‼⁇⁈⁉؟۔।]["'»”’」』)\]]*$/u;
const westernStop = /[\p{L}\p{N}\p{Pf}\p{Pe}"'%][.!?…]+["'»”’)\]]*$/u;
/** Abbreviations and initials whose full stop ends no sentence, in the languages most spoken here. */
const abbreviation =
  /^\P{L}*(\p{Lu}|Drs?|Dra|Mrs?|Ms|Mme|Mlle|Sra?|Srta|Sres|St|Sta|Prof|Gen|Col|Capt|Lt|Sgt|Jr|Nr|Núm|Uds?|EE|UU|vs|etc|bzw|ca|Fig|pp?|págs?|approx)\.$/iu;

/** Without an engine that knows: the punctuation, and whether a new sentence could begin after it. */
function looksLikeSentenceEnd(text: string, next: string): boolean {
  if (fullStop.test(text)) return true;
  return westernStop.test(text) && !abbreviation.test(text) && !/^\p{Ll}/u.test(next);
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
      endMs: Math.min(room, length * characterMs),
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
