import { describe, expect, test } from 'vitest';
import { drawGradient } from '../../../core/drawing/gradient.ts';

/** Mean colour of a square of 24 px. */
function meanAt(rgb: Uint8Array, width: number, x: number, y: number): number[] {
  const sum = [0, 0, 0];
  for (let down = 0; down < 24; down++)
    for (let across = 0; across < 24; across++)
      for (const part of [0, 1, 2]) sum[part]! += rgb[((y + down) * width + x + across) * 3 + part]!;
  return sum.map((value) => value / 576);
}

describe('gradients', () => {
  test('run from the first colour at the upper left to the last at the lower right', () => {
    const { rgb } = drawGradient(['#c01010', '#1010c0'], 640, 360);
    expect(rgb.length).toBe(640 * 360 * 3);
    const [first, last] = [meanAt(rgb, 640, 0, 0), meanAt(rgb, 640, 616, 336)];
    expect(first[0]).toBeGreaterThan(first[2]! + 80);
    expect(last[2]).toBeGreaterThan(last[0]! + 80);
  });

  test('pass every colour between', () => {
    const { rgb } = drawGradient(['#ff0000', '#00ff00', '#0000ff'], 640, 640);
    const middle = meanAt(rgb, 640, 308, 308);
    expect(middle[1]).toBeGreaterThan(middle[0]! + 60);
    expect(middle[1]).toBeGreaterThan(middle[2]! + 60);
  });

  test('of one colour stay near it and are not flat', () => {
    const { rgb } = drawGradient(['#1e90ff'], 640, 360);
    const parts = [
      [0, 0],
      [300, 160],
      [600, 320],
    ].map(([x, y]) => meanAt(rgb, 640, x!, y!));
    for (const part of parts)
      [0x1e, 0x90, 0xff].forEach((value, index) => expect(Math.abs(part[index]! - value)).toBeLessThan(60));
    expect(
      Math.max(...parts.map((part) => part[1]!)) - Math.min(...parts.map((part) => part[1]!)),
    ).toBeGreaterThan(4);
  });

  test('have no bands: steps of one are dithered away', () => {
    // Very slow: few steps over 1600 px would be bands of 100 px.
    const { rgb } = drawGradient(['#202428', '#2c3034'], 1600, 900);
    let longest = 0;
    let run = 0;
    for (let x = 1; x < 1600; x++) {
      run = rgb[(32 * 1600 + x) * 3] === rgb[(32 * 1600 + x - 1) * 3] ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    expect(longest).toBeLessThan(60);
    const means = Array.from({ length: 66 }, (_, index) => meanAt(rgb, 1600, index * 24, 20)[1]!);
    for (let index = 1; index < means.length; index++)
      expect(Math.abs(means[index]! - means[index - 1]!)).toBeLessThan(1);
  });

  test('keep black black and white white enough, at any size', () => {
    for (const [width, height] of [
      [2, 2],
      [17, 33],
      [1080, 1920],
    ] as const) {
      expect(Math.max(...meanish(drawGradient(['#000'], width, height).rgb))).toBeLessThan(12);
      expect(Math.min(...meanish(drawGradient(['#fff'], width, height).rgb))).toBeGreaterThan(215);
    }
  });
});

/** Every thousandth value, at least one. */
function meanish(rgb: Uint8Array): number[] {
  return Array.from(rgb.filter((_, index) => index % 997 === 0));
}
