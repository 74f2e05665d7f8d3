/** The folder that tests of clips work in, clips of four plain colours, and what the renderer would see of them. */
import path from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { createIngest, normaliseFilter, type Clip, type Ingest } from '../../../core/ingest/index.ts';
import { quarters, readFfmpeg, runFfmpeg, sampleFolder, testFfmpeg } from '../../helpers/samples.ts';

export const RED = [255, 0, 0];
export const GREEN = [0, 255, 0];
export const BLUE = [0, 0, 255];
export const WHITE = [255, 255, 255];
export const PRIMARIES = [RED, GREEN, BLUE, WHITE];

/** Of one test file: made before its tests, with the four quarters in it, and removed after them. */
export const clips = {
  dir: '',
  ingest: undefined as unknown as Ingest,
  file: (name: string): string => path.join(clips.dir, name),
  take: (name: string, part: object = {}): Promise<Clip> =>
    clips.ingest.clip(name, { baseDir: clips.dir, ...part }),
};

/** To be called once by a test file. */
export function useClipFolder(): typeof clips {
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ dir: clips.dir, remove } = await sampleFolder());
    clips.ingest = createIngest({ ffmpeg: testFfmpeg(), cacheDir: clips.file('cache') });
    await quarters(192, 128).png().toFile(clips.file('quarters.png'));
  });
  afterAll(() => remove());
  return clips;
}

/** Writes a clip of the four quarters: 10 frames at 10 a second. */
export async function quartersClip(name: string, filter: string, ...encode: string[]): Promise<void> {
  await runFfmpeg(
    '-loop',
    '1',
    '-framerate',
    '10',
    '-t',
    '1',
    '-i',
    clips.file('quarters.png'),
    '-vf',
    filter,
    ...encode,
    clips.file(name),
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
