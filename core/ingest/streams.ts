/** Probes a file of ours with the one demuxer it may be opened by, and reads its streams in plain terms. */
import { StudioError } from '../errors.ts';
import type { Ffmpeg, ProbeStream } from '../ffmpeg.ts';
import type { MediaType } from './media-type.ts';
import { guardedInput } from './guarded-input.ts';
import { unusable } from './refusal.ts';
import type { ClipColour } from './types.ts';

export type VideoStream = {
  index: number;
  codec: string;
  pixelFormat: string;
  /** Coded size, px. */
  width: number;
  height: number;
  /** Width of a pixel divided by its height. */
  pixelAspect: number;
  /** Degrees clockwise the frames are to be turned by: 0, 90, 180 or 270. */
  rotation: number;
  interlaced: boolean;
  fps: number;
  /** Seconds; null where the container does not say. */
  startS: number;
  durationS: number | null;
  frames: number | null;
  colour: ClipColour;
  dolbyVisionOnly: boolean;
  /** Whether its frames may be see-through. */
  hasAlpha: boolean;
};

export type SoundStream = {
  index: number;
  codec: string;
  channels: number;
  sampleRate: number;
  durationS: number | null;
};

export type Streams = {
  /** The first moving picture; cover art does not count. */
  video: VideoStream | null;
  sound: SoundStream | null;
  hasCover: boolean;
  /** Earliest start of any stream, seconds; ffmpeg counts time from here. */
  startS: number;
  durationS: number | null;
};

/**
 * @throws {StudioError} media_unusable, timeout, cancelled
 */
export async function readStreams(
  ffmpeg: Ffmpeg,
  file: string,
  type: Pick<MediaType, 'demuxer'>,
  signal: AbortSignal,
): Promise<Streams> {
  const probe = await ffmpeg.probe(file, { extra: guardedInput(type), signal }).catch((error: unknown) => {
    throw probeFault(error);
  });
  const videos = probe.streams.filter((stream) => stream.codec_type === 'video');
  const covers = videos.filter(isCover);
  const moving = videos.find((stream) => !isCover(stream) && decodable(stream));
  const sound = probe.streams.find((stream) => stream.codec_type === 'audio' && decodable(stream));
  return {
    video: moving ? videoStream(moving) : null,
    sound: sound ? soundStream(sound) : null,
    hasCover: covers.length > 0,
    startS: number(probe.format.start_time) ?? 0,
    durationS: number(probe.format.duration),
  };
}

/** ffprobe's words are for programmers; the usual fault, an upload that broke off, has its own. */
function probeFault(error: unknown): unknown {
  if (!(error instanceof StudioError) || error.code !== 'media_unusable') return error;
  if (/moov atom not found|EBML header|End of file/i.test(`${error.message} ${String(error.cause)}`))
    return unusable('The file is cut short: its index is missing.', 'Export or upload it again, in full.', {
      cause: error,
    });
  return unusable(
    'The file is damaged and cannot be read.',
    'Export or upload it again, or convert it to MP4 or MP3.',
    { cause: error },
  );
}

/** Cover art poses as a video stream: marked as attached, or a single still beside the sound. */
function isCover(stream: ProbeStream): boolean {
  const disposition = stream['disposition'] as Record<string, unknown> | undefined;
  if (Number(disposition?.attached_pic) === 1) return true;
  return ['mjpeg', 'png', 'bmp', 'gif'].includes(stream.codec_name ?? '') && number(stream.nb_frames) === 1;
}

function decodable(stream: ProbeStream): boolean {
  return Boolean(stream.codec_name) && stream.codec_name !== 'unknown' && stream.codec_name !== 'none';
}

function videoStream(stream: ProbeStream): VideoStream {
  const height = number(stream.height) ?? 0;
  const pixelFormat = text(stream.pix_fmt) ?? 'unknown';
  const average = ratio(stream.avg_frame_rate);
  return {
    index: stream.index,
    codec: stream.codec_name!,
    pixelFormat,
    width: number(stream.width) ?? 0,
    height,
    pixelAspect: ratio(stream.sample_aspect_ratio) ?? 1,
    rotation: quarterTurns(number(stream.rotation) ?? 0),
    interlaced: ['tt', 'bb', 'tb', 'bt'].includes(text(stream.field_order) ?? ''),
    fps: average ?? ratio(stream.r_frame_rate) ?? 0,
    startS: number(stream.start_time) ?? 0,
    durationS: number(stream.duration),
    frames: number(stream.nb_frames),
    colour: colourOf(stream, pixelFormat, height),
    // Profile 5 has its own colours and no ordinary picture underneath.
    dolbyVisionOnly: number(stream.dv_profile) === 5,
    hasAlpha: hasAlpha(stream, pixelFormat),
  };
}

/** WebM keeps the alpha channel beside the picture and only says that it is there. */
function hasAlpha(stream: ProbeStream, pixelFormat: string): boolean {
  const tags = stream['tags'] as Record<string, unknown> | undefined;
  const mode = tags?.['alpha_mode'] ?? tags?.['ALPHA_MODE'];
  return /^(yuva|gbrap|rgba|bgra|argb|abgr|ya8|ya16)/.test(pixelFormat) || Number(mode) === 1;
}

function soundStream(stream: ProbeStream): SoundStream {
  return {
    index: stream.index,
    codec: stream.codec_name!,
    channels: number(stream.channels) ?? 0,
    sampleRate: number(stream.sample_rate) ?? 0,
    durationS: number(stream.duration),
  };
}

/** Untagged colours are guessed as players do: BT.601 for standard definition, BT.709 above. */
function colourOf(stream: ProbeStream, pixelFormat: string, height: number): ClipColour {
  const guess = height > 576 ? 'bt709' : 'smpte170m';
  const isFull = text(stream.color_range) === 'pc' || pixelFormat.startsWith('yuvj');
  return {
    matrix: text(stream.color_space) ?? guess,
    primaries: text(stream.color_primaries) ?? 'bt709',
    transfer: text(stream.color_transfer) ?? 'bt709',
    range: isFull ? 'full' : 'limited',
  };
}

/** ffprobe says counter-clockwise degrees in [-180, 180]; we say clockwise in whole quarter turns. */
function quarterTurns(counterClockwise: number): number {
  return (((Math.round(-counterClockwise / 90) * 90) % 360) + 360) % 360;
}

function number(value: unknown): number | null {
  const parsed =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && value.trim() !== ''
        ? Number(value)
        : Number.NaN;
  return Number.isFinite(parsed) ? parsed : null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && !['', 'unknown', 'unspecified', 'N/A', 'reserved'].includes(value)
    ? value
    : null;
}

/** `30000/1001` or `16:15`; null for 0/0 and the like. */
function ratio(value: unknown): number | null {
  const [above, below] = String(value).split(/[/:]/).map(Number);
  return above && below && above > 0 && below > 0 ? above / below : null;
}
