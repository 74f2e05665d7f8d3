/** Sound as plain samples: notes are laid around a loop, so that what rings past the end is heard at the start. */

/** Samples per second of everything made here. */
export const sampleRate = 48_000;

export type Stereo = { left: Float32Array; right: Float32Array };

export function silence(seconds: number): Stereo {
  const length = Math.round(seconds * sampleRate);
  return { left: new Float32Array(length), right: new Float32Array(length) };
}

/** Adds a sound at a time (s), wrapped around the end; `pan` from -1 (left) to 1, equal power. */
export function place(loop: Stereo, sound: Float32Array, at: number, gain: number, pan: number): void {
  const angle = ((pan + 1) * Math.PI) / 4;
  const [left, right] = [Math.cos(angle) * gain, Math.sin(angle) * gain];
  const length = loop.left.length;
  let index = ((Math.round(at * sampleRate) % length) + length) % length;
  for (const sample of sound) {
    loop.left[index]! += sample * left;
    loop.right[index]! += sample * right;
    if (++index === length) index = 0;
  }
}

/** One-pole low pass, run around the loop twice so that its end meets its start. */
export function lowPass(samples: Float32Array, hertz: number | ((index: number) => number)): void {
  let held = 0;
  const cutoff = typeof hertz === 'number' ? (): number => hertz : hertz;
  for (const last of [false, true]) {
    for (let i = 0; i < samples.length; i++) {
      held += (samples[i]! - held) * (1 - Math.exp((-2 * Math.PI * cutoff(i)) / sampleRate));
      if (last) samples[i] = held;
    }
  }
}

/** What a low pass takes away. */
export function highPass(samples: Float32Array, hertz: number): void {
  const low = samples.slice();
  lowPass(low, hertz);
  for (let i = 0; i < samples.length; i++) samples[i] = samples[i]! - low[i]!;
}

/**
 * A hall: eight delay lines fed back through a Householder matrix, duller with every turn
 * (Jot & Chaigne 1991). Runs around the loop twice; only the second round is kept.
 * @param seconds time to fall by 60 dB
 */
export function hall(dry: Stereo, seconds: number, damping: number): Stereo {
  const lengths = [1433, 1601, 1867, 2053, 2251, 2399, 2617, 2797];
  const lines = lengths.map((length) => new Float32Array(length));
  const gains = lengths.map((length) => 10 ** ((-3 * length) / (seconds * sampleRate)));
  const held = new Float32Array(8);
  const out = new Float32Array(8);
  const count = dry.left.length;
  const wet = { left: new Float32Array(count), right: new Float32Array(count) };
  for (let turn = 0, time = 0; turn < 2; turn++) {
    for (let i = 0; i < count; i++, time++) {
      let sum = 0;
      for (let k = 0; k < 8; k++) {
        const line = lines[k]!;
        const sample = line[time % line.length]!;
        held[k] = held[k]! + (sample - held[k]!) * (1 - damping);
        out[k] = held[k]! * gains[k]!;
        sum += out[k]!;
      }
      for (let k = 0; k < 8; k++) {
        const line = lines[k]!;
        const input = k % 2 === 0 ? dry.left[i]! : dry.right[i]!;
        line[time % line.length] = out[k]! - sum / 4 + input * 0.35;
      }
      if (turn === 0) continue;
      wet.left[i] = out[0]! + out[2]! - out[4]! + out[6]!;
      wet.right[i] = out[1]! - out[3]! + out[5]! + out[7]!;
    }
  }
  return wet;
}

/** Scales so that the loudest sample is `peak` (1 is full scale). */
export function normalise(sound: Stereo, peak: number): void {
  let loudest = 0;
  for (const channel of [sound.left, sound.right])
    for (const sample of channel) loudest = Math.max(loudest, Math.abs(sample));
  const gain = peak / loudest;
  for (const channel of [sound.left, sound.right])
    channel.forEach((sample, i) => (channel[i] = sample * gain));
}

/** Interleaved 32-bit floats, as ffmpeg reads them with `-f f32le -ac 2`. */
export function interleave(sound: Stereo): Buffer {
  const samples = new Float32Array(sound.left.length * 2);
  for (let i = 0; i < sound.left.length; i++) {
    samples[i * 2] = sound.left[i]!;
    samples[i * 2 + 1] = sound.right[i]!;
  }
  return Buffer.from(samples.buffer);
}
