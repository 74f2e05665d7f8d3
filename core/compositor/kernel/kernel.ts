/**
 * The compositor's inner loops, in AssemblyScript with WebAssembly SIMD: sub-pixel resampling,
 * cross-fades, masks, overlay blending and RGB/YUV conversion on 8-bit planes.
 * Built by `npm run build:kernel` into ../kernel.wasm, which is committed; test/core/compositor
 * holds a slow plain reference of each function. Pointers are byte offsets, strides are bytes.
 */

/** First free byte of linear memory; everything above belongs to the caller. */
export function heapBase(): usize {
  return __heap_base;
}

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
  const w0 = i32(load<i16>(weights));
  const w1 = i32(load<i16>(weights, 2));
  const w2 = i32(load<i16>(weights, 4));
  const w3 = i32(load<i16>(weights, 6));
  const w01 = i32x4.splat((w1 << 16) | (w0 & 0xffff));
  const w23 = i32x4.splat((w3 << 16) | (w2 & 0xffff));
  const half = i32x4.splat(1 << 19);
  let x = 0;
  for (; x + 8 <= width; x += 8) {
    const from = row + x * 2;
    const a = v128.load(from);
    const b = v128.load(from, 2);
    const c = v128.load(from, 4);
    const d = v128.load(from, 6);
    const low = i32x4.add(
      i32x4.dot_i16x8_s(i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11), w01),
      i32x4.dot_i16x8_s(i16x8.shuffle(c, d, 0, 8, 1, 9, 2, 10, 3, 11), w23),
    );
    const high = i32x4.add(
      i32x4.dot_i16x8_s(i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15), w01),
      i32x4.dot_i16x8_s(i16x8.shuffle(c, d, 4, 12, 5, 13, 6, 14, 7, 15), w23),
    );
    const pixels = i16x8.narrow_i32x4_s(
      i32x4.shr_s(i32x4.add(low, half), 20),
      i32x4.shr_s(i32x4.add(high, half), 20),
    );
    v128.store64_lane(out + x, i8x16.narrow_i16x8_u(pixels, pixels), 0);
  }
  for (; x < width; x++) {
    const from = row + x * 2;
    const sum = i32(load<i16>(from)) * w0 + i32(load<i16>(from, 2)) * w1 + i32(load<i16>(from, 4)) * w2 + i32(load<i16>(from, 6)) * w3;
    store<u8>(out + x, saturate((sum + (1 << 19)) >> 20));
  }
}

/** One row of four weighted rows: i16 with 6 fraction bits (14 + 8 bits, rounded down to 14). */
function combineRows(r0: usize, r1: usize, r2: usize, r3: usize, width: i32, weights: usize, out: usize): void {
  const w0 = i32(load<i16>(weights));
  const w1 = i32(load<i16>(weights, 2));
  const w2 = i32(load<i16>(weights, 4));
  const w3 = i32(load<i16>(weights, 6));
  const w01 = i32x4.splat((w1 << 16) | (w0 & 0xffff));
  const w23 = i32x4.splat((w3 << 16) | (w2 & 0xffff));
  const half = i32x4.splat(128);
  let x = 0;
  for (; x + 8 <= width; x += 8) {
    const a = v128.load8x8_u(r0 + x);
    const b = v128.load8x8_u(r1 + x);
    const c = v128.load8x8_u(r2 + x);
    const d = v128.load8x8_u(r3 + x);
    const low = i32x4.add(
      i32x4.dot_i16x8_s(i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11), w01),
      i32x4.dot_i16x8_s(i16x8.shuffle(c, d, 0, 8, 1, 9, 2, 10, 3, 11), w23),
    );
    const high = i32x4.add(
      i32x4.dot_i16x8_s(i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15), w01),
      i32x4.dot_i16x8_s(i16x8.shuffle(c, d, 4, 12, 5, 13, 6, 14, 7, 15), w23),
    );
    v128.store(out + x * 2, i16x8.narrow_i32x4_s(
      i32x4.shr_s(i32x4.add(low, half), 8),
      i32x4.shr_s(i32x4.add(high, half), 8),
    ));
  }
  for (; x < width; x++) {
    const sum = i32(load<u8>(r0 + x)) * w0 + i32(load<u8>(r1 + x)) * w1 + i32(load<u8>(r2 + x)) * w2 + i32(load<u8>(r3 + x)) * w3;
    store<i16>(out + x * 2, i16((sum + 128) >> 8));
  }
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
    const from = row + load<i32>(columns + x * 4);
    let sum = 1 << 19;
    for (let k = 0; k < 4; k++) sum += i32(load<i16>(from + k * 2)) * i32(load<i16>(weights + x * 8 + k * 2));
    store<u8>(out + x, saturate(sum >> 20));
  }
}

/** Partial sums of two neighbouring output pixels: [a₀a₁, a₂a₃, b₀b₁, b₂b₃]. */
@inline
function dotPair(row: usize, columns: usize, weights: usize): v128 {
  const first = v128.load64_zero(row + load<i32>(columns));
  const both = v128.load64_lane(row + load<i32>(columns, 4), first, 1);
  return i32x4.dot_i16x8_s(both, v128.load(weights));
}

function saturate(value: i32): u8 {
  return u8(value < 0 ? 0 : value > 255 ? 255 : value);
}

/** out = a + (b − a) · level / 256, rounded; level 0..256. */
export function blend(a: usize, b: usize, out: usize, count: i32, level: i32): void {
  const wb = i16x8.splat(i16(level));
  const wa = i16x8.splat(i16(256 - level));
  const half = i16x8.splat(128);
  let i = 0;
  for (; i + 16 <= count; i += 16) {
    const pa = v128.load(a + i);
    const pb = v128.load(b + i);
    // At most 255 · 256 + 128 = 65,408: fits unsigned 16 bits.
    const low = i16x8.add(i16x8.add(i16x8.mul(i16x8.extend_low_i8x16_u(pa), wa), i16x8.mul(i16x8.extend_low_i8x16_u(pb), wb)), half);
    const high = i16x8.add(i16x8.add(i16x8.mul(i16x8.extend_high_i8x16_u(pa), wa), i16x8.mul(i16x8.extend_high_i8x16_u(pb), wb)), half);
    v128.store(out + i, i8x16.narrow_i16x8_u(i16x8.shr_u(low, 8), i16x8.shr_u(high, 8)));
  }
  for (; i < count; i++) {
    store<u8>(out + i, u8((u32(load<u8>(a + i)) * (256 - level) + u32(load<u8>(b + i)) * level + 128) >> 8));
  }
}

/** Rounded division by 255 of 0..65,025, exact for that range (Jim Blinn, "Three Wrongs Make a Right"). */
@inline
function over255(value: v128): v128 {
  const biased = i16x8.add(value, i16x8.splat(128));
  return i16x8.shr_u(i16x8.add(biased, i16x8.shr_u(biased, 8)), 8);
}

function over255Scalar(value: u32): u32 {
  const biased = value + 128;
  return (biased + (biased >> 8)) >> 8;
}

/** out = a where mask is 0, b where it is 255, in between a rounded mix. */
export function blendMask(a: usize, b: usize, mask: usize, out: usize, count: i32): void {
  const full = i16x8.splat(255);
  let i = 0;
  for (; i + 16 <= count; i += 16) {
    const pa = v128.load(a + i);
    const pb = v128.load(b + i);
    const pm = v128.load(mask + i);
    const ml = i16x8.extend_low_i8x16_u(pm);
    const mh = i16x8.extend_high_i8x16_u(pm);
    const low = over255(i16x8.add(i16x8.mul(i16x8.extend_low_i8x16_u(pa), i16x8.sub(full, ml)), i16x8.mul(i16x8.extend_low_i8x16_u(pb), ml)));
    const high = over255(i16x8.add(i16x8.mul(i16x8.extend_high_i8x16_u(pa), i16x8.sub(full, mh)), i16x8.mul(i16x8.extend_high_i8x16_u(pb), mh)));
    v128.store(out + i, i8x16.narrow_i16x8_u(low, high));
  }
  for (; i < count; i++) {
    const m = u32(load<u8>(mask + i));
    store<u8>(out + i, u8(over255Scalar(u32(load<u8>(a + i)) * (255 - m) + u32(load<u8>(b + i)) * m)));
  }
}

/**
 * The mask of a moving edge: each pixel of `ramp` (u16) says when it changes sides;
 * mask = clamp(((position − ramp) · slope) >> 16, 0, 255).
 */
export function maskFromRamp(ramp: usize, out: usize, count: i32, position: i32, slope: i32): void {
  for (let i = 0; i < count; i++) {
    const distance = position - i32(load<u16>(ramp + i * 2));
    // Clamped before multiplying: 65,535 · slope may not fit 32 bits.
    const near = distance < -65535 ? -65535 : distance > 65535 ? 65535 : distance;
    const value = (i64(near) * i64(slope)) >> 16;
    store<u8>(out + i, value < 0 ? 0 : value > 255 ? 255 : u8(value));
  }
}

/**
 * Blends an overlay plane in place: out += (color − out) · alpha/255 · opacity/256 over a
 * width × height box. `alphaStride` equals `colorStride`.
 */
export function overlay(
  out: usize, outStride: i32, color: usize, alpha: usize, colorStride: i32, width: i32, height: i32, opacity: i32,
): void {
  const level = i16x8.splat(i16(opacity));
  const full = i16x8.splat(255);
  const half = i16x8.splat(128);
  for (let y = 0; y < height; y++) {
    const to = out + y * outStride;
    const from = color + y * colorStride;
    const mask = alpha + y * colorStride;
    let x = 0;
    for (; x + 8 <= width; x += 8) {
      const m = i16x8.shr_u(i16x8.add(i16x8.mul(v128.load8x8_u(mask + x), level), half), 8);
      const under = v128.load8x8_u(to + x);
      const mixed = over255(i16x8.add(i16x8.mul(under, i16x8.sub(full, m)), i16x8.mul(v128.load8x8_u(from + x), m)));
      v128.store64_lane(to + x, i8x16.narrow_i16x8_u(mixed, mixed), 0);
    }
    for (; x < width; x++) {
      const m = (u32(load<u8>(mask + x)) * opacity + 128) >> 8;
      store<u8>(to + x, u8(over255Scalar(u32(load<u8>(to + x)) * (255 - m) + u32(load<u8>(from + x)) * m)));
    }
  }
}

// BT.709 (ITU-R BT.709-6, 3.2–3.4), 8-bit limited range, ×65536.
const YR: i32 = 11966;
const YG: i32 = 40254;
const YB: i32 = 4064;
const UR: i32 = -6596;
const UG: i32 = -22189;
const VG: i32 = -26145;
const VB: i32 = -2640;
const UV: i32 = 28785; // own share of blue in U and of red in V: 0.5 · 224/255

@inline
function luma(r: i32, g: i32, b: i32): u8 {
  return u8((YR * r + YG * g + YB * b + (16 << 16) + 32768) >> 16);
}

/**
 * RGB (3 bytes a pixel) to YUV420P, even width and height. Chroma is sited left of centre as in
 * MPEG-2 and H.264's default: horizontally 1-2-1 around each even column, vertically the mean of two rows.
 */
export function rgbToYuv(rgb: usize, width: i32, height: i32, y: usize, u: usize, v: usize): void {
  const stride = width * 3;
  for (let row = 0; row < height; row++) {
    const from = rgb + row * stride;
    for (let x = 0; x < width; x++) {
      const p = from + x * 3;
      store<u8>(y + row * width + x, luma(i32(load<u8>(p)), i32(load<u8>(p, 1)), i32(load<u8>(p, 2))));
    }
  }
  const half = width >> 1;
  for (let row = 0; row < height; row += 2) {
    const upper = rgb + row * stride;
    const lower = upper + stride;
    for (let cx = 0; cx < half; cx++) {
      const centre = cx * 6;
      const left = cx > 0 ? centre - 3 : centre;
      const right = centre + 3;
      // Sums of eight weights.
      const r = weighed(upper, lower, left, centre, right);
      const g = weighed(upper + 1, lower + 1, left, centre, right);
      const b = weighed(upper + 2, lower + 2, left, centre, right);
      const at = (row >> 1) * half + cx;
      store<u8>(u + at, saturate((UR * r + UG * g + UV * b + (128 << 19) + (1 << 18)) >> 19));
      store<u8>(v + at, saturate((UV * r + VG * g + VB * b + (128 << 19) + (1 << 18)) >> 19));
    }
  }
}

@inline
function weighed(upper: usize, lower: usize, left: i32, centre: i32, right: i32): i32 {
  return i32(load<u8>(upper + left)) + 2 * i32(load<u8>(upper + centre)) + i32(load<u8>(upper + right))
    + i32(load<u8>(lower + left)) + 2 * i32(load<u8>(lower + centre)) + i32(load<u8>(lower + right));
}

/**
 * Straight-alpha RGBA to Y with full-size alpha and U, V with half-size alpha. Chroma is weighed by
 * alpha, so that the colour of see-through pixels does not bleed into edges. Even width and height.
 */
export function rgbaToYuva(rgba: usize, width: i32, height: i32, y: usize, alpha: usize, u: usize, v: usize, chromaAlpha: usize): void {
  const count = width * height;
  for (let i = 0; i < count; i++) {
    const p = rgba + i * 4;
    store<u8>(y + i, luma(i32(load<u8>(p)), i32(load<u8>(p, 1)), i32(load<u8>(p, 2))));
    store<u8>(alpha + i, load<u8>(p, 3));
  }
  const half = width >> 1;
  for (let row = 0; row < height; row += 2) {
    for (let cx = 0; cx < half; cx++) {
      let r = 0, g = 0, b = 0, total = 0;
      for (let k = 0; k < 4; k++) {
        const p = rgba + ((row + (k >> 1)) * width + cx * 2 + (k & 1)) * 4;
        const a = i32(load<u8>(p, 3));
        r += i32(load<u8>(p)) * a;
        g += i32(load<u8>(p, 1)) * a;
        b += i32(load<u8>(p, 2)) * a;
        total += a;
      }
      const at = (row >> 1) * half + cx;
      store<u8>(chromaAlpha + at, u8((total + 2) >> 2));
      if (total > 0) { r /= total; g /= total; b /= total; }
      store<u8>(u + at, saturate((UR * r + UG * g + UV * b + (128 << 16) + 32768) >> 16));
      store<u8>(v + at, saturate((UV * r + VG * g + VB * b + (128 << 16) + 32768) >> 16));
    }
  }
}

/** YUV420P (BT.709 limited) to RGB, nearest chroma: for posters and thumbnails, not for films. */
export function yuvToRgb(y: usize, u: usize, v: usize, width: i32, height: i32, rgb: usize): void {
  const half = width >> 1;
  for (let row = 0; row < height; row++) {
    for (let x = 0; x < width; x++) {
      const luminance = (i32(load<u8>(y + row * width + x)) - 16) * 76309;
      const at = (row >> 1) * half + (x >> 1);
      const cu = i32(load<u8>(u + at)) - 128;
      const cv = i32(load<u8>(v + at)) - 128;
      const p = rgb + (row * width + x) * 3;
      store<u8>(p, saturate((luminance + 117489 * cv + 32768) >> 16));
      store<u8>(p, saturate((luminance - 13975 * cu - 34925 * cv + 32768) >> 16), 1);
      store<u8>(p, saturate((luminance + 138438 * cu + 32768) >> 16), 2);
    }
  }
}
