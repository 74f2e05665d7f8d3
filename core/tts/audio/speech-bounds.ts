/** Finds where speech starts and ends in an engine's output, by measuring it. */

/** Window of the measurement, s. */
const windowS = 0.005;
/** How far below the loudest window sound still counts as speech, dB: soft onsets as of f and h do. */
const floorDb = 46;
/** What is kept before the first and after the last sound, s: attacks and the fall of a voice. */
const leadS = 0.02;
const tailS = 0.04;

/**
 * The samples from just before the first sound to just after the last, as [start, end). All silence
 * gives an empty range.
 */
export function speechBounds(samples: Int16Array, sampleRate: number): [number, number] {
  const size = Math.max(1, Math.round(windowS * sampleRate));
  const energies: number[] = [];
  for (let start = 0; start < samples.length; start += size)
    energies.push(meanSquare(samples, start, Math.min(samples.length, start + size)));
  const loudest = energies.reduce((most, energy) => Math.max(most, energy), 0);
  // Quieter than one step of 16 bits: digital silence or its dither.
  if (loudest <= 1) return [0, 0];
  const floor = loudest / 10 ** (floorDb / 10);
  const first = energies.findIndex((energy) => energy >= floor);
  const last = energies.findLastIndex((energy) => energy >= floor);
  const start = Math.max(0, first * size - Math.round(leadS * sampleRate));
  const end = Math.min(samples.length, (last + 1) * size + Math.round(tailS * sampleRate));
  return [start, end];
}

function meanSquare(samples: Int16Array, start: number, end: number): number {
  let sum = 0;
  for (let index = start; index < end; index++) sum += samples[index]! ** 2;
  return sum / Math.max(1, end - start);
}
