/** Seeded randomness and noise: the same seed paints the same picture on every machine. */

/** A source of numbers in [0, 1) (mulberry32). */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Smooth noise over the plane; `x` and `y` in units of the largest features. */
export type Noise = {
  /** Gradient noise, about -1 to 1 (Perlin 2002). */
  at(x: number, y: number): number;
  /** Sum of `octaves` noises, each twice as fine and half as strong; about -1 to 1. */
  fractal(x: number, y: number, octaves: number): number;
  /** Like `fractal` with sharp crests, 0 to 1: rock, mountains, dust lanes. */
  ridged(x: number, y: number, octaves: number): number;
};

export function noise(seed: number): Noise {
  const table = permutation(seeded(seed));
  const at = (x: number, y: number): number => {
    const left = Math.floor(x);
    const top = Math.floor(y);
    const dx = x - left;
    const dy = y - top;
    const column = left & 255;
    const row = top & 255;
    const a = table[column]! + row;
    const b = table[column + 1]! + row;
    const u = dx * dx * dx * (dx * (dx * 6 - 15) + 10);
    const v = dy * dy * dy * (dy * (dy * 6 - 15) + 10);
    const upper = slope(table[a]!, dx, dy) * (1 - u) + slope(table[b]!, dx - 1, dy) * u;
    const lower = slope(table[a + 1]!, dx, dy - 1) * (1 - u) + slope(table[b + 1]!, dx - 1, dy - 1) * u;
    return (upper * (1 - v) + lower * v) * 1.4;
  };
  const fractal = (x: number, y: number, octaves: number): number => {
    let sum = 0;
    let strength = 0.5;
    for (let octave = 0; octave < octaves; octave++) {
      sum += at(x, y) * strength;
      // An odd turn and offset between octaves hides the grid.
      const turned = x * 1.6 + y * 1.2 + 17.3;
      y = y * 1.6 - x * 1.2 + 5.7;
      x = turned;
      strength *= 0.5;
    }
    return sum;
  };
  const ridged = (x: number, y: number, octaves: number): number => {
    let sum = 0;
    let strength = 0.5;
    for (let octave = 0; octave < octaves; octave++) {
      const crest = 1 - Math.abs(at(x, y));
      sum += crest * crest * strength;
      const turned = x * 1.6 + y * 1.2 + 3.1;
      y = y * 1.6 - x * 1.2 + 9.2;
      x = turned;
      strength *= 0.5;
    }
    return sum;
  };
  return { at, fractal, ridged };
}

function slope(hash: number, x: number, y: number): number {
  switch (hash & 7) {
    case 0:
      return x + y * 0.4;
    case 1:
      return -x + y * 0.4;
    case 2:
      return x - y * 0.4;
    case 3:
      return -x - y * 0.4;
    case 4:
      return y + x * 0.4;
    case 5:
      return y - x * 0.4;
    case 6:
      return -y + x * 0.4;
    default:
      return -y - x * 0.4;
  }
}

/** 0 to 255 in random order, twice over so that lookups need no wrap. */
function permutation(random: Random): Uint8Array {
  const table = new Uint8Array(514);
  for (let i = 0; i < 256; i++) table[i] = i;
  for (let i = 255; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [table[i], table[j]] = [table[j]!, table[i]!];
  }
  for (let i = 256; i < 514; i++) table[i] = table[i - 256]!;
  return table;
}
