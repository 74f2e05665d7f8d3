/**
 * Integrated loudness after ITU-R BS.1770-4 / EBU R 128: K-weighting, 400 ms blocks every 100 ms,
 * an absolute gate at -70 LUFS and a relative one 10 LU below.
 */
import { sampleRate, type Block } from './pcm.ts';

type Weighting = {
  b0: number;
  b1: number;
  b2: number;
  a1: number;
  a2: number;
  /** Of the high-pass; what it multiplies its input with is 1, -2, 1. */
  c1: number;
  c2: number;
};

/** BS.1770-4 annex 1, tables 1 and 2, for 48 kHz: a shelf for the head, then a high-pass. */
const studioWeighting: Weighting = {
  b0: 1.53512485958697,
  b1: -2.69169618940638,
  b2: 1.19839281085285,
  a1: -1.69065929318241,
  a2: 0.73248077421585,
  c1: -1.99004745483398,
  c2: 0.99007225036621,
};

/**
 * The same two filters at another sample rate, by the bilinear transform. The analogue values behind
 * the tables are those of De Man, "Evaluation of Implementations of the EBU R128 Loudness
 * Measurement" (AES 145, 2018).
 */
export function weightingAt(rate: number): Weighting {
  const shelf = Math.tan((Math.PI * 1681.974450955533) / rate);
  const shelfQ = 0.7071752369554196;
  const head = 10 ** (3.999843853973347 / 20);
  const bend = head ** 0.4996667741545416;
  const norm = 1 + shelf / shelfQ + shelf ** 2;
  const pass = Math.tan((Math.PI * 38.13547087602444) / rate);
  const passQ = 0.5003270373238773;
  const passNorm = 1 + pass / passQ + pass ** 2;
  return {
    b0: (head + (bend * shelf) / shelfQ + shelf ** 2) / norm,
    b1: (2 * (shelf ** 2 - head)) / norm,
    b2: (head - (bend * shelf) / shelfQ + shelf ** 2) / norm,
    a1: (2 * (shelf ** 2 - 1)) / norm,
    a2: (1 - shelf / shelfQ + shelf ** 2) / norm,
    c1: (2 * (pass ** 2 - 1)) / passNorm,
    c2: (1 - pass / passQ + pass ** 2) / passNorm,
  };
}

const absoluteGate = -70;

/** Loudness of a mean square, LUFS. */
function loudnessOf(meanSquare: number): number {
  return -0.691 + 10 * Math.log10(meanSquare);
}

export class LoudnessMeter {
  /** Filter memory of both channels: two values a filter. */
  readonly #state = [new Float64Array(4), new Float64Array(4)] as const;
  /** K-weighted energy of each finished 100 ms, both channels added. */
  readonly #steps: number[] = [];
  #energy = 0;
  #filled = 0;
  readonly #weighting: Weighting;
  readonly #stepFrames: number;

  /** @param rate of the sound, Hz */
  constructor(rate = sampleRate) {
    this.#weighting = rate === sampleRate ? studioWeighting : weightingAt(rate);
    this.#stepFrames = Math.round(rate / 10);
  }

  /** Measures the first `frames` frames of a block. */
  push({ left, right }: Block, frames = left.length): void {
    for (let at = 0; at < frames;) {
      const end = Math.min(frames, at + this.#stepFrames - this.#filled);
      this.#energy +=
        weightedEnergy(left, at, end, this.#state[0], this.#weighting) +
        weightedEnergy(right, at, end, this.#state[1], this.#weighting);
      this.#filled += end - at;
      at = end;
      if (this.#filled < this.#stepFrames) continue;
      this.#steps.push(this.#energy);
      this.#energy = 0;
      this.#filled = 0;
    }
  }

  /**
   * LUFS so far; null for silence (all below the absolute gate).
   * Sound shorter than one block of 400 ms is measured over its own length, which the standard
   * leaves open.
   */
  integrated(): number | null {
    const blocks = this.#blocks();
    const loud = blocks.filter((meanSquare) => loudnessOf(meanSquare) > absoluteGate);
    if (loud.length === 0) return null;
    const relativeGate = loudnessOf(mean(loud)) - 10;
    return loudnessOf(mean(loud.filter((meanSquare) => loudnessOf(meanSquare) > relativeGate)));
  }

  #blocks(): number[] {
    const steps = this.#steps;
    const stepFrames = this.#stepFrames;
    if (steps.length < 4) {
      const frames = steps.length * stepFrames + this.#filled;
      return [(steps.reduce((sum, energy) => sum + energy, 0) + this.#energy) / Math.max(1, frames)];
    }
    const blocks: number[] = [];
    for (let i = 3; i < steps.length; i++) {
      blocks.push((steps[i - 3]! + steps[i - 2]! + steps[i - 1]! + steps[i]!) / (4 * stepFrames));
    }
    return blocks;
  }
}

function mean(values: number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Sum of squares of x[from..to) after both filters (transposed direct form II). */
function weightedEnergy(
  x: Float32Array,
  from: number,
  to: number,
  state: Float64Array,
  { b0, b1, b2, a1, a2, c1, c2 }: Weighting,
): number {
  let [s1 = 0, s2 = 0, t1 = 0, t2 = 0] = state;
  let energy = 0;
  for (let i = from; i < to; i++) {
    const input = x[i]!;
    const shelved = b0 * input + s1;
    s1 = b1 * input - a1 * shelved + s2;
    s2 = b2 * input - a2 * shelved;
    const output = shelved + t1;
    t1 = -2 * shelved - c1 * output + t2;
    t2 = shelved - c2 * output;
    energy += output * output;
  }
  state[0] = settle(s1);
  state[1] = settle(s2);
  state[2] = settle(t1);
  state[3] = settle(t2);
  return energy;
}

/** Filters ring down into denormal numbers, on which processors crawl. */
function settle(value: number): number {
  return Math.abs(value) < 1e-25 ? 0 : value;
}
