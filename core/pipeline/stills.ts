/** The pictures that stand for a film: one frame a scene for the storyboard sheet, and the poster. */
import sharp from 'sharp';
import type { Compositor } from '../compositor/pool.ts';
import type { Layer, SegmentPlan } from '../compositor/plan.ts';
import type { OverlaySpan } from '../drawing/types.ts';
import type { SceneLayer } from './segments.ts';
import type { Timeline } from './timeline.ts';

export type SceneFrame = { rgb: Uint8Array; width: number; height: number };

export type StillsInput = {
  timeline: Timeline;
  layers: SceneLayer[];
  /** Titles and watermark, but no captions: half a sentence on a poster says nothing. */
  overlays: OverlaySpan[];
};

/** Short side of a sheet's pictures, px. */
const SHEET_SHORT_SIDE = 360;
/** Pictures taller than this would only make the poster file large, px of the short side. */
const POSTER_SHORT_SIDE = 1080;
/** Where in a scene its picture is taken, as a share of its length. */
const TELLING_MOMENT = 0.45;

/** Draws one small frame of every scene, side by side on the compositor's threads. */
export function drawSceneFrames(input: StillsInput, film: { width: number; height: number }, compositor: Compositor, signal: AbortSignal): Promise<SceneFrame[]> {
  const size = shrunk(film, SHEET_SHORT_SIDE);
  return Promise.all(input.layers.map((_, scene) => drawSceneFrame(input, scene, size, compositor, signal)));
}

async function drawSceneFrame(input: StillsInput, scene: number, size: { width: number; height: number }, compositor: Compositor, signal: AbortSignal): Promise<SceneFrame> {
  const timed = input.timeline.scenes[scene]!;
  const index = Math.floor(timed.frames * TELLING_MOMENT);
  const plan: SegmentPlan = {
    ...size,
    fps: input.timeline.fps,
    frames: timed.frames,
    base: { ...input.layers[scene]!, sceneFrames: timed.frames, offset: 0 } as Layer,
    incoming: null,
    transition: null,
    overlays: input.overlays.map((span) => ({ ...span, startFrame: span.startFrame - timed.start, endFrame: span.endFrame - timed.start })),
  };
  const rgb = await compositor.run({ kind: 'frame', plan, index }, { signal });
  return { rgb: rgb!, ...size };
}

/** The poster: the scene with the most to see, drawn anew at the film's size. @returns JPEG */
export async function drawPoster(input: StillsInput, frames: SceneFrame[], film: { width: number; height: number }, compositor: Compositor, signal: AbortSignal): Promise<Buffer> {
  const scene = await mostTelling(frames);
  const picture = await drawSceneFrame(input, scene, shrunk(film, POSTER_SHORT_SIDE), compositor, signal);
  return sharp(picture.rgb, { raw: { width: picture.width, height: picture.height, channels: 3 } }).jpeg({ quality: 88, mozjpeg: true }).toBuffer();
}

/** Index of the frame with detail and contrast that is neither black nor white; earlier ones win ties. */
async function mostTelling(frames: SceneFrame[]): Promise<number> {
  let best = { index: 0, score: -Infinity };
  for (const [index, frame] of frames.entries()) {
    const stats = await sharp(frame.rgb, { raw: { width: frame.width, height: frame.height, channels: 3 } }).stats();
    const brightness = stats.channels.reduce((sum, channel) => sum + channel.mean, 0) / 3 / 255;
    const contrast = stats.channels.reduce((sum, channel) => sum + channel.stdev, 0) / 3 / 128;
    const exposure = 1 - Math.abs(brightness - 0.45) * 1.2;
    const score = stats.entropy / 8 + Math.min(1, Math.log1p(stats.sharpness) / 2) + contrast + exposure - (index / Math.max(1, frames.length)) * 0.15;
    if (score > best.score) best = { index, score };
  }
  return best.index;
}

function shrunk(film: { width: number; height: number }, shortSide: number): { width: number; height: number } {
  const scale = Math.min(1, shortSide / Math.min(film.width, film.height));
  const even = (px: number): number => Math.round((px * scale) / 2) * 2;
  return { width: even(film.width), height: even(film.height) };
}
