/** Fits a text of any length into a box: wraps it evenly, and shrinks it where wrapping is not enough. */
import { breakWide, joinPieces, splitPieces, wrapLines, type Piece } from './line-breaks.ts';
import type { FontBook, TextSetting } from './fonts.ts';

export type FittedText = {
  lines: string[];
  /** px */
  size: number;
  /** px between baselines */
  leading: number;
};

export type FitBox = {
  /** px */
  maxWidth: number;
  maxHeight: number;
  /** Lines wanted at most; a text that needs more shrinks, and gets more only when very small. */
  maxLines: number;
  /** px between baselines, as a multiple of the size */
  leading: number;
};

/**
 * Largest size, from the setting's own downwards, at which the text fits. Words are broken only
 * once the text has shrunk to half; line feeds in the text start new lines.
 */
export function fitText(text: string, setting: TextSetting, box: FitBox, fonts: FontBook): FittedText {
  const paragraphs = fonts
    .drawable(text)
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => splitPieces(line, setting.language))
    .filter((pieces) => pieces.length > 0);
  // Widths grow in proportion to the size, so they are measured once.
  const unit = memoized((part) => fonts.width(part, { ...setting, size: 100 }) / 100);
  // No size at which the text covers more than the box can fit: long texts start near their size.
  const total = paragraphs.flat().reduce((sum, piece) => sum + unit(piece.text), 0);
  const largest = Math.sqrt((box.maxWidth * box.maxHeight) / (total * box.leading));
  for (let share = Math.min(1, largest / setting.size); ; share *= 0.94) {
    const size = setting.size * share;
    const last = size < 4;
    const lines = paragraphs.flatMap(
      (pieces) => wrapAt(pieces, size, box.maxWidth, share < 0.5 || last, unit) ?? [''],
    );
    const fits = lines.every((line) => line !== '') && lines.length * box.leading * size <= box.maxHeight;
    if (last || (fits && (lines.length <= box.maxLines || share < 0.5)))
      return { lines, size, leading: box.leading * size };
  }
}

/** Lines at one size; null if a word is too wide and may not be broken. */
function wrapAt(
  pieces: readonly Piece[],
  size: number,
  maxWidth: number,
  breaking: boolean,
  unit: (part: string) => number,
): string[] | null {
  // Joined pieces kern a little; 1 % keeps them inside.
  const room = maxWidth * 0.99;
  const fits = (part: string): boolean => unit(part) * size <= room;
  if (!breaking && pieces.some((piece) => !fits(piece.text))) return null;
  const parts = breaking ? pieces.flatMap((piece) => breakWide(piece, fits)) : pieces;
  const widths = parts.map((part) => unit(part.text) * size);
  return wrapLines(parts, widths, unit(' ') * size, room).map((line) =>
    joinPieces(line.map((index) => parts[index] as Piece)),
  );
}

function memoized(measure: (part: string) => number): (part: string) => number {
  const known = new Map<string, number>();
  return (part) => {
    let width = known.get(part);
    if (width === undefined) known.set(part, (width = measure(part)));
    return width;
  };
}
