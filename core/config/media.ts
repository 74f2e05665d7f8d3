/** Settings of what comes from outside: where it may come from, and the tools that read it. */
import { z } from 'zod';
import { list, optionalText, type Parsed } from './fields.ts';

export const mediaSettings = {
  MEDIA_ALLOW_HOSTS: list.prefault(''),
  FFMPEG_PATH: optionalText,
  FFPROBE_PATH: optionalText,
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
};

export type MediaConfig = Readonly<{
  /** Hosts, with port, exempt from the private-address rule. */
  allowHosts: readonly string[];
}>;
export type FfmpegConfig = Readonly<{ ffmpegPath?: string; ffprobePath?: string; searchPath: string }>;

export function mediaConfig(env: Parsed<typeof mediaSettings>): MediaConfig {
  return { allowHosts: env.MEDIA_ALLOW_HOSTS };
}

export function ffmpegConfig(env: Parsed<typeof mediaSettings>): FfmpegConfig {
  return { ffmpegPath: env.FFMPEG_PATH, ffprobePath: env.FFPROBE_PATH, searchPath: env.PATH };
}
