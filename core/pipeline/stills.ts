/** The pictures that stand for a film: one frame a scene for the storyboard sheet, and the poster. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import type { ContentCache } from '../cache.ts';
import type { Compositor } from '../compositor/pool.ts';
import type { Layer, SegmentPlan } from '../compositor/plan.ts';
import type { OverlaySpan } from '../drawing/types.ts';
import type { SheetCell } from '../drawing/sheet.ts';
import { asStudioError } from '../errors.ts';
import type { Storyboard } from '../schema/storyboard.ts';
import { eachOrStop } from '../together.ts';
import type { SceneLayer, Segment } from './segments.ts';
import type { Timeline } from './timeline.ts';

type Size = { width: number; height: number };

export type StillsDeps = { compositor: Compositor; cache: ContentCache };

type SceneFrame = { rgb: Uint8Array; width: number; height: number };

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

/** Paths of both in the cache. */
export type Stills = { sheet: string; poster: string };

/** Sheet and poster, from the cache when no picture and no text of the storyboard changed. */
export async function drawStills(
  input: StillsInput,
  segments: Segment[],
  storyboard: Storyboard,
  film: Size,
  deps: StillsDeps,
  options: { signal: AbortSignal; onScene: (done: number) => void },
): Promise<Stills> {
  const { cache } = deps;
  const scenes = storyboard.scenes.map((scene) => [scene.text, scene.title]);
  const key = createHash('sha256')
    .update(
      JSON.stringify([
        'stills',
        2,
        segments.map((segment) => segment.key),
        storyboard.title,
        storyboard.language,
        scenes,
        film,
      ]),
    )
    .digest('hex');
  const stills = { sheet: cache.file(key, 'png'), poster: cache.file(key, 'jpg') };
  if ((await cache.has(key, 'png')) && (await cache.has(key, 'jpg'))) return stills;
  const frames = await drawSceneFrames(input, film, deps.compositor, options);
  const cells = frames.map((picture, index) => sheetCell(picture, index, storyboard, input.timeline));
  const sheet = {
    title: storyboard.title,
    durationS: input.timeline.frames / input.timeline.fps,
    language: storyboard.language,
    cells,
  };
  const { compositor } = deps;
  const png = await compositor.run({ kind: 'sheet', input: sheet }, { signal: options.signal });
  await keep(cache, key, 'png', png);
  await keep(cache, key, 'jpg', await drawPoster(input, frames, film, deps.compositor, options.signal));
  return stills;
}

function sheetCell(
  picture: SceneFrame,
  index: number,
  storyboard: Storyboard,
  timeline: Timeline,
): SheetCell {
  const scene = storyboard.scenes[index]!;
  const timed = timeline.scenes[index]!;
  return {
    picture,
    number: index + 1,
    heading: scene.title?.text,
    text: scene.text,
    durationS: timed.frames / timeline.fps,
    transition: timed.transitionIn?.type,
  };
}

async function keep(cache: ContentCache, key: string, extension: string, bytes: Uint8Array): Promise<void> {
  const temporary = cache.temporary(key, extension);
  await writeFile(temporary, bytes);
  await cache.keep(temporary, key, extension);
}

/** One small frame of every scene, side by side on the compositor's threads. */
async function drawSceneFrames(
  input: StillsInput,
  film: Size,
  compositor: Compositor,
  { signal, onScene }: { signal: AbortSignal; onScene: (done: number) => void },
): Promise<SceneFrame[]> {
  // A sheet of hundreds shows each of them small; their pictures must not add up.
  const size = shrunk(
    film,
    Math.max(120, SHEET_SHORT_SIDE * Math.min(1, Math.sqrt(40 / input.layers.length))),
  );
  const frames: SceneFrame[] = [];
  let done = 0;
  await eachOrStop(signal, [...input.layers.keys()], async (scene, together) => {
    try {
      frames[scene] = await drawSceneFrame(input, scene, size, compositor, together);
    } catch (error) {
      throw asStudioError(error, 'render_failed').at({ stage: 'rendering', scene: scene + 1 });
    }
    onScene(++done);
  });
  return frames;
}

async function drawSceneFrame(
  input: StillsInput,
  scene: number,
  size: Size,
  compositor: Compositor,
  signal: AbortSignal,
): Promise<SceneFrame> {
  const timed = input.timeline.scenes[scene]!;
  const index = Math.floor(timed.frames * TELLING_MOMENT);
  const plan: SegmentPlan = {
    ...size,
    fps: input.timeline.fps,
    frames: timed.frames,
    base: { ...input.layers[scene]!, sceneFrames: timed.frames, offset: 0 } as Layer,
    incoming: null,
    transition: null,
    overlays: input.overlays.map((span) => ({
      ...span,
      startFrame: span.startFrame - timed.start,
      endFrame: span.endFrame - timed.start,
    })),
  };
  const rgb = await compositor.run({ kind: 'frame', plan, index }, { signal });
  return { rgb, ...size };
}

/** The poster: the scene with the most to see, drawn anew at the film's size. @returns JPEG */
async function drawPoster(
  input: StillsInput,
  frames: SceneFrame[],
  film: Size,
  compositor: Compositor,
  signal: AbortSignal,
): Promise<Buffer> {
  const scene = await mostTelling(frames);
  const picture = await drawSceneFrame(input, scene, shrunk(film, POSTER_SHORT_SIDE), compositor, signal);
  return sharp(picture.rgb, { raw: { width: picture.width, height: picture.height, channels: 3 } })
    .jpeg({ quality: 88, mozjpeg: true })
    .toBuffer();
}

/** Index of the frame with detail and contrast that is neither black nor white; earlier ones win ties. */
async function mostTelling(frames: SceneFrame[]): Promise<number> {
  let best = { index: 0, score: -Infinity };
  for (const [index, frame] of frames.entries()) {
    const stats = await sharp(frame.rgb, {
      raw: { width: frame.width, height: frame.height, channels: 3 },
    }).stats();
    const brightness = stats.channels.reduce((sum, channel) => sum + channel.mean, 0) / 3 / 255;
    const contrast = stats.channels.reduce((sum, channel) => sum + channel.stdev, 0) / 3 / 128;
    const exposure = 1 - Math.abs(brightness - 0.45) * 1.2;
    const score =
      stats.entropy / 8 +
      Math.min(1, Math.log1p(stats.sharpness) / 2) +
      contrast +
      exposure -
      (index / Math.max(1, frames.length)) * 0.15;
    if (score > best.score) best = { index, score };
  }
  return best.index;
}

function shrunk(film: Size, shortSide: number): Size {
  const scale = Math.min(1, shortSide / Math.min(film.width, film.height));
  const even = (px: number): number => Math.round((px * scale) / 2) * 2;
  return { width: even(film.width), height: even(film.height) };
}
