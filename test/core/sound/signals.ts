/** Small sounds for tests, made here: tones, noise and speech-like bursts, as WAV files. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { Ffmpeg } from '../../../core/ffmpeg.ts';
import { readWavHead, type Block, type PcmSource } from '../../../core/sound/pcm.ts';

export const ffmpeg = new Ffmpeg({ ffmpeg: '/usr/bin/ffmpeg', ffprobe: '/usr/bin/ffprobe' });

/** The value of a sound at a time in s, -1 to 1. */
export type Wave = (seconds: number) => number;

export const tone =
  (hertz: number, amplitude: number): Wave =>
  (seconds) =>
    amplitude * Math.sin(2 * Math.PI * hertz * seconds);

/** The same noise for the same seed, however often it is asked for in order. */
export function noise(seed: number, amplitude: number): Wave {
  const next = random(seed);
  return () => (2 * next() - 1) * amplitude;
}

/** Syllables of a voiced sound, four a second, with breaks: much like speech to a meter. */
export function babble(amplitude: number, hertz = 140): Wave {
  return (seconds) => {
    const syllable = Math.max(0, Math.sin(2 * Math.PI * 4 * seconds)) ** 0.5;
    let voice = 0;
    for (let harmonic = 1; harmonic <= 12; harmonic++)
      voice += Math.sin(2 * Math.PI * hertz * harmonic * seconds) / harmonic;
    return (amplitude * syllable * voice) / 2;
  };
}

export function random(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export type WavOptions = { rate?: number; seconds: number; format?: 's16' | 'f32' };

/** Writes a WAV, one wave a channel, and returns its path. */
export function writeWav(
  file: string,
  waves: Wave[],
  { rate = 48_000, seconds, format = 's16' }: WavOptions,
): string {
  const frames = Math.round(seconds * rate);
  const width = format === 's16' ? 2 : 4;
  const data = Buffer.alloc(frames * waves.length * width);
  for (let i = 0; i < frames; i++) {
    for (const [channel, wave] of waves.entries()) {
      const at = (i * waves.length + channel) * width;
      const value = wave(i / rate);
      if (format === 's16')
        data.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(value * 32767))), at);
      else data.writeFloatLE(value, at);
    }
  }
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(format === 's16' ? 1 : 3, 20);
  head.writeUInt16LE(waves.length, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * waves.length * width, 28);
  head.writeUInt16LE(waves.length * width, 32);
  head.writeUInt16LE(width * 8, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(data.length, 40);
  writeFileSync(file, Buffer.concat([head, data]));
  return file;
}

/** A WAV at 48 kHz as the mixer reads it. */
export async function wavSource(file: string): Promise<PcmSource> {
  const head = await readWavHead(file);
  if (!head?.samples) throw new Error(`${file} cannot be read in place`);
  return head.samples;
}

/** A block of samples from a wave. */
export function blockOf(wave: Wave, frames: number, from = 0): Block {
  const left = Float32Array.from({ length: frames }, (_, i) => wave((from + i) / 48_000));
  return { left, right: left.slice() };
}

/** Root mean square of x[from..to); fractions of an index are rounded. */
export function rms(x: Float32Array, from = 0, to = x.length): number {
  const stretch = x.subarray(Math.round(from), Math.round(to));
  return Math.sqrt(stretch.reduce((energy, value) => energy + value * value, 0) / stretch.length);
}

/** Index of the value farthest from 0. */
export function loudest(x: Float32Array): number {
  let best = 0;
  for (let i = 1; i < x.length; i++) if (Math.abs(x[i]!) > Math.abs(x[best]!)) best = i;
  return best;
}

export const toDb = (ratio: number): number => 20 * Math.log10(ratio);

/** Decodes a finished file with ffmpeg, as a player would. */
export async function decode(file: string): Promise<Block> {
  const { stdout } = await promisify(execFile)(
    '/usr/bin/ffmpeg',
    ['-v', 'error', '-i', file, '-f', 'f32le', '-ar', '48000', '-ac', '2', '-'],
    {
      encoding: 'buffer',
      maxBuffer: 1 << 28,
    },
  );
  const samples = new Float32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length));
  return { left: samples.filter((_, i) => i % 2 === 0), right: samples.filter((_, i) => i % 2 === 1) };
}

/** What ffmpeg's own ebur128 filter says: LUFS, and dBTP. */
export async function ebur128(file: string): Promise<{ lufs: number; truePeakDb: number }> {
  const args = [
    '-hide_banner',
    '-nostats',
    '-i',
    file,
    '-af',
    'ebur128=peak=true:framelog=verbose',
    '-f',
    'null',
    '-',
  ];
  const { stderr } = await promisify(execFile)('/usr/bin/ffmpeg', args);
  const summary = stderr.slice(stderr.lastIndexOf('Summary:'));
  return {
    lufs: Number(/I:\s+(-?[\d.]+) LUFS/.exec(summary)?.[1]),
    truePeakDb: Number(/Peak:\s+(-?[\d.]+) dBFS/.exec(summary)?.[1]),
  };
}
