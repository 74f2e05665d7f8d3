/**
 * Pure: what a preview is made of. Each segment of the film has its part, an equal key is an equal part; of a
 * film faster than `MOST_FPS` all is one part.
 */
import { createHash } from 'node:crypto';

export type PreviewInput = {
  /** The finished film, and what it was joined of, in order. */
  film: string;
  segments: { file: string; key: string; frames: number }[];
  /** Finished soundtrack as long as the film. */
  sound: string;
  fps: number;
  /** Of the film, px. */
  width: number;
  height: number;
  /** Temporary folder for lists; removed by the caller. */
  workDir: string;
  /** File to write, MP4. */
  out: string;
  /** The most the preview may have, bytes. */
  maxBytes: number;
};

/** What one file of the preview shows: a segment, or its beginning. */
export type Part = { source: string; frames: number; key: string };

/** A longer film is shown by its beginning: stretched over all of it, so few bytes would show nothing. */
const PREVIEW_SECONDS = 180;
/** Of the preview, px. */
const SHORT_SIDE = 360;
const MOST_FPS = 30;
/** bit/s */
export const SOUND_BITS = 64_000;
/** Above it 360 lines gain nothing, bit/s. */
const MOST_BITS = 1_200_000;
const LEAST_BITS = 30_000;
/** Rates go in steps of a quarter octave, so that a film that becomes a little longer keeps its parts. */
const STEPS_PER_OCTAVE = 4;

/** What a preview shows of a film, s. */
export function previewSeconds(durationS: number): number {
  return Math.min(durationS, PREVIEW_SECONDS);
}

/** bit/s that fill `maxBytes` over the seconds shown, rounded down to a step. */
export function videoBits(input: PreviewInput, margin: number): number {
  const seconds = Math.max(1, previewSeconds(durationOf(input.segments, input.fps)));
  const bits = (input.maxBytes * 8 * margin) / seconds - SOUND_BITS;
  const octaves = Math.log2(MOST_BITS / Math.min(MOST_BITS, Math.max(LEAST_BITS, bits)));
  return Math.round(MOST_BITS / 2 ** (Math.ceil(octaves * STEPS_PER_OCTAVE - 1e-9) / STEPS_PER_OCTAVE));
}

/** All parts, in the order of the film. */
export function partsOf(input: PreviewInput, bits: number, versions: Record<string, string>): Part[] {
  const { segments, fps, film } = input;
  const keyOf = (of: unknown): string =>
    `preview-${createHash('sha256')
      .update(JSON.stringify([1, versions, bits, shortSide(input), of]))
      .digest('hex')}`;
  const shown = shownOf(segments, PREVIEW_SECONDS * fps);
  // Frames are left out of a fast film, and not so that each segment keeps its own: it is one part.
  if (fps > MOST_FPS)
    return [{ source: film, frames: sum(shown), key: keyOf(shown.map(({ key, frames }) => [key, frames])) }];
  return shown.map(({ file, frames, key }) => ({ source: file, frames, key: keyOf([key, frames]) }));
}

/** Segments up to so many frames, the last one cut. */
function shownOf(segments: PreviewInput['segments'], most: number): PreviewInput['segments'] {
  let left = most;
  return segments.flatMap((segment) => {
    const frames = Math.min(segment.frames, left);
    left -= frames;
    return frames > 0 ? [{ ...segment, frames }] : [];
  });
}

/** Neighbours that are not there. */
export function runsOf(parts: Part[], isThere: boolean[]): Part[][] {
  const runs: Part[][] = [];
  parts.forEach((part, index) => {
    if (isThere[index]) return;
    if (index > 0 && !isThere[index - 1]) runs.at(-1)!.push(part);
    else runs.push([part]);
  });
  return runs;
}

/** Half the frames of a fast film. (`-fpsmax` makes one or two too many.) */
export function shownFps({ fps }: Pick<PreviewInput, 'fps'>): number {
  return fps > MOST_FPS ? fps / 2 : fps;
}

export function shortSide({ width, height }: Pick<PreviewInput, 'width' | 'height'>): number {
  return Math.min(SHORT_SIDE, width, height);
}

export function sum(parts: readonly { frames: number }[]): number {
  return parts.reduce((frames, part) => frames + part.frames, 0);
}

/** s */
export function durationOf(parts: readonly { frames: number }[], fps: number): number {
  return sum(parts) / fps;
}
