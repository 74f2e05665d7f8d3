/** Sound before and after the engines: files, silence, level, joining. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinSamples, pauseAfter, placeSentences } from '../../../core/tts/audio/join.ts';
import { applyGain, levelGain, speechLufs } from '../../../core/tts/audio/level.ts';
import { speechBounds } from '../../../core/tts/audio/speech-bounds.ts';
import { decodeWav, encodeWav } from '../../../core/tts/audio/wav.ts';

const rate = 16_000;
/** A tone of `seconds` at an amplitude of full scale × `amplitude`. */
const tone = (seconds: number, amplitude: number): Int16Array =>
  Int16Array.from({ length: seconds * rate }, (_, index) =>
    Math.round(32_767 * amplitude * Math.sin((2 * Math.PI * 220 * index) / rate)),
  );
const concat = (...parts: Int16Array[]): Int16Array => Int16Array.from(parts.flatMap((part) => [...part]));

describe('wav', () => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(
        fc.int16Array({ maxLength: 200 }),
        fc.integer({ min: 8000, max: 48_000 }),
        (samples, sampleRate) => {
          expect(decodeWav(encodeWav(samples, sampleRate))).toEqual({ samples, sampleRate });
        },
      ),
    );
  });

  it('reads past other chunks and placeholder sizes', () => {
    const file = encodeWav(Int16Array.of(1, -2, 3), rate);
    const list = Buffer.concat([Buffer.from('LIST'), Buffer.from([3, 0, 0, 0]), Buffer.from('abc\0')]);
    const withChunk = Buffer.concat([file.subarray(0, 36), list, file.subarray(36)]);
    expect([...decodeWav(withChunk).samples]).toEqual([1, -2, 3]);
    file.writeUInt32LE(0xffff_ffff, 40);
    expect([...decodeWav(file).samples]).toEqual([1, -2, 3]);
  });

  it('refuses what is not mono 16-bit PCM', () => {
    const stereo = encodeWav(Int16Array.of(1, 2), rate);
    stereo.writeUInt16LE(2, 22);
    for (const file of [stereo, Buffer.from('nonsense'), Buffer.alloc(0)])
      expect(() => decodeWav(file)).toThrow(RangeError);
  });
});

describe('speech bounds', () => {
  it('finds sound between silences, with a little room', () => {
    const [start, end] = speechBounds(concat(tone(0.3, 0), tone(0.5, 0.5), tone(0.4, 0)), rate);
    expect(start / rate).toBeGreaterThan(0.27);
    expect(start / rate).toBeLessThanOrEqual(0.3);
    expect(end / rate).toBeGreaterThanOrEqual(0.8);
    expect(end / rate).toBeLessThan(0.85);
  });

  it('keeps a soft onset and drops hiss', () => {
    const [withOnset] = speechBounds(concat(tone(0.2, 0), tone(0.1, 0.01), tone(0.5, 0.5)), rate);
    expect(withOnset / rate).toBeLessThanOrEqual(0.2);
    const [withHiss] = speechBounds(concat(tone(0.3, 0.0005), tone(0.5, 0.5)), rate);
    expect(withHiss / rate).toBeGreaterThan(0.27);
  });

  it('finds nothing in silence', () => expect(speechBounds(tone(1, 0), rate)).toEqual([0, 0]));
});

describe('level', () => {
  /** LUFS by ffmpeg's own meter, of mono sound heard from both sides. */
  const lufs = (samples: Int16Array): number => {
    const { stderr } = spawnSync(
      'ffmpeg',
      ['-hide_banner', '-nostats', '-i', '-', '-af', 'pan=stereo|c0=c0|c1=c0,ebur128', '-f', 'null', '-'],
      { input: encodeWav(samples, rate), encoding: 'utf8' },
    );
    return Number(/Integrated loudness:\s+I:\s+(-?[\d.]+) LUFS/.exec(stderr)![1]);
  };

  it('brings loud and soft speech to one loudness, as another meter finds', () => {
    for (const amplitude of [0.01, 0.1, 1]) {
      const samples = concat(tone(0.5, amplitude), tone(1, 0), tone(0.7, amplitude));
      applyGain(samples, levelGain(samples, rate));
      expect(lufs(samples)).toBeCloseTo(speechLufs, 0);
    }
  });

  it('never clips', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1, noNaN: true }), fc.boolean(), (amplitude, withClick) => {
        const samples = concat(tone(0.5, amplitude), Int16Array.of(withClick ? -32_768 : 0), tone(0.1, 0));
        applyGain(samples, levelGain(samples, rate));
        expect(samples.every((sample) => Math.abs(sample) <= 32_768 * 10 ** (-1 / 20) + 1)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('leaves silence alone', () => expect(levelGain(tone(1, 0), rate)).toBe(1));
});

describe('joining', () => {
  it('pauses longer where the text does, and shorter when speech is fast', () => {
    const order = ['word ', 'clause, ', 'End. ', 'Line.\n', 'Paragraph.\n\n'].map((ending) =>
      pauseAfter(ending, 1),
    );
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(new Set(order).size).toBe(order.length);
    expect(pauseAfter('Wait...', 1)).toBeGreaterThan(pauseAfter('Wait.', 1));
    expect(pauseAfter('End."', 1)).toBe(pauseAfter('End.', 1));
    expect(pauseAfter('End.', 2)).toBe(pauseAfter('End.', 1) / 2);
  });

  it('places parts in order without overlap and ends with the last sound', () => {
    const lengths = fc.array(fc.nat({ max: 500 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(lengths, (list) => {
        const { places, length } = placeSentences(
          list,
          list.map(() => 0.01),
          rate,
        );
        places.forEach((place, index) => {
          const before = places[index - 1];
          if (before) expect(place.start - before.start).toBe(before.length === 0 ? 0 : before.length + 160);
        });
        const last = places.findLast((place) => place.length > 0);
        expect(length).toBe(last ? last.start + last.length : 0);
      }),
    );
  });

  it('fades the ends of each part and leaves pauses digitally silent', () => {
    const part = tone(0.1, 0.5).fill(10_000);
    const { places, length } = placeSentences([part.length, part.length], [0.2], rate);
    const joined = joinSamples([part, part], places, length, rate);
    expect(joined[0]).toBe(0);
    expect(joined[part.length - 1]).toBe(0);
    expect(joined[part.length >> 1]).toBe(10_000);
    expect(joined.slice(part.length, places[1]!.start).every((sample) => sample === 0)).toBe(true);
    expect(joined.at(-1)).toBe(0);
  });
});
