/**
 * Brings speech to one level. Engines and voices differ by more than 12 dB, and two of them may
 * speak in one film. The film's own loudness is set later; this only makes voices alike.
 */

/** RMS of the sounding parts, dB below full scale. */
const targetDb = -20;
/** Highest sample after the gain, dB below full scale. */
const peakDb = -1;
const windowS = 0.05;
/** Windows this far below the loudest are pauses and do not count, dB. */
const gateDb = 30;

const full = 32_768;
const ratio = (db: number): number => 10 ** (db / 20);

/** The factor that brings samples to the common level; 1 for silence. */
export function levelGain(samples: Int16Array, sampleRate: number): number {
  const size = Math.max(1, Math.round(windowS * sampleRate));
  const energies: number[] = [];
  let peak = 0;
  for (let start = 0; start < samples.length; start += size) {
    const end = Math.min(samples.length, start + size);
    let sum = 0;
    for (let index = start; index < end; index++) {
      sum += samples[index]! ** 2;
      peak = Math.max(peak, Math.abs(samples[index]!));
    }
    energies.push(sum / (end - start));
  }
  if (peak === 0) return 1;
  const gate = energies.reduce((most, energy) => Math.max(most, energy), 0) * ratio(-gateDb) ** 2;
  const sounding = energies.filter((energy) => energy >= gate);
  const rms = Math.sqrt(sounding.reduce((sum, energy) => sum + energy, 0) / sounding.length);
  return Math.min((full * ratio(targetDb)) / rms, (full * ratio(peakDb)) / peak);
}

/** Multiplies samples in place; a factor from levelGain does not clip. */
export function applyGain(samples: Int16Array, gain: number): void {
  for (let index = 0; index < samples.length; index++) samples[index] = Math.round(samples[index]! * gain);
}
