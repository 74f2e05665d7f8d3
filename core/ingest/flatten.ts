/**
 * Moving pictures that may be see-through, encoded once over a colour: video with an alpha channel,
 * and animations. The renderer's frames are opaque, and only here is known what was transparent.
 */
import { parseColor } from '../drawing/colors.ts';
import { encodedColours } from '../encoded-colours.ts';
import type { Ffmpeg, FfmpegInput } from '../ffmpeg.ts';
import type { IngestLimits } from './limits.ts';

export type Flattening = {
  input: FfmpegInput;
  /** Index of the stream in the input. */
  stream: number | 'v:0';
  /** Filters that make RGB frames with alpha of the stream. */
  toRgba: string;
  /** Colour underneath, #rgb or #rrggbb. */
  background: string;
};

/**
 * Writes H.264, visually lossless, full chroma, its frames at the times of the source, to `target` (MP4).
 * @throws {StudioError} render_failed, timeout, no_space, cancelled
 */
export function flatten(
  { ffmpeg, limits }: { ffmpeg: Ffmpeg; limits: IngestLimits },
  { input, stream, toRgba, background }: Flattening,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const [red, green, blue] = parseColor(background);
  // The paper is made of the clip's own frames, so that both have the same times. RGB, as in pictures.
  const over =
    `${toRgba},format=gbrap,split[clip][under];` +
    `[under]format=gbrp,lutrgb=r=${red}:g=${green}:b=${blue}[paper];[paper][clip]overlay=format=gbrp,format=gbrp`;
  const toVideo = 'scale=out_color_matrix=bt709:out_range=limited:flags=bicubic+accurate_rnd,format=yuv444p';
  return ffmpeg.run({
    purpose: 'flattening a clip',
    inputs: [input],
    outputs: [
      {
        target,
        options: [
          ...['-map', `0:${stream}`, '-vf', `${over},${toVideo}`],
          ...['-c:v', 'libx264', '-preset', 'superfast', '-crf', '8', '-g', '50', ...encodedColours],
          ...['-t', String(limits.clipSeconds + 1), '-fps_mode', 'passthrough'],
          ...['-map_metadata', '-1', '-fflags', '+bitexact', '-f', 'mp4'],
        ],
      },
    ],
    signal,
    strict: false,
    timeoutMs: limits.convertMs,
    maxFileBytes: limits.clipBytes * 2,
  });
}
