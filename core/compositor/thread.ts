/**
 * Thread entry: what of a film takes long, one task at a time, as asked by pool.ts. The program's own
 * thread stays free to answer.
 */
import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { openFonts, type FontBook } from '../drawing/fonts.ts';
import { drawSheet, type SheetInput } from '../drawing/sheet.ts';
import { asStudioError, StudioError, type ErrorCode, type ErrorDetails } from '../errors.ts';
import { Ffmpeg, type FfmpegPaths } from '../ffmpeg.ts';
import { mixSoundtrack, type MixedSound, type SoundtrackInput } from '../pipeline/soundtrack.ts';
import { Composer, type ComposerDeps } from './compose.ts';
import { encodeSegments, type Encoding, type SegmentPart } from './encode.ts';
import { Kernel } from './kernel.ts';
import type { SegmentPlan } from './plan.ts';

export type Task =
  /** Neighbours, in the order of the film, by one encoder of so many threads (1 if absent). */
  | { kind: 'segments'; encoding: Encoding; parts: SegmentPart[]; threads?: number }
  /** One frame of a segment, of clips one about that moment, as packed RGB. */
  | { kind: 'frame'; plan: SegmentPlan; index: number }
  /** The film's whole sound. */
  | { kind: 'sound'; input: SoundtrackInput; workDir: string }
  /** The storyboard sheet, as PNG. */
  | { kind: 'sheet'; input: SheetInput };

/** What each task gives. */
export type TaskResult = {
  segments: undefined;
  frame: Uint8Array;
  sound: MixedSound;
  sheet: Uint8Array;
};

export type ToThread = { type: 'run'; id: number; task: Task } | { type: 'abort'; id: number };
export type FromThread =
  /** Frames done of segments and how many of these are finished, or the share (0..1) done of a sound. */
  | { type: 'progress'; id: number; done: number; finished: number }
  | { type: 'done'; id: number; result: TaskResult[Task['kind']] }
  | { type: 'failed'; id: number; error: { code: ErrorCode; message: string } & ErrorDetails };

/** Progress messages closer together than this are dropped, ms. */
const PROGRESS_INTERVAL_MS = 100;

const port = parentPort!;
const ffmpeg = new Ffmpeg((workerData as { paths: FfmpegPaths }).paths);
// One for the thread's life: a fresh one a segment would leave its memory to the garbage collector's leisure.
const kernel = new Kernel();
const running = new Map<number, AbortController>();
let fonts: FontBook | undefined;

// Rendering must not slow down the API of the same process: on Linux this is the thread's own priority.
try {
  os.setPriority(0, 19);
} catch {
  // Not allowed here; ffmpeg's children are niced anyway.
}

port.on('message', (message: ToThread) => {
  if (message.type === 'abort') running.get(message.id)?.abort(new StudioError('cancelled', 'Cancelled.'));
  else void run(message.id, message.task);
});

async function run(id: number, task: Task): Promise<void> {
  const abort = new AbortController();
  running.set(id, abort);
  try {
    fonts ??= openFonts();
    const deps = { kernel, ffmpeg, fonts, signal: abort.signal };
    post({ type: 'done', id, result: await perform(id, task, deps) });
  } catch (error) {
    const { code, message, stage, scene, retryable, hint } = asStudioError(error, 'render_failed');
    post({ type: 'failed', id, error: { code, message, stage, scene, retryable, hint } });
  } finally {
    running.delete(id);
  }
}

async function perform(id: number, task: Task, deps: ComposerDeps): Promise<TaskResult[Task['kind']]> {
  const report = progressOf(id);
  switch (task.kind) {
    case 'segments':
      await encodeSegments(
        task.parts,
        task.encoding,
        deps,
        (progress) => report(progress.frames, progress.finished),
        task.threads,
      );
      return undefined;
    case 'frame':
      return renderFrame(task, deps);
    case 'sound':
      return mixSoundtrack(
        task.input,
        { ffmpeg, workDir: task.workDir },
        { signal: deps.signal, onProgress: (share) => report(share, share === 1 ? 1 : 0) },
      );
    case 'sheet':
      return drawSheet(task.input, deps.fonts);
  }
}

/** Posts progress, but not more often than anyone looks; what is finished at once. */
function progressOf(id: number): (done: number, finished: number) => void {
  const last = { at: 0, finished: 0 };
  return (done, finished) => {
    const now = performance.now();
    if (now - last.at < PROGRESS_INTERVAL_MS && finished === last.finished) return;
    last.at = now;
    last.finished = finished;
    post({ type: 'progress', id, done, finished });
  };
}

async function renderFrame(task: Extract<Task, { kind: 'frame' }>, deps: ComposerDeps): Promise<Uint8Array> {
  const composer = await Composer.open(task.plan, { ...deps, near: true });
  try {
    await composer.frame(task.index);
    return composer.rgb();
  } finally {
    await composer.close();
  }
}

function post(message: FromThread): void {
  port.postMessage(message);
}
