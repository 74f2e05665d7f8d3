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
  /** When its last frame ends, seconds on the same clock, by Matroska's statistics; null elsewhere. */
  endS: number | null;
  frames: number | null;
  /** Whether its first frame can be decoded; false where that was not tried. */
  begins: boolean;
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
  /** Seconds; null where it is not told, or only guessed. */
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

/** Lets ffprobe decode the first frame of each stream, and count whether there was one. */
const tryFirstFrames = ['-count_frames', '-read_intervals', '%+#1'];

/**
 * @param options.decode whether to try the first frame, for `begins`
 * @throws {StudioError} media_unusable, timeout, cancelled
 */
export async function readStreams(
  ffmpeg: Ffmpeg,
  file: string,
  type: Pick<MediaType, 'demuxer'>,
  signal: AbortSignal,
  options: { decode?: boolean } = {},
): Promise<Streams> {
  const extra = [...guardedInput(type), ...(options.decode ? tryFirstFrames : [])];
  const probe = await ffmpeg.probe(file, { extra, signal }).catch((error: unknown) => {
    throw probeFault(error);
  });
  const videos = probe.streams.filter((stream) => stream.codec_type === 'video');
  const covers = videos.filter(isCover);
  const moving = videos.find((stream) => !isCover(stream) && decodable(stream));
  const sound = probe.streams.find((stream) => stream.codec_type === 'audio' && decodable(stream));
  return {
    video: moving ? videoStream(moving) : null,
    sound: sound ? soundStream(sound, type) : null,
    hasCover: covers.length > 0,
    startS: number(probe.format.start_time) ?? 0,
    durationS: sound && isGuessed(sound, type) ? null : number(probe.format.duration),
  };
}

/**
 * Without an index ffprobe takes all frames to be as large as the first ones, and so is wrong by any
 * factor about a variable bit rate. Of MP3 a delay at the start says that there is an encoder's header.
 */
function isGuessed(sound: ProbeStream, { demuxer }: Pick<MediaType, 'demuxer'>): boolean {
  if (demuxer === 'mp3') return !((number(sound.start_time) ?? 0) > 0);
  return ['aac', 'ac3', 'amr'].includes(demuxer);
}

/** ffprobe's words are for programmers; the usual fault, an upload that broke off, has its own. */
function probeFault(error: unknown): unknown {
  if (!(error instanceof StudioError) || error.code !== 'media_unusable') return error;
  if (/moov atom not found|EBML header|End of file/i.test(`${error.message} ${String(error.cause)}`))
    return unusable('The file is cut short: its index is missing.', 'Export or upload it again, in full.', {
      cause: error,
    });
  const closed = /Codec \((\w+)\) not on whitelist/.exec(String((error.cause as Error | undefined)?.message));
  if (closed)
    return unusable(
      `A stream of the file is in a format that is not taken (${closed[1]}).`,
      'Convert it to MP4 (H.264 and AAC).',
      { cause: error },
    );
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
    interlaced: isInterlaced(stream),
    fps: average ?? ratio(stream.r_frame_rate) ?? 0,
    startS: number(stream.start_time) ?? 0,
    durationS: number(stream.duration),
    endS: clockTime(tagsOf(stream)['DURATION']),
    frames: number(stream.nb_frames),
    begins: (number(stream['nb_read_frames']) ?? 0) > 0,
    colour: colourOf(stream, pixelFormat, height),
    // Profile 5 has its own colours and no ordinary picture underneath.
    dolbyVisionOnly: number(stream.dv_profile) === 5,
    hasAlpha: hasAlpha(stream, pixelFormat),
  };
}

/**
 * DV always is, and its containers do not say so. MPEG-4's header does not either: only its frames do,
 * and the filter lets those pass that are not.
 */
function isInterlaced(stream: ProbeStream): boolean {
  const order = text(stream.field_order);
  if (order === null) return ['dvvideo', 'mpeg4'].includes(stream.codec_name ?? '');
  return ['tt', 'bb', 'tb', 'bt'].includes(order);
}

/** WebM keeps the alpha channel beside the picture and only says that it is there. */
function hasAlpha(stream: ProbeStream, pixelFormat: string): boolean {
  const tags = tagsOf(stream);
  const mode = tags['alpha_mode'] ?? tags['ALPHA_MODE'];
  return /^(yuva|gbrap|rgba|bgra|argb|abgr|ya8|ya16)/.test(pixelFormat) || Number(mode) === 1;
}

function tagsOf(stream: ProbeStream): Record<string, unknown> {
  return (stream['tags'] as Record<string, unknown> | undefined) ?? {};
}

function soundStream(stream: ProbeStream, type: Pick<MediaType, 'demuxer'>): SoundStream {
  return {
    index: stream.index,
    codec: stream.codec_name!,
    channels: number(stream.channels) ?? 0,
    sampleRate: number(stream.sample_rate) ?? 0,
    durationS: isGuessed(stream, type) ? null : number(stream.duration),
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

/** `00:01:02.500000000` in seconds. */
function clockTime(value: unknown): number | null {
  const [hours, minutes, seconds] = String(value).split(':').map(Number);
  const time = (hours ?? Number.NaN) * 3600 + (minutes ?? Number.NaN) * 60 + (seconds ?? Number.NaN);
  return Number.isFinite(time) ? time : null;
}

/** `30000/1001` or `16:15`; null for 0/0 and the like. */
function ratio(value: unknown): number | null {
  const [above, below] = String(value).split(/[/:]/).map(Number);
  return above && below && above > 0 && below > 0 ? above / below : null;
}
