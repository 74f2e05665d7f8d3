/**
 * Which tasks may run beside each other: as many as fit into a share of memory. An estimate that is a
 * little too high costs a little time; one that is too low costs the process.
 */
import os from 'node:os';
import type { Encoding } from './encode.ts';
import type { SegmentPlan } from './plan.ts';
import type { Task } from './thread.ts';

const MIB = 1024 ** 2;
/** A thread and its children before they hold a frame, bytes. */
const BASE = 70 * MIB;
/**
 * Bytes a pixel of the film that an encoder holds at once, measured (resident memory of ffmpeg at 720p,
 * 1080p and 4k): frames waiting in the lookahead, references, and what each frame is analysed with.
 */
const encoderBytes: Record<Encoding['quality'], number> = { draft: 30, standard: 80, high: 230 };
/** Bytes a pixel for drawing: frames on their way, and a still enlarged for its deepest zoom. */
const DRAWING = 30;
/** Bytes a pixel for each clip that is decoded meanwhile. */
const DECODER = 40;
/** Of the memory that is free when rendering begins. */
const SHARE = 0.6;

/** @returns bytes a task takes at its most, all its processes included */
export function taskBytes(task: Task): number {
  switch (task.kind) {
    case 'segments':
      return Math.max(...task.parts.map(({ plan }) => segmentBytes(plan, task.encoding)));
    case 'frame':
      return BASE + pixels(task.plan) * (DRAWING + decoders(task.plan));
    case 'sound':
      return 2 * BASE;
    case 'sheet':
      return BASE;
  }
}

function segmentBytes(plan: SegmentPlan, { quality }: Encoding): number {
  return BASE + pixels(plan) * (encoderBytes[quality] + DRAWING + decoders(plan));
}

/** Bytes that rendering may take here: what a container allows, and what is free now, whichever is less. */
export function renderMemory(): number {
  // Absent from Node's types for 20, and from Node before 20.13.
  const { availableMemory } = process as { availableMemory?: () => number };
  const allowed = process.constrainedMemory() || Infinity;
  return SHARE * Math.min(allowed, availableMemory?.() ?? os.freemem());
}

function pixels({ width, height }: SegmentPlan): number {
  return width * height;
}

function decoders({ base, incoming }: SegmentPlan): number {
  return [base, incoming].filter((layer) => layer?.kind === 'clip').length * DECODER;
}
