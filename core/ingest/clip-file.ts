/**
 * The file that stands for a clip from then on: its video stream copied into a container of ours.
 * Only what may be see-through is encoded, once, over the colour of the scene.
 */
import { rm } from 'node:fs/promises';
import type { Ffmpeg } from '../ffmpeg.ts';
import { animationFrames } from './animation.ts';
import type { Cache } from './cache.ts';
import { flatten, type Flattening } from './flatten.ts';
import { guardedInput } from './guarded-input.ts';
import type { IngestLimits } from './limits.ts';
import type { MediaType } from './media-type.ts';
import type { Streams, VideoStream } from './streams.ts';

type Deps = { ffmpeg: Ffmpeg; cache: Cache; limits: IngestLimits };

/** Not yet under its name; whoever gets it publishes or removes it. */
export type ClipFile = { temp: string; demuxer: string; extension: string };

/** Codecs that MP4 carries but QuickTime does not. */
const MP4_CODECS = ['h264', 'hevc', 'av1', 'vp9', 'mpeg4'];
/** ffmpeg's own decoders of these pass over the alpha channel, which lies beside the picture. */
const ALPHA_DECODERS: Record<string, string> = { vp8: 'libvpx', vp9: 'libvpx-vp9' };

/**
 * The video stream alone, untouched, its first shown frame at 0 s. MP4 stays in its family, which
 * keeps time stamps, edit lists and the rotation, so that ffmpeg turns frames upright by itself;
 * the rest goes into Matroska, which takes any codec.
 * @throws {StudioError} render_failed, timeout, no_space, cancelled
 */
export function copyVideo(
  deps: Deps,
  source: string,
  type: MediaType,
  streams: Streams,
  video: VideoStream,
  signal: AbortSignal,
): Promise<ClipFile> {
  const { ffmpeg, limits } = deps;
  const container = type.demuxer !== 'mov' ? 'matroska' : MP4_CODECS.includes(video.codec) ? 'mp4' : 'mov';
  const extension = container === 'matroska' ? '.mkv' : `.${container}`;
  return writeClip(deps, container === 'matroska' ? 'matroska' : 'mov', extension, (temp) =>
    ffmpeg.run({
      purpose: 'copying a clip',
      inputs: [{ source: `file:${source}`, options: [...fromZero(type, streams, video)] }],
      outputs: [
        {
          target: temp,
          options: [
            ...['-map', `0:${video.index}`, '-c', 'copy', '-map_metadata', '-1', '-map_chapters', '-1'],
            ...['-strict', '-2'],
            ...(type.demuxer === 'avi' && video.codec === 'mpeg4' ? ['-bsf:v', 'mpeg4_unpack_bframes'] : []),
            ...['-t', String(limits.clipSeconds + 1), '-fflags', '+bitexact', '-f', container],
          ],
        },
      ],
      signal,
      strict: false,
      timeoutMs: limits.convertMs,
      maxFileBytes: limits.clipBytes * 2,
    }),
  );
}

/**
 * A video with an alpha channel, over the colour.
 * @throws {StudioError} as copyVideo()
 */
export function flattenVideo(
  deps: Deps,
  source: string,
  type: MediaType,
  streams: Streams,
  video: VideoStream,
  background: string,
  signal: AbortSignal,
): Promise<ClipFile> {
  const decoder = ALPHA_DECODERS[video.codec];
  const matrix = { bt709: 'bt709', bt2020nc: 'bt2020' }[video.colour.matrix] ?? 'smpte170m';
  const colours = video.pixelFormat.startsWith('yuv')
    ? `scale=in_color_matrix=${matrix}:in_range=${video.colour.range}:flags=bicubic+accurate_rnd+full_chroma_int`
    : 'null';
  const flattening: Flattening = {
    input: {
      source: `file:${source}`,
      options: [...(decoder ? ['-c:v', decoder] : []), ...fromZero(type, streams, video)],
    },
    stream: video.index,
    toRgba: video.interlaced ? `bwdif=mode=send_frame,${colours}` : colours,
    background,
  };
  return writeClip(deps, 'mov', '.mp4', (temp) => flatten(deps, flattening, temp, signal));
}

/**
 * An animated picture, over the colour.
 * @throws {StudioError} as copyVideo(), and media_unusable for one that stands still or is too large
 */
export async function flattenAnimation(
  deps: Deps,
  source: string,
  type: MediaType,
  background: string,
  signal: AbortSignal,
): Promise<ClipFile> {
  const input = await animationFrames(deps, source, type, signal);
  const flattening: Flattening = { input, stream: 'v:0', toRgba: 'format=rgba', background };
  return writeClip(deps, 'mov', '.mp4', (temp) => flatten(deps, flattening, temp, signal));
}

async function writeClip(
  { cache }: Deps,
  demuxer: string,
  extension: string,
  write: (temp: string) => Promise<void>,
): Promise<ClipFile> {
  const temp = await cache.temp(extension);
  try {
    await write(temp);
    return { temp, demuxer, extension };
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
}

/** Input options that let the picture begin at 0 s, wherever it began in the source. */
function fromZero(type: MediaType, streams: Streams, video: VideoStream): string[] {
  const shift = (streams.startS - video.startS).toFixed(6);
  return [...guardedInput(type), '-fflags', '+genpts', '-itsoffset', shift];
}
