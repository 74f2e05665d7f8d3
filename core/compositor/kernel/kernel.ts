/**
 * The compositor's inner loops, in AssemblyScript with WebAssembly SIMD: sub-pixel resampling,
 * cross-fades, masks, overlay blending and RGB/YUV conversion on 8-bit planes.
 * Built by `npm run build:kernel` into ../kernel.wasm, which is committed; test/core/compositor
 * holds a slow plain reference of each function. Pointers are byte offsets, strides are bytes.
 */

import { saturate } from './saturate';

export { resample } from './resample';

/** First free byte of linear memory; everything above belongs to the caller. */
export function heapBase(): usize {
  return __heap_base;
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
