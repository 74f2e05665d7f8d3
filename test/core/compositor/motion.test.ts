import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canvasSize, ease, viewAt } from '../../../core/compositor/motion.ts';
import { effects } from '../../../core/schema/storyboard.ts';

const sides = fc.integer({ min: 2, max: 2160 }).map((half) => half * 2);

describe('motion of stills', () => {
  it('never looks outside the canvas and never enlarges it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...effects),
        fc.nat(500),
        fc.integer({ min: 1, max: 500 }),
        sides,
        sides,
        (effect, index, total, width, height) => {
          const canvas = canvasSize(effect, width, height);
          const view = viewAt(effect, index, total, width, height);
          expect((canvas.width % 2) + (canvas.height % 2)).toBe(0);
          expect(view.x).toBeGreaterThanOrEqual(-1e-6);
          expect(view.y).toBeGreaterThanOrEqual(-1e-6);
          expect(view.x + view.scaleX * width).toBeLessThanOrEqual(canvas.width + 1e-6);
          expect(view.y + view.scaleY * height).toBeLessThanOrEqual(canvas.height + 1e-6);
          expect(Math.min(view.scaleX, view.scaleY)).toBeGreaterThanOrEqual(1 - 1e-9);
        },
      ),
    );
  });

  it('eases: starts and stops at rest, speed never jumps, always forward', () => {
    const steps = 1000;
    const speeds = Array.from(
      { length: steps },
      (_, index) => (ease((index + 1) / steps) - ease(index / steps)) * steps,
    );
    expect(ease(0)).toBe(0);
    expect(ease(1)).toBeCloseTo(1, 12);
    expect(speeds[0]).toBeLessThan(0.02);
    expect(speeds.at(-1)).toBeLessThan(0.02);
    for (const [index, speed] of speeds.entries()) {
      expect(speed).toBeGreaterThan(0);
      expect(Math.abs(speed - (speeds[index - 1] ?? 0))).toBeLessThan(0.02);
    }
  });
});
