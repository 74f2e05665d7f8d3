/**
 * Pure: the timeline cut into segments that can be rendered apart, in any order, and joined without
 * re-encoding. Bodies show one scene, windows show two during a transition. Equal key, equal pixels.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { RENDERER_VERSION, type Layer, type SegmentPlan } from '../compositor/plan.ts';
import type { Encoding } from '../compositor/encode.ts';
import type { OverlaySpan } from '../drawing/types.ts';
import type { Timeline } from './timeline.ts';

/** Longer bodies are cut into equal pieces, so that one long scene still keeps all cores busy, s. */
const LONGEST_PIECE_S = 10;

/** A scene's picture without its place in time. */
export type SceneLayer = Layer extends infer Each
  ? Each extends Layer
    ? Omit<Each, 'sceneFrames' | 'offset'>
    : never
  : never;

export type Segment = {
  plan: SegmentPlan;
  /** Index of the scene it shows; the incoming one for a window. */
  scene: number;
  kind: 'body' | 'window';
  /** First frame of the film it shows. */
  start: number;
  key: string;
};

export type SegmentInput = {
  timeline: Timeline;
  layers: SceneLayer[];
  overlays: OverlaySpan[];
  width: number;
  height: number;
  encoding: Encoding;
  /** Versions of what else decides pixels and bytes: kernel, fonts, ffmpeg. */
  versions: Record<string, string>;
};

/** Cuts the film in order; the segments' frames add up to the film's. */
export function cutSegments(input: SegmentInput): Segment[] {
  const segments: Segment[] = [];
  const { timeline, layers } = input;
  for (const [index, scene] of timeline.scenes.entries()) {
    const into = scene.transitionIn?.frames ?? 0;
    const outOf = timeline.scenes[index + 1]?.transitionIn?.frames ?? 0;
    const layer = (offset: number): Layer =>
      ({ ...layers[index]!, sceneFrames: scene.frames, offset }) as Layer;
    if (scene.transitionIn) {
      const before = timeline.scenes[index - 1]!;
      const outgoing = {
        ...layers[index - 1]!,
        sceneFrames: before.frames,
        offset: before.frames - into,
      } as Layer;
      const { type, direction } = scene.transitionIn;
      segments.push(
        segment(input, {
          scene: index,
          kind: 'window',
          start: scene.start,
          frames: into,
          base: outgoing,
          incoming: layer(0),
          transition: { type, direction },
        }),
      );
    }
    for (const piece of pieces(scene.frames - into - outOf, LONGEST_PIECE_S * timeline.fps)) {
      const offset = into + piece.from;
      segments.push(
        segment(input, {
          scene: index,
          kind: 'body',
          start: scene.start + offset,
          frames: piece.frames,
          base: layer(offset),
          incoming: null,
          transition: null,
        }),
      );
    }
  }
  return segments;
}

type Cut = Pick<Segment, 'scene' | 'kind' | 'start'> &
  Pick<SegmentPlan, 'frames' | 'base' | 'incoming' | 'transition'>;

function segment(input: SegmentInput, cut: Cut): Segment {
  const { timeline, width, height } = input;
  const overlays = input.overlays
    .filter((span) => span.startFrame < cut.start + cut.frames && span.endFrame > cut.start)
    .map((span) => withinCut(span, cut));
  const plan: SegmentPlan = {
    width,
    height,
    fps: timeline.fps,
    frames: cut.frames,
    base: cut.base,
    incoming: cut.incoming,
    transition: cut.transition,
    overlays,
  };
  return {
    plan,
    scene: cut.scene,
    kind: cut.kind,
    start: cut.start,
    key: segmentKey(plan, input.encoding, input.versions),
  };
}

/**
 * A span counted from the segment's first frame. Edges whose fade is over before the segment, or begins
 * after it, move to its border: the same pixels, and a key that does not know where the span began.
 */
function withinCut(span: OverlaySpan, cut: Cut): OverlaySpan {
  const start = span.startFrame - cut.start;
  const end = span.endFrame - cut.start;
  const risen = start + span.fadeInFrames <= 0;
  const steady = end - span.fadeOutFrames >= cut.frames;
  return {
    ...span,
    startFrame: risen ? 0 : start,
    fadeInFrames: risen ? 0 : span.fadeInFrames,
    endFrame: steady ? cut.frames : end,
    fadeOutFrames: steady ? 0 : span.fadeOutFrames,
  };
}

/** Cuts `frames` into the fewest equal pieces of at most `longest` frames; none for an empty body. */
function pieces(frames: number, longest: number): { from: number; frames: number }[] {
  const count = Math.ceil(frames / longest);
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor((frames * index) / count);
    return { from, frames: Math.floor((frames * (index + 1)) / count) - from };
  });
}

/** sha256 over everything that decides the segment's bytes. */
export function segmentKey(plan: SegmentPlan, encoding: Encoding, versions: Record<string, string>): string {
  return planKey(plan, { versions, encoding });
}

/** sha256 over a plan and what else decides the outcome. Files count by their hash, not by where they lie. */
export function planKey(plan: SegmentPlan, besides: Record<string, unknown>): string {
  const decisive = JSON.stringify({ renderer: RENDERER_VERSION, ...besides, plan }, (key, value: unknown) => {
    // Logos and watermarks are named by their content.
    if ((key === 'logo' || key === 'picture') && typeof value === 'string') return path.basename(value);
    const isFile = typeof value === 'object' && value !== null && 'path' in value && 'hash' in value;
    return isFile ? { ...value, path: undefined } : value;
  });
  return createHash('sha256').update(decisive).digest('hex');
}
