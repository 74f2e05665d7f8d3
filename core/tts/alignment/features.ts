/**
 * What a voice says, without who says it: mel-frequency cepstra (Davis & Mermelstein, 1980), their
 * slopes and the loudness, normalised over the sentence so that two voices can be compared.
 */

/** One vector each `hopS`; row `n` is at `data[n * size]`. */
export type Features = { data: Float32Array; frames: number; size: number };

/** From one vector to the next, s. */
export const hopS = 0.01;
const windowS = 0.025;
const filters = 26;
const cepstra = 12;
/** Cepstra, loudness, and the slopes of both. */
const size = 2 * (cepstra + 1);
/** Frames to both sides that a slope is taken over. */
const slopeReach = 2;
const preEmphasis = 0.97;
/** Quieter than this below the loudest frame counts as silence, dB. */
const floorDb = 50;

/**
 * The features of mono samples.
 * @param highestHz upper end of what is compared, at most half the sample rate
 */
export function featuresOf(samples: Int16Array, sampleRate: number, highestHz: number): Features {
  const length = Math.round(windowS * sampleRate);
  const points = 2 ** Math.ceil(Math.log2(length));
  const frames = Math.max(1, Math.ceil(samples.length / sampleRate / hopS));
  const window = Float64Array.from(
    { length },
    (_, n) => 0.54 - 0.46 * Math.cos((2 * Math.PI * n) / (length - 1)),
  );
  const bank = melFilters(points, sampleRate, highestHz);
  const transform = fourier(points);
  const real = new Float64Array(points);
  const imaginary = new Float64Array(points);
  const bands = new Float64Array(frames * filters);
  const loudness = new Float64Array(frames);
  for (let frame = 0; frame < frames; frame++) {
    // Centred on its moment, so that a place on the path is a time.
    const start = Math.round((frame + 0.5) * hopS * sampleRate - length / 2);
    real.fill(0);
    imaginary.fill(0);
    let energy = 0;
    for (let n = 0; n < length; n++) {
      const sample = samples[start + n] ?? 0;
      energy += sample * sample;
      real[n] = (sample - preEmphasis * (samples[start + n - 1] ?? 0)) * window[n]!;
    }
    transform(real, imaginary);
    loudness[frame] = 10 * Math.log10(energy / length + 1e-9);
    for (let filter = 0; filter < filters; filter++) {
      const { first, weights } = bank[filter]!;
      let sum = 0;
      for (let n = 0; n < weights.length; n++)
        sum += weights[n]! * (real[first + n]! ** 2 + imaginary[first + n]! ** 2);
      bands[frame * filters + filter] = sum;
    }
  }
  return normalised(bands, loudness, frames);
}

/** Triangles of equal width on the mel scale, from 80 Hz up. */
function melFilters(
  points: number,
  sampleRate: number,
  highestHz: number,
): { first: number; weights: Float64Array }[] {
  const mel = (hz: number): number => 1127 * Math.log(1 + hz / 700);
  const hz = (value: number): number => 700 * (Math.exp(value / 1127) - 1);
  const [low, high] = [mel(80), mel(highestHz)];
  const edge = (index: number): number =>
    (hz(low + ((high - low) * index) / (filters + 1)) * points) / sampleRate;
  return Array.from({ length: filters }, (_, filter) => {
    const [left, centre, right] = [edge(filter), edge(filter + 1), edge(filter + 2)];
    const first = Math.max(0, Math.floor(left));
    const last = Math.min(points / 2, Math.ceil(right));
    const weights = Float64Array.from({ length: last - first + 1 }, (_, n) => {
      const bin = first + n;
      return Math.max(0, bin <= centre ? (bin - left) / (centre - left) : (right - bin) / (right - centre));
    });
    return { first, weights };
  });
}

/** In-place radix-2 transform (Cooley & Tukey, 1965) of `points`, a power of two. */
function fourier(points: number): (real: Float64Array, imaginary: Float64Array) => void {
  const cosines = Float64Array.from({ length: points / 2 }, (_, n) => Math.cos((2 * Math.PI * n) / points));
  const sines = Float64Array.from({ length: points / 2 }, (_, n) => Math.sin((2 * Math.PI * n) / points));
  const reversed = new Uint32Array(points);
  for (let n = 1; n < points; n++) reversed[n] = (reversed[n >> 1]! >> 1) | (n & 1 ? points >> 1 : 0);
  return (real, imaginary) => {
    for (let n = 0; n < points; n++) {
      const other = reversed[n]!;
      if (other <= n) continue;
      [real[n], real[other]] = [real[other]!, real[n]!];
      [imaginary[n], imaginary[other]] = [imaginary[other]!, imaginary[n]!];
    }
    for (let width = 1; width < points; width *= 2) {
      const stride = points / (2 * width);
      for (let base = 0; base < points; base += 2 * width) {
        for (let n = 0; n < width; n++) {
          const [c, s] = [cosines[n * stride]!, sines[n * stride]!];
          const [a, b] = [base + n, base + n + width];
          const re = real[b]! * c + imaginary[b]! * s;
          const im = imaginary[b]! * c - real[b]! * s;
          real[b] = real[a]! - re;
          imaginary[b] = imaginary[a]! - im;
          real[a] = real[a]! + re;
          imaginary[a] = imaginary[a]! + im;
        }
      }
    }
  };
}

function normalised(bands: Float64Array, loudness: Float64Array, frames: number): Features {
  const loudest = loudness.reduce((most, each) => Math.max(most, each), -Infinity);
  const strongest = bands.reduce((most, each) => Math.max(most, each), 1e-9);
  const floor = strongest / 10 ** ((floorDb + 20) / 10);
  const data = new Float32Array(frames * size);
  for (let frame = 0; frame < frames; frame++) {
    const logs = Float64Array.from({ length: filters }, (_, n) =>
      Math.log(bands[frame * filters + n]! + floor),
    );
    for (let order = 1; order <= cepstra; order++) {
      let sum = 0;
      for (let n = 0; n < filters; n++) sum += logs[n]! * Math.cos((Math.PI * order * (n + 0.5)) / filters);
      data[frame * size + order - 1] = sum;
    }
    data[frame * size + cepstra] = Math.max(-floorDb, loudness[frame]! - loudest);
  }
  standardise(data, frames, cepstra + 1, 0);
  addSlopes(data, frames);
  standardise(data, frames, cepstra + 1, cepstra + 1);
  weigh(data, frames);
  return { data, frames, size };
}

/** Mean 0 and deviation 1 of each column over the sentence: takes away the voice and the microphone. */
function standardise(data: Float32Array, frames: number, columns: number, from: number): void {
  for (let column = from; column < from + columns; column++) {
    let sum = 0;
    let squares = 0;
    for (let frame = 0; frame < frames; frame++) {
      const value = data[frame * size + column]!;
      sum += value;
      squares += value * value;
    }
    const mean = sum / frames;
    const deviation = Math.sqrt(Math.max(1e-6, squares / frames - mean * mean));
    for (let frame = 0; frame < frames; frame++)
      data[frame * size + column] = (data[frame * size + column]! - mean) / deviation;
  }
}

/** Regression slopes, as Furui (1986) takes them. */
function addSlopes(data: Float32Array, frames: number): void {
  const half = cepstra + 1;
  let norm = 0;
  for (let reach = 1; reach <= slopeReach; reach++) norm += 2 * reach * reach;
  for (let frame = 0; frame < frames; frame++) {
    for (let column = 0; column < half; column++) {
      let sum = 0;
      for (let reach = 1; reach <= slopeReach; reach++) {
        const after = Math.min(frames - 1, frame + reach);
        const before = Math.max(0, frame - reach);
        sum += reach * (data[after * size + column]! - data[before * size + column]!);
      }
      data[frame * size + half + column] = sum / norm;
    }
  }
}

/** Loudness tells syllables from pauses whoever speaks; high cepstra tell one voice from another. */
export const weights = { loudness: 1.6, slopes: 0.7, highest: 0.6 };

function weigh(data: Float32Array, frames: number): void {
  const half = cepstra + 1;
  const factors = Float32Array.from({ length: size }, (_, column) => {
    const order = column % half;
    const own = order === cepstra ? weights.loudness : 1 - ((1 - weights.highest) * order) / (cepstra - 1);
    return column < half ? own : own * weights.slopes;
  });
  for (let at = 0; at < frames * size; at++) data[at]! *= factors[at % size]!;
}
