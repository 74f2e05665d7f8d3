/**
 * A look-ahead limiter for true peaks: whatever comes in, the waveform that goes out stays below
 * the ceiling between the samples too (but for the little that a moving gain adds).
 */
import { sampleRate, silentBlock, type Block } from './pcm.ts';
import { after, before, peakFrom } from './true-peak.ts';

/** The gain is down this many frames before a peak: 5 ms, too short to be heard as a dip. */
const lookahead = 240;
const releaseSeconds = 0.1;
/** Between two samples below this share of the ceiling, no sound that is heard reaches it. */
const nearPeak = 0.6;

/** Frames between a sample going in and coming out. */
const latency = lookahead + after;
/** Frames kept from the last block: the delay, and the filter's reach into the past. */
const kept = latency + before + 1;

export class Limiter {
  readonly #ceiling: number;
  #carried: Block = silentBlock(kept);
  /** Frames still to be dropped: those before the first. */
  #toDrop = latency;
  readonly #lowest = new SlidingMinimum(lookahead + 2);
  readonly #release = new Release();
  /** Two moving averages in a row make the gain bend without corners. */
  readonly #averages = [new MovingAverage(lookahead / 2), new MovingAverage(lookahead / 2)] as const;

  /** @param ceilingDb dBTP */
  constructor(ceilingDb: number) {
    this.#ceiling = 10 ** (ceilingDb / 20);
  }

  /** Takes a block, scaled by `gain` on its way; returns the frames that are ready, in order. */
  push(block: Block, gain = 1): Block {
    const frames = block.left.length;
    const left = continued(this.#carried.left, block.left, gain);
    const right = continued(this.#carried.right, block.right, gain);
    this.#carried = { left: left.slice(frames), right: right.slice(frames) };
    const ready = {
      left: left.subarray(kept - latency, kept - latency + frames),
      right: right.subarray(kept - latency, kept - latency + frames),
    };
    this.#limit(left, right, ready);
    const dropped = Math.min(this.#toDrop, frames);
    this.#toDrop -= dropped;
    return { left: ready.left.subarray(dropped), right: ready.right.subarray(dropped) };
  }

  /** The last frames: all blocks together are as long as what went in. */
  flush(): Block {
    return this.push(silentBlock(latency));
  }

  /**
   * Every value that is averaged is at or below what the frame going out needs, so their mean is
   * too: the lowest gain asked for is held from the look-ahead before a peak to its frame.
   */
  #limit(left: Float32Array, right: Float32Array, ready: Block): void {
    const gains = new Float64Array(ready.left.length).fill(1);
    const asked = askGains(left, right, this.#ceiling, gains);
    const [first, second] = this.#averages;
    if (!asked && this.#lowest.atRest && this.#release.atRest && first.atRest && second.atRest) return;
    for (const stage of [this.#lowest, this.#release, first, second]) stage.run(gains);
    for (let i = 0; i < gains.length; i++) {
      ready.left[i]! *= gains[i]!;
      ready.right[i]! *= gains[i]!;
    }
  }
}

function continued(last: Float32Array, samples: Float32Array, gain: number): Float32Array {
  const x = new Float32Array(last.length + samples.length);
  x.set(last);
  for (let i = 0; i < samples.length; i++) x[last.length + i] = samples[i]! * gain;
  return x;
}

/**
 * Puts into `gains` what each frame needs to stay below the ceiling up to the next one.
 * The newest sample completes the filter around the frame `after` earlier.
 * @returns whether any needs less than 1
 */
function askGains(left: Float32Array, right: Float32Array, ceiling: number, gains: Float64Array): boolean {
  const near = ceiling * nearPeak;
  let asked = false;
  for (let i = 0; i < gains.length; i++) {
    const at = kept - after + i;
    let peak = 0;
    if (Math.abs(left[at]!) > near || Math.abs(left[at + 1]!) > near) peak = peakFrom(left, at);
    if (Math.abs(right[at]!) > near || Math.abs(right[at + 1]!) > near)
      peak = Math.max(peak, peakFrom(right, at));
    if (peak <= ceiling) continue;
    gains[i] = ceiling / peak;
    asked = true;
  }
  return asked;
}

/** The lowest of the last `span` values. Values of 1, the rule, are not stored. */
class SlidingMinimum {
  readonly #span: number;
  #position = 0;
  /** Candidates: each is lower than all before it that are still in the span. */
  #frames: number[] = [];
  #values: number[] = [];

  constructor(span: number) {
    this.#span = span;
  }

  get atRest(): boolean {
    return this.#frames.length === 0;
  }

  run(gains: Float64Array): void {
    const frames = this.#frames;
    const values = this.#values;
    let first = 0;
    for (let i = 0; i < gains.length; i++) {
      const position = this.#position + i;
      const value = gains[i]!;
      if (first < frames.length && frames[first]! <= position - this.#span) first++;
      if (value < 1) {
        while (frames.length > first && values.at(-1)! >= value) {
          frames.pop();
          values.pop();
        }
        frames.push(position);
        values.push(value);
      }
      gains[i] = first < frames.length ? values[first]! : 1;
    }
    this.#position += gains.length;
    this.#frames = frames.slice(first);
    this.#values = values.slice(first);
  }
}

/** Down at once, up again with a time constant. */
class Release {
  #held = 1;

  get atRest(): boolean {
    return this.#held === 1;
  }

  run(gains: Float64Array): void {
    const share = 1 - Math.exp(-1 / (releaseSeconds * sampleRate));
    let held = this.#held;
    for (let i = 0; i < gains.length; i++) {
      const lowest = gains[i]!;
      held += (1 - held) * share;
      if (held > lowest) held = lowest;
      // The last 0.01 dB are a step that the averages smooth: the end of the curve would take seconds.
      if (held > 0.999 && lowest === 1) held = 1;
      gains[i] = held;
    }
    this.#held = held;
  }
}

/** Average of the last `span` values, starting from a steady 1. */
class MovingAverage {
  readonly #last: Float64Array;
  #sum: number;
  #at = 0;
  /** How many values in a row were 1. */
  #ones: number;

  constructor(span: number) {
    this.#last = new Float64Array(span).fill(1);
    this.#sum = span;
    this.#ones = span;
  }

  get atRest(): boolean {
    return this.#ones >= this.#last.length;
  }

  run(gains: Float64Array): void {
    const last = this.#last;
    const span = last.length;
    let sum = this.#sum;
    let at = this.#at;
    let ones = this.#ones;
    for (let i = 0; i < gains.length; i++) {
      const value = gains[i]!;
      sum += value - last[at]!;
      last[at] = value;
      at = at + 1 === span ? 0 : at + 1;
      ones = value === 1 ? ones + 1 : 0;
      // Rounding errors of the running sum end whenever the gain is at rest.
      if (ones >= span) sum = span;
      gains[i] = sum / span;
    }
    this.#sum = sum;
    this.#at = at;
    this.#ones = ones;
  }
}
