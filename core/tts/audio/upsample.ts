/** Brings speech to a higher sample rate, for films in which voices of several rates speak. */

/** Zero crossings of the kernel on each side. */
const reach = 16;
/** Kernel values between two zero crossings. */
const steps = 256;

/** sin(πx)/(πx) under a Hann window. */
const kernel = Float32Array.from({ length: reach * steps + 2 }, (_, index) => {
  const x = index / steps;
  if (x === 0) return 1;
  return x >= reach
    ? 0
    : (Math.sin(Math.PI * x) / (Math.PI * x)) * (0.5 + 0.5 * Math.cos((Math.PI * x) / reach));
});

/**
 * Samples at `toRate`, not lower than `fromRate`, by band-limited interpolation (Smith, 1984). Nothing
 * above half of `fromRate` comes in.
 */
export function upsample(samples: Int16Array, fromRate: number, toRate: number): Int16Array {
  if (fromRate === toRate) return samples;
  const result = new Int16Array(Math.round((samples.length * toRate) / fromRate));
  for (let index = 0; index < result.length; index++) {
    const place = (index * fromRate) / toRate;
    const first = Math.max(0, Math.ceil(place - reach));
    const last = Math.min(samples.length - 1, Math.floor(place + reach));
    let sum = 0;
    for (let n = first; n <= last; n++) sum += samples[n]! * kernel[Math.round(Math.abs(place - n) * steps)]!;
    result[index] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  }
  return result;
}
