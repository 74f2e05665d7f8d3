/**
 * Repeats a stretch of sound for as long as wanted, without a click: end to start where the sound
 * itself goes on, else with the end fading out under the start.
 */
import { PcmReader, sampleRate, silentBlock, type Block, type PcmSource } from './pcm.ts';
import type { Span } from './survey.ts';

export type Loop = {
  /** The stretch of the source that repeats. */
  span: Span;
  /** Frames in which end and start overlap; 0 for a seamless stretch. */
  crossfade: number;
  /** How alike end and start are there, 0 to 1: alike sounds add up louder than unlike ones. */
  likeness: number;
  /** Where nothing may overlap: frames of fade at the end of a round and the start of the next. */
  dip: number;
};

const longestCrossfade = 1.5 * sampleRate;
/** Loops up to this length stay in memory: 10 s, 4 MB. */
const memoryFrames = 10 * sampleRate;
/** What is looked at on either side of the seam: 40 ms. */
const seamFrames = 0.04 * sampleRate;

/** For the sound of a picture: 8 ms, long enough not to click and too short to be heard as a gap. */
const shortDip = 0.008 * sampleRate;

/**
 * Decides how a stretch can be repeated. With `inTime` each round is exactly as long as the stretch,
 * as a picture needs that repeats beside it.
 */
export async function planLoop(source: PcmSource, span: Span, inTime = false): Promise<Loop> {
  const frames = span.to - span.from;
  const reader = new PcmReader(source);
  try {
    const around = Math.min(seamFrames, Math.floor(frames / 2));
    const end = await stretch(reader, span.to - around, around);
    const start = await stretch(reader, span.from, around);
    const seamless = isSeamless(end.left, start.left) && isSeamless(end.right, start.right);
    if (seamless) return { span, crossfade: 0, likeness: 0, dip: 0 };
    if (inTime) return { span, crossfade: 0, likeness: 0, dip: Math.min(shortDip, Math.floor(frames / 4)) };
    const crossfade = Math.min(longestCrossfade, Math.floor(frames / 4));
    const tail = await stretch(reader, span.to - crossfade, crossfade);
    const head = await stretch(reader, span.from, crossfade);
    return { span, crossfade, likeness: likeness(tail, head), dip: 0 };
  } finally {
    await reader.close();
  }
}

async function stretch(reader: PcmReader, from: number, frames: number): Promise<Block> {
  const block = silentBlock(frames);
  await reader.read(from, frames, block);
  return block;
}

/**
 * Whether `start` can follow `end` unnoticed: the level stays, and the waveform bends at the seam
 * no more sharply than it does on both sides of it anyway.
 */
function isSeamless(end: Float32Array, start: Float32Array): boolean {
  const count = end.length;
  if (count < 4) return false;
  const difference = Math.abs(20 * Math.log10((level(end) + 1e-6) / (level(start) + 1e-6)));
  const [a = 0, b = 0, c = 0, d = 0] = [end[count - 2], end[count - 1], start[0], start[1]];
  const bend = Math.max(Math.abs(a - 2 * b + c), Math.abs(b - 2 * c + d));
  return difference < 6 && bend <= 1.2 * Math.max(sharpestBend(end), sharpestBend(start)) + 1e-5;
}

function level(x: Float32Array): number {
  let energy = 0;
  for (const value of x) energy += value * value;
  return Math.sqrt(energy / x.length);
}

function sharpestBend(x: Float32Array): number {
  let most = 0;
  for (let i = 2; i < x.length; i++) most = Math.max(most, Math.abs(x[i - 2]! - 2 * x[i - 1]! + x[i]!));
  return most;
}

/** Normalised correlation of both channels; unlike or opposite sounds count as 0. */
function likeness(a: Block, b: Block): number {
  let both = 0;
  let first = 1e-12;
  let second = 1e-12;
  for (let i = 0; i < a.left.length; i++) {
    both += a.left[i]! * b.left[i]! + a.right[i]! * b.right[i]!;
    first += a.left[i]! ** 2 + a.right[i]! ** 2;
    second += b.left[i]! ** 2 + b.right[i]! ** 2;
  }
  return Math.max(0, both / Math.sqrt(first * second));
}

/** Reads an endlessly repeated stretch at any frame from its start on. */
export class LoopReader {
  readonly #reader: PcmReader;
  readonly #loop: Loop;
  readonly #tail = silentBlock(longestCrossfade);
  #memory: Block | null = null;

  constructor(source: PcmSource, loop: Loop) {
    this.#reader = new PcmReader(source);
    this.#loop = loop;
  }

  /** Like PcmReader.read; frame 0 is the start of the first round. */
  async read(from: number, count: number, into: Block, at = 0): Promise<void> {
    const { span, crossfade } = this.#loop;
    const period = span.to - span.from - crossfade;
    for (let done = 0; done < count;) {
      const round = Math.floor((from + done) / period);
      const inRound = from + done - round * period;
      const fading = round > 0 && inRound < crossfade;
      const frames = Math.min(count - done, (fading ? crossfade : period) - inRound);
      await this.#copy(inRound, frames, into, at + done);
      if (fading) {
        await this.#copy(period + inRound, frames, this.#tail, 0);
        this.#blend(into, at + done, frames, inRound);
      }
      if (this.#loop.dip > 0) this.#soften(into, at + done, frames, { from: inRound, isFirst: round === 0 });
      done += frames;
    }
  }

  async close(): Promise<void> {
    this.#memory = null;
    await this.#reader.close();
  }

  /** Frames of the stretch, from memory if it is short: its file would be read thousands of times. */
  async #copy(from: number, frames: number, into: Block, at: number): Promise<void> {
    const { span } = this.#loop;
    const length = span.to - span.from;
    if (length > memoryFrames) return this.#reader.read(span.from + from, frames, into, at);
    this.#memory ??= await stretch(this.#reader, span.from, length);
    into.left.set(this.#memory.left.subarray(from, from + frames), at);
    into.right.set(this.#memory.right.subarray(from, from + frames), at);
  }

  /** Fades the ends of a round; the very first start is left to the fades of the piece. */
  #soften(
    { left, right }: Block,
    at: number,
    frames: number,
    round: { from: number; isFirst: boolean },
  ): void {
    const { span, dip } = this.#loop;
    const length = span.to - span.from;
    for (let i = 0; i < frames; i++) {
      const done = round.from + i + 0.5;
      const near = Math.min(round.isFirst ? dip : done, length - done);
      if (near >= dip) continue;
      const gain = Math.sin((near / dip) * (Math.PI / 2));
      left[at + i]! *= gain;
      right[at + i]! *= gain;
    }
  }

  /**
   * Equal power: sin² + cos² = 1 keeps the level of unlike sounds; of alike ones by the sum's
   * power, 1 + 2·r·sin·cos.
   */
  #blend({ left, right }: Block, at: number, frames: number, inFade: number): void {
    const { crossfade, likeness: r } = this.#loop;
    for (let i = 0; i < frames; i++) {
      const angle = ((inFade + i + 0.5) / crossfade) * (Math.PI / 2);
      const rise = Math.sin(angle);
      const fall = Math.cos(angle);
      const scale = 1 / Math.sqrt(1 + 2 * r * rise * fall);
      left[at + i] = (left[at + i]! * rise + this.#tail.left[i]! * fall) * scale;
      right[at + i] = (right[at + i]! * rise + this.#tail.right[i]! * fall) * scale;
    }
  }
}
