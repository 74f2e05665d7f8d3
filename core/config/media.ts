/** Settings of what comes from outside: where it may come from, how much of it, and the tools that read it. */
import { z } from 'zod';
import { defaultLimits, type IngestLimits } from '../ingest/limits.ts';
import { limits as schemaLimits } from '../schema/storyboard.ts';
import { list, optionalText, wholeNumber, type Parsed } from './fields.ts';

const MiB = 1024 ** 2;
const megabytes = (bytes: number) =>
  z.coerce
    .number()
    .min(0.01)
    .max(1_000_000)
    .default(bytes / MiB);
const megapixels = (pixels: number, most: number) =>
  z.coerce
    .number()
    .min(0.01)
    .max(most)
    .default(pixels / 1e6);

export const mediaSettings = {
  MEDIA_ALLOW_HOSTS: list.prefault(''),
  MEDIA_ROOTS: list.prefault(''),
  MEDIA_MAX_PICTURE_MB: megabytes(defaultLimits.pictureBytes),
  MEDIA_MAX_CLIP_MB: megabytes(defaultLimits.clipBytes),
  MEDIA_MAX_SOUND_MB: megabytes(defaultLimits.trackBytes),
  MEDIA_MAX_PICTURE_MPX: megapixels(defaultLimits.picturePixels, 250),
  MEDIA_MAX_CLIP_MPX: megapixels(defaultLimits.clipPixels, 70),
  MEDIA_MAX_CLIP_S: wholeNumber(1, 86_400).default(defaultLimits.clipSeconds),
  MEDIA_MAX_SOUND_S: wholeNumber(1, 86_400).default(defaultLimits.trackSeconds),
  MEDIA_MAX_FPS: wholeNumber(1, 1000).default(defaultLimits.clipFps),
  MEDIA_FETCH_TIMEOUT_S: wholeNumber(1, 86_400).default(defaultLimits.fetchMs / 1000),
  FILM_MAX_SCENES: wholeNumber(1, schemaLimits.scenes).default(schemaLimits.scenes),
  FILM_MAX_S: wholeNumber(1, schemaLimits.filmSeconds).default(schemaLimits.filmSeconds),
  FILM_MAX_DOWNLOADS: wholeNumber(0, 1000).default(400),
  FILM_MAX_DOWNLOAD_MB: megabytes(8192 * MiB),
  FFMPEG_PATH: optionalText,
  FFPROBE_PATH: optionalText,
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
};

export type MediaConfig = Readonly<{
  /** Hosts, with port, exempt from the private-address rule. */
  allowHosts: readonly string[];
  /** Folders that a service may read paths from; none by default. */
  roots: readonly string[];
  /** Of one file. */
  limits: Readonly<
    Pick<
      IngestLimits,
      | 'pictureBytes'
      | 'clipBytes'
      | 'trackBytes'
      | 'picturePixels'
      | 'clipPixels'
      | 'clipSeconds'
      | 'trackSeconds'
      | 'clipFps'
      | 'fetchMs'
    >
  >;
  /** Of all that one film is made of. */
  film: FilmLimits;
}>;

/** The most that one film may be and take. */
export type FilmLimits = Readonly<{
  scenes: number;
  /** Length of the film, seconds. */
  seconds: number;
  /** Different addresses that are fetched. */
  downloads: number;
  /** All of them together, bytes. */
  downloadBytes: number;
}>;
export type FfmpegConfig = Readonly<{ ffmpegPath?: string; ffprobePath?: string; searchPath: string }>;

export function mediaConfig(env: Parsed<typeof mediaSettings>): MediaConfig {
  return {
    allowHosts: env.MEDIA_ALLOW_HOSTS,
    roots: env.MEDIA_ROOTS,
    limits: {
      pictureBytes: Math.round(env.MEDIA_MAX_PICTURE_MB * MiB),
      clipBytes: Math.round(env.MEDIA_MAX_CLIP_MB * MiB),
      trackBytes: Math.round(env.MEDIA_MAX_SOUND_MB * MiB),
      picturePixels: Math.round(env.MEDIA_MAX_PICTURE_MPX * 1e6),
      clipPixels: Math.round(env.MEDIA_MAX_CLIP_MPX * 1e6),
      clipSeconds: env.MEDIA_MAX_CLIP_S,
      trackSeconds: env.MEDIA_MAX_SOUND_S,
      clipFps: env.MEDIA_MAX_FPS,
      fetchMs: env.MEDIA_FETCH_TIMEOUT_S * 1000,
    },
    film: {
      scenes: env.FILM_MAX_SCENES,
      seconds: env.FILM_MAX_S,
      downloads: env.FILM_MAX_DOWNLOADS,
      downloadBytes: Math.round(env.FILM_MAX_DOWNLOAD_MB * MiB),
    },
  };
}

export function ffmpegConfig(env: Parsed<typeof mediaSettings>): FfmpegConfig {
  return { ffmpegPath: env.FFMPEG_PATH, ffprobePath: env.FFPROBE_PATH, searchPath: env.PATH };
}
