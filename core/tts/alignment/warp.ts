/** Dynamic time warping (Sakoe & Chiba, 1978): which moment of one sentence is which of the other. */
import type { Features } from './features.ts';

export type Path = {
  first: Int32Array;
  last: Int32Array;
  /** Mean distance along the path: how unlike both are where they should be alike. */
  unlikeness: number;
};

/**
 * For each frame of `from`, the first and last frame of `to` it is matched with. The path goes from
 * both beginnings to both ends and never back, within `band` frames of the straight line.
 */
export function warp(from: Features, to: Features, band: number): Path {
  const { frames: rows } = from;
  const { frames: columns } = to;
  const slope = columns / rows;
  // Wide enough for the line itself to stay inside, however unlike the lengths are.
  const half = Math.ceil(Math.max(band, slope + 1));
  const width = 2 * half + 1;
  const leftOf = (row: number): number => Math.round((row + 0.5) * slope) - half;
  const steps = new Uint8Array(rows * width);
  let above = new Float64Array(width).fill(Infinity);
  let current = new Float64Array(width).fill(Infinity);
  for (let row = 0; row < rows; row++) {
    const left = leftOf(row);
    const shift = row > 0 ? left - leftOf(row - 1) : 0;
    current.fill(Infinity);
    for (let at = Math.max(0, -left); at < width && left + at < columns; at++) {
      const distance = distanceOf(from, row, to, left + at);
      if (row === 0 && left + at === 0) {
        current[at] = distance;
        continue;
      }
      // The same column of the row above is `shift` further on in its own window.
      const straight = (row > 0 ? above[at + shift - 1] : undefined) ?? Infinity;
      const down = (row > 0 ? above[at + shift] : undefined) ?? Infinity;
      const along = at > 0 ? current[at - 1]! : Infinity;
      const best = Math.min(straight, down + standing, along + standing);
      steps[row * width + at] = best === straight ? diagonal : best === down + standing ? downward : sideways;
      current[at] = best + distance;
    }
    [above, current] = [current, above];
  }
  const cost = above[columns - 1 - leftOf(rows - 1)]!;
  const path = traceBack(rows, columns, (row, column) => steps[row * width + column - leftOf(row)]!);
  return { ...path, unlikeness: cost / (rows + columns) };
}

const [diagonal, downward, sideways] = [0, 1, 2];
/** What it costs to stand still in one sentence while the other goes on, in units of a distance. */
export const standing = 1.5;

function traceBack(
  rows: number,
  columns: number,
  stepAt: (row: number, column: number) => number,
): { first: Int32Array; last: Int32Array } {
  const first = new Int32Array(rows);
  const last = new Int32Array(rows).fill(-1);
  let [row, column] = [rows - 1, columns - 1];
  for (;;) {
    first[row] = column;
    if (last[row]! < 0) last[row] = column;
    if (row === 0 && column === 0) return { first, last };
    const step = row === 0 ? sideways : column === 0 ? downward : stepAt(row, column);
    if (step !== sideways) row--;
    if (step !== downward) column--;
  }
}

/** Euclidean. */
function distanceOf(a: Features, row: number, b: Features, column: number): number {
  const { data: from, size } = a;
  const { data: to } = b;
  let sum = 0;
  for (let n = 0, i = row * size, j = column * size; n < size; n++, i++, j++) {
    const difference = from[i]! - to[j]!;
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}
