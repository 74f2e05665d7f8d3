import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encoderThreads, takeBatch } from '../../../core/pipeline/batches.ts';
import type { Segment } from '../../../core/pipeline/segments.ts';

const FPS = 30;

const still = (hash: string) => ({ kind: 'still', picture: { path: `/${hash}`, hash } });
const clip = (hash: string) => ({ kind: 'clip', path: `/${hash}`, hash });

/** Segments one after another; `null` leaves a gap, as of one that is in the cache already. */
function film(frames: readonly (number | null)[]): Segment[] {
  let start = 0;
  return frames.flatMap((count, index) => {
    const at = start;
    start += count ?? 100;
    const segment = {
      key: String(index),
      scene: index,
      kind: 'body',
      start: at,
      plan: { frames: count, fps: FPS, base: still(String(index)), incoming: null },
    };
    return count === null ? [] : [segment as unknown as Segment];
  });
}

function batches(segments: Segment[], threads: number): Segment[][] {
  const left = [...segments];
  const taken: Segment[][] = [];
  while (left.length > 0) taken.push(takeBatch(left, threads));
  return taken;
}

it('takes every segment once, in order, and only neighbours together', () => {
  const lengths = fc.array(fc.option(fc.integer({ min: 1, max: 300 }), { nil: null, freq: 8 }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 8 }), (frames, threads) => {
      const segments = film(frames);
      const taken = batches(segments, threads);
      expect(taken.flat()).toEqual(segments);
      for (const batch of taken) {
        expect(batch.length).toBeGreaterThan(0);
        for (const [index, segment] of batch.slice(1).entries())
          expect(segment.start).toBe(batch[index]!.start + batch[index]!.plan.frames);
        const sum = batch.reduce((total, { plan }) => total + plan.frames, 0);
        if (batch.length > 1) expect(sum).toBeLessThanOrEqual(30 * FPS + batch.at(-1)!.plan.frames / 2);
      }
    }),
  );
});

it('begins with long batches and ends with short ones', () => {
  // A minute: ten scenes of 165 frames and nine windows of 15.
  const segments = film(Array.from({ length: 19 }, (_, index) => (index % 2 === 0 ? 165 : 15)));
  const seconds = batches(segments, 2).map(
    (batch) => batch.reduce((total, { plan }) => total + plan.frames, 0) / FPS,
  );
  expect(seconds[0]).toBeGreaterThan(15);
  expect(seconds[0]).toBeLessThan(28);
  expect(seconds.at(-1)).toBeLessThanOrEqual(6);
  expect(seconds.length).toBeLessThan(8);
});

it('ends with none that is not worth an encoder, if so asked', () => {
  const segments = film(Array.from({ length: 19 }, (_, index) => (index % 2 === 0 ? 165 : 15)));
  const left = [...segments];
  const seconds: number[] = [];
  while (left.length > 0)
    seconds.push(takeBatch(left, 2, 2).reduce((sum, { plan }) => sum + plan.frames, 0) / FPS);
  expect(Math.min(...seconds)).toBeGreaterThanOrEqual(2 * 0.7);
});

it('ends a batch where no clip goes on, if that is about as good', () => {
  // Ten scenes of 165 frames and nine windows of 15; the third scene is a clip, two windows show it too.
  const layers = Array.from({ length: 10 }, (_, scene) => (scene === 2 ? clip : still)(String(scene)));
  const segments = film(Array.from({ length: 19 }, (_, index) => (index % 2 === 0 ? 165 : 15)));
  for (const [index, { plan }] of segments.entries()) {
    const scene = Math.floor(index / 2);
    Object.assign(plan, { base: layers[scene], incoming: index % 2 === 1 ? layers[scene + 1] : null });
  }
  for (const batch of batches(segments, 2)) {
    const last = segments.indexOf(batch.at(-1)!);
    expect([3, 4], 'segments after which the clip goes on').not.toContain(last);
  }
});

it('gives nothing of nothing', () => {
  expect(takeBatch([], 2)).toEqual([]);
});

it('gives an encoder more threads only where others would have nothing to do', () => {
  const threadsOf = (frames: number, left: number, threads: number): number =>
    encoderThreads(film([frames]), left, threads);
  expect(threadsOf(165, 0, 2)).toBe(2);
  // One scene of ten was edited: its body, and a window on both sides.
  expect(threadsOf(165, 30, 2)).toBe(2);
  expect(threadsOf(15, 180, 2)).toBe(1);
  expect(threadsOf(450, 1350, 2)).toBe(1);
  expect(threadsOf(300, 0, 8)).toBe(8);
  expect(threadsOf(300, 300, 8)).toBe(4);
});
