/** Clips of four plain colours, and what the renderer would see of them. */
import path from 'node:path';
import { expect } from 'vitest';
import { normaliseFilter, type Clip } from '../../../core/ingest/index.ts';
import { readFfmpeg, runFfmpeg } from '../../helpers/samples.ts';

export const RED = [255, 0, 0];
export const GREEN = [0, 255, 0];
export const BLUE = [0, 0, 255];
export const WHITE = [255, 255, 255];
export const PRIMARIES = [RED, GREEN, BLUE, WHITE];

/** Writes a clip of the four quarters: 10 frames at 10 a second. */
export async function quartersClip(
  dir: string,
  name: string,
  filter: string,
  ...encode: string[]
): Promise<void> {
  await runFfmpeg(
    '-loop',
    '1',
    '-framerate',
    '10',
    '-t',
    '1',
    '-i',
    path.join(dir, 'quarters.png'),
    '-vf',
    filter,
    ...encode,
    path.join(dir, name),
  );
}

/** First frame from `seconds` on, decoded as the renderer does it, taken as the BT.709 it claims to be. */
export async function shownColours(clip: Clip, seconds = clip.startS): Promise<number[][]> {
  const { width, height } = clip;
  const filter = `${normaliseFilter(clip)},scale=in_color_matrix=bt709:in_range=limited:flags=accurate_rnd+full_chroma_int,format=rgb24`;
  const pixels = await readFfmpeg(
    '-copyts',
    '-ss',
    seconds.toFixed(3),
    '-i',
    clip.path,
    '-map',
    '0:v:0',
    '-vf',
    filter,
    '-frames:v',
    '1',
    '-f',
    'rawvideo',
  );
  expect(pixels.length).toBe(width * height * 3);
  const at = (x: number, y: number): number[] => {
    const offset = (Math.floor(height * y) * width + Math.floor(width * x)) * 3;
    return [...pixels.subarray(offset, offset + 3)];
  };
  return [at(0.25, 0.25), at(0.75, 0.25), at(0.25, 0.75), at(0.75, 0.75)];
}

export function expectColours(actual: number[][], expected: number[][], tolerance = 14): void {
  actual.forEach((colour, quarter) =>
    colour.forEach((value, channel) =>
      expect(
        Math.abs(value - expected[quarter]![channel]!),
        `quarter ${quarter} is ${colour}`,
      ).toBeLessThanOrEqual(tolerance),
    ),
  );
}

export const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '12'];
export const plain = 'scale=out_color_matrix=bt601:out_range=limited,format=yuv420p';
