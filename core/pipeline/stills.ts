/** The pictures that stand for a film: one frame a scene for the storyboard sheet, and the poster. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import type { ContentCache } from '../cache.ts';
import type { SheetCell } from '../drawing/sheet.ts';
import type { Storyboard } from '../schema/storyboard.ts';
import { allOrStop } from '../together.ts';
import {
  drawSceneFrame,
  drawSceneFrames,
  type SceneFrame,
  type SceneFramesDeps,
  type SceneFramesInput,
  type Size,
} from './scene-frames.ts';
import type { Segment } from './segments.ts';
import type { Timeline } from './timeline.ts';

/** Short side of a sheet's pictures, px. */
const SHEET_SHORT_SIDE = 360;
/** Pictures taller than this would only make the poster file large, px of the short side. */
const POSTER_SHORT_SIDE = 1080;
/** Paths of both in the cache. */
export type Stills = { sheet: string; poster: string };

/** Sheet and poster, from the cache when no picture and no text of the storyboard changed. */
export async function drawStills(
  input: SceneFramesInput,
  segments: Segment[],
  storyboard: Storyboard,
  film: Size,
  deps: SceneFramesDeps,
  options: { signal: AbortSignal; onScene: (done: number) => void },
): Promise<Stills> {
  const { cache } = deps;
  const scenes = storyboard.scenes.map((scene) => [scene.text, scene.title]);
  const key = createHash('sha256')
    .update(
      JSON.stringify([
        'stills',
        3,
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
  // A sheet of hundreds shows each of them small; their pictures must not add up.
  const shortSide = Math.max(120, SHEET_SHORT_SIDE * Math.min(1, Math.sqrt(40 / input.layers.length)));
  const frames = await drawSceneFrames(input, shrunk(film, shortSide), deps, options);
  const cells = frames.map((picture, index) => sheetCell(picture, index, storyboard, input.timeline));
  const sheet = {
    title: storyboard.title,
    durationS: input.timeline.frames / input.timeline.fps,
    language: storyboard.language,
    cells,
  };
  const abort = new AbortController();
  const signal = AbortSignal.any([options.signal, abort.signal]);
  // Side by side: people wait for the sheet.
  const [png, jpg] = await allOrStop(abort, [
    deps.compositor.run({ kind: 'sheet', input: sheet }, { signal }),
    drawPoster(input, frames, film, deps, signal),
  ]);
  await Promise.all([keep(cache, key, 'png', png), keep(cache, key, 'jpg', jpg)]);
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

/** The poster: the scene with the most to see, drawn anew at the film's size. @returns JPEG */
async function drawPoster(
  input: SceneFramesInput,
  frames: SceneFrame[],
  film: Size,
  deps: SceneFramesDeps,
  signal: AbortSignal,
): Promise<Buffer> {
  const scene = await mostTelling(frames);
  const picture = await drawSceneFrame(input, scene, shrunk(film, POSTER_SHORT_SIDE), deps, signal);
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
