/**
 * Clips from outside: vetted by their headers, then copied stream by stream into a container of
 * ours. Only what a container cannot carry (GIF, animated WebP) is encoded, once.
 */
import { rm } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { StudioError } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import { encodeAnimation } from './animation.ts';
import type { Cache } from './cache.ts';
import { even, normaliseFilter } from './clip-filter.ts';
import { checkDuration, checkSize, checkVideo, displaySize } from './clip-limits.ts';
import { contentKey } from './content-key.ts';
import type { IngestLimits } from './limits.ts';
import { identify, type MediaType } from './media-type.ts';
import type { Original } from './originals.ts';
import { unusable } from './refusal.ts';
import { guardedInput } from './guarded-input.ts';
import { readStreams, type SoundStream, type Streams, type VideoStream } from './streams.ts';
import type { Clip } from './types.ts';

type Deps = { ffmpeg: Ffmpeg; cache: Cache; limits: IngestLimits };

/** The whole clip, before a part of it is chosen. */
export type WholeClip = Omit<Clip, 'startS' | 'audio'> & {
  /** Time of the first frame in the file, seconds: 0, or a frame or two where AVI gives no better. */
  firstS: number;
  /** The source's sound, its demuxer, and where the picture begins in its time. */
  sound: { stream: SoundStream; demuxer: string; offsetS: number } | null;
};
/** What the copy does not tell: where it came from, how long that claimed to be, and its sound. */
type Known = Pick<WholeClip, 'source' | 'sound'> & { announcedS: number | null };
type ClipRecord = Omit<WholeClip, 'path'> & { extension: string };

/** Raised whenever the same source would give other frames. */
const VERSION = 1;
/** Codecs that MP4 carries but QuickTime does not. */
const MP4_CODECS = ['h264', 'hevc', 'av1', 'vp9', 'mpeg4'];

export function clipKey(original: Original): string {
  return contentKey('clip', VERSION, original.sha256);
}

/**
 * @throws {StudioError} media_unusable, timeout, no_space, cancelled
 */
export async function makeClip(deps: Deps, original: Original, signal: AbortSignal): Promise<WholeClip> {
  const key = clipKey(original);
  const ready = await cachedClip(deps.cache, key);
  if (ready) return ready;
  const source = await original.file(signal);
  const type = await identify(source);
  if (type.family === 'picture')
    throw unusable(
      `This is a still picture (${type.name}) and no clip.`,
      'Use it with the media type "image".',
    );
  if (type.family === 'animation') return makeAnimation(deps, original, source, type, key, signal);
  const streams = await readStreams(deps.ffmpeg, source, type, signal);
  const video = checkVideo(streams, type, deps.limits);
  const copied = await copyVideo(deps, source, type, streams, video, signal);
  const sound = streams.sound
    ? { stream: streams.sound, demuxer: type.demuxer, offsetS: Math.max(0, video.startS - streams.startS) }
    : null;
  return finishClip(
    deps,
    copied,
    key,
    { source: original.sha256, announcedS: video.durationS ?? streams.durationS, sound },
    signal,
  );
}

async function cachedClip(cache: Cache, key: string): Promise<WholeClip | null> {
  const record = await cache.readRecord<ClipRecord>(`${key}.json`);
  if (!record || !(await cache.use(key + record.extension))) return null;
  const { extension, ...clip } = record;
  return { ...clip, path: cache.path(key + extension) };
}

/**
 * The video stream alone, untouched, its first shown frame at 0 s. MP4 stays in its family, which
 * keeps time stamps, edit lists and the rotation, so that ffmpeg turns frames upright by itself;
 * the rest goes into Matroska, which takes any codec.
 */
async function copyVideo(
  deps: Deps,
  source: string,
  type: MediaType,
  streams: Streams,
  video: VideoStream,
  signal: AbortSignal,
): Promise<{ temp: string; demuxer: string; extension: string }> {
  const { cache, ffmpeg, limits } = deps;
  const container = type.demuxer !== 'mov' ? 'matroska' : MP4_CODECS.includes(video.codec) ? 'mp4' : 'mov';
  const extension = container === 'matroska' ? '.mkv' : `.${container}`;
  const temp = await cache.temp(extension);
  try {
    await ffmpeg.run({
      purpose: 'copying a clip',
      inputs: [
        {
          source: `file:${source}`,
          options: [
            ...guardedInput(type),
            '-fflags',
            '+genpts',
            '-itsoffset',
            (streams.startS - video.startS).toFixed(6),
          ],
        },
      ],
      outputs: [
        {
          target: temp,
          options: [
            ...[
              '-map',
              `0:${video.index}`,
              '-c',
              'copy',
              '-map_metadata',
              '-1',
              '-map_chapters',
              '-1',
              '-strict',
              '-2',
            ],
            ...(type.demuxer === 'avi' && video.codec === 'mpeg4' ? ['-bsf:v', 'mpeg4_unpack_bframes'] : []),
            ...['-t', String(limits.clipSeconds + 1), '-fflags', '+bitexact', '-f', container],
          ],
        },
      ],
      signal,
      strict: false,
      timeoutMs: limits.convertMs,
      maxFileBytes: limits.clipBytes * 2,
    });
    return { temp, demuxer: container === 'matroska' ? 'matroska' : 'mov', extension };
  } catch (error) {
    await rm(temp, { force: true });
    throw undecodable(error);
  }
}

async function makeAnimation(
  deps: Deps,
  original: Original,
  source: string,
  type: MediaType,
  key: string,
  signal: AbortSignal,
): Promise<WholeClip> {
  const temp = await deps.cache.temp('.mp4');
  try {
    await encodeAnimation(deps, source, type, temp, signal);
  } catch (error) {
    await rm(temp, { force: true });
    throw undecodable(error);
  }
  return finishClip(
    deps,
    { temp, demuxer: 'mov', extension: '.mp4' },
    key,
    { source: original.sha256, announcedS: null, sound: null },
    signal,
  );
}

/** Reads back what we wrote, decodes its first frame as the renderer will, and gives it its name. */
async function finishClip(
  deps: Deps,
  copied: { temp: string; demuxer: string; extension: string },
  key: string,
  known: Known,
  signal: AbortSignal,
): Promise<WholeClip> {
  const { cache, ffmpeg, limits } = deps;
  const { temp, demuxer, extension } = copied;
  try {
    const streams = await readStreams(ffmpeg, temp, { demuxer }, signal);
    const { video } = streams;
    const firstS = video && video.startS > 0.0005 ? video.startS : 0;
    const durationS = video?.durationS ?? (streams.durationS ?? 0) - firstS;
    if (!video || durationS <= 0)
      throw unusable('There are no frames in the clip.', 'The file may be damaged; export it again.');
    checkSize(video, limits);
    checkDuration(durationS, limits);
    const record = describeClip(video, { firstS, durationS }, known, key, extension);
    await tryFirstFrame(ffmpeg, temp, record, signal);
    await cache.publish(temp, key + extension);
    await cache.writeRecord(`${key}.json`, record);
    const { extension: _extension, ...clip } = record;
    return { ...clip, path: cache.path(key + extension) };
  } finally {
    await rm(temp, { force: true });
  }
}

function describeClip(
  video: VideoStream,
  { firstS, durationS }: { firstS: number; durationS: number },
  known: Known,
  key: string,
  extension: string,
): ClipRecord {
  const shown = displaySize(video);
  const turned = video.rotation % 180 === 90;
  const warnings: string[] = [];
  if (known.announcedS !== null && known.announcedS - durationS > Math.max(0.5, known.announcedS * 0.02))
    warnings.push(
      `The clip ends after ${durationS.toFixed(1)} s although ${known.announcedS.toFixed(1)} s were announced; the file may be cut short.`,
    );
  if (/^(yuva|gbrap|rgba|bgra|argb|abgr)/.test(video.pixelFormat))
    warnings.push('Transparency in clips is not kept.');
  return {
    kind: 'clip',
    hash: key.replace(/^clip-/, ''),
    source: known.source,
    width: even(shown.width),
    height: even(shown.height),
    firstS,
    durationS,
    fps: video.fps,
    frames: video.frames,
    rotation: video.rotation,
    interlaced: video.interlaced,
    hdr:
      video.colour.transfer === 'smpte2084' ? 'pq' : video.colour.transfer === 'arib-std-b67' ? 'hlg' : null,
    codec: video.codec,
    pixelFormat: video.pixelFormat,
    decoded: turned
      ? { width: video.height, height: video.width }
      : { width: video.width, height: video.height },
    colour: video.colour,
    sound: known.sound,
    warnings,
    extension,
  };
}

/** A clip whose first frame cannot be had is refused here, with its scene, and not in the middle of a render. */
async function tryFirstFrame(
  ffmpeg: Ffmpeg,
  file: string,
  clip: ClipRecord,
  signal: AbortSignal,
): Promise<void> {
  let bytes = 0;
  const sink = new Writable({
    // fluent-ffmpeg kills ffmpeg 20 ms after a "close", which on a busy machine is before it has ended.
    emitClose: false,
    write: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length;
      done();
    },
  });
  const filter = `${normaliseFilter(clip, { width: 64, height: 64 })},scale=16:16`;
  try {
    await ffmpeg.run({
      purpose: 'looking at a clip',
      inputs: [{ source: `file:${file}`, options: ['-protocol_whitelist', 'file'] }],
      outputs: [
        {
          target: sink,
          options: [
            '-map',
            '0:v:0',
            '-vf',
            filter,
            '-frames:v',
            '1',
            '-f',
            'rawvideo',
            '-pix_fmt',
            'yuv420p',
          ],
        },
      ],
      signal,
      strict: false,
      timeoutMs: 60_000,
    });
  } catch (error) {
    throw undecodable(error);
  }
  if (bytes === 0) throw undecodable(null);
}

function undecodable(error: unknown): unknown {
  if (error instanceof StudioError && error.code !== 'render_failed') return error;
  return unusable(
    'The picture of the clip cannot be decoded.',
    'The file may be damaged or protected; export it again as MP4 (H.264).',
    { cause: error ?? undefined },
  );
}
