/** Pure: where on its canvas a still is looked at in each frame. Eased, in sub-pixel steps. */
import type { Effect } from '../schema/storyboard.ts';

/** How far the deepest zoom goes, and how much of the frame a pan travels. */
const ZOOM = 1.12;
const PAN = 0.1;
/** Share of the scene spent gathering and losing speed. */
const RAMP = 0.2;

/** Canvas a still is resized to: large enough that no frame ever enlarges it. Even px. */
export function canvasSize(effect: Effect, width: number, height: number): { width: number; height: number } {
  const even = (px: number): number => Math.ceil(px / 2) * 2;
  switch (effect) {
    case 'zoomIn':
    case 'zoomOut':
      return { width: even(width * ZOOM), height: even(height * ZOOM) };
    case 'panLeft':
    case 'panRight':
      return { width: even(width * (1 + PAN)), height };
    case 'panUp':
    case 'panDown':
      return { width, height: even(height * (1 + PAN)) };
    case 'none':
      return { width, height };
  }
}

/** The part of the canvas one frame shows: top left corner and px of canvas a px of frame. */
export type View = { x: number; y: number; scaleX: number; scaleY: number };

/**
 * View of frame `index` of `total`. `panLeft` means that the camera moves left, so the picture drifts right.
 * Zoom is exponential, so that it feels even.
 */
export function viewAt(effect: Effect, index: number, total: number, width: number, height: number): View {
  const canvas = canvasSize(effect, width, height);
  const done = ease(total <= 1 ? 0 : Math.min(1, Math.max(0, index / (total - 1))));
  const still: View = { x: 0, y: 0, scaleX: 1, scaleY: 1 };
  const travelX = canvas.width - width;
  const travelY = canvas.height - height;
  switch (effect) {
    case 'none':
      return still;
    case 'panLeft':
      return { ...still, x: travelX * (1 - done) };
    case 'panRight':
      return { ...still, x: travelX * done };
    case 'panUp':
      return { ...still, y: travelY * (1 - done) };
    case 'panDown':
      return { ...still, y: travelY * done };
    case 'zoomIn':
    case 'zoomOut': {
      const depth = effect === 'zoomIn' ? done : 1 - done;
      const share = ZOOM ** -depth; // 1: the whole canvas; 1/ZOOM: the deepest zoom
      const seen = { width: canvas.width * share, height: canvas.height * share };
      return {
        x: (canvas.width - seen.width) / 2,
        y: (canvas.height - seen.height) / 2,
        scaleX: seen.width / width,
        scaleY: seen.height / height,
      };
    }
  }
}

/** 0..1 to 0..1 with speed rising and falling evenly at the ends: no jerk at start or stop. */
export function ease(t: number): number {
  const top = 1 / (1 - RAMP); // cruising speed that makes the whole way 1
  if (t < RAMP) return (top * t * t) / (2 * RAMP);
  if (t > 1 - RAMP) return 1 - (top * (1 - t) * (1 - t)) / (2 * RAMP);
  return top * (t - RAMP / 2);
}
