/** Every transition in every direction: starts at the old scene, ends at the new, moves the right way. */
import { describe, expect, it } from 'vitest';
import { Kernel, type Frame } from '../../../core/compositor/kernel.ts';
import type { TransitionPlan } from '../../../core/compositor/plan.ts';
import { openTransition } from '../../../core/compositor/transitions.ts';
import { transitionDirections, transitionTypes } from '../../../core/schema/storyboard.ts';

const [width, height] = [160, 90];
const all = transitionTypes
  .filter((type) => type !== 'none')
  .flatMap((type): TransitionPlan[] => {
    const directions = transitionDirections[type];
    return directions.length > 0
      ? directions.map((direction) => ({ type, direction }))
      : [{ type, direction: null }];
  });

function setUp(plan: TransitionPlan) {
  const kernel = new Kernel();
  const scratch = kernel.reserve(width * 16 + 4096);
  const flat = (luma: number, chroma: number): Frame => {
    const frame = kernel.frame(width, height);
    kernel.view(frame.y, width * height).fill(luma);
    kernel.view(frame.u, (width * height) / 2).fill(chroma);
    return frame;
  };
  const [a, b, out] = [flat(40, 100), flat(200, 150), flat(0, 0)];
  const mix = openTransition(kernel, plan, width, height, scratch);
  const at = (progress: number) => {
    mix(a, b, out, progress);
    const y = kernel.view(out.y, width * height).slice();
    const mean = (plane: Uint8Array): number => plane.reduce((sum, value) => sum + value, 0) / plane.length;
    return {
      y,
      mean: mean(y),
      chroma: mean(kernel.view(out.u, (width * height) / 2)),
      pixel: (x: number, row: number) => y[row * width + x]!,
    };
  };
  return at;
}

describe.each(all)('$type $direction', (plan) => {
  it('begins with the old scene and ends with the new one, in brightness and colour', () => {
    const at = setUp(plan);
    expect(at(0).mean).toBeCloseTo(40, 0);
    expect(at(1).mean).toBeCloseTo(200, 0);
    expect(at(0).chroma).toBeCloseTo(100, 0);
    expect(at(1).chroma).toBeCloseTo(150, 0);
  });

  it('never goes back', () => {
    if (plan.type === 'fadeblack' || plan.type === 'fadewhite') return expectThroughColor(plan);
    const at = setUp(plan);
    let last = -1;
    for (let step = 0; step <= 20; step++) {
      const { mean } = at(step / 20);
      expect(mean).toBeGreaterThanOrEqual(last - 0.01);
      last = mean;
    }
  });
});

function expectThroughColor(plan: TransitionPlan): void {
  expect(setUp(plan)(0.5).mean).toBe(plan.type === 'fadeblack' ? 16 : 235);
}

describe('directions', () => {
  const half = {
    left: [width - 3, 2],
    right: [2, width - 3],
    up: [height - 3, 2],
    down: [2, height - 3],
  } as const;
  it.each(['wipe', 'slide', 'smooth'] as const)('%s moves the new scene the way it is named', (type) => {
    for (const direction of ['left', 'right', 'up', 'down'] as const) {
      const middle = setUp({ type, direction })(0.5);
      const [isNew, isOld] = half[direction];
      const probe = (place: number): number =>
        direction === 'left' || direction === 'right' ? middle.pixel(place, 45) : middle.pixel(80, place);
      expect(probe(isNew)).toBe(200);
      expect(probe(isOld)).toBe(40);
    }
  });

  it('a circle opens from the middle, or closes on it', () => {
    const opening = setUp({ type: 'circle', direction: 'out' })(0.5);
    expect([opening.pixel(80, 45), opening.pixel(1, 1)]).toEqual([200, 40]);
    const closing = setUp({ type: 'circle', direction: 'in' })(0.5);
    expect([closing.pixel(80, 45), closing.pixel(1, 1)]).toEqual([40, 200]);
  });
});
