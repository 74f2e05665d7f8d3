/**
 * Brings speech to one loudness. Engines and voices differ by more than 12 dB, and two of them may
 * speak in one film. The film's own loudness is set later; this only makes voices alike.
 */
import { LoudnessMeter } from '../../sound/loudness.ts';

/**
 * Loudness of all speech, LUFS as heard from both sides. Low enough that the peaks of nearly every
 * voice stay below the limit: only one that clicks is left softer.
 */
export const speechLufs = -20;
/** Highest sample after the gain, dB below full scale. */
const peakDb = -1;
const full = 32_768;
/** Of one measurement; the meter works on floating-point numbers. */
const blockFrames = 65_536;

/** The factor that brings samples to the common loudness without clipping; 1 for silence. */
export function levelGain(samples: Int16Array, sampleRate: number): number {
  const { lufs, peak } = measure(samples, sampleRate);
  if (lufs === null || peak === 0) return 1;
  const ratio = (db: number): number => 10 ** (db / 20);
  return Math.min(ratio(speechLufs - lufs), (full * ratio(peakDb)) / peak);
}

/** Integrated loudness by ITU-R BS.1770, LUFS (null: silence), and the highest sample, of mono speech. */
function measure(samples: Int16Array, sampleRate: number): { lufs: number | null; peak: number } {
  const meter = new LoudnessMeter(sampleRate);
  let peak = 0;
  for (let start = 0; start < samples.length; start += blockFrames) {
    const part = samples.subarray(start, start + blockFrames);
    const left = Float32Array.from(part, (sample) => sample / full);
    // The film has one voice on both sides.
    meter.push({ left, right: left });
    for (const sample of part) peak = Math.max(peak, Math.abs(sample));
  }
  return { lufs: meter.integrated(), peak };
}

/** Multiplies samples in place; a factor from levelGain does not clip. */
export function applyGain(samples: Int16Array, gain: number): void {
  for (let index = 0; index < samples.length; index++) samples[index] = Math.round(samples[index]! * gain);
}
