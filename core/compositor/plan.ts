/**
 * What one segment shows, as plain data: it goes to a worker thread and, hashed, it is the segment's
 * content key. So everything that decides a pixel is in here, and nothing else (no film position, no job).
 */
import type { OverlaySpan } from '../drawing/types.ts';
import type { Effect, TransitionType } from '../schema/storyboard.ts';

/** Bumped whenever the same plan would give other pixels, so that old segments are not reused. */
export const RENDERER_VERSION = 4;

export type Fit = 'cover' | 'contain' | 'blur';

/** A still: a vetted picture file, a gradient or one colour, moved over its scene. */
export type StillLayer = {
  kind: 'still';
  picture: { path: string; hash: string } | { colors: string[] };
  fit: Fit;
  /** Colour of bars around a contained picture, #rrggbb. */
  background: string;
  effect: Effect;
};

/** Frames of a vetted clip. */
export type ClipLayer = {
  kind: 'clip';
  path: string;
  hash: string;
  /** ffmpeg filter that makes upright, square-pixel BT.709 frames of it. */
  normalise: string;
  fit: Fit;
  background: string;
  /** Size of the upright picture, px. */
  width: number;
  height: number;
  /** Part of the clip that is shown, seconds. */
  startS: number;
  endS: number;
  /** What to do when the scene is longer than that part. */
  whenShort: 'loop' | 'freeze' | 'slow';
};

export type Layer = (StillLayer | ClipLayer) & {
  /** Frames of the whole scene, which its motion spans. */
  sceneFrames: number;
  /** Scene frame shown in the segment's first frame. */
  offset: number;
};

export type TransitionPlan = { type: Exclude<TransitionType, 'none'>; direction: string | null };

export type SegmentPlan = {
  width: number;
  height: number;
  fps: number;
  frames: number;
  base: Layer;
  /** The scene coming in, when the segment is a transition window. */
  incoming: Layer | null;
  transition: TransitionPlan | null;
  /** Drawn over everything; frames count from the segment's first, and may lie outside it. */
  overlays: OverlaySpan[];
};
