/** The storyboard on one page: a picture of each scene with its number, length, heading and first words. */
import { createCanvas, ImageData, type Canvas, type SKRSContext2D } from '@napi-rs/canvas';
import type { FontBook, FontWeight } from './fonts.ts';
import { breakWide, fillLines, joinPieces, splitPieces, type Piece } from './line-breaks.ts';
import { sheetWords } from './sheet-words.ts';
import { layOutSheet, type SheetCell, type SheetInput, type SheetLayout } from './sheet-layout.ts';
import { directionOf } from './text-direction.ts';

export type { SheetCell, SheetInput } from './sheet-layout.ts';

const colors = {
  ground: '#12151c',
  card: '#1c212c',
  title: '#f4f6fa',
  text: '#b4bccb',
  faint: '#7d8798',
  accent: '#ffb703',
};

/**
 * Draws the sheet as a PNG file, at most 4096 px a side. The more scenes, the more columns and the
 * smaller the cells.
 */
export function drawSheet(input: SheetInput, fonts: FontBook): Buffer {
  const layout = layOutSheet(input);
  const canvas = createCanvas(layout.width, layout.height);
  const context = canvas.getContext('2d');
  context.fillStyle = colors.ground;
  context.fillRect(0, 0, layout.width, layout.height);
  const pen: Pen = {
    context,
    fonts,
    language: input.language ?? 'en',
    unit: layout.unit,
    scratch: { canvas: createCanvas(1, 1), pixels: new ImageData(1, 1) },
  };
  drawHeader(pen, input, layout);
  input.cells.forEach((cell, index) => {
    const x = layout.margin + (index % layout.columns) * (layout.cellWidth + layout.gap);
    const y = layout.headerHeight + Math.floor(index / layout.columns) * (layout.cellHeight + layout.gap);
    drawCell(pen, cell, layout, Math.round(x), Math.round(y));
  });
  return canvas.toBuffer('image/png');
}

type Scratch = { canvas: Canvas; pixels: ImageData };
type Pen = { scratch: Scratch; context: SKRSContext2D; fonts: FontBook; language: string; unit: number };

function drawHeader(pen: Pen, input: SheetInput, layout: SheetLayout): void {
  const { unit } = pen;
  const { scenes } = sheetWords(pen.language);
  const facts = `${scenes(input.cells.length)} · ${lengthText(input.durationS, pen.language)}`;
  const room = layout.width - layout.margin * 2;
  if (input.title !== undefined) {
    write(pen, input.title, {
      x: layout.margin,
      y: 50 * unit,
      width: room,
      size: 30 * unit,
      weight: 700,
      color: colors.title,
    });
    write(pen, facts, {
      x: layout.margin,
      y: 82 * unit,
      width: room,
      size: 17 * unit,
      weight: 400,
      color: colors.text,
    });
  } else {
    write(pen, facts, {
      x: layout.margin,
      y: 68 * unit,
      width: room,
      size: 24 * unit,
      weight: 600,
      color: colors.title,
    });
  }
}

function drawCell(pen: Pen, cell: SheetCell, layout: SheetLayout, x: number, y: number): void {
  const { context, unit } = pen;
  const { cellWidth, pictureHeight, cellHeight } = layout;
  context.save();
  context.beginPath();
  context.roundRect(x, y, cellWidth, cellHeight, 10 * unit);
  context.clip();
  context.fillStyle = colors.card;
  context.fillRect(x, y, cellWidth, cellHeight);
  drawPicture(pen, cell.picture, x, y, cellWidth, pictureHeight);
  drawChip(pen, String(cell.number), x + 8 * unit, y + 8 * unit, 'left', colors.accent, '#14171e');
  const length = lengthText(cell.durationS, pen.language);
  drawChip(
    pen,
    length,
    x + cellWidth - 8 * unit,
    y + pictureHeight - 34 * unit,
    'right',
    'rgba(10,12,16,0.78)',
    colors.title,
  );
  if (cell.transition !== undefined && cellWidth > 170 * unit) {
    drawChip(
      pen,
      sheetWords(pen.language).transitions[cell.transition] ?? cell.transition,
      x + cellWidth - 8 * unit,
      y + 8 * unit,
      'right',
      'rgba(10,12,16,0.78)',
      colors.text,
    );
  }
  drawWords(pen, cell, x + 14 * unit, y + pictureHeight, cellWidth - 28 * unit);
  context.restore();
}

/** The heading and a line or two of narration; three lines in all. */
function drawWords(pen: Pen, cell: SheetCell, x: number, top: number, width: number): void {
  const { unit } = pen;
  const heading = cell.heading?.trim();
  const base = { x, width, size: 16 * unit };
  if (heading) write(pen, heading, { ...base, y: top + 26 * unit, weight: 700, color: colors.title });
  const lines = heading ? 2 : 3;
  const text = cell.text?.trim() || (heading ? '' : 'No narration');
  const color = cell.text?.trim() ? colors.text : colors.faint;
  shortened(pen, text, width, base.size, lines).forEach((line, index) => {
    write(pen, line, {
      ...base,
      y: top + (26 + (index + (heading ? 1 : 0)) * 26) * unit,
      weight: 400,
      color,
    });
  });
}

function drawPicture(
  pen: Pen,
  picture: SheetCell['picture'],
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  const { context, scratch } = pen;
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  // Scaled in both directions alike and centred; cells have the shape of the first picture.
  const scale = Math.max(width / picture.width, height / picture.height);
  const [shownWidth, shownHeight] = [width / scale, height / scale];
  const [left, top] = [(picture.width - shownWidth) / 2, (picture.height - shownHeight) / 2];
  context.drawImage(onScratch(scratch, picture), left, top, shownWidth, shownHeight, x, y, width, height);
}

/** Puts a picture on the one canvas all cells share: 300 canvases would be freed only after the sheet is done. */
function onScratch(scratch: Scratch, picture: SheetCell['picture']): Canvas {
  const { rgb, width, height } = picture;
  if (scratch.canvas.width !== width || scratch.canvas.height !== height) {
    scratch.canvas.width = width;
    scratch.canvas.height = height;
    scratch.pixels = new ImageData(width, height);
  }
  const { data } = scratch.pixels;
  for (let from = 0, to = 0; to < data.length;) {
    data[to++] = rgb[from++] as number;
    data[to++] = rgb[from++] as number;
    data[to++] = rgb[from++] as number;
    data[to++] = 255;
  }
  scratch.canvas.getContext('2d').putImageData(scratch.pixels, 0, 0);
  return scratch.canvas;
}

function drawChip(
  pen: Pen,
  text: string,
  x: number,
  y: number,
  side: 'left' | 'right',
  ground: string,
  color: string,
): void {
  const { context, fonts, unit } = pen;
  const setting = { size: 15 * unit, weight: 700, language: pen.language } as const;
  const shown = fonts.drawable(text);
  const width = Math.max(26 * unit, fonts.width(shown, setting) + 16 * unit);
  const left = side === 'left' ? x : x - width;
  context.fillStyle = ground;
  context.beginPath();
  context.roundRect(left, y, width, 26 * unit, 7 * unit);
  context.fill();
  fonts.apply(context, setting);
  context.fillStyle = color;
  context.fillText(shown, left + (width - fonts.width(shown, setting)) / 2, y + 18.5 * unit);
}

type Line = { x: number; y: number; width: number; size: number; weight: FontWeight; color: string };

/** One line of text, cut with an ellipsis where it is too long; right-to-left text stands at the right. */
function write(pen: Pen, text: string, line: Line): void {
  const { context, fonts, language } = pen;
  const clean = fonts.drawable(text).replace(/\s+/g, ' ').trim();
  const setting = { size: line.size, weight: line.weight, language, direction: directionOf(clean, language) };
  const shown = cut(clean, (part) => fonts.width(part, setting) <= line.width);
  fonts.apply(context, setting);
  context.fillStyle = line.color;
  const x = setting.direction === 'rtl' ? line.x + line.width - fonts.width(shown, setting) : line.x;
  context.fillText(shown, x, line.y);
}

/** First lines of a text; the last one runs on past the width if there is more, so that `write` cuts it visibly. */
function shortened(pen: Pen, text: string, width: number, size: number, lines: number): string[] {
  // Nobody reads further, and measuring 5,000 characters for each of 300 cells takes seconds.
  const start = text.slice(0, 400);
  const setting = { size, weight: 400, language: pen.language } as const;
  const widthOf = (part: string): number => pen.fonts.width(part, setting);
  const pieces = splitPieces(pen.fonts.drawable(start), pen.language).flatMap((piece) =>
    breakWide(piece, (part) => widthOf(part) <= width),
  );
  const filled = fillLines(
    pieces,
    pieces.map((piece) => widthOf(piece.text)),
    widthOf(' '),
    width,
  ).map((line) => line.map((index) => pieces[index] as Piece));
  const rest = filled.slice(lines - 1).flat();
  return [...filled.slice(0, lines - 1), rest].filter((line) => line.length > 0).map(joinPieces);
}

function cut(text: string, fits: (part: string) => boolean): string {
  if (fits(text)) return text;
  const characters = [...text];
  let good = 0;
  let bad = characters.length;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (fits(`${characters.slice(0, middle).join('').trimEnd()}…`)) good = middle;
    else bad = middle;
  }
  return `${characters.slice(0, good).join('').trimEnd()}…`;
}

/** `4.2 s`, `1:05 min` */
function lengthText(seconds: number, language: string): string {
  if (seconds < 59.95) return `${seconds.toFixed(1).replace('.', sheetWords(language).decimal)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')} min`;
}
