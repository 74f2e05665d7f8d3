/** The meters against the standard's own cases and against ffmpeg's. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { LoudnessMeter, weightingAt } from '../../../core/sound/loudness.ts';
import { PcmReader, silentBlock } from '../../../core/sound/pcm.ts';
import { TruePeakMeter } from '../../../core/sound/true-peak.ts';
import { babble, blockOf, ebur128, noise, tone, wavSource, writeWav, type Wave } from './signals.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'loudness-'));
afterAll(() => rmSync(folder, { recursive: true }));

function measure(
  wave: Wave,
  seconds: number,
  blockFrames = 12_000,
): { lufs: number | null; truePeakDb: number | null } {
  const loudness = new LoudnessMeter();
  const truePeak = new TruePeakMeter();
  const frames = Math.round(seconds * 48_000);
  for (let at = 0; at < frames; at += blockFrames) {
    const block = blockOf(wave, Math.min(blockFrames, frames - at), at);
    loudness.push(block);
    truePeak.push(block);
  }
  return { lufs: loudness.integrated(), truePeakDb: truePeak.peakDb() };
}

const level = (db: number): number => 10 ** (db / 20);

describe('integrated loudness', () => {
  it('reads -23 LUFS for a stereo tone of 1 kHz at -23 dBFS (EBU Tech 3341, case 1)', () => {
    expect(measure(tone(1000, level(-23)), 20).lufs).toBeCloseTo(-23, 1);
  });

  it('leaves quiet parts out by the relative gate (EBU Tech 3341, case 3)', () => {
    const wave: Wave = (s) => tone(1000, level(s < 10 || s >= 70 ? -36 : -23))(s);
    expect(measure(wave, 80).lufs).toBeCloseTo(-23, 1);
  });

  it('leaves very quiet parts out by both gates (EBU Tech 3341, case 4)', () => {
    const wave: Wave = (s) => tone(1000, level(s < 10 || s >= 90 ? -72 : s < 20 || s >= 80 ? -36 : -23))(s);
    expect(measure(wave, 100).lufs).toBeCloseTo(-23, 1);
  });

  it('knows silence, digital or below -70 LUFS', () => {
    expect(measure(() => 0, 3)).toEqual({ lufs: null, truePeakDb: null });
    expect(measure(tone(1000, level(-80)), 3).lufs).toBeNull();
  });

  it('measures sound shorter than one block of the standard', () => {
    expect(measure(tone(1000, level(-23)), 0.2).lufs).toBeCloseTo(-23, 0);
  });
});

describe('true peak', () => {
  it('finds the peak between samples: a tone at a quarter of the rate, off phase (BS.1770-4 annex 2)', () => {
    const wave: Wave = (s) => 0.5 * Math.sin(2 * Math.PI * 12_000 * s + Math.PI / 4);
    expect(Math.max(...blockOf(wave, 4800).left)).toBeCloseTo(0.354, 2);
    // The tone must rise and fall slowly, as its abrupt edges would have peaks of their own.
    const faded: Wave = (s) => wave(s) * Math.sin(Math.PI * s) ** 2;
    expect(measure(faded, 1).truePeakDb).toBeCloseTo(-6.02, 1);
  });

  it('counts what a cut at full level makes ring behind the last sample', () => {
    const frames = 4_814;
    const sound = tone(3_783, 0.5);
    const cut = measure(sound, frames / 48_000);
    const followed = measure((s) => (s * 48_000 < frames - 0.5 ? sound(s) : 0), (2 * frames) / 48_000);
    expect(cut.truePeakDb).toBe(followed.truePeakDb);
    expect(cut.truePeakDb).toBeGreaterThan(-6.02 + 0.1);
  });

  it('is the same however the sound is cut into blocks', () => {
    const wave = (): Wave => noise(7, 0.3);
    expect(measure(wave(), 1, 1000).truePeakDb).toBe(measure(wave(), 1, 48_000).truePeakDb);
  });
});

it('agrees with ffmpeg on whatever sound', async () => {
  let number = 0;
  const sounds = fc.record({
    kind: fc.constantFrom('noise', 'babble', 'tone'),
    hertz: fc.integer({ min: 60, max: 12_000 }),
    db: fc.double({ min: -40, max: -1, noNaN: true }),
    burst: fc.double({ min: 0.2, max: 2, noNaN: true }),
    seconds: fc.double({ min: 1, max: 4, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(sounds, async ({ kind, hertz, db, burst, seconds }) => {
      const make = {
        noise: noise(hertz, level(db)),
        babble: babble(level(db), 100 + (hertz % 100)),
        tone: tone(hertz, level(db)),
      };
      // Soft edges: at an abrupt one each filter rings in its own way.
      const edge = (s: number): number => Math.min(1, s / 0.02, Math.max(0, burst - s) / 0.02);
      // So too at the ends: ffmpeg's meter leaves out what a cut at full level makes ring behind it.
      const ends = (s: number): number => Math.max(0, Math.min(1, s / 0.02, (seconds - s) / 0.02));
      const soft = (x: number): number => Math.sin((x * Math.PI) / 2) ** 2;
      const wave: Wave = (s) => make[kind](s) * (0.2 + 0.8 * soft(edge(s % (2 * burst)))) * soft(ends(s));
      const file = writeWav(path.join(folder, `${number++}.wav`), [wave, wave], { seconds, format: 'f32' });
      const reader = new PcmReader(await wavSource(file));
      const block = silentBlock(reader.source.frames);
      await reader.read(0, reader.source.frames, block);
      await reader.close();
      const loudness = new LoudnessMeter();
      const truePeak = new TruePeakMeter();
      loudness.push(block);
      truePeak.push(block);
      const theirs = await ebur128(file);
      expect(Math.abs(loudness.integrated()! - theirs.lufs)).toBeLessThan(0.15);
      // Theirs prints one decimal, and white noise lets no two filters agree more closely.
      expect(Math.abs(truePeak.peakDb()! - theirs.truePeakDb)).toBeLessThan(0.25);
    }),
    { numRuns: 12, endOnFailure: true },
  );
});

describe('weighting at other sample rates', () => {
  it('is the standard’s own table at 48 kHz', () => {
    expect(weightingAt(48_000)).toEqual(
      Object.fromEntries(
        Object.entries({
          b0: 1.53512485958697,
          b1: -2.69169618940638,
          b2: 1.19839281085285,
          a1: -1.69065929318241,
          a2: 0.73248077421585,
          c1: -1.99004745483398,
          c2: 0.99007225036621,
        }).map(([name, value]) => [name, expect.closeTo(value, 8)]),
      ),
    );
  });

  it.each([16_000, 22_050, 24_000, 44_100])('reads the tone of 1 kHz at %i Hz as at 48 kHz', (rate) => {
    const meter = new LoudnessMeter(rate);
    const left = Float32Array.from({ length: rate * 3 }, (_, frame) => tone(1000, level(-23))(frame / rate));
    meter.push({ left, right: left });
    expect(meter.integrated()).toBeCloseTo(-23, 1);
  });
});
