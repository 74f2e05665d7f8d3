/** Small pictures, clips and tracks for tests, made on the spot with sharp and ffmpeg. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp, { type Sharp } from 'sharp';
import { onTestFinished } from 'vitest';
import { Ffmpeg, findFfmpeg } from '../../core/ffmpeg.ts';

const execute = promisify(execFile);

/** The ffmpeg of this machine, as the program would find it. */
export function testFfmpeg(): Ffmpeg {
  return new Ffmpeg(findFfmpeg({ searchPath: process.env['PATH'] ?? '/usr/bin' }));
}

/** An empty folder; `remove` it in afterAll, or use `testFolder` within a test. */
export async function sampleFolder(): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(path.join(tmpdir(), 'genscene-test-'));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

/** An empty folder that goes away with the running test. */
export async function testFolder(): Promise<string> {
  const { dir, remove } = await sampleFolder();
  onTestFinished(remove);
  return dir;
}

/** Runs ffmpeg with these arguments, quietly, overwriting. */
export async function runFfmpeg(...args: string[]): Promise<void> {
  await execute(testFfmpeg().paths.ffmpeg, ['-nostdin', '-v', 'error', '-y', ...args]);
}

/** Bytes that ffmpeg writes to its standard output with these arguments. */
export async function readFfmpeg(...args: string[]): Promise<Buffer> {
  const { stdout } = await execute(testFfmpeg().paths.ffmpeg, ['-nostdin', '-v', 'error', ...args, '-'], {
    encoding: 'buffer',
    maxBuffer: 1 << 28,
  });
  return stdout;
}

/** Four quarters: red, green over blue, white; easy to tell apart when turned, flipped or recoloured. */
export function quarters(width: number, height: number): Sharp {
  const half = { width: Math.floor(width / 2), height: Math.floor(height / 2) };
  const block = (background: string, left: number, top: number) => ({
    input: { create: { ...half, channels: 3 as const, background } },
    left,
    top,
  });
  return sharp({ create: { width, height, channels: 3, background: '#ffffff' } }).composite([
    block('#ff0000', 0, 0),
    block('#00ff00', half.width, 0),
    block('#0000ff', 0, half.height),
  ]);
}

/** The colour in the middle of each quarter of a picture file: [red, green, blue] × 4, row by row. */
export async function quarterColours(file: string): Promise<number[][]> {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): number[] => {
    const offset = (Math.floor(info.height * y) * info.width + Math.floor(info.width * x)) * info.channels;
    return [...data.subarray(offset, offset + 3)];
  };
  return [at(0.25, 0.25), at(0.75, 0.25), at(0.25, 0.75), at(0.75, 0.75)];
}

export type ClipOptions = {
  width?: number;
  height?: number;
  fps?: number;
  seconds?: number;
  /** lavfi source without its size; a moving test picture by default. */
  picture?: string;
  /** Adds a tone of this frequency, Hz. */
  tone?: number;
  /** Encoder and container options; small H.264 by default. */
  encode?: string[];
};

/** Writes a clip of a moving test picture, with a tone if wanted. */
export async function makeClip(file: string, options: ClipOptions = {}): Promise<string> {
  const {
    width = 160,
    height = 120,
    fps = 25,
    seconds = 1,
    picture = 'testsrc',
    tone,
    encode = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'],
  } = options;
  const video = [
    '-f',
    'lavfi',
    '-i',
    `${picture}${picture.includes('=') ? ':' : '='}s=${width}x${height}:r=${fps}:d=${seconds}`,
  ];
  const sound = tone === undefined ? [] : ['-f', 'lavfi', '-i', `sine=f=${tone}:r=48000:d=${seconds}`];
  await runFfmpeg(...video, ...sound, ...encode, file);
  return file;
}

/** Writes a tone; the container follows from the file's ending. */
export async function makeTone(
  file: string,
  options: { frequency?: number; seconds?: number; encode?: string[] } = {},
): Promise<string> {
  const { frequency = 440, seconds = 1, encode = [] } = options;
  await runFfmpeg('-f', 'lavfi', '-i', `sine=f=${frequency}:r=48000:d=${seconds}`, ...encode, file);
  return file;
}
