/**
 * What was made lately as a picture: a panel of bars a measure over the same days, and who or what the
 * most came from. On a light ground of its own, so that it reads on dark and light pages alike.
 */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import type { FontBook, FontWeight } from './fonts.ts';

export type UsageChart = {
  title: string;
  /** Of the words, BCP-47; dates are written in it. */
  language: string;
  /** YYYY-MM-DD, oldest first; each measure has as many values. */
  days: readonly string[];
  measures: readonly Measure[];
  /** Shares, most first; drawn beside each other. */
  groups?: readonly Group[];
};
export type Measure = {
  label: string;
  /** At least 0. */
  values: readonly number[];
  /** The sum as people read it, e.g. `3.5 min`. */
  total: string;
  /** How one value is written. */
  say(value: number): string;
};
export type Group = { label: string; rows: readonly { label: string; value: number; text: string }[] };

const WIDTH = 1200;
const MARGIN = 48;
const HEADER = 100;
const PANEL = 186;
const AXIS = 44;
const GROUP_HEADER = 56;
const ROW = 40;
/** More are not told apart. */
const MOST_ROWS = 5;
const colors = {
  ground: '#f7f8fb',
  line: '#d9dee8',
  text: '#1b2230',
  soft: '#5a6577',
  bars: ['#2563c9', '#0f8a74', '#c2570c'],
  share: '#7a5fc7',
};

/** Draws the chart as a PNG file, 1200 px wide. */
export function drawUsageChart(chart: UsageChart, fonts: FontBook): Buffer {
  const groups = (chart.groups ?? []).filter(({ rows }) => rows.length > 0);
  const rows = Math.min(MOST_ROWS, Math.max(0, ...groups.map((group) => group.rows.length)));
  const groupsHeight = groups.length > 0 ? GROUP_HEADER + rows * ROW + 12 : 0;
  const height = HEADER + chart.measures.length * PANEL + AXIS + groupsHeight + 20;
  const canvas = createCanvas(WIDTH, height);
  const context = canvas.getContext('2d');
  context.fillStyle = colors.ground;
  context.fillRect(0, 0, WIDTH, height);
  const pen: Pen = { context, fonts, language: chart.language };
  write(pen, chart.title, { x: MARGIN, y: 64, size: 34, weight: 700, width: WIDTH - 2 * MARGIN });
  chart.measures.forEach((measure, index) => {
    const color = colors.bars[index % colors.bars.length]!;
    drawMeasure(pen, measure, { top: HEADER + index * PANEL, color });
  });
  const bottom = HEADER + chart.measures.length * PANEL;
  drawDays(pen, chart.days, bottom);
  groups.forEach((group, index) => {
    const width = (WIDTH - 2 * MARGIN - (groups.length - 1) * 40) / groups.length;
    drawGroup(pen, group, { x: MARGIN + index * (width + 40), y: bottom + AXIS + 8, width });
  });
  return canvas.toBuffer('image/png');
}

type Pen = { context: SKRSContext2D; fonts: FontBook; language: string };

/** The label and the sum above, a bar a day below, the largest with its value. */
function drawMeasure(
  pen: Pen,
  { label, values, total, say }: Measure,
  { top, color }: { top: number; color: string },
): void {
  const { context } = pen;
  const right = WIDTH - MARGIN;
  write(pen, label, { x: MARGIN, y: top + 30, size: 24, weight: 600 });
  write(pen, total, { x: right, y: top + 30, size: 24, weight: 700, align: 'right' });
  const base = top + PANEL - 24;
  const room = PANEL - 24 - 72;
  const most = Math.max(...values, 0);
  const step = (right - MARGIN) / Math.max(1, values.length);
  const highest = values.lastIndexOf(most);
  context.fillStyle = colors.line;
  context.fillRect(MARGIN, base, right - MARGIN, 2);
  values.forEach((value, day) => {
    if (!(value > 0)) return;
    const tall = Math.max(3, (value / most) * room);
    context.fillStyle = color;
    context.beginPath();
    context.roundRect(MARGIN + day * step + 3, base - tall, Math.max(2, step - 6), tall, [4, 4, 0, 0]);
    context.fill();
    if (day !== highest) return;
    const x = MARGIN + (day + 0.5) * step;
    const isLate = day > values.length * 0.9;
    write(pen, say(value), {
      x: isLate ? MARGIN + (day + 1) * step - 3 : x,
      y: base - tall - 8,
      size: 18,
      weight: 600,
      color: colors.soft,
      align: isLate ? 'right' : 'center',
    });
  });
}

/** A date below every fifth bar, and below the last. */
function drawDays(pen: Pen, days: readonly string[], y: number): void {
  const step = (WIDTH - 2 * MARGIN) / Math.max(1, days.length);
  const date = new Intl.DateTimeFormat(pen.language, { day: 'numeric', month: 'short', timeZone: 'UTC' });
  days.forEach((day, index) => {
    const fromLast = days.length - 1 - index;
    if (fromLast % 5 !== 0) return;
    const x = fromLast === 0 ? WIDTH - MARGIN : MARGIN + (index + 0.5) * step;
    write(pen, date.format(new Date(`${day}T00:00:00Z`)), {
      x,
      y: y + 22,
      size: 18,
      weight: 400,
      color: colors.soft,
      align: fromLast === 0 ? 'right' : 'center',
    });
  });
}

function drawGroup(
  pen: Pen,
  { label, rows }: Group,
  { x, y, width }: { x: number; y: number; width: number },
): void {
  const { context } = pen;
  write(pen, label, { x, y: y + 32, size: 24, weight: 600, width });
  const most = Math.max(...rows.map(({ value }) => value), 1);
  const nameWidth = width * 0.36;
  const barRoom = width * 0.44;
  rows.slice(0, MOST_ROWS).forEach((row, index) => {
    const top = y + GROUP_HEADER + index * ROW;
    write(pen, row.label, { x, y: top + 22, size: 20, weight: 400, width: nameWidth - 14 });
    const long = Math.max(3, (row.value / most) * barRoom);
    context.fillStyle = colors.share;
    context.beginPath();
    context.roundRect(x + nameWidth, top + 2, long, 26, 4);
    context.fill();
    write(pen, row.text, { x: x + nameWidth + long + 10, y: top + 22, size: 20, weight: 600 });
  });
}

type Setting = {
  x: number;
  y: number;
  size: number;
  weight: FontWeight;
  color?: string;
  align?: 'left' | 'center' | 'right';
  /** px; what is longer is cut. */
  width?: number;
};

function write(pen: Pen, text: string, { x, y, size, weight, color, align = 'left', width }: Setting): void {
  const { context, fonts, language } = pen;
  const setting = { size, weight, language };
  const words = fitted(fonts.drawable(text), width, (part) => fonts.width(part, setting));
  fonts.apply(context, setting);
  const wide = align === 'left' ? 0 : fonts.width(words, setting);
  const left = Math.max(0, align === 'center' ? x - wide / 2 : x - wide);
  context.fillStyle = color ?? colors.text;
  context.fillText(words, left, y);
}

/** Cut between characters as people see them, with an ellipsis. */
function fitted(text: string, width: number | undefined, widthOf: (text: string) => number): string {
  if (width === undefined || widthOf(text) <= width) return text;
  let kept = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (widthOf(`${kept}${segment}…`) > width) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}
