/** Frames of animated GIF, APNG and WebP, which no video container carries well. */
import { setImmediate as breathe } from 'node:timers/promises';
import { Readable } from 'node:stream';
import type { Ffmpeg, FfmpegInput } from '../ffmpeg.ts';
import { openSharp } from '../libvips.ts';
import type { IngestLimits } from './limits.ts';
import type { MediaType } from './media-type.ts';
import { pictureError } from './picture-error.ts';
import { orRaise, unusable } from './refusal.ts';
import { guardedInput } from './guarded-input.ts';
import { readStreams } from './streams.ts';

type Deps = { ffmpeg: Ffmpeg; limits: IngestLimits };
type Film = { width: number; height: number; frames: number; fps: number; lengthS: number };

/** Browsers play no faster than this, and stretch shorter delays to 100 ms. */
const MOST_FPS = 50;
const SHORTEST_DELAY_MS = 20;
const DEFAULT_DELAY_MS = 100;
/** Decoded at a time, px of RGBA. */
const BATCH_PIXELS = 16e6;

/**
 * Input of ffmpeg that gives the animation's frames, RGB with alpha, each at its time.
 * @throws {StudioError} media_unusable, timeout, cancelled
 */
export async function animationFrames(
  deps: Deps,
  source: string,
  type: MediaType,
  signal: AbortSignal,
): Promise<FfmpegInput> {
  return type.demuxer ? ffmpegInput(deps, source, type, signal) : sharpInput(source, deps.limits, signal);
}

/** GIF and APNG: ffmpeg reads them itself, frame after frame. */
async function ffmpegInput(
  { ffmpeg, limits }: Deps,
  source: string,
  type: MediaType,
  signal: AbortSignal,
): Promise<FfmpegInput> {
  const meta = await readMeta(source, limits);
  if (type.name === 'GIF' && meta.frames < 2) throw stillPicture(type);
  checkPixels(meta, limits);
  const { video } = await readStreams(ffmpeg, source, type, signal);
  if (!video) throw stillPicture(type);
  return { source: `file:${source}`, options: guardedInput(type) };
}

/** Animated WebP: ffmpeg cannot read it, so sharp decodes and we hand on frames at a steady rate. */
async function sharpInput(source: string, limits: IngestLimits, signal: AbortSignal): Promise<FfmpegInput> {
  const meta = await readMeta(source, limits);
  if (meta.frames < 2) throw stillPicture({ name: 'WebP' });
  checkPixels(meta, limits);
  const film = steadyRate(meta);
  if (film.lengthS > limits.clipSeconds)
    throw unusable(
      `The animation is longer than ${limits.clipSeconds} s.`,
      orRaise('Cut out the part that is needed.', 'clipSeconds'),
    );
  const frames = repeatFrames(decodeBatches(source, meta, limits, signal), meta.delays, film, signal);
  return {
    source: Readable.from(frames, { objectMode: false, highWaterMark: 1 << 20 }),
    options: [
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgba',
      '-s',
      `${film.width}x${film.height}`,
      '-r',
      String(film.fps),
    ],
  };
}

type AnimationMeta = { width: number; height: number; frames: number; delays: number[] };

async function readMeta(source: string, limits: IngestLimits): Promise<AnimationMeta> {
  const sharp = await openSharp();
  const meta = await sharp(source, { limitInputPixels: limits.picturePixels })
    .metadata()
    .catch((error: unknown) => {
      throw pictureError(error, limits);
    });
  const frames = meta.pages ?? 1;
  const delays = Array.from({ length: frames }, (_, page) => {
    const delay = meta.delay?.[page] ?? DEFAULT_DELAY_MS;
    return delay < SHORTEST_DELAY_MS ? DEFAULT_DELAY_MS : delay;
  });
  return { width: meta.width, height: meta.pageHeight ?? meta.height, frames, delays };
}

function checkPixels(meta: AnimationMeta, limits: IngestLimits): void {
  if (meta.width * meta.height * meta.frames <= limits.animationPixels) return;
  throw unusable(
    `The animation has ${meta.frames} frames of ${meta.width} × ${meta.height} px; at most ${Math.round(limits.animationPixels / 1e6)} million px in all are taken.`,
    'Make it smaller or shorter, or convert it to MP4.',
  );
}

/** A constant rate that all delays are multiples of, up to what anybody can see. */
function steadyRate(meta: AnimationMeta): Film {
  const lengthMs = meta.delays.reduce((sum, delay) => sum + delay, 0);
  const step = meta.delays.reduce((a, b) => greatestDivisor(a, b));
  return {
    width: meta.width,
    height: meta.height,
    frames: meta.frames,
    fps: Math.min(MOST_FPS, 1000 / step),
    lengthS: lengthMs / 1000,
  };
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

async function* decodeBatches(
  source: string,
  meta: AnimationMeta,
  limits: IngestLimits,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const sharp = await openSharp();
  const frameBytes = meta.width * meta.height * 4;
  const batch = Math.max(1, Math.floor(BATCH_PIXELS / (meta.width * meta.height)));
  for (let page = 0; page < meta.frames; page += batch) {
    signal.throwIfAborted();
    const pages = Math.min(batch, meta.frames - page);
    const image = sharp(source, {
      page,
      pages,
      failOn: 'error',
      limitInputPixels: Math.max(limits.picturePixels, BATCH_PIXELS * 2),
    });
    const pixels = await image
      .timeout({ seconds: Math.ceil(limits.pictureMs / 1000) })
      .ensureAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer()
      .catch((error: unknown) => {
        throw pictureError(error, limits);
      });
    for (let index = 0; index < pages; index += 1)
      yield pixels.subarray(index * frameBytes, (index + 1) * frameBytes);
  }
}

/** Each frame as often as it lasts, rounded so that the ends of all frames stay in time. */
async function* repeatFrames(
  frames: AsyncGenerator<Buffer>,
  delays: number[],
  film: Film,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let shown = 0;
  let endMs = 0;
  let index = 0;
  for await (const frame of frames) {
    endMs += delays[index++] ?? DEFAULT_DELAY_MS;
    for (const until = Math.round((endMs / 1000) * film.fps); shown < until; shown += 1) {
      signal.throwIfAborted();
      yield frame;
      await breathe();
    }
  }
}

function stillPicture(type: Pick<MediaType, 'name'>) {
  return unusable(
    `This is a still picture (${type.name}) and no clip.`,
    'Use it with the media type "image".',
  );
}
