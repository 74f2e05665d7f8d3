/** Rows of the bench, and how they are printed. */
import type { Cost } from './measured.ts';
import type { Quality } from './quality.ts';

export type Row = {
  name: string;
  /** The round in the middle by CPU; null where it could not be run. */
  cost: Cost | null;
  rounds: Cost[];
  timesRealTime: number | null;
  ofLimitCpu: number | null;
  quality: Quality | null;
  /** bytes */
  size: number | null;
  /** From the end of speech to the storyboard sheet, s. */
  sheetS: number | null;
  note: string;
};

const columns: [heading: string, cell: (row: Row) => string][] = [
  ['', ({ name }) => name],
  ['wall s', ({ cost }) => fixed(cost?.wall, 1)],
  ['CPU s', ({ cost }) => fixed(cost?.cpu, 1)],
  ['× real time', ({ timesRealTime }) => fixed(timesRealTime, 2)],
  ['CPU of limit', ({ ofLimitCpu }) => fixed(ofLimitCpu, 2)],
  ['peak MiB', ({ cost }) => fixed(cost?.memory, 0)],
  ['SSIM dB', ({ quality }) => fixed(quality?.ssimDb, 2)],
  ['PSNR dB', ({ quality }) => fixed(quality?.psnr, 2)],
  ['MB', ({ size }) => fixed(size === null ? null : size / 1e6, 1)],
  ['sheet s', ({ sheetS }) => fixed(sheetS, 2)],
  ['', ({ note }) => note],
];

export function printTable(rows: Row[]): void {
  printColumns([
    columns.map(([heading]) => heading),
    ...rows.map((row) => columns.map(([, cell]) => cell(row))),
  ]);
}

/** Names and notes to the left, figures to the right. */
export function printColumns(cells: string[][]): void {
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  for (const row of cells) {
    const line = row.map((cell, column) =>
      column === 0 || column === 10 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    );
    process.stdout.write(`${line.join('  ').trimEnd()}\n`);
  }
}

function fixed(value: number | null | undefined, digits: number): string {
  return value === null || value === undefined ? '' : value.toFixed(digits);
}
