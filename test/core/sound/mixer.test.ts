/** Decoding and placing: every rate lands on its sample, overlaps add, nothing is cut. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeSounds } from '../../../core/sound/decode.ts';
import { mixBlocks, type Piece } from '../../../core/sound/mixer.ts';
import { silentBlock, type Block } from '../../../core/sound/pcm.ts';
import { ffmpeg, loudest, noise, tone, writeWav, type Wave } from './signals.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'mixer-'));
afterAll(() => rmSync(folder, { recursive: true }));

let runs = 0;
async function mix(
  frames: number,
  pieces: (Partial<Piece> & { path: string })[],
  speech: { from: number; to: number }[] = [],
): Promise<Block> {
  const workFolder = path.join(folder, `run-${runs++}`);
  mkdirSync(workFolder);
  const sources = await decodeSounds(
    pieces.map((piece) => ({ path: piece.path })),
    { ffmpeg, folder: workFolder },
  );
  const placed = pieces.map(({ path: file, ...rest }): Piece => {
    const source = sources.get(file)!;
    return {
      source,
      loop: null,
      offset: 0,
      start: 0,
      frames: source.frames,
      gain: 1,
      fadeIn: 0,
      fadeOut: 0,
      ducked: false,
      ...rest,
    };
  });
  const whole = silentBlock(frames);
  let at = 0;
  for await (const block of mixBlocks({ frames, pieces: placed, speech })) {
    whole.left.set(block.left, at);
    whole.right.set(block.right, at);
    at += block.left.length;
  }
  expect(at).toBe(frames);
  return whole;
}

describe('placing', () => {
  for (const rate of [8_000, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000]) {
    for (const channels of [1, 2]) {
      it(`puts a click of a ${rate} Hz file with ${channels} channel(s) on its sample`, async () => {
        // A short smooth pulse, as a lone sample of 96 kHz holds treble that 48 kHz cannot.
        const pulse: Wave = (s) => 0.5 * Math.exp(-(((s - 0.1) * 4_000) ** 2));
        const file = writeWav(
          path.join(folder, `${rate}-${channels}.wav`),
          Array<Wave>(channels).fill(pulse),
          { rate, seconds: 0.3 },
        );
        const { left, right } = await mix(40_000, [{ path: file, start: 12_345 }]);
        expect(loudest(left)).toBe(12_345 + 4_800);
        expect(loudest(right)).toBe(12_345 + 4_800);
        expect(left[12_345 + 4_800]).toBeCloseTo(0.5, 1);
      });
    }
  }

  it('adds what overlaps and plays each to its end', async () => {
    const a = writeWav(path.join(folder, 'a.wav'), [tone(440, 0.25)], { seconds: 1, format: 'f32' });
    const b = writeWav(path.join(folder, 'b.wav'), [tone(1000, 0.25)], { seconds: 0.2, format: 'f32' });
    const { left } = await mix(60_000, [
      { path: a, start: 1_000 },
      { path: b, start: 20_000 },
    ]);
    const value = (at: number): number =>
      (at >= 1_000 && at < 49_000 ? tone(440, 0.25)((at - 1_000) / 48_000) : 0) +
      (at >= 20_000 && at < 29_600 ? tone(1000, 0.25)((at - 20_000) / 48_000) : 0);
    for (let at = 0; at < 60_000; at += 7) expect(left[at]).toBeCloseTo(value(at), 6);
  });

  it('leaves out what lies before and behind the film', async () => {
    const file = writeWav(path.join(folder, 'long.wav'), [tone(440, 0.25)], { seconds: 2, format: 'f32' });
    const { left } = await mix(30_000, [{ path: file, start: -10_000 }]);
    for (let at = 0; at < 30_000; at += 11)
      expect(left[at]).toBeCloseTo(tone(440, 0.25)((at + 10_000) / 48_000), 6);
  });

  it('fades edges from and to silence', async () => {
    const file = writeWav(path.join(folder, 'steady.wav'), [() => 0.5], { seconds: 0.5, format: 'f32' });
    const { left } = await mix(30_000, [{ path: file, start: 1_000, fadeIn: 240, fadeOut: 480 }]);
    expect(left[1_000]).toBeLessThan(0.01);
    expect(left[1_120]).toBeCloseTo(0.5 * Math.SQRT1_2, 2);
    expect(left[1_300]).toBeCloseTo(0.5, 6);
    expect(left[24_760]).toBeCloseTo(0.5 * Math.SQRT1_2, 2);
    expect(left[24_999]).toBeLessThan(0.01);
    expect(left[25_000]).toBe(0);
  });

  it('mixes hundreds of pieces with few files open', async () => {
    const file = writeWav(path.join(folder, 'tick.wav'), [noise(2, 0.2)], { seconds: 0.02, format: 'f32' });
    const pieces = Array.from({ length: 400 }, (_, i) => ({ path: file, start: i * 1_000 }));
    const { left } = await mix(400_000, pieces);
    for (let i = 1; i < 400; i++) expect(left[i * 1_000 + 500]).toBe(left[500]);
  });
});

describe('decoding', () => {
  it('refuses what is no sound, among it a playlist under another name', async () => {
    const playlist = path.join(folder, 'playlist.wav');
    writeFileSync(playlist, '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/hostname\n#EXT-X-ENDLIST\n');
    await expect(decodeSounds([{ path: playlist }], { ffmpeg, folder })).rejects.toMatchObject({
      code: 'media_unusable',
    });
  });

  it('takes an empty sound for silence', async () => {
    const file = writeWav(path.join(folder, 'empty.wav'), [() => 0], { seconds: 0, rate: 22_050 });
    const { left } = await mix(1_000, [{ path: file }]);
    expect(left.every((value) => value === 0)).toBe(true);
  });
});
