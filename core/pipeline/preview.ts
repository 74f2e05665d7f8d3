/**
 * A small copy of a film for places with an upload limit: chats, mails, phones on a slow line. Each segment
 * has its part of it, kept by its content like the segment itself: after an edit only what changed is made anew.
 */
import { createHash } from 'node:crypto';
import { rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ContentCache } from '../cache.ts';
import { cutOptions } from '../compositor/cut-options.ts';
import { StudioError } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import { concatList, evenDecodeTimes } from './package.ts';

export type PreviewInput = {
  /** The finished film, and what it was joined of, in order. */
  film: string;
  segments: { file: string; key: string; frames: number }[];
  /** Finished soundtrack as long as the film. */
  sound: string;
  fps: number;
  /** Of the film, px. */
  width: number;
  height: number;
  /** Temporary folder for lists; removed by the caller. */
  workDir: string;
  /** File to write, MP4. */
  out: string;
  /** The most the preview may have, bytes. */
  maxBytes: number;
};

export type PreviewDeps = { ffmpeg: Ffmpeg; cache: ContentCache; versions: Record<string, string> };

/** What one file of the preview shows: a segment, or its beginning. */
type Part = { source: string; frames: number; key: string };

/** A longer film is shown by its beginning: stretched over all of it, so few bytes would show nothing. */
const PREVIEW_SECONDS = 180;
/** px */
const SHORT_SIDE = 360;
const MOST_FPS = 30;
const SOUND_BITS = 64_000;
/** A rate asked for is met within a tenth or so; containers cost a little. */
const MARGINS = [0.88, 0.7];
const TIMEOUT_MS = 10 * 60_000;
/** Above it 360 lines gain nothing, bit/s. */
const MOST_BITS = 1_200_000;
const LEAST_BITS = 30_000;
/** Rates go in steps of a quarter octave, so that a film that becomes a little longer keeps its parts. */
const STEPS_PER_OCTAVE = 4;

/** A film that is small already, and MP4, is its own preview; without a limit (Infinity) none is wanted. */
export async function needsPreview(film: string, maxBytes: number): Promise<boolean> {
  if (maxBytes === Infinity) return false;
  return !film.endsWith('.mp4') || (await stat(film)).size > maxBytes;
}

/** What a preview shows of a film, s. */
export function previewSeconds(durationS: number): number {
  return Math.min(durationS, PREVIEW_SECONDS);
}

/**
 * Encodes the film (or its first `PREVIEW_SECONDS`) at 360 lines into at most `maxBytes`.
 * @param onProgress share of it that is done, 0..1
 * @returns bytes written
 * @throws {StudioError} cancelled, timeout, no_space, render_failed
 */
export async function makePreview(
  input: PreviewInput,
  deps: PreviewDeps,
  signal: AbortSignal,
  onProgress: (done: number) => void = () => undefined,
): Promise<number> {
  let bytes = Infinity;
  for (const margin of MARGINS) {
    const bits = videoBits(input, margin);
    const parts = partsOf(input, bits, deps.versions);
    await encodeMissing(input, { parts, bits }, deps, signal, onProgress);
    if (!(await joinWhole(input, parts, deps, signal))) {
      // A disk that broke off can have lost what it was given.
      await Promise.all(parts.map(({ key }) => rm(deps.cache.local.file(key, 'mp4'), { force: true })));
      await encodeMissing(input, { parts, bits }, deps, signal, onProgress);
      if (!(await joinWhole(input, parts, deps, signal)))
        throw new StudioError('render_failed', 'The preview is not whole.', { retryable: true });
    }
    bytes = (await stat(input.out)).size;
    if (bytes <= input.maxBytes) break;
  }
  return bytes;
}

/** bit/s that fill `maxBytes` over the seconds shown, rounded down to a step. */
function videoBits(input: PreviewInput, margin: number): number {
  const seconds = Math.max(1, previewSeconds(durationOf(input.segments, input.fps)));
  const bits = (input.maxBytes * 8 * margin) / seconds - SOUND_BITS;
  const octaves = Math.log2(MOST_BITS / Math.min(MOST_BITS, Math.max(LEAST_BITS, bits)));
  return Math.round(MOST_BITS / 2 ** (Math.ceil(octaves * STEPS_PER_OCTAVE - 1e-9) / STEPS_PER_OCTAVE));
}

function partsOf(input: PreviewInput, bits: number, versions: Record<string, string>): Part[] {
  const { segments, fps, film } = input;
  const keyOf = (of: unknown): string =>
    `preview-${createHash('sha256')
      .update(JSON.stringify([1, versions, bits, shortSide(input), of]))
      .digest('hex')}`;
  const shown = shownOf(segments, PREVIEW_SECONDS * fps);
  // Frames are left out of a fast film, and not so that each segment keeps its own: it is one part.
  if (fps > MOST_FPS)
    return [{ source: film, frames: sum(shown), key: keyOf(shown.map(({ key, frames }) => [key, frames])) }];
  return shown.map(({ file, frames, key }) => ({ source: file, frames, key: keyOf([key, frames]) }));
}

/** Segments up to so many frames, the last one cut. */
function shownOf(segments: PreviewInput['segments'], most: number): PreviewInput['segments'] {
  let left = most;
  return segments.flatMap((segment) => {
    const frames = Math.min(segment.frames, left);
    left -= frames;
    return frames > 0 ? [{ ...segment, frames }] : [];
  });
}

/** Makes the parts that are not there, neighbours by one encoder. */
async function encodeMissing(
  input: PreviewInput,
  { parts, bits }: { parts: Part[]; bits: number },
  { ffmpeg, cache: { local: cache } }: PreviewDeps,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<void> {
  const isThere = await Promise.all(parts.map(({ key }) => cache.has(key, 'mp4', signal)));
  const missing = sum(parts.filter((_, index) => !isThere[index]));
  let done = 0;
  for (const run of runsOf(parts, isThere)) {
    // The film itself is one file to open; a list of segments is many.
    const isAll = run.length === parts.length;
    const source = isAll ? `file:${path.resolve(input.film)}` : await list(input, run);
    const stem = cache.temporary(run[0]!.key, 'part');
    const file = (index: number): string => `${stem}.${index}`;
    try {
      await ffmpeg.run({
        purpose: 'making the preview',
        inputs: [
          {
            source,
            options: [
              ...['-protocol_whitelist', 'file', ...(isAll ? [] : ['-f', 'concat', '-safe', '0'])],
              ...['-t', ((sum(run) - 0.5) / input.fps).toFixed(6)],
              // Without deblocking: a fifth of the decoder's time, for what cannot be seen at a third of the size.
              ...['-skip_loop_filter', 'all'],
            ],
          },
        ],
        outputs: [
          {
            target: `file:${stem.replaceAll('%', '%%')}.%d`,
            options: [
              ...['-map', '0:v:0', '-vf', filter(input)],
              ...['-c:v', 'libx264', '-preset', 'superfast', '-pix_fmt', 'yuv420p', '-crf', '22'],
              ...['-maxrate', String(bits), '-bufsize', String(bits), '-x264-params', 'stitchable=1'],
              ...cutOptions(run.map(({ frames }) => frames)),
              ...['-segment_format', 'mp4', '-segment_format_options', 'video_track_timescale=90000'],
            ],
          },
        ],
        timeoutMs: TIMEOUT_MS,
        signal,
        onTime: (at) => onProgress(Math.min(1, (done + at * input.fps) / missing)),
      });
      for (const [index, { key }] of run.entries()) await cache.keep(file(index), key, 'mp4');
    } finally {
      await Promise.all(run.map((_, index) => rm(file(index), { force: true })));
    }
    done += sum(run);
  }
}

/** Neighbours that are not there. */
function runsOf(parts: Part[], isThere: boolean[]): Part[][] {
  const runs: Part[][] = [];
  parts.forEach((part, index) => {
    if (isThere[index]) return;
    if (index > 0 && !isThere[index - 1]) runs.at(-1)!.push(part);
    else runs.push([part]);
  });
  return runs;
}

async function list({ workDir, fps }: PreviewInput, run: Part[]): Promise<string> {
  const file = path.join(workDir, 'preview.ffconcat');
  const entries = run.map(({ source, frames }) => ({ file: source, frames }));
  await writeFile(file, concatList(entries, fps));
  return `file:${file}`;
}

/** @returns whether all frames are in it */
async function joinWhole(
  input: PreviewInput,
  parts: Part[],
  deps: PreviewDeps,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await join(input, parts, deps, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof StudioError) || error.code !== 'render_failed') throw error;
    return false;
  }
  const { streams } = await deps.ffmpeg.probe(input.out, { signal });
  const frames = Number(streams.find((stream) => stream.codec_type === 'video')?.['nb_frames']);
  const expected = (sum(parts) * shownFps(input)) / input.fps;
  return Math.abs(frames - expected) < 1;
}

async function join(
  input: PreviewInput,
  parts: Part[],
  { ffmpeg, cache: { local: cache } }: PreviewDeps,
  signal: AbortSignal,
): Promise<void> {
  const entries = parts.map(({ key, frames }) => ({ file: cache.file(key, 'mp4'), frames }));
  const names = path.join(input.workDir, 'preview-parts.ffconcat');
  await writeFile(names, concatList(entries, input.fps));
  await ffmpeg.run({
    purpose: 'joining the preview',
    inputs: [
      { source: `file:${names}`, options: ['-protocol_whitelist', 'file', '-f', 'concat', '-safe', '0'] },
      { source: `file:${input.sound}`, options: ['-protocol_whitelist', 'file'] },
    ],
    outputs: [
      {
        target: `file:${path.resolve(input.out)}`,
        options: [
          ...['-map', '0:v:0', '-map', '1:a:0', '-t', durationOf(parts, input.fps).toFixed(6)],
          ...['-c:v', 'copy', '-video_track_timescale', '90000', ...evenDecodeTimes(shownFps(input))],
          ...['-c:a', 'aac', '-aac_coder', 'fast', '-b:a', String(SOUND_BITS), '-ac', '2'],
          ...['-map_metadata', '-1', '-movflags', '+faststart', '-f', 'mp4'],
        ],
      },
    ],
    timeoutMs: TIMEOUT_MS,
    signal,
  });
}

/** Half the frames of a fast film. (`-fpsmax` makes one or two too many.) */
function shownFps({ fps }: Pick<PreviewInput, 'fps'>): number {
  return fps > MOST_FPS ? fps / 2 : fps;
}

function filter(input: PreviewInput): string {
  const short = shortSide(input);
  const scale = input.width < input.height ? `scale=${short}:-2:flags=area` : `scale=-2:${short}:flags=area`;
  return input.fps > MOST_FPS ? `fps=${shownFps(input)},${scale}` : scale;
}

function shortSide({ width, height }: Pick<PreviewInput, 'width' | 'height'>): number {
  return Math.min(SHORT_SIDE, width, height);
}

function sum(parts: readonly { frames: number }[]): number {
  return parts.reduce((frames, part) => frames + part.frames, 0);
}

/** s */
function durationOf(parts: readonly { frames: number }[], fps: number): number {
  return sum(parts) / fps;
}
