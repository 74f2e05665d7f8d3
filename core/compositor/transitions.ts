/**
 * Transitions: two frames and a moment become one frame. To add one: a case in `mix`, or a ramp in
 * `rampValue` if it is a moving edge; its name and directions go into core/schema/storyboard.ts.
 */
import type { Frame, Kernel } from './kernel.ts';
import { ease } from './motion.ts';
import type { TransitionPlan } from './plan.ts';

/** Draws the moment `progress` (0 old … 1 new) of a transition from `a` to `b` into `out`. */
export type Mixer = (a: Frame, b: Frame, out: Frame, progress: number) => void;

/** Softness of moving edges as a share of their way. */
const SOFTNESS = { wipe: 0.004, smooth: 0.28, circle: 0.02, dissolve: 0.35 } as const;
/** How far a zoom transition dives. */
const DIVE = 0.6;

/** Prepares a transition for frames of one size; masks it needs are reserved in the kernel once. */
export function openTransition(
  kernel: Kernel,
  plan: TransitionPlan,
  width: number,
  height: number,
  scratch: number,
): Mixer {
  switch (plan.type) {
    case 'fade':
      return (a, b, out, progress) => crossfade(kernel, a, b, out, progress);
    case 'fadeblack':
      return throughColor(kernel, 16, width, height);
    case 'fadewhite':
      return throughColor(kernel, 235, width, height);
    case 'slide':
      return (a, b, out, progress) => slide(kernel, a, b, out, progress, plan.direction ?? 'left');
    case 'zoom':
      return dive(kernel, plan.direction ?? 'in', width, height, scratch);
    case 'wipe':
    case 'smooth':
    case 'circle':
    case 'dissolve':
      return movingEdge(
        kernel,
        plan.type,
        plan.direction ?? (plan.type === 'circle' ? 'out' : 'left'),
        width,
        height,
      );
  }
}

function crossfade(kernel: Kernel, a: Frame, b: Frame, out: Frame, progress: number): void {
  kernel.call.blend(a.y, b.y, out.y, out.bytes, Math.round(progress * 256));
}

function throughColor(kernel: Kernel, luma: number, width: number, height: number): Mixer {
  const solid = kernel.frame(width, height);
  kernel.view(solid.y, width * height).fill(luma);
  kernel.view(solid.u, (width * height) / 2).fill(128);
  return (a, b, out, progress) => {
    if (progress < 0.5) crossfade(kernel, a, solid, out, progress * 2);
    else crossfade(kernel, solid, b, out, progress * 2 - 1);
  };
}

/** The new scene pushes the old one out. Steps of two px keep chroma in place; at this speed nobody sees them. */
function slide(kernel: Kernel, a: Frame, b: Frame, out: Frame, progress: number, direction: string): void {
  const sideways = direction === 'left' || direction === 'right';
  const length = sideways ? out.width : out.height;
  const shift = Math.round((ease(progress) * length) / 2) * 2;
  const planes = [
    { a: a.y, b: b.y, out: out.y, width: out.width, height: out.height, shift },
    ...(['u', 'v'] as const).map((name) => ({
      a: a[name],
      b: b[name],
      out: out[name],
      width: out.width / 2,
      height: out.height / 2,
      shift: shift / 2,
    })),
  ];
  const memory = kernel.view(0, kernel.mark());
  const copy = (to: number, from: number, bytes: number): void =>
    void memory.copyWithin(to, from, from + bytes);
  for (const plane of planes) {
    const { width, height, shift: s } = plane;
    if (!sideways) {
      const [oldAt, newAt] = direction === 'up' ? [s, 0] : [0, height - s];
      const kept = (height - s) * width;
      copy(plane.out + (direction === 'up' ? 0 : s * width), plane.a + oldAt * width, kept);
      copy(plane.out + (direction === 'up' ? kept : 0), plane.b + newAt * width, s * width);
      continue;
    }
    for (let row = 0; row < height; row++) {
      const at = row * width;
      if (direction === 'left') {
        copy(plane.out + at, plane.a + at + s, width - s);
        copy(plane.out + at + width - s, plane.b + at, s);
      } else {
        copy(plane.out + at + s, plane.a + at, width - s);
        copy(plane.out + at, plane.b + at + width - s, s);
      }
    }
  }
}

/** `in`: the camera dives into the old scene; `out`: it backs out of the new one. Both cross-fade meanwhile. */
function dive(kernel: Kernel, direction: string, width: number, height: number, scratch: number): Mixer {
  const enlarged = kernel.frame(width, height);
  return (a, b, out, progress) => {
    const depth = direction === 'in' ? ease(progress) : ease(1 - progress);
    enlarge(kernel, direction === 'in' ? a : b, enlarged, 1 + DIVE * depth, scratch);
    const level = progress * progress * (3 - 2 * progress);
    if (direction === 'in') crossfade(kernel, enlarged, b, out, level);
    else crossfade(kernel, a, enlarged, out, level);
  };
}

function enlarge(kernel: Kernel, frame: Frame, out: Frame, zoom: number, scratch: number): void {
  const step = 1 / zoom;
  const x = (frame.width * (1 - step)) / 2;
  const y = (frame.height * (1 - step)) / 2;
  kernel.call.resample(
    frame.y,
    frame.width,
    frame.height,
    frame.width,
    out.y,
    out.width,
    out.height,
    out.width,
    x,
    y,
    step,
    step,
    scratch,
  );
  for (const plane of ['u', 'v'] as const) {
    kernel.call.resample(
      frame[plane],
      frame.width / 2,
      frame.height / 2,
      frame.width / 2,
      out[plane],
      out.width / 2,
      out.height / 2,
      out.width / 2,
      x / 2 + (1 - step) / 4,
      y / 2,
      step,
      step,
      scratch,
    );
  }
}

type Edge = keyof typeof SOFTNESS;

/** Wipes, circles and dissolves: a ramp says at which moment each pixel changes sides. */
function movingEdge(kernel: Kernel, type: Edge, direction: string, width: number, height: number): Mixer {
  const luma = width * height;
  const chroma = luma / 4;
  const ramp = kernel.reserve((luma + chroma) * 2);
  const mask = kernel.reserve(luma + chroma);
  drawRamp(kernel, ramp, type, direction, width, height, 1, 0.5);
  drawRamp(kernel, ramp + luma * 2, type, direction, width / 2, height / 2, 2, 1);
  const softness = SOFTNESS[type];
  const slope = Math.round((255 * 65536) / (softness * 65535));
  const { maskFromRamp, blendMask } = kernel.call;
  return (a, b, out, progress) => {
    const moved = type === 'dissolve' ? progress : ease(progress);
    const position = Math.round(moved * (1 + softness) * 65535);
    maskFromRamp(ramp, mask, luma + chroma, position, slope);
    blendMask(a.y, b.y, mask, out.y, luma);
    blendMask(a.u, b.u, mask + luma, out.u, chroma);
    blendMask(a.v, b.v, mask + luma, out.v, chroma);
  };
}

/** Fills a u16 plane; `step` luma px a sample, `centre` the luma offset of a sample's middle. */
function drawRamp(
  kernel: Kernel,
  at: number,
  type: Edge,
  direction: string,
  columns: number,
  rows: number,
  step: number,
  centre: number,
): void {
  const plane = new Uint16Array(kernel.view(at, 0).buffer, at, columns * rows);
  const width = columns * step;
  const height = rows * step;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = rampValue(type, direction, column * step + centre, row * step + centre, width, height);
      plane[row * columns + column] = Math.min(65535, Math.max(0, Math.round(value * 65535)));
    }
  }
}

/** Moment (0..1) at which the new scene reaches a place in px. */
function rampValue(
  type: Edge,
  direction: string,
  x: number,
  y: number,
  width: number,
  height: number,
): number {
  if (type === 'dissolve') return cloud(x, y, height / 14);
  if (type === 'circle') {
    const distance = Math.hypot(x - width / 2, y - height / 2) / (Math.hypot(width, height) / 2);
    return direction === 'in' ? 1 - distance : distance;
  }
  switch (direction) {
    case 'right':
      return x / width;
    case 'up':
      return 1 - y / height;
    case 'down':
      return y / height;
    default:
      return 1 - x / width;
  }
}

/** Soft noise in three octaves, the largest `size` px, the same in every render: the new scene blooms through. */
function cloud(x: number, y: number, size: number): number {
  const sum =
    valueNoise(x / size, y / size) * 0.6 +
    valueNoise((x * 3) / size + 17, (y * 3) / size) * 0.28 +
    valueNoise((x * 11) / size, (y * 11) / size + 31) * 0.12;
  // Sums of noise crowd around the middle; stretched so that change spreads over the whole time.
  return (sum - 0.5) * 1.6 + 0.5;
}

/** Random values on a grid, joined smoothly. */
function valueNoise(x: number, y: number): number {
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const smooth = (t: number): number => t * t * (3 - 2 * t);
  const fx = smooth(x - x0);
  const fy = smooth(y - y0);
  const upper = hash(x0, y0) * (1 - fx) + hash(x0 + 1, y0) * fx;
  const lower = hash(x0, y0 + 1) * (1 - fx) + hash(x0 + 1, y0 + 1) * fx;
  return upper * (1 - fy) + lower * fy;
}

/** Integer hash to 0..1 (multiply-xorshift, as in the finaliser of MurmurHash3). */
function hash(x: number, y: number): number {
  let h = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}
