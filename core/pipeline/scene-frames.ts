/**
 * One frame of each scene, without captions, for the sheet and the poster. Kept in the cache one by one:
 * after an edit only the scenes that changed are opened again, and a draft's serve the film as well.
 * They are drawn while the speech is made, at a moment of the length that a scene is expected to have.
 */
import type { ContentCache } from '../cache.ts';
import type { Compositor } from '../compositor/pool.ts';
import type { Layer, SegmentPlan } from '../compositor/plan.ts';
import type { OverlaySpan } from '../drawing/types.ts';
import { asStudioError } from '../errors.ts';
import { openSharp } from '../libvips.ts';
import { eachOrStop } from '../together.ts';
import { planKey, type SceneLayer } from './segments.ts';
import type { Timeline } from './timeline.ts';

export type Size = { width: number; height: number };

export type SceneFrame = Size & {
  /** sha256 of all that decides its pixels. */
  key: string;
  /** Packed RGB, 3 bytes a pixel. */
  rgb(): Promise<Uint8Array>;
};

export type SceneFramesDeps = {
  compositor: Compositor;
  cache: ContentCache;
  versions: Record<string, string>;
};

export type SceneFramesInput = {
  timeline: Timeline;
  layers: SceneLayer[];
  /** Titles and watermark, but no captions: half a sentence on a poster says nothing. */
  overlays: OverlaySpan[];
};

/** Raised whenever the same scene would give another picture. */
const VERSION = 3;
/** Where in a scene its picture is taken, as a share of its length. */
const TELLING_MOMENT = 0.45;

/** One frame of every scene, side by side on the compositor's threads; each is in the cache then. */
export async function drawSceneFrames(
  input: SceneFramesInput,
  size: Size,
  deps: SceneFramesDeps,
  { signal, onScene }: { signal: AbortSignal; onScene: (done: number) => void },
): Promise<SceneFrame[]> {
  const frames: SceneFrame[] = [];
  let done = 0;
  await eachOrStop(signal, [...input.layers.keys()], async (scene, together) => {
    try {
      frames[scene] = await sceneFrame(input, scene, size, deps, together);
    } catch (error) {
      throw asStudioError(error, 'render_failed').at({ stage: 'rendering', scene: scene + 1 });
    }
    onScene(++done);
  });
  return frames;
}

/** The same moment of one scene at any size; not kept. @returns packed RGB */
export function drawSceneFrame(
  input: SceneFramesInput,
  scene: number,
  size: Size,
  { compositor }: Pick<SceneFramesDeps, 'compositor'>,
  signal: AbortSignal,
): Promise<Uint8Array> {
  return compositor.run({ kind: 'frame', ...tellingMoment(input, scene, size) }, { signal });
}

async function sceneFrame(
  input: SceneFramesInput,
  scene: number,
  size: Size,
  deps: SceneFramesDeps,
  signal: AbortSignal,
): Promise<SceneFrame> {
  const { cache, versions } = deps;
  const { plan, index } = tellingMoment(input, scene, size);
  const key = planKey(plan, { versions, frame: index, version: VERSION });
  const draw = async (): Promise<Uint8Array> => {
    const rgb = await drawSceneFrame(input, scene, size, deps, signal);
    const temporary = cache.temporary(key, 'png');
    const sharp = await openSharp();
    await sharp(rgb, { raw: { ...size, channels: 3 } })
      .png({ compressionLevel: 1 })
      .toFile(temporary);
    await cache.keep(temporary, key, 'png');
    return rgb;
  };
  const drawn = (await cache.has(key, 'png', signal)) ? null : await draw();
  return {
    ...size,
    key,
    // Damaged on the disk: it is drawn anew.
    rgb: async () => drawn ?? (await readPixels(cache.file(key, 'png'), size)) ?? draw(),
  };
}

function tellingMoment(
  input: SceneFramesInput,
  scene: number,
  size: Size,
): { plan: SegmentPlan; index: number } {
  const timed = input.timeline.scenes[scene]!;
  const index = Math.floor(timed.frames * TELLING_MOMENT);
  const plan: SegmentPlan = {
    ...size,
    fps: input.timeline.fps,
    frames: timed.frames,
    base: { ...input.layers[scene]!, sceneFrames: timed.frames, offset: 0 } as Layer,
    incoming: null,
    transition: null,
    overlays: input.overlays
      .map((span) => ({
        ...span,
        startFrame: span.startFrame - timed.start,
        endFrame: span.endFrame - timed.start,
      }))
      // Those of other scenes would make this one's picture depend on where in the film it stands.
      .filter((span) => span.startFrame <= index && index < span.endFrame),
  };
  return { plan, index };
}

async function readPixels(file: string, size: Size): Promise<Uint8Array | null> {
  const sharp = await openSharp();
  const pixels = await sharp(file)
    .removeAlpha()
    .raw()
    .toBuffer()
    .catch(() => null);
  return pixels?.length === size.width * size.height * 3 ? pixels : null;
}
