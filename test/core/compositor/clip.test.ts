/** Clips on the film's grid: each source frame has its own grey, so a frame says which one it is. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClipReader } from '../../../core/compositor/clip.ts';
import { Kernel } from '../../../core/compositor/kernel.ts';
import type { ClipLayer } from '../../../core/compositor/plan.ts';
import { Ffmpeg, findFfmpeg, runningChildren } from '../../../core/ffmpeg.ts';

const ffmpeg = new Ffmpeg(findFfmpeg({ searchPath: '/usr/local/bin:/usr/bin' }));
const size = { width: 64, height: 32, fps: 30 };
const sourceFps = 25;
let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'genscene-clip-'));
  file = path.join(folder, 'numbered.mkv');
  await ffmpeg.run({
    purpose: 'making a numbered clip',
    inputs: [
      { source: `nullsrc=s=64x32:r=${sourceFps}:d=4,geq=lum=16+2*N:cb=128:cr=128`, options: ['-f', 'lavfi'] },
    ],
    outputs: [
      {
        target: file,
        options: ['-c:v', 'libx264', '-qp', '0', '-bf', '2', '-g', '40', '-pix_fmt', 'yuv420p'],
      },
    ],
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const layer = (over: Partial<ClipLayer & { sceneFrames: number }> = {}) =>
  ({
    kind: 'clip',
    path: file,
    hash: 'numbered',
    normalise: '',
    fit: 'cover',
    background: '#000000',
    width: 64,
    height: 32,
    startS: 0,
    endS: 4,
    whenShort: 'loop',
    sceneFrames: 300,
    ...over,
  }) as ClipLayer & { sceneFrames: number };

/** Source frame numbers shown in the given scene frames. */
async function shown(view: ClipLayer & { sceneFrames: number }, indices: number[]): Promise<number[]> {
  const kernel = new Kernel();
  const frame = kernel.frame(size.width, size.height);
  const reader = new ClipReader(view, size, { ffmpeg, signal: new AbortController().signal });
  const numbers: number[] = [];
  for (const index of indices) {
    await reader.read(index, frame, kernel);
    numbers.push((kernel.view(frame.y, 1)[0]! - 16) / 2);
  }
  await reader.close();
  return numbers;
}

const range = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index);

describe('a clip', () => {
  it('shows at 30 fps the source frame of that moment, each in turn', async () => {
    const numbers = await shown(layer(), range(0, 60));
    for (const [index, number] of numbers.entries())
      expect(Math.abs(number - (index / size.fps) * sourceFps)).toBeLessThanOrEqual(0.61);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  it('shows the same frames wherever a segment begins', async () => {
    const whole = await shown(layer(), range(0, 100));
    for (const from of [1, 7, 29, 30, 44, 45, 61, 89])
      expect(await shown(layer(), range(from, 8))).toEqual(whole.slice(from, from + 8));
  });

  it('begins where it was trimmed to', async () => {
    const [first] = await shown(layer({ startS: 2 }), [0]);
    expect(first).toBe(50);
  });

  it('loops without a stutter, freezes on its last frame, or slows to fill its scene', async () => {
    const short = { startS: 0, endS: 1 };
    const looped = await shown(layer({ ...short, whenShort: 'loop' }), range(25, 15));
    expect(looped.slice(5, 15)).toEqual(await shown(layer({ ...short }), range(0, 10)));
    const frozen = await shown(layer({ ...short, whenShort: 'freeze' }), [20, 29, 30, 80]);
    expect(frozen.slice(2)).toEqual([frozen[1], frozen[1]]);
    const slowed = await shown(layer({ ...short, whenShort: 'slow', sceneFrames: 60 }), [0, 30, 58]);
    expect(slowed[0]).toBe(0);
    expect(Math.abs(slowed[1]! - 12.5)).toBeLessThanOrEqual(1);
    expect(slowed[2]).toBeGreaterThanOrEqual(23);
  });

  it('is decoded roughly for a draft half as wide, and in full for any other', async () => {
    const coarse = path.join(folder, 'coarse.mp4');
    const encoder = ['-c:v', 'libx264', '-crf', '34', '-pix_fmt', 'yuv420p'];
    await ffmpeg.run({
      purpose: 'making a clip of few bits',
      inputs: [{ source: 'testsrc2=s=512x256:r=30:d=1', options: ['-f', 'lavfi'] }],
      outputs: [{ target: coarse, options: encoder }],
    });
    const luma = async (width: number, rough: boolean): Promise<Uint8Array> => {
      const kernel = new Kernel();
      const frame = kernel.frame(width, width / 2);
      const view = layer({ path: coarse, hash: 'coarse', width: 512, height: 256, endS: 1 });
      const deps = { ffmpeg, signal: new AbortController().signal, rough };
      const reader = new ClipReader(view, { width, height: width / 2, fps: 30 }, deps);
      await reader.read(25, frame, kernel);
      await reader.close();
      return kernel.view(frame.y, (width * width) / 2).slice();
    };
    expect(await luma(510, true)).toEqual(await luma(510, false));
    const [rough, full] = [await luma(256, true), await luma(256, false)];
    const apart = rough.reduce((sum, value, index) => sum + Math.abs(value - full[index]!), 0) / rough.length;
    expect(apart).toBeGreaterThan(0);
    expect(apart).toBeLessThan(3);
  });

  it('leaves no decoder behind when closed early', async () => {
    await shown(layer(), [0, 1]);
    expect(runningChildren()).toEqual([]);
  });

  it('fits any shape into the frame', async () => {
    for (const fit of ['cover', 'contain', 'blur'] as const) {
      for (const target of [
        { width: 90, height: 160 },
        { width: 100, height: 100 },
        { width: 162, height: 202 },
      ]) {
        const kernel = new Kernel();
        const frame = kernel.frame(target.width, target.height);
        const reader = new ClipReader(
          layer({ fit }),
          { ...target, fps: 30 },
          { ffmpeg, signal: new AbortController().signal },
        );
        await reader.read(60, frame, kernel);
        await reader.close();
        const luma = kernel.view(frame.y, target.width * target.height);
        const middle = luma[Math.floor(target.height / 2) * target.width + Math.floor(target.width / 2)]!;
        expect(middle).toBe(116);
        const corner = luma[0]!;
        if (fit === 'cover') expect(corner).toBe(116);
        else expect(corner).toBeLessThan(fit === 'blur' ? 90 : 20);
      }
    }
  });
});
