/**
 * A small copy of a film for places with an upload limit: chats, mails, phones on a slow line. Each segment
 * has its part of it, kept by its content like the segment itself: after an edit only what changed is made anew.
 */
import { rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ContentCache } from '../cache.ts';
import { cutOptions } from '../compositor/cut-options.ts';
import { StudioError } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import { concatList, evenDecodeTimes } from './package.ts';
import {
  durationOf,
  partsOf,
  runsOf,
  shortSide,
  shownFps,
  SOUND_BITS,
  sum,
  videoBits,
  type Part,
  type PreviewInput,
} from './preview-parts.ts';

export type PreviewDeps = { ffmpeg: Ffmpeg; cache: ContentCache; versions: Record<string, string> };

/** A rate asked for is met within a tenth or so; containers cost a little. */
const MARGINS = [0.88, 0.7];
const TIMEOUT_MS = 10 * 60_000;

/** A film that is small already, and MP4, is its own preview; without a limit (Infinity) none is wanted. */
export async function needsPreview(film: string, maxBytes: number): Promise<boolean> {
  if (maxBytes === Infinity) return false;
  return !film.endsWith('.mp4') || (await stat(film)).size > maxBytes;
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

function filter(input: PreviewInput): string {
  const short = shortSide(input);
  const scale = input.width < input.height ? `scale=${short}:-2:flags=area` : `scale=-2:${short}:flags=area`;
  return shownFps(input) < input.fps ? `fps=${shownFps(input)},${scale}` : scale;
}
