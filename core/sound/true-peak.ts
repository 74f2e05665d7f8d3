/**
 * True peak after ITU-R BS.1770-4 annex 2: the highest value of the waveform between the samples
 * too, found by fourfold oversampling. The filter is our own, longer than the annex's example.
 */
import type { Block } from './pcm.ts';

/** Taps a phase: the value between x[i] and x[i + 1] is made of x[i - before] … x[i + after]. */
const taps = 24;
export const before = taps / 2 - 1;
export const after = taps / 2;

const quarter = interpolator(1 / 4);
const half = interpolator(2 / 4);
const threeQuarters = interpolator(3 / 4);

/** No interpolated value exceeds the highest sample around it by more than this factor. */
const worstCase = Math.max(
  ...[quarter, half, threeQuarters].map((phase) => phase.reduce((sum, tap) => sum + Math.abs(tap), 0)),
);

/** Windowed sinc (Kaiser, β = 6) for a point `fraction` of a sample after x[i], unity gain at DC. */
function interpolator(fraction: number): Float64Array {
  const weights = Float64Array.from({ length: taps }, (_, tap) => {
    const distance = tap - before - fraction;
    const sinc = Math.sin(Math.PI * distance) / (Math.PI * distance);
    const edge = distance / (taps / 2);
    return Math.abs(edge) >= 1 ? 0 : sinc * bessel(6 * Math.sqrt(1 - edge * edge));
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function bessel(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** Highest absolute value of the waveform from x[i] up to x[i + 1]. */
export function peakFrom(x: Float32Array, i: number): number {
  let one = 0;
  let two = 0;
  let three = 0;
  const start = i - before;
  for (let tap = 0; tap < taps; tap++) {
    const value = x[start + tap]!;
    one += value * quarter[tap]!;
    two += value * half[tap]!;
    three += value * threeQuarters[tap]!;
  }
  return Math.max(Math.abs(x[i]!), Math.abs(one), Math.abs(two), Math.abs(three));
}

/** Measures the true peak of what is pushed. */
export class TruePeakMeter {
  #peak = 0;
  readonly #channels: [Float32Array, Float32Array] = [new Float32Array(taps), new Float32Array(taps)];

  push(block: Block, frames = block.left.length): void {
    this.#channels[0] = this.#measure(this.#channels[0], block.left, frames);
    this.#channels[1] = this.#measure(this.#channels[1], block.right, frames);
  }

  /** dBTP of all that was pushed, its last samples included; null for digital silence. */
  peakDb(): number | null {
    const rest = new Float32Array(taps);
    this.push({ left: rest, right: rest });
    return this.#peak === 0 ? null : 20 * Math.log10(this.#peak);
  }

  /** Goes on where the last `taps` samples ended and returns those of now. */
  #measure(last: Float32Array, samples: Float32Array, frames: number): Float32Array {
    const x = new Float32Array(taps + frames);
    x.set(last);
    x.set(samples.subarray(0, frames), taps);
    const stride = 32;
    for (let from = before; from + after < x.length; from += stride) {
      const to = Math.min(from + stride, x.length - after);
      if (highest(x, from - before, to + after) * worstCase <= this.#peak) continue;
      for (let i = from; i < to; i++) this.#peak = Math.max(this.#peak, peakFrom(x, i));
    }
    return x.subarray(frames);
  }
}

function highest(x: Float32Array, from: number, to: number): number {
  let most = 0;
  for (let i = from; i < to; i++) most = Math.max(most, Math.abs(x[i]!));
  return most;
}
