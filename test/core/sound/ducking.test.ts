/** How music steps back: down before the first word, steady between words, back in real pauses. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duckDepthDb, DuckingCurve, speechStretches } from '../../../core/sound/ducking.ts';
import type { Span } from '../../../core/sound/survey.ts';
import { toDb } from './signals.ts';

const rate = 48_000;

function curve(spans: Span[], seconds: number, blockFrames = 12_000): Float32Array {
  const gains = new Float32Array(Math.round(seconds * rate));
  const ducking = new DuckingCurve(speechStretches(spans));
  const block = new Float32Array(blockFrames);
  for (let at = 0; at < gains.length; at += blockFrames) {
    const count = Math.min(blockFrames, gains.length - at);
    ducking.fill(block, at, count);
    gains.set(block.subarray(0, count), at);
  }
  return gains;
}

const span = (fromS: number, toS: number): Span => ({
  from: Math.round(fromS * rate),
  to: Math.round(toS * rate),
});
const at = (gains: Float32Array, seconds: number): number => toDb(gains[Math.round(seconds * rate)]!);

describe('ducking', () => {
  it('is down with the first word and back some time after the last', () => {
    const gains = curve([span(3, 5)], 10);
    expect(at(gains, 2.5)).toBeCloseTo(0, 3);
    expect(at(gains, 3)).toBeCloseTo(duckDepthDb, 1);
    expect(at(gains, 5.2)).toBeCloseTo(duckDepthDb, 1);
    expect(at(gains, 6.5)).toBeCloseTo(0, 3);
  });

  it('does not pump in the pause between two sentences', () => {
    const gains = curve([span(1, 2), span(3.2, 5)], 8);
    for (let s = 1; s < 5; s += 0.1) expect(at(gains, s)).toBeCloseTo(duckDepthDb, 1);
  });

  it('starts low when the film starts with speech', () => {
    expect(at(curve([span(0, 2)], 4), 0)).toBeCloseTo(duckDepthDb, 1);
  });

  it('stays within its range, moves smoothly, and is low under all speech', () => {
    const spans = fc.array(
      fc
        .record({
          from: fc.integer({ min: 0, max: 20 * rate }),
          length: fc.integer({ min: 480, max: 4 * rate }),
        })
        .map(({ from, length }) => ({ from, to: from + length })),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(spans, fc.integer({ min: 1000, max: 12_000 }), (speech, blockFrames) => {
        const gains = curve(speech, 25, blockFrames);
        const low = 10 ** (duckDepthDb / 20);
        let steepest = 0;
        for (let i = 1; i < gains.length; i++)
          steepest = Math.max(steepest, Math.abs(gains[i]! - gains[i - 1]!));
        expect(steepest).toBeLessThan(1e-4);
        expect(gains.every((gain) => gain >= low - 1e-6 && gain <= 1 + 1e-6)).toBe(true);
        for (const { from, to } of speech) {
          for (let i = from; i < to; i += 997) expect(gains[i]).toBeCloseTo(low, 4);
        }
      }),
      { numRuns: 10 },
    );
  });
});
