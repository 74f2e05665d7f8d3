/**
 * Clips from outside: vetted by their headers, written into a file of ours, and described by what is
 * really in there.
 */
import { rm } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { StudioError } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import type { Cache } from './cache.ts';
import { copyVideo, flattenAnimation, flattenVideo, type ClipFile } from './clip-file.ts';
import { even, normaliseFilter, PLAIN_FILTER } from './clip-filter.ts';
import { checkDuration, checkSize, checkVideo, displaySize } from './clip-limits.ts';
import { contentKey } from './content-key.ts';
import type { IngestLimits } from './limits.ts';
import { identify } from './media-type.ts';
import type { Original } from './originals.ts';
import { unusable } from './refusal.ts';
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
const VERSION = 3;
/** Of a clip that shows the same over every background; with one, of a clip that it shines through. */
export function clipKey(original: Original, background?: string): string {
  return contentKey('clip', VERSION, original.sha256, background ?? null);
}

/**
 * @param background colour, #rgb or #rrggbb, underneath what is transparent
 * @throws {StudioError} media_unusable, timeout, no_space, cancelled
 */
export async function makeClip(
  deps: Deps,
  original: Original,
  background: string,
  signal: AbortSignal,
): Promise<WholeClip> {
  const keys = { opaque: clipKey(original), flattened: clipKey(original, background) };
  const ready = (await cachedClip(deps.cache, keys.opaque)) ?? (await cachedClip(deps.cache, keys.flattened));
  if (ready) return ready;
  const source = await original.file(signal);
  const type = await identify(source);
  if (type.family === 'picture')
    throw unusable(
      `This is a still picture (${type.name}) and no clip.`,
      'Use it with the media type "image".',
    );
  if (type.family === 'animation') {
    const file = await flattenAnimation(deps, source, type, background, signal).catch(undecodable);
    const known = { source: original.sha256, announcedS: null, sound: null };
    return finishClip(deps, file, keys.flattened, known, signal);
  }
  const streams = await readStreams(deps.ffmpeg, source, type, signal);
  const video = checkVideo(streams, type, deps.limits);
  const known = {
    source: original.sha256,
    announcedS: announcedLength(streams, video),
    sound: streams.sound
      ? { stream: streams.sound, demuxer: type.demuxer, offsetS: Math.max(0, video.startS - streams.startS) }
      : null,
  };
  const file = await (
    video.hasAlpha
      ? flattenVideo(deps, source, type, streams, video, background, signal)
      : copyVideo(deps, source, type, streams, video, signal)
  ).catch(undecodable);
  return finishClip(deps, file, video.hasAlpha ? keys.flattened : keys.opaque, known, signal);
}

/** How long the picture claims to be, seconds; null where only the whole is told and the sound may last longer. */
function announcedLength(streams: Streams, video: VideoStream): number | null {
  if (video.durationS !== null) return video.durationS;
  if (video.endS !== null) return video.endS - video.startS;
  if (streams.sound || streams.durationS === null) return null;
  return streams.durationS - (video.startS - streams.startS);
}

async function cachedClip(cache: Cache, key: string): Promise<WholeClip | null> {
  const record = await cache.readRecord<ClipRecord>(`${key}.json`);
  if (!record || !(await cache.use(key + record.extension))) return null;
  const { extension, ...clip } = record;
  return { ...clip, path: cache.path(key + extension) };
}

/** Reads back what we wrote, decodes its first frame as the renderer will, and gives it its name. */
async function finishClip(
  deps: Deps,
  file: ClipFile,
  key: string,
  known: Known,
  signal: AbortSignal,
): Promise<WholeClip> {
  const { cache, ffmpeg, limits } = deps;
  const { temp, demuxer, extension } = file;
  try {
    const streams = await readStreams(ffmpeg, temp, { demuxer }, signal, { decode: true });
    const { video } = streams;
    const firstS = video && video.startS > 0.0005 ? video.startS : 0;
    const durationS = video?.durationS ?? (streams.durationS ?? 0) - firstS;
    if (!video || durationS <= 0)
      throw unusable('There are no frames in the clip.', 'The file may be damaged; export it again.');
    checkSize(video, limits);
    checkDuration(durationS, limits);
    const record = describeClip(video, { firstS, durationS }, known, key, extension);
    await tryFirstFrame(ffmpeg, temp, record, video.begins, signal);
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
  begins: boolean,
  signal: AbortSignal,
): Promise<void> {
  // ffprobe has decoded it, and there is no filter that may refuse it.
  if (begins && normaliseFilter(clip) === PLAIN_FILTER) return;
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
    undecodable(error);
  }
  if (bytes === 0) undecodable(null);
}

/** Tells people of a failed ffmpeg in their words; other errors pass as they are. */
function undecodable(error: unknown): never {
  if (error instanceof StudioError && error.code !== 'render_failed') throw error;
  throw unusable(
    'The picture of the clip cannot be decoded.',
    'The file may be damaged or protected; export it again as MP4 (H.264).',
    { cause: error ?? undefined },
  );
}
