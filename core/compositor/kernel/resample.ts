/** Sampling a plane at sub-pixel steps: zooms, and pans, whose rows have one distance for all pixels. */
import { saturate } from './saturate';

/** Catmull-Rom weights of the four samples around a position `t` in 0..1 after the second, ×16384. */
function writeWeights(t: f64, at: usize): void {
  const t2 = t * t;
  const t3 = t2 * t;
  const w0 = i32(Math.round((-0.5 * t3 + t2 - 0.5 * t) * 16384));
  const w1 = i32(Math.round((1.5 * t3 - 2.5 * t2 + 1) * 16384));
  const w3 = i32(Math.round((0.5 * t3 - 0.5 * t2) * 16384));
  store<i16>(at, i16(w0));
  store<i16>(at, i16(w1), 2);
  // The weights must add up to one exactly, or flat areas would shift in brightness from frame to frame.
  store<i16>(at, i16(16384 - w0 - w1 - w3), 4);
  store<i16>(at, i16(w3), 6);
}

function clampIndex(index: i32, size: i32): i32 {
  return index < 0 ? 0 : index >= size ? size - 1 : index;
}

/**
 * Samples a plane at sub-pixel steps: output pixel (i, j) shows source position
 * x = x0 + (i + ½)·sx − ½, y = y0 + (j + ½)·sy − ½, by 4-tap bicubic (Catmull-Rom), edges repeated.
 * `scratch` holds at least outWidth·12 + (width + 48)·2 bytes.
 */
export function resample(
  source: usize, width: i32, height: i32, stride: i32,
  out: usize, outWidth: i32, outHeight: i32, outStride: i32,
  x0: f64, y0: f64, sx: f64, sy: f64, scratch: usize,
): void {
  const columns = scratch; // i32 an output pixel: byte offset into the row buffer
  const weights = scratch + outWidth * 4; // 4 × i16 an output pixel
  const row = weights + outWidth * 8 + 16; // i16 samples with 6 fraction bits, 8 repeated ones on each side
  for (let i = 0; i < outWidth; i++) {
    let x = x0 + (f64(i) + 0.5) * sx - 0.5;
    x = Math.min(Math.max(x, -2.0), f64(width) + 1.0);
    const whole = Math.floor(x);
    store<i32>(columns + i * 4, (i32(whole) - 1 + 8) * 2);
    writeWeights(x - whole, weights + i * 8);
  }
  // A pan has one distance for all pixels, as long as none lies outside and was moved in above.
  const isShift = sx == 1.0 && x0 >= -2.0 && x0 + f64(outWidth) <= f64(width) + 2.0;
  // Only the columns that are looked at, from a whole vector on.
  const firstSeen = max(0, (load<i32>(columns) >> 1) - 8) & ~7;
  const lastSeen = min(width, (load<i32>(columns + (outWidth - 1) * 4) >> 1) - 8 + 4);
  const from = min(firstSeen, max(0, width - 8));
  const seen = max(lastSeen, min(width, from + 8)) - from;
  const vertical = row + (width + 32) * 2; // the row's own 4 weights
  for (let j = 0; j < outHeight; j++) {
    let y = y0 + (f64(j) + 0.5) * sy - 0.5;
    y = Math.min(Math.max(y, -2.0), f64(height) + 1.0);
    const whole = Math.floor(y);
    writeWeights(y - whole, vertical);
    const top = i32(whole) - 1;
    if (load<i16>(vertical, 2) == 16384) {
      widen(source + clampIndex(top + 1, height) * stride + from, seen, row + 16 + from * 2);
    } else {
      combineRows(
        source + clampIndex(top, height) * stride + from, source + clampIndex(top + 1, height) * stride + from,
        source + clampIndex(top + 2, height) * stride + from, source + clampIndex(top + 3, height) * stride + from,
        seen, vertical, row + 16 + from * 2,
      );
    }
    repeatEdges(row, width);
    if (isShift) shiftColumns(row + load<i32>(columns), weights, out + j * outStride, outWidth);
    else combineColumns(row, columns, weights, out + j * outStride, outWidth);
  }
}

/** A row that lies on a row of the source: i16 with 6 fraction bits. */
function widen(source: usize, width: i32, out: usize): void {
  let x = 0;
  for (; x + 8 <= width; x += 8) v128.store(out + x * 2, i16x8.shl(v128.load8x8_u(source + x), 6));
  for (; x < width; x++) store<i16>(out + x * 2, i16(load<u8>(source + x)) << 6);
}

/** Four weighted neighbours an output pixel, where all have the same weights. */
function shiftColumns(row: usize, weights: usize, out: usize, width: i32): void {
  const w01 = v128.load32_splat(weights);
  const w23 = v128.load32_splat(weights, 4);
  const half = i32x4.splat(1 << 19);
  let x = 0;
  for (; x + 8 <= width; x += 8) {
    const from = row + x * 2;
    const a = v128.load(from);
    const b = v128.load(from, 2);
    const c = v128.load(from, 4);
    const d = v128.load(from, 6);
    const low = lowerSums(a, b, c, d, w01, w23);
    const high = upperSums(a, b, c, d, w01, w23);
    const pixels = i16x8.narrow_i32x4_s(
      i32x4.shr_s(i32x4.add(low, half), 20),
      i32x4.shr_s(i32x4.add(high, half), 20),
    );
    v128.store64_lane(out + x, i8x16.narrow_i16x8_u(pixels, pixels), 0);
  }
  for (; x < width; x++) {
    store<u8>(out + x, weighedPixel(row + x * 2, weights));
  }
}

/** One row of four weighted rows: i16 with 6 fraction bits (14 + 8 bits, rounded down to 14). */
function combineRows(r0: usize, r1: usize, r2: usize, r3: usize, width: i32, weights: usize, out: usize): void {
  const w01 = v128.load32_splat(weights);
  const w23 = v128.load32_splat(weights, 4);
  const half = i32x4.splat(128);
  let x = 0;
  for (; x + 8 <= width; x += 8) {
    const a = v128.load8x8_u(r0 + x);
    const b = v128.load8x8_u(r1 + x);
    const c = v128.load8x8_u(r2 + x);
    const d = v128.load8x8_u(r3 + x);
    const low = lowerSums(a, b, c, d, w01, w23);
    const high = upperSums(a, b, c, d, w01, w23);
    v128.store(out + x * 2, i16x8.narrow_i32x4_s(
      i32x4.shr_s(i32x4.add(low, half), 8),
      i32x4.shr_s(i32x4.add(high, half), 8),
    ));
  }
  for (; x < width; x++) {
    const sum = i32(load<u8>(r0 + x)) * i32(load<i16>(weights)) + i32(load<u8>(r1 + x)) * i32(load<i16>(weights, 2))
      + i32(load<u8>(r2 + x)) * i32(load<i16>(weights, 4)) + i32(load<u8>(r3 + x)) * i32(load<i16>(weights, 6));
    store<i16>(out + x * 2, i16((sum + 128) >> 8));
  }
}

/** Four weighted samples for each of the lower four lanes; weights in pairs, as they lie in memory. */
@inline
function lowerSums(a: v128, b: v128, c: v128, d: v128, w01: v128, w23: v128): v128 {
  return i32x4.add(
    i32x4.dot_i16x8_s(i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11), w01),
    i32x4.dot_i16x8_s(i16x8.shuffle(c, d, 0, 8, 1, 9, 2, 10, 3, 11), w23),
  );
}

/** The same for the upper four. */
@inline
function upperSums(a: v128, b: v128, c: v128, d: v128, w01: v128, w23: v128): v128 {
  return i32x4.add(
    i32x4.dot_i16x8_s(i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15), w01),
    i32x4.dot_i16x8_s(i16x8.shuffle(c, d, 4, 12, 5, 13, 6, 14, 7, 15), w23),
  );
}

function repeatEdges(row: usize, width: i32): void {
  const first = load<i16>(row + 16);
  const last = load<i16>(row + 16 + (width - 1) * 2);
  for (let i = 0; i < 8; i++) {
    store<i16>(row + i * 2, first);
    store<i16>(row + (width + 8 + i) * 2, last);
  }
}

/** Four weighted neighbours an output pixel: 6 + 14 fraction bits back to 8-bit samples. */
function combineColumns(row: usize, columns: usize, weights: usize, out: usize, width: i32): void {
  const half = i32x4.splat(1 << 19);
  let x = 0;
  for (; x + 8 <= width; x += 8) {
    const at = columns + x * 4;
    const wt = weights + x * 8;
    const d0 = dotPair(row, at, wt);
    const d1 = dotPair(row, at + 8, wt + 16);
    const d2 = dotPair(row, at + 16, wt + 32);
    const d3 = dotPair(row, at + 24, wt + 48);
    const low = i32x4.add(i32x4.shuffle(d0, d1, 0, 2, 4, 6), i32x4.shuffle(d0, d1, 1, 3, 5, 7));
    const high = i32x4.add(i32x4.shuffle(d2, d3, 0, 2, 4, 6), i32x4.shuffle(d2, d3, 1, 3, 5, 7));
    const pixels = i16x8.narrow_i32x4_s(
      i32x4.shr_s(i32x4.add(low, half), 20),
      i32x4.shr_s(i32x4.add(high, half), 20),
    );
    v128.store64_lane(out + x, i8x16.narrow_i16x8_u(pixels, pixels), 0);
  }
  for (; x < width; x++) {
    store<u8>(out + x, weighedPixel(row + load<i32>(columns + x * 4), weights + x * 8));
  }
}

/** Partial sums of two neighbouring output pixels: [a₀a₁, a₂a₃, b₀b₁, b₂b₃]. */
@inline
function dotPair(row: usize, columns: usize, weights: usize): v128 {
  const first = v128.load64_zero(row + load<i32>(columns));
  const both = v128.load64_lane(row + load<i32>(columns, 4), first, 1);
  return i32x4.dot_i16x8_s(both, v128.load(weights));
}

/** One output pixel of four neighbours from `from` on, where no whole vector is left. */
@inline
function weighedPixel(from: usize, weights: usize): u8 {
  let sum = 1 << 19;
  for (let k = 0; k < 4; k++) sum += i32(load<i16>(from + k * 2)) * i32(load<i16>(weights + k * 2));
  return saturate(sum >> 20);
}
