/** The limiter: the ceiling holds, sound below it is untouched, nothing is lost or moved. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limiter } from '../../../core/sound/limiter.ts';
import type { Block } from '../../../core/sound/pcm.ts';
import { TruePeakMeter } from '../../../core/sound/true-peak.ts';
import { babble, blockOf, noise, random, tone, type Wave } from './signals.ts';

function limit(input: Block, ceilingDb: number, sizes: number[] = [12_000], gain = 1): Block {
  const limiter = new Limiter(ceilingDb);
  const out: Block[] = [];
  const frames = input.left.length;
  for (let at = 0, turn = 0; at < frames; turn++) {
    const to = Math.min(frames, at + sizes[turn % sizes.length]!);
    out.push(limiter.push({ left: input.left.slice(at, to), right: input.right.slice(at, to) }, gain));
    at = to;
  }
  out.push(limiter.flush());
  const joined = (side: keyof Block): Float32Array =>
    Float32Array.from(out.flatMap((block) => [...block[side]]));
  return { left: joined('left'), right: joined('right') };
}

function truePeak(block: Block): number {
  const meter = new TruePeakMeter();
  meter.push(block);
  return meter.peakDb()!;
}

describe('Limiter', () => {
  it('passes sound below the ceiling bit for bit, in place', () => {
    const input = blockOf(babble(0.3), 48_000);
    expect(truePeak(input)).toBeLessThan(-1);
    expect(limit(input, -1)).toEqual(input);
  });

  it('keeps true peaks below the ceiling, whatever comes in', () => {
    const waves = fc.oneof(
      fc.integer({ min: 40, max: 11_000 }).map((hertz) => tone(hertz, 1)),
      fc.integer({ min: 80, max: 300 }).map((hertz) => babble(1, hertz)),
      fc.integer({ min: 1, max: 1e6 }).map((seed): Wave => {
        // Noise with the treble rolled off, as sound has it.
        const next = random(seed);
        let low = 0;
        return () => (low += 0.5 * (2 * next() - 1 - low));
      }),
    );
    const gains = fc.double({ min: 0.5, max: 6, noNaN: true });
    const ceilings = fc.double({ min: -6, max: -0.5, noNaN: true });
    fc.assert(
      fc.property(waves, gains, ceilings, (wave, gain, ceiling) => {
        const input = blockOf(wave, 24_000);
        const output = limit(input, ceiling, [12_000], gain);
        expect(output.left.length).toBe(24_000);
        expect(truePeak(output)).toBeLessThan(ceiling + 0.1);
      }),
      { numRuns: 40 },
    );
  });

  it('is the same however the sound is cut into blocks', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 }), (sizes) => {
        const input = blockOf(noise(3, 0.9), 9_000);
        const whole = limit(input, -3, [9_000]);
        expect(limit(input, -3, sizes)).toEqual(whole);
      }),
      { numRuns: 15 },
    );
  });

  it('lets go after a peak: half a second later the gain is 1 again', () => {
    const quiet = tone(440, 0.2);
    const input = blockOf((s) => (s > 0.1 && s < 0.11 ? 4 : 1) * quiet(s), 48_000 * 2);
    const output = limit(input, -6);
    expect(truePeak(output)).toBeLessThan(-5.9);
    expect(output.left.slice(60_000)).toEqual(input.left.slice(60_000));
    expect(output.left.slice(0, 4_000)).toEqual(input.left.slice(0, 4_000));
  });

  it('turns both sides down together, so that the picture of the room stays', () => {
    const left = blockOf(tone(440, 1), 12_000).left;
    const input = { left, right: left.map((value) => value / 4) };
    const output = limit(input, -6);
    for (let i = 0; i < left.length; i += 101) expect(output.right[i]!).toBeCloseTo(output.left[i]! / 4, 6);
  });
});
