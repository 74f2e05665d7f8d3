/**
 * Encodes segments: composited frames go raw through a pipe into one single-threaded encoder, which writes
 * each segment into a file of its own. Starting an encoder costs as much as a dozen frames, so neighbours
 * share one; each still begins with a key frame and refers to nothing outside itself.
 */
import { randomUUID } from 'node:crypto';
import { access, rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { encodedColours } from '../encoded-colours.ts';
import { asStudioError } from '../errors.ts';
import type { Output } from '../schema/storyboard.ts';
import { syncFile } from '../sync-file.ts';
import { Composer, type ComposerDeps } from './compose.ts';
import { cutOptions } from './cut-options.ts';
import type { SegmentPlan } from './plan.ts';
import { Shelf } from './shelf.ts';

/** Everything besides the plan that decides a segment's bytes; part of its content key. */
export type Encoding = Pick<Output, 'format' | 'quality'>;

/** A segment and the file it goes to. */
export type SegmentPart = {
  plan: SegmentPlan;
  file: string;
  /** From 1; said in errors. */
  scene?: number;
};

/** Frames drawn of all the segments, and how many of these lie finished under their names. */
export type EncodeProgress = { frames: number; finished: number };

/**
 * Frames that may be on their way at once: one being drawn, the others in the stream and the pipe, which reads
 * them from the kernel's own memory.
 */
const RING = 5;
/** How often to look whether the encoder has gone on to its next file, frames. */
const LOOK_EVERY = 10;

/**
 * Renders segments of one size and rate, one after another, each to its file: under a temporary name until
 * it is whole, so that what is finished stays when the rest fails.
 * @param threads of the encoder
 * @throws {StudioError} render_failed, media_unusable, no_space, cancelled; with the scene being drawn
 */
export async function encodeSegments(
  parts: readonly SegmentPart[],
  encoding: Encoding,
  deps: ComposerDeps,
  onProgress: (progress: EncodeProgress) => void,
  threads = 1,
): Promise<void> {
  const { width, height, fps } = parts[0]!.plan;
  const shelf = new Shelf();
  const lent = deps.kernel.mark();
  const files = openFiles(parts);
  let drawingError: unknown = null;
  let drawing = parts[0]!;
  const report = async (frames: number): Promise<void> => {
    if (frames % LOOK_EVERY === 0) await files.nameFinished();
    onProgress({ frames, finished: files.finished });
  };
  const rough = encoding.quality === 'draft';
  const drawn = drawFrames(parts, { ...deps, shelf, rough }, (part) => (drawing = part), report);
  try {
    const frames = Readable.from(drawn, { objectMode: true, highWaterMark: 1 });
    frames.on('error', (error) => (drawingError = error));
    await deps.ffmpeg.run({
      purpose: 'encoding segments',
      inputs: [
        {
          source: frames,
          options: [
            ...['-f', 'rawvideo', '-pix_fmt', 'yuv420p'],
            ...['-s', `${width}x${height}`, '-framerate', String(fps)],
          ],
        },
      ],
      outputs: [
        {
          target: files.pattern,
          options: [
            ...['-map', '0:v:0'],
            ...encoderOptions(encoding, fps, threads),
            ...['-pix_fmt', 'yuv420p', ...encodedColours],
            ...cutOptions(parts.map(({ plan }) => plan.frames)),
            ...containerOptions(encoding.format),
          ],
        },
      ],
      signal: deps.signal,
      timeoutMs: 60 * 60_000,
    });
    if (drawingError) throw drawingError;
    await files.nameAll();
    onProgress({ frames: countFrames(parts), finished: files.finished });
  } catch (error) {
    if (deps.signal.aborted) throw error;
    throw asStudioError(drawingError ?? error, 'render_failed').at({ scene: drawing.scene });
  } finally {
    // Of a run that failed a frame may still be drawn, into memory that is given back here.
    await drawn.return(undefined).catch(() => undefined);
    await Promise.all([shelf.closeClips(), files.removeUnfinished()]);
    deps.kernel.release(lent);
  }
}

async function* drawFrames(
  parts: readonly SegmentPart[],
  deps: ComposerDeps,
  onPart: (part: SegmentPart) => void,
  report: (frames: number) => Promise<void>,
): AsyncGenerator<Buffer> {
  const { width, height } = parts[0]!.plan;
  const ring = Array.from({ length: RING }, () => deps.kernel.frame(width, height));
  let drawn = 0;
  for (const part of parts) {
    const { plan } = part;
    onPart(part);
    const composer = await Composer.open(plan, deps);
    try {
      for (let index = 0; index < plan.frames; index++) {
        const { buffer, byteOffset, length } = await composer.frame(index, ring[drawn % RING]!);
        yield Buffer.from(buffer, byteOffset, length);
        drawn += 1;
        await report(drawn);
      }
    } finally {
      await composer.close();
    }
  }
}

/**
 * The numbered files that the encoder writes. It closes one before it opens the next, so one is finished
 * when its successor is there, and the last when the encoder has ended.
 */
function openFiles(parts: readonly SegmentPart[]): {
  /** For ffmpeg's segment muxer: a name with its place for a number. */
  readonly pattern: string;
  readonly finished: number;
  nameFinished(): Promise<void>;
  nameAll(): Promise<void>;
  removeUnfinished(): Promise<void>;
} {
  // Two processes may render the same key at once; the last rename wins and both are whole.
  const stem = `${parts[0]!.file}.${randomUUID()}`;
  const temporary = (index: number): string => `${stem}.${index}.tmp`;
  let finished = 0;
  const name = async (): Promise<void> => {
    await syncFile(temporary(finished));
    await rename(temporary(finished), parts[finished]!.file);
    finished += 1;
  };
  return {
    pattern: `file:${stem.replaceAll('%', '%%')}.%d.tmp`,
    get finished() {
      return finished;
    },
    async nameFinished() {
      while (finished + 1 < parts.length && (await isThere(temporary(finished + 1)))) await name();
    },
    async nameAll() {
      while (finished < parts.length) await name();
    },
    async removeUnfinished() {
      const left = parts.map((_, index) => index).slice(finished);
      await Promise.all(left.map((index) => rm(temporary(index), { force: true })));
    },
  };
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function countFrames(parts: readonly SegmentPart[]): number {
  return parts.reduce((sum, { plan }) => sum + plan.frames, 0);
}

function containerOptions(format: Output['format']): string[] {
  return format === 'webm'
    ? ['-segment_format', 'matroska']
    : ['-segment_format', 'mp4', '-segment_format_options', 'video_track_timescale=90000'];
}

/**
 * Encoder settings, chosen by measurement (noise, photographs, drawings, fast cuts): `standard` is within 0.2 dB of
 * veryfast crf 23 in SSIM at half its CPU. Five B frames in a fixed pattern and no search for cuts, which are known
 * to begin segments, take a quarter off what three with that search cost, and a frame differs less from its
 * neighbour; a lookahead of seven frames is as short as that pattern allows, and crf makes up for what it weighs
 * less. One thread as a rule, since segments run side by side. A key frame every 2 s for seeking.
 */
function encoderOptions(encoding: Encoding, fps: number, threads: number): string[] {
  const keyInterval = fps * 2;
  if (encoding.format === 'webm') {
    const speed = { draft: '8', standard: '6', high: '3' }[encoding.quality];
    const crf = { draft: '45', standard: '33', high: '27' }[encoding.quality];
    return [
      '-c:v',
      'libvpx-vp9',
      '-deadline',
      speed === '3' ? 'good' : 'realtime',
      '-cpu-used',
      speed,
      '-crf',
      crf,
      '-b:v',
      '0',
      '-g',
      String(keyInterval),
      '-threads',
      String(threads),
      '-auto-alt-ref',
      '0',
      '-lag-in-frames',
      '0',
    ];
  }
  const x264 = {
    draft: ['ultrafast', '28', 'bframes=0'],
    standard: ['superfast', '22', 'mbtree=1:rc-lookahead=7:b-adapt=0:bframes=5:scenecut=0'],
    high: ['medium', '19', 'rc-lookahead=40'],
  }[encoding.quality];
  const params = `${x264[2]}:keyint=${keyInterval}:min-keyint=${Math.min(fps, keyInterval)}:open-gop=0:threads=${threads}:lookahead-threads=1:stitchable=1`;
  return [
    '-c:v',
    'libx264',
    '-preset',
    x264[0]!,
    '-crf',
    x264[1]!,
    '-profile:v',
    'high',
    '-x264-params',
    params,
  ];
}
