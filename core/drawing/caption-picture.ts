/** Draws captions: whole lines, lines with one word lit, or one large word. */
import type { SKRSContext2D } from '@napi-rs/canvas';
import { around, paintBitmap, type Bitmap, type Bounds } from './bitmap.ts';
import { withAlpha } from './colors.ts';
import type { FontBook } from './fonts.ts';
import { captionLeading, captionSetting, captionSize, captionWidth, safeArea } from './frame-layout.ts';
import { breakWide, joinPieces, wrapLines, type Piece } from './line-breaks.ts';
import type { CaptionOverlay, Frame, ShownWord } from './types.ts';
import { directionOf, visualOrder, type Direction } from './text-direction.ts';
import { paintRuns, runBounds, type TextRun } from './text-runs.ts';

const outlined = { outline: 0.066, shadow: 0.26, shadowStrength: 0.8 };
const boxed = { outline: 0, shadow: 0, shadowStrength: 0 };

export function drawCaption(overlay: CaptionOverlay, frame: Frame, fonts: FontBook): Bitmap {
  const { lines, size } = fitLines(shownLines(overlay, fonts), overlay, frame, fonts);
  const direction = directionOf(joinPieces(lines.flat()), overlay.language);
  const rows = placeRows(lines, size, overlay, frame);
  const runs = rows.flatMap((row) => rowRuns(row, size, direction, overlay, frame, fonts));
  const effects = overlay.background === 'box' ? boxed : outlined;
  const box = overlay.background === 'box' ? boxAround(runs, size, frame, fonts) : null;
  const bounds = around([runBounds(runs, effects, fonts), box].filter((one) => one !== null));
  return paintBitmap(bounds, frame, (context) => {
    if (box) paintBox(context, box, size);
    paintRuns(context, runs, effects, fonts);
  });
}

/** A word with its place in the cue; `lit` words keep it through dropping and re-wrapping. */
type CaptionWord = ShownWord & { lit: boolean };

function shownLines(overlay: CaptionOverlay, fonts: FontBook): CaptionWord[][] {
  let number = 0;
  return overlay.lines
    .map((line) =>
      line.map((word) => ({
        ...word,
        text: fonts.drawable(word.text).replace(/\s+/g, ' ').trim(),
        lit: number++ === overlay.lit,
      })),
    )
    .map((line) => line.filter((word) => word.text !== ''))
    .filter((line) => line.length > 0);
}

/**
 * Cues come wrapped to fit. What does not fit nevertheless (a giant word, another font than was
 * measured with) shrinks a little, then is wrapped anew, then shrinks as far as it must.
 */
function fitLines(
  lines: CaptionWord[][],
  overlay: CaptionOverlay,
  frame: Frame,
  fonts: FontBook,
): { lines: CaptionWord[][]; size: number } {
  const size = captionSize(overlay, frame);
  const room = captionWidth({ ...overlay, style: 'line' }, frame) + 1;
  const widthAt = (text: string, at: number): number =>
    fonts.width(text, captionSetting(at, overlay.language, overlay.font));
  const widest = Math.max(0, ...lines.map((line) => widthAt(joinPieces(line), size)));
  const least = overlay.style === 'word' ? 0.45 : 0.7;
  if (widest * least <= room) return { lines, size: widest > room ? (size * room) / widest : size };
  const area = safeArea(frame);
  const height = (frame.height - area.top - area.bottom) * 0.6;
  const words = lines.flat();
  // No size at which the words cover more than the room can fit.
  const total = words.reduce((sum, word) => sum + widthAt(word.text, size), 0) / size;
  const largest = Math.sqrt((room * height) / (total * captionLeading));
  for (let share = Math.min(least, largest / size); ; share *= 0.9) {
    const smaller = size * share;
    const wrapped = wrapWords(words, (text) => widthAt(text, smaller), room);
    if (wrapped.length * smaller * captionLeading <= height || smaller < 4)
      return { lines: wrapped, size: smaller };
  }
}

function wrapWords(
  words: readonly CaptionWord[],
  width: (text: string) => number,
  room: number,
): CaptionWord[][] {
  const parts = words.flatMap((word) => {
    const piece: Piece = { text: word.text, joined: word.joined ?? false, start: 0, end: word.text.length };
    return breakWide(piece, (text) => width(text) <= room * 0.98).map((part) => ({ ...part, lit: word.lit }));
  });
  const widths = parts.map((part) => width(part.text));
  return wrapLines(parts, widths, width(' '), room * 0.98).map((line) =>
    line.map((index) => parts[index] as (typeof parts)[number]),
  );
}

type Row = { words: CaptionWord[]; baseline: number };

function placeRows(lines: CaptionWord[][], size: number, overlay: CaptionOverlay, frame: Frame): Row[] {
  const area = safeArea(frame);
  const leading = size * captionLeading;
  // Letters reach about 0.8 above the baseline and 0.25 below it; boxes need a little more.
  const inset = overlay.background === 'box' ? size * 0.28 : 0;
  const height = (lines.length - 1) * leading;
  const first = {
    top: area.top + inset + size * 0.85,
    middle: frame.height / 2 - height / 2 + size * 0.3,
    bottom: frame.height - area.bottom - inset - size * 0.27 - height,
  }[overlay.position];
  return lines.map((words, index) => ({ words, baseline: Math.round(first + index * leading) }));
}

/** One run for a plain line; one for each word where a word is lit, so that it stands where the others leave it. */
function rowRuns(
  row: Row,
  size: number,
  base: Direction,
  overlay: CaptionOverlay,
  frame: Frame,
  fonts: FontBook,
): TextRun[] {
  const setting = { ...captionSetting(size, overlay.language, overlay.font), direction: base };
  const y = row.baseline;
  if (overlay.style !== 'karaoke') {
    const text = joinPieces(row.words);
    return [{ text, x: (frame.width - fonts.width(text, setting)) / 2, y, color: overlay.color, setting }];
  }
  const space = fonts.width(' ', setting);
  const placed = visualOrder(
    row.words.map((word) => word.text),
    base,
  ).map(({ index, direction }) => {
    const word = row.words[index] as CaptionWord;
    return { word, setting: { ...setting, direction }, width: fonts.width(word.text, setting), index };
  });
  // The gap belongs to the later of two words, in reading order.
  const gapBetween = (one: number, other: number): number =>
    row.words[Math.max(one, other)]?.joined ? 0 : space;
  const gaps = placed.map((item, at) => (at === 0 ? 0 : gapBetween(item.index, placed[at - 1]?.index ?? 0)));
  const total = placed.reduce((sum, item, at) => sum + item.width + (gaps[at] ?? 0), 0);
  let x = (frame.width - total) / 2;
  return placed.map((item, at) => {
    x += gaps[at] ?? 0;
    const run = {
      text: item.word.text,
      x,
      y,
      color: item.word.lit ? overlay.highlight : overlay.color,
      setting: item.setting,
    };
    x += item.width;
    return run;
  });
}

function boxAround(runs: readonly TextRun[], size: number, frame: Frame, fonts: FontBook): Bounds | null {
  const text = around(
    runs.map(({ text: shown, x, y, setting }) => {
      const extent = fonts.extent(shown, setting);
      // Equal height whatever the letters, unless marks reach beyond it.
      return {
        left: x,
        right: x + extent.width,
        top: y - Math.max(size * 0.82, extent.up),
        bottom: y + Math.max(size * 0.26, extent.down),
      };
    }),
  );
  return (
    text && {
      left: Math.max(0, text.left - size * 0.42),
      right: Math.min(frame.width, text.right + size * 0.42),
      top: Math.max(0, text.top - size * 0.26),
      bottom: Math.min(frame.height, text.bottom + size * 0.24),
    }
  );
}

function paintBox(context: SKRSContext2D, box: Bounds, size: number): void {
  context.fillStyle = withAlpha('#0b0d12', 0.74);
  context.beginPath();
  context.roundRect(box.left, box.top, box.right - box.left, box.bottom - box.top, size * 0.3);
  context.fill();
}
