/** The SIMD kernel against slow, plain references: exact, or within one step where it rounds twice. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Kernel } from '../../../core/compositor/kernel.ts';

const noise = (count: number, seed: number): Uint8Array => {
  let state = seed | 1;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
};

/** Puts bytes into kernel memory. */
const put = (kernel: Kernel, bytes: Uint8Array): number => {
  const at = kernel.reserve(bytes.length);
  kernel.view(at, bytes.length).set(bytes);
  return at;
};

const clamp = (value: number): number => Math.min(255, Math.max(0, value));

function catmullRom(t: number): number[] {
  return [
    -0.5 * t ** 3 + t ** 2 - 0.5 * t,
    1.5 * t ** 3 - 2.5 * t ** 2 + 1,
    -1.5 * t ** 3 + 2 * t ** 2 + 0.5 * t,
    0.5 * t ** 3 - 0.5 * t ** 2,
  ];
}

function resampleReference(
  source: Uint8Array,
  width: number,
  height: number,
  outWidth: number,
  outHeight: number,
  x0: number,
  y0: number,
  sx: number,
  sy: number,
): number[] {
  const at = (x: number, y: number): number =>
    source[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))]!;
  const out: number[] = [];
  for (let j = 0; j < outHeight; j++) {
    const y = Math.min(Math.max(y0 + (j + 0.5) * sy - 0.5, -2), height + 1);
    const wy = catmullRom(y - Math.floor(y));
    for (let i = 0; i < outWidth; i++) {
      const x = Math.min(Math.max(x0 + (i + 0.5) * sx - 0.5, -2), width + 1);
      const wx = catmullRom(x - Math.floor(x));
      let sum = 0;
      for (let k = 0; k < 4; k++)
        for (let l = 0; l < 4; l++) sum += wy[k]! * wx[l]! * at(Math.floor(x) - 1 + l, Math.floor(y) - 1 + k);
      out.push(clamp(sum));
    }
  }
  return out;
}

describe('resample', () => {
  const size = fc.integer({ min: 1, max: 41 });
  it('is within one step of an exact bicubic for any size, offset and scale', () => {
    fc.assert(
      fc.property(
        size,
        size,
        size,
        size,
        fc.double({ min: -6, max: 20, noNaN: true }),
        fc.oneof(fc.integer({ min: -6, max: 20 }), fc.double({ min: -6, max: 20, noNaN: true })),
        // A pan, which has a way of its own, as often as all zooms.
        fc.oneof(fc.constant(1), fc.double({ min: 0.3, max: 1.6, noNaN: true })),
        fc.integer(),
        (width, height, outWidth, outHeight, x0, y0, scale, seed) => {
          const kernel = new Kernel();
          const source = noise(width * height, seed);
          const from = put(kernel, source);
          const to = kernel.reserve(outWidth * outHeight);
          const scratch = kernel.reserve(outWidth * 12 + (width + 64) * 2);
          kernel.call.resample(
            from,
            width,
            height,
            width,
            to,
            outWidth,
            outHeight,
            outWidth,
            x0,
            y0,
            scale,
            scale,
            scratch,
          );
          const got = kernel.view(to, outWidth * outHeight);
          const wanted = resampleReference(source, width, height, outWidth, outHeight, x0, y0, scale, scale);
          const worst = Math.max(...wanted.map((value, index) => Math.abs(value - got[index]!)));
          expect(worst).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('copies exactly at scale 1 without offset, and keeps flat areas flat everywhere else', () => {
    const kernel = new Kernel();
    const source = noise(64 * 20, 7);
    const from = put(kernel, source);
    const to = kernel.reserve(64 * 20);
    const scratch = kernel.reserve(64 * 16);
    kernel.call.resample(from, 64, 20, 64, to, 64, 20, 64, 0, 0, 1, 1, scratch);
    expect(kernel.view(to, 64 * 20)).toEqual(source);
    kernel.view(from, 64 * 20).fill(137);
    kernel.call.resample(from, 64, 20, 64, to, 64, 20, 64, 0.37, -1.21, 0.93, 1.07, scratch);
    expect(new Set(kernel.view(to, 64 * 20))).toEqual(new Set([137]));
  });

  it('moves a picture by what was asked: displacement error at most 0.05 px rms', () => {
    // A smooth bump tracked by its centre of mass over 100 sub-pixel steps.
    const [width, height] = [96, 48];
    const source = new Uint8Array(width * height);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        source[y * width + x] = Math.round(220 * Math.exp(-((x - 48) ** 2 + (y - 24) ** 2) / 60));
    const kernel = new Kernel();
    const from = put(kernel, source);
    const to = kernel.reserve(width * height);
    const scratch = kernel.reserve(width * 16 + 512);
    const centre = (): number => {
      const plane = kernel.view(to, width * height);
      let sum = 0;
      let weighted = 0;
      plane.forEach((value, index) => {
        sum += value;
        weighted += value * (index % width);
      });
      return weighted / sum;
    };
    const errors: number[] = [];
    for (let step = 0; step < 100; step++) {
      const shift = step * 0.137;
      kernel.call.resample(from, width, height, width, to, width, height, width, shift, 0, 1, 1, scratch);
      errors.push(centre() - (48 - shift));
    }
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const rms = Math.sqrt(errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / errors.length);
    expect(rms).toBeLessThan(0.05);
    expect(Math.abs(mean)).toBeLessThan(0.05);
  });
});

describe('blending', () => {
  const bytes = (count: number) => fc.uint8Array({ minLength: count, maxLength: count });
  const sized = fc
    .integer({ min: 1, max: 70 })
    .chain((count) => fc.tuple(bytes(count), bytes(count), bytes(count)));

  it('blend is the rounded mix, exactly, for every level', () => {
    fc.assert(
      fc.property(sized, fc.integer({ min: 0, max: 256 }), ([a, b], level) => {
        const kernel = new Kernel();
        const [pa, pb, out] = [put(kernel, a), put(kernel, b), kernel.reserve(a.length)];
        kernel.call.blend(pa, pb, out, a.length, level);
        const wanted = a.map((value, index) => (value * (256 - level) + b[index]! * level + 128) >> 8);
        expect(kernel.view(out, a.length)).toEqual(wanted);
      }),
    );
  });

  it('blendMask is the rounded mix by 255ths, exactly', () => {
    fc.assert(
      fc.property(sized, ([a, b, mask]) => {
        const kernel = new Kernel();
        const [pa, pb, pm, out] = [
          put(kernel, a),
          put(kernel, b),
          put(kernel, mask),
          kernel.reserve(a.length),
        ];
        kernel.call.blendMask(pa, pb, pm, out, a.length);
        const wanted = a.map((value, index) =>
          Math.round((value * (255 - mask[index]!) + b[index]! * mask[index]!) / 255),
        );
        expect(kernel.view(out, a.length)).toEqual(wanted);
      }),
    );
  });

  it('maskFromRamp is the clamped slope for any position', () => {
    fc.assert(
      fc.property(
        fc.uint16Array({ minLength: 1, maxLength: 40 }),
        fc.integer({ min: -70_000, max: 140_000 }),
        fc.integer({ min: 1, max: 400_000 }),
        (ramp, position, slope) => {
          const kernel = new Kernel();
          const from = put(kernel, new Uint8Array(ramp.buffer, 0, ramp.length * 2));
          const out = kernel.reserve(ramp.length);
          kernel.call.maskFromRamp(from, out, ramp.length, position, slope);
          const wanted = Uint8Array.from(ramp, (value) =>
            clamp(Math.floor((Math.max(-65535, Math.min(65535, position - value)) * slope) / 65536)),
          );
          expect(kernel.view(out, ramp.length)).toEqual(wanted);
        },
      ),
    );
  });

  it('overlay touches only its box and mixes within one step', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 256 }),
        fc.integer(),
        (width, height, left, opacity, seed) => {
          const kernel = new Kernel();
          const stride = 48;
          const under = noise(stride * height, seed);
          const color = noise(width * height, seed + 1);
          const alpha = noise(width * height, seed + 2);
          const out = put(kernel, under);
          const [pc, pa] = [put(kernel, color), put(kernel, alpha)];
          kernel.call.overlay(out + left, stride, pc, pa, width, width, height, opacity);
          const got = kernel.view(out, stride * height);
          for (let y = 0; y < height; y++) {
            for (let x = 0; x < stride; x++) {
              const inside = x >= left && x < left + width;
              const at = y * width + x - left;
              const part = inside ? ((alpha[at]! / 255) * opacity) / 256 : 0;
              const wanted = inside
                ? under[y * stride + x]! * (1 - part) + color[at]! * part
                : under[y * stride + x]!;
              expect(Math.abs(got[y * stride + x]! - wanted)).toBeLessThanOrEqual(inside ? 1.01 : 0);
            }
          }
        },
      ),
    );
  });
});

describe('colour', () => {
  const toYuv = (r: number, g: number, b: number): [number, number, number] => {
    const y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    return [
      16 + (219 / 255) * y,
      128 + (224 / 255) * ((b - y) / 1.8556),
      128 + (224 / 255) * ((r - y) / 1.5748),
    ];
  };

  it('flat colours become BT.709 limited range and come back within two steps', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), fc.nat(255), (r, g, b) => {
        const kernel = new Kernel();
        const rgb = put(
          kernel,
          Uint8Array.from({ length: 8 * 4 * 3 }, (_, index) => [r, g, b][index % 3]!),
        );
        const frame = kernel.frame(8, 4);
        kernel.call.rgbToYuv(rgb, 8, 4, frame.y, frame.u, frame.v);
        const [y, u, v] = toYuv(r, g, b);
        for (const value of kernel.view(frame.y, 32)) expect(Math.abs(value - y)).toBeLessThanOrEqual(0.6);
        for (const value of kernel.view(frame.u, 8)) expect(Math.abs(value - u)).toBeLessThanOrEqual(0.6);
        for (const value of kernel.view(frame.v, 8)) expect(Math.abs(value - v)).toBeLessThanOrEqual(0.6);
        const back = kernel.reserve(96);
        kernel.call.yuvToRgb(frame.y, frame.u, frame.v, 8, 4, back);
        kernel
          .view(back, 96)
          .forEach((value, index) => expect(Math.abs(value - [r, g, b][index % 3]!)).toBeLessThanOrEqual(2));
      }),
    );
  });

  it('the colour of see-through pixels does not reach an overlay’s edge', () => {
    const kernel = new Kernel();
    // One opaque red pixel, three fully transparent green ones.
    const rgba = put(kernel, Uint8Array.from([255, 0, 0, 255, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0]));
    const [y, alpha, u, v, chromaAlpha] = [4, 4, 1, 1, 1].map((count) => kernel.reserve(count)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    kernel.call.rgbaToYuva(rgba, 2, 2, y, alpha, u, v, chromaAlpha);
    const [, wantedU, wantedV] = toYuv(255, 0, 0);
    expect(Math.abs(kernel.view(u, 1)[0]! - wantedU)).toBeLessThanOrEqual(1);
    expect(Math.abs(kernel.view(v, 1)[0]! - wantedV)).toBeLessThanOrEqual(1);
    expect(kernel.view(chromaAlpha, 1)[0]).toBe(64);
    expect([...kernel.view(alpha, 4)]).toEqual([255, 0, 0, 0]);
  });
});
