/** A small copy of a film for places with an upload limit: chats, mails, phones on a slow line. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Ffmpeg } from '../ffmpeg.ts';

export type PreviewInput = {
  /** A finished film of ours. */
  film: string;
  /** File to write, MP4. */
  out: string;
  /** Of the film, s. */
  duration: number;
  /** Of the film, px. */
  width: number;
  height: number;
  /** The most the preview may have, bytes. */
  maxBytes: number;
};

/** A longer film is shown by its beginning: stretched over all of it, so few bytes would show nothing. */
const PREVIEW_SECONDS = 180;
/** px */
const SHORT_SIDE = 360;
const SOUND_BITS = 64_000;
/** A rate asked for is met within a tenth or so; containers cost a little. */
const MARGINS = [0.88, 0.7];
const TIMEOUT_MS = 10 * 60_000;
/** Above it 360 lines gain nothing, bit/s. */
const MOST_BITS = 1_200_000;

/**
 * Encodes the film (or its first `PREVIEW_SECONDS`) at 360 lines into at most `maxBytes`.
 * @returns bytes written
 * @throws {StudioError} cancelled, timeout, no_space, render_failed
 */
export async function makePreview(input: PreviewInput, ffmpeg: Ffmpeg, signal: AbortSignal): Promise<number> {
  let bytes = Infinity;
  for (const margin of MARGINS) {
    await encode(input, videoBits(input, margin), ffmpeg, signal);
    bytes = (await stat(input.out)).size;
    if (bytes <= input.maxBytes) break;
  }
  return bytes;
}

/** bit/s that fill `maxBytes` over the seconds shown. */
function videoBits({ maxBytes, duration }: PreviewInput, margin: number): number {
  const seconds = Math.max(1, Math.min(duration, PREVIEW_SECONDS));
  return Math.round(Math.min(MOST_BITS, Math.max(30_000, (maxBytes * 8 * margin) / seconds - SOUND_BITS)));
}

async function encode(input: PreviewInput, bits: number, ffmpeg: Ffmpeg, signal: AbortSignal): Promise<void> {
  const short = Math.min(SHORT_SIDE, input.width, input.height);
  const scale = input.width < input.height ? `scale=${short}:-2:flags=area` : `scale=-2:${short}:flags=area`;
  const source = `file:${path.resolve(input.film)}`;
  await ffmpeg.run({
    purpose: 'making the preview',
    inputs: [
      {
        source,
        // Without deblocking: a fifth of the decoder's time, for what cannot be seen at a third of the size.
        options: [
          ...['-protocol_whitelist', 'file', '-t', String(PREVIEW_SECONDS)],
          ...['-skip_loop_filter', 'all'],
        ],
      },
    ],
    outputs: [
      {
        target: `file:${path.resolve(input.out)}`,
        options: [
          ...['-map', '0:v:0', '-map', '0:a:0', '-vf', scale, '-fpsmax', '30'],
          ...['-c:v', 'libx264', '-preset', 'superfast', '-pix_fmt', 'yuv420p'],
          ...['-b:v', String(bits), '-maxrate', String(Math.round(bits * 1.3)), '-bufsize', String(bits * 3)],
          ...['-c:a', 'aac', '-aac_coder', 'fast', '-b:a', String(SOUND_BITS), '-ac', '2'],
          ...['-map_metadata', '-1', '-movflags', '+faststart', '-f', 'mp4'],
        ],
      },
    ],
    timeoutMs: TIMEOUT_MS,
    signal,
  });
}
