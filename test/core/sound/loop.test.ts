/** Repeating a track: no click at the seam, no hole in the level, any length from any track. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LoopReader, planLoop } from '../../../core/sound/loop.ts';
import { silentBlock, type Block } from '../../../core/sound/pcm.ts';
import { noise, rms, toDb, tone, wavSource, writeWav, type Wave } from './signals.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'loop-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function looped(
  name: string,
  wave: Wave,
  seconds: number,
  wanted: number,
): Promise<{ sound: Block; crossfade: number }> {
  const source = await wavSource(writeWav(path.join(folder, name), [wave, wave], { seconds, format: 'f32' }));
  const loop = await planLoop(source, { from: 0, to: source.frames });
  const sound = silentBlock(Math.round(wanted * 48_000));
  const reader = new LoopReader(source, loop);
  // In blocks of an odd size, so that seams fall anywhere in them.
  for (let at = 0; at < sound.left.length; at += 7001) {
    await reader.read(at, Math.min(7001, sound.left.length - at), sound, at);
  }
  await reader.close();
  return { sound, crossfade: loop.crossfade };
}

/** The sharpest bend of the waveform: a click is far sharper than the sound it sits in. */
function sharpest(x: Float32Array): number {
  let most = 0;
  for (let i = 2; i < x.length; i++) most = Math.max(most, Math.abs(x[i]! - 2 * x[i - 1]! + x[i - 2]!));
  return most;
}

describe('loop', () => {
  it('joins a seamless track end to start, sample by sample', async () => {
    const { sound, crossfade } = await looped('seamless.wav', tone(440, 0.5), 1, 3.7);
    expect(crossfade).toBe(0);
    const endless = tone(440, 0.5);
    for (let i = 0; i < sound.left.length; i += 13) expect(sound.left[i]).toBeCloseTo(endless(i / 48_000), 4);
  });

  it('crossfades a track that breaks off, without a click', async () => {
    const wave = tone(441.3, 0.5);
    const { sound, crossfade } = await looped('cut.wav', wave, 1.0007, 6);
    expect(crossfade).toBeGreaterThan(4_800);
    const own = 0.5 * (2 * Math.PI * (441.3 / 48_000)) ** 2;
    expect(sharpest(sound.left)).toBeLessThan(own * 1.6);
  });

  it('would have clicked without: the plain joint is far sharper', async () => {
    const once = Float32Array.from({ length: 48_034 }, (_, i) => tone(441.3, 0.5)(i / 48_000));
    const plain = new Float32Array(96_068);
    plain.set(once);
    plain.set(once, 48_034);
    expect(sharpest(plain)).toBeGreaterThan(0.5 * (2 * Math.PI * (441.3 / 48_000)) ** 2 * 3);
  });

  it('keeps the level through the crossfade', async () => {
    const swelling = noise(11, 0.4);
    const wave: Wave = (s) => swelling(s) * (s > 3.9 ? 0.2 : 1);
    const { sound, crossfade } = await looped('noise.wav', wave, 4, 9);
    expect(crossfade).toBeGreaterThan(0);
    const usual = rms(sound.left, 48_000, 96_000);
    for (let at = 48_000; at < 8 * 48_000; at += 4_800) {
      expect(Math.abs(toDb(rms(sound.left, at, at + 4_800) / usual))).toBeLessThan(1.5);
    }
  });

  it('keeps time where a picture repeats beside it: rounds as long as the sound, softened at the seam', async () => {
    const wave = tone(441.3, 0.5);
    const source = await wavSource(
      writeWav(path.join(folder, 'in-time.wav'), [wave, wave], { seconds: 1.0007, format: 'f32' }),
    );
    const loop = await planLoop(source, { from: 0, to: source.frames }, true);
    const reader = new LoopReader(source, loop);
    const sound = silentBlock(4 * source.frames);
    await reader.read(0, sound.left.length, sound);
    await reader.close();
    for (let i = 2_000; i < 46_000; i += 97) expect(sound.left[3 * source.frames + i]).toBe(sound.left[i]);
    expect(sharpest(sound.left)).toBeLessThan(0.5 * (2 * Math.PI * (441.3 / 48_000)) ** 2 * 1.6);
    expect(Math.abs(sound.left[source.frames]!)).toBeLessThan(0.01);
    expect(sound.left.slice(0, 300)).toEqual(Float32Array.from({ length: 300 }, (_, i) => wave(i / 48_000)));
  });

  it('repeats a very short sound for as long as wanted', async () => {
    const { sound } = await looped('short.wav', noise(5, 0.3), 0.05, 5);
    for (let at = 0; at < sound.left.length; at += 24_000)
      expect(rms(sound.left, at, at + 24_000)).toBeGreaterThan(0.1);
  });
});
