/**
 * How far music and clips step back while someone speaks. The speech is known beforehand, so the
 * music goes down before the first word instead of after it, stays down between words and
 * sentences, and comes back in real pauses only.
 */
import { sampleRate } from './pcm.ts';
import type { Span } from './survey.ts';

/** Under speech, dB. */
export const duckDepthDb = -12;
const attack = 0.3 * sampleRate;
const hold = 0.3 * sampleRate;
const release = 0.9 * sampleRate;
/** With less than this between two spans the music would rise only to fall again. */
const leastPause = attack + hold + release + 0.5 * sampleRate;

/** Joins spans of speech (any order, frames of the film) that leave no real pause between them. */
export function speechStretches(spans: Span[]): Span[] {
  const stretches: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = stretches.at(-1);
    if (last && span.from - last.to < leastPause) last.to = Math.max(last.to, span.to);
    else stretches.push({ ...span });
  }
  return stretches;
}

/** The gain over the film, read forwards: `fill` is called with rising frames. */
export class DuckingCurve {
  readonly #stretches: Span[];
  #next = 0;

  /** @param stretches of `speechStretches` */
  constructor(stretches: Span[]) {
    this.#stretches = stretches;
  }

  /** Linear gains of `count` frames from frame `from` on. */
  fill(into: Float32Array, from: number, count: number): void {
    const stretches = this.#stretches;
    while (this.#next < stretches.length && stretches[this.#next]!.to + hold + release <= from) this.#next++;
    for (let i = 0; i < count;) {
      let stretch = stretches[this.#next];
      if (stretch && stretch.to + hold + release <= from + i) stretch = stretches[++this.#next];
      // The curve is slow: a value a millisecond, drawn as straight lines, is exact enough.
      const step = Math.min(48, count - i);
      const here = gainAt(stretch, from + i);
      const slope = (gainAt(stretch, from + i + step) - here) / step;
      for (let k = 0; k < step; k++) into[i + k] = here + slope * k;
      i += step;
    }
  }
}

function gainAt(stretch: Span | undefined, frame: number): number {
  if (!stretch) return 1;
  const down = raisedCosine((frame - (stretch.from - attack)) / attack);
  const up = raisedCosine((frame - (stretch.to + hold)) / release);
  return 10 ** ((duckDepthDb * (down - up)) / 20);
}

/** From 0 to 1 without corners, in dB: the ear takes equal steps of dB as equal. */
function raisedCosine(x: number): number {
  return x <= 0 ? 0 : x >= 1 ? 1 : (1 - Math.cos(Math.PI * x)) / 2;
}
