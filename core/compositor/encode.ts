/** Encodes one segment: composited frames go raw through a pipe into one single-threaded encoder. */
import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { encodedColours } from '../encoded-colours.ts';
import type { Output } from '../schema/storyboard.ts';
import { Composer, type ComposerDeps } from './compose.ts';
import { frameBytes } from './kernel.ts';
import type { SegmentPlan } from './plan.ts';

/** Everything besides the plan that decides a segment's bytes; part of its content key. */
export type Encoding = Pick<Output, 'format' | 'quality'>;

/** Frames that may be on their way at once: one being drawn, the others in the stream and the pipe. */
const RING = 5;

/**
 * Renders a segment to `file`, under a temporary name until it is whole.
 * @throws {StudioError} render_failed, media_unusable, no_space, cancelled
 */
export async function encodeSegment(
  plan: SegmentPlan,
  encoding: Encoding,
  file: string,
  deps: ComposerDeps,
  onFrame: (done: number) => void,
): Promise<void> {
  const composer = await Composer.open(plan, deps);
  // Two processes may render the same key at once; the last rename wins and both are whole.
  const temporary = `${file}.${randomUUID()}.tmp`;
  let drawingError: unknown = null;
  try {
    const frames = Readable.from(drawFrames(composer, onFrame), { objectMode: true, highWaterMark: 1 });
    frames.on('error', (error) => (drawingError = error));
    await deps.ffmpeg.run({
      purpose: 'encoding a segment',
      inputs: [
        {
          source: frames,
          options: [
            '-f',
            'rawvideo',
            '-pix_fmt',
            'yuv420p',
            '-s',
            `${plan.width}x${plan.height}`,
            '-framerate',
            String(plan.fps),
          ],
        },
      ],
      outputs: [
        {
          target: `file:${temporary}`,
          options: [
            '-an',
            ...encoderOptions(encoding, plan.fps),
            ...['-pix_fmt', 'yuv420p', ...encodedColours],
            ...containerOptions(encoding.format),
          ],
        },
      ],
      signal: deps.signal,
      timeoutMs: 60 * 60_000,
    });
    if (drawingError) throw drawingError;
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw deps.signal.aborted ? error : (drawingError ?? error);
  } finally {
    await composer.close();
  }
}

async function* drawFrames(composer: Composer, onFrame: (done: number) => void): AsyncGenerator<Buffer> {
  const { width, height, frames } = composer.plan;
  const ring = Array.from({ length: RING }, () => Buffer.allocUnsafe(frameBytes(width, height)));
  for (let index = 0; index < frames; index++) {
    const buffer = ring[index % RING]!;
    buffer.set(await composer.frame(index));
    yield buffer;
    onFrame(index + 1);
  }
}

function containerOptions(format: Output['format']): string[] {
  return format === 'webm' ? ['-f', 'matroska'] : ['-f', 'mp4', '-video_track_timescale', '90000'];
}

/**
 * Encoder settings, chosen by measurement: `standard` equals veryfast crf 23 in SSIM and PSNR at half
 * its CPU. One thread, since segments run side by side. A key frame every 2 s for seeking.
 */
function encoderOptions(encoding: Encoding, fps: number): string[] {
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
      '1',
      '-auto-alt-ref',
      '0',
      '-lag-in-frames',
      '0',
    ];
  }
  const x264 = {
    draft: ['ultrafast', '28', 'bframes=0'],
    standard: ['superfast', '24', 'mbtree=1:rc-lookahead=20:b-adapt=0'],
    high: ['medium', '19', 'rc-lookahead=40'],
  }[encoding.quality];
  const params = `${x264[2]}:keyint=${keyInterval}:min-keyint=${Math.min(fps, keyInterval)}:open-gop=0:threads=1:lookahead-threads=1:stitchable=1`;
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
