/**
 * The pictures that stand for a film: the poster, and a page with one frame a scene, the storyboard sheet.
 * People wait for the sheet, so all but the page itself is drawn while the speech is being made, at a moment
 * of the length that a scene is expected to have.
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { ContentCache } from '../cache.ts';
import { openSharp } from '../libvips.ts';
import type { Storyboard } from '../schema/storyboard.ts';
import { titleFilm } from './caption-film.ts';
import { expectScenes } from './measure.ts';
import type { GatheredFilm } from './plan-film.ts';
import {
  drawSceneFrame,
  drawSceneFrames,
  type SceneFrame,
  type SceneFramesDeps,
  type SceneFramesInput,
  type Size,
} from './scene-frames.ts';
import { planTimeline, type Timeline } from './timeline.ts';

/** Short side of a sheet's pictures, px. */
const SHEET_SHORT_SIDE = 360;
/** Pictures taller than this would only make the poster file large, px of the short side. */
const POSTER_SHORT_SIDE = 1080;
/** Raised whenever the same film would give another poster or sheet. */
const VERSION = 4;

export type Stills = {
  /** What the sheet is made of; empty once it is. */
  scenes: SceneFrame[];
  /** Path in the cache. */
  poster: string;
};

/** A picture of each scene and the poster, from the cache where nothing changed. Needs no speech. */
export async function drawStills(
  { size, assets, layers }: GatheredFilm,
  storyboard: Storyboard,
  deps: SceneFramesDeps,
  options: { signal: AbortSignal; onScene: (done: number) => void },
): Promise<Stills> {
  const timeline = planTimeline(expectScenes(storyboard, assets), storyboard.output.fps);
  const input = { timeline, layers, overlays: titleFilm({ storyboard, timeline, assets }) };
  // A sheet of hundreds shows each of them small; their pictures must not add up.
  const shortSide = Math.max(120, SHEET_SHORT_SIDE * Math.min(1, Math.sqrt(40 / layers.length)));
  const scenes = await drawSceneFrames(input, shrunk(size, shortSide), deps, options);
  return { scenes, poster: await drawPoster(input, scenes, size, deps, options.signal) };
}

/**
 * Begins the storyboard sheet, which comes from the cache when no picture, text or length changed. Returns as
 * soon as it has its thread: it goes before all that is asked of the compositor from then on. Takes the scenes'
 * pictures out of `stills`: they would lie in memory until the film is made.
 * @returns its path in the cache, PNG, once it is drawn
 */
export async function beginSheet(
  stills: Stills,
  { storyboard, timeline }: { storyboard: Storyboard; timeline: Timeline },
  { compositor, cache }: SceneFramesDeps,
  signal: AbortSignal,
): Promise<{ drawn: Promise<string> }> {
  const scenes = stills.scenes.splice(0);
  const page = {
    title: storyboard.title,
    durationS: timeline.frames / timeline.fps,
    language: storyboard.language,
  };
  const cells = timeline.scenes.map((timed, index) => ({
    number: index + 1,
    heading: storyboard.scenes[index]!.title?.text,
    text: storyboard.scenes[index]!.text,
    durationS: timed.frames / timeline.fps,
    transition: timed.transitionIn?.type,
  }));
  const key = keyOf('sheet', page, cells, scenes);
  if (await cache.has(key, 'png', signal)) return { drawn: Promise.resolve(cache.file(key, 'png')) };
  const pictures = await Promise.all(
    scenes.map(async ({ width, height, rgb }) => ({ width, height, rgb: await rgb() })),
  );
  const input = { ...page, cells: cells.map((cell, index) => ({ ...cell, picture: pictures[index]! })) };
  const png = compositor.run({ kind: 'sheet', input }, { signal });
  return { drawn: png.then((bytes) => keep(cache, key, 'png', bytes)) };
}

/** The poster: the scene with the most to see, drawn anew at the film's size. @returns its path in the cache, JPEG */
async function drawPoster(
  input: SceneFramesInput,
  scenes: SceneFrame[],
  film: Size,
  deps: SceneFramesDeps,
  signal: AbortSignal,
): Promise<string> {
  const { cache } = deps;
  const size = shrunk(film, POSTER_SHORT_SIDE);
  const key = keyOf('poster', size, scenes);
  if (await cache.has(key, 'jpg', signal)) return cache.file(key, 'jpg');
  const scene = await mostTelling(scenes);
  const rgb = await drawSceneFrame(input, scene, size, deps, signal);
  const sharp = await openSharp();
  const jpeg = await sharp(rgb, { raw: { ...size, channels: 3 } })
    .jpeg({ quality: 88, mozjpeg: true })
    .toBuffer();
  return keep(cache, key, 'jpg', jpeg);
}

/** sha256; scenes count by their keys. */
function keyOf(kind: string, ...decisive: unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify([kind, VERSION, ...decisive]))
    .digest('hex');
}

async function keep(cache: ContentCache, key: string, extension: string, bytes: Uint8Array): Promise<string> {
  const temporary = cache.temporary(key, extension);
  await writeFile(temporary, bytes);
  return cache.keep(temporary, key, extension);
}

/** Index of the frame with detail and contrast that is neither black nor white; earlier ones win ties. */
async function mostTelling(scenes: SceneFrame[]): Promise<number> {
  const sharp = await openSharp();
  let best = { index: 0, score: -Infinity };
  for (const [index, { width, height, rgb }] of scenes.entries()) {
    const stats = await sharp(await rgb(), { raw: { width, height, channels: 3 } }).stats();
    const brightness = stats.channels.reduce((sum, channel) => sum + channel.mean, 0) / 3 / 255;
    const contrast = stats.channels.reduce((sum, channel) => sum + channel.stdev, 0) / 3 / 128;
    const exposure = 1 - Math.abs(brightness - 0.45) * 1.2;
    const score =
      stats.entropy / 8 +
      Math.min(1, Math.log1p(stats.sharpness) / 2) +
      contrast +
      exposure -
      (index / Math.max(1, scenes.length)) * 0.15;
    if (score > best.score) best = { index, score };
  }
  return best.index;
}

function shrunk(film: Size, shortSide: number): Size {
  const scale = Math.min(1, shortSide / Math.min(film.width, film.height));
  const even = (px: number): number => Math.round((px * scale) / 2) * 2;
  return { width: even(film.width), height: even(film.height) };
}
