/**
 * Sound as services send it: WAV of any kind is read here, MP3 and the like by ffmpeg where there is
 * one. Its length is what was decoded, never what a header says.
 */
import { PassThrough, Readable } from 'node:stream';
import { asStudioError, StudioError } from '../../errors.ts';
import type { Ffmpeg } from '../../ffmpeg.ts';
import type { EngineName } from '../types.ts';

export type Sound = { samples: Int16Array; sampleRate: number };

export type Decoding = {
  engine: EngineName;
  signal: AbortSignal;
  /** For what is not WAV. @throws {StudioError} missing_tool */
  ffmpeg?: () => Ffmpeg;
};

/**
 * Mono samples of what a service answered.
 * @throws {StudioError} speech_failed if it is empty, cut short, silent or no sound at all
 */
export async function decodeReceived(body: Buffer, decoding: Decoding): Promise<Sound> {
  const { engine } = decoding;
  if (body.length === 0) throw fault(engine, 'answered nothing');
  const isWav = body.toString('latin1', 0, 4) === 'RIFF' && body.toString('latin1', 8, 12) === 'WAVE';
  const sound = isWav ? readWav(body, engine) : await decodeCoded(body, decoding);
  return audible(sound, engine);
}

/** No word is shorter. */
const shortestMs = 20;

/** @throws {StudioError} speech_failed if there is nothing to hear */
export function audible(sound: Sound, engine: EngineName): Sound {
  const ms = Math.round((sound.samples.length / sound.sampleRate) * 1000);
  if (ms < shortestMs) throw fault(engine, `answered a sound of ${ms} ms`);
  // Below two steps of 16 bits is digital silence and its dither.
  if (sound.samples.every((sample) => sample >= -2 && sample <= 2)) throw fault(engine, 'answered silence');
  return sound;
}

function fault(engine: EngineName, what: string): StudioError {
  return new StudioError('speech_failed', `The ${engine} engine ${what}.`, {
    retryable: true,
    hint: 'Try again, or choose another voice or engine.',
  });
}

type Format = { code: number; channels: number; sampleRate: number; bits: number };

/**
 * Streamed files are sent before their length is known, with a placeholder: 0, 2^32 - 1, or a number
 * near 2^31 (minus a header, or rounded down). No sentence is that long.
 */
const leastPlaceholder = 0x7f00_0000;

function readWav(file: Buffer, engine: EngineName): Sound {
  let format: Format | null = null;
  for (let at = 12; at + 8 <= file.length;) {
    const kind = file.toString('latin1', at, at + 4);
    const size = file.readUInt32LE(at + 4);
    const body = at + 8;
    if (kind === 'fmt ' && body + 16 <= file.length) format = readFormat(file, body, size);
    if (kind === 'data') {
      if (!format) break;
      const present = file.length - body;
      const isPlaceholder = size === 0 || size >= leastPlaceholder;
      if (!isPlaceholder && size > present)
        throw fault(engine, `answered a WAV that is cut short: ${present} of ${size} bytes`);
      return { samples: toMono(file.subarray(body, body + (isPlaceholder ? present : size)), format, engine), sampleRate: format.sampleRate }; // prettier-ignore
    }
    at = body + size + (size & 1);
  }
  throw fault(engine, 'answered a WAV without format or samples');
}

function readFormat(file: Buffer, at: number, size: number): Format {
  const code = file.readUInt16LE(at);
  const extensible = 0xfffe;
  return {
    // The real code of an extensible format is the start of its GUID.
    code: code === extensible && size >= 40 && at + 26 <= file.length ? file.readUInt16LE(at + 24) : code,
    channels: file.readUInt16LE(at + 2),
    sampleRate: file.readUInt32LE(at + 4),
    bits: file.readUInt16LE(at + 14),
  };
}

/** One value of a sample at an offset, full scale ±32768. */
function sampleReader(file: Buffer, { code, bits }: Format): ((at: number) => number) | null {
  const [pcm, float] = [1, 3];
  if (code === pcm && bits === 16) return (at) => file.readInt16LE(at);
  if (code === pcm && bits === 8) return (at) => (file.readUInt8(at) - 128) * 256;
  if (code === pcm && bits === 24) return (at) => file.readIntLE(at, 3) / 256;
  if (code === pcm && bits === 32) return (at) => file.readInt32LE(at) / 65_536;
  if (code === float && bits === 32) return (at) => file.readFloatLE(at) * 32_768;
  if (code === float && bits === 64) return (at) => file.readDoubleLE(at) * 32_768;
  return null;
}

function toMono(data: Buffer, format: Format, engine: EngineName): Int16Array {
  const read = sampleReader(data, format);
  const { channels, bits, sampleRate } = format;
  if (!read || channels < 1 || channels > 8 || sampleRate < 4000 || sampleRate > 192_000)
    throw fault(engine, `answered a WAV of an unknown kind (${format.code}, ${bits} bit, ${channels} channels, ${sampleRate} Hz)`); // prettier-ignore
  const step = bits / 8;
  const samples = new Int16Array(Math.floor(data.length / (step * channels)));
  for (let frame = 0; frame < samples.length; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += read((frame * channels + channel) * step);
    samples[frame] = toStep(sum / channels);
  }
  return samples;
}

function toStep(value: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(value)));
}

/**
 * Floating-point samples, full scale ±1, as engines compute them.
 * @throws {StudioError} speech_failed for what is no number
 */
export function fromFloats(values: Float32Array, engine: EngineName): Int16Array {
  const samples = new Int16Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (!Number.isFinite(value)) throw fault(engine, 'computed something that is no sound');
    samples[index] = toStep(value * 32_768);
  }
  return samples;
}

const decodedRate = 24_000;

/** MP3, Ogg, FLAC by ffmpeg; the demuxer is pinned, since left to guess it would open other files. */
async function decodeCoded(body: Buffer, { engine, signal, ffmpeg }: Decoding): Promise<Sound> {
  const demuxer = demuxerOf(body);
  if (!demuxer || !ffmpeg)
    throw fault(engine, demuxer ? `answered ${demuxer}, which cannot be read here` : 'answered something that is no sound'); // prettier-ignore
  // Not destroyed by itself: fluent-ffmpeg would end ffmpeg when it closes.
  const target = new PassThrough({ autoDestroy: false, emitClose: false, highWaterMark: 2 ** 28 });
  const chunks: Buffer[] = [];
  target.on('data', (chunk: Buffer) => chunks.push(chunk));
  try {
    await ffmpeg().run({
      purpose: `decoding speech of ${engine}`,
      inputs: [{ source: Readable.from([body]), options: ['-f', demuxer] }],
      outputs: [
        { target, options: ['-map', '0:a:0', '-f', 's16le', '-ac', '1', '-ar', String(decodedRate)] },
      ],
      signal,
      timeoutMs: 60_000,
      strict: false,
    });
  } catch (error) {
    const failure = asStudioError(error, 'render_failed');
    throw failure.code === 'render_failed'
      ? fault(engine, `answered ${demuxer} that cannot be decoded`)
      : failure;
  }
  const data = Buffer.concat(chunks);
  const format = { code: 1, channels: 1, sampleRate: decodedRate, bits: 16 };
  return { samples: toMono(data, format, engine), sampleRate: decodedRate };
}

function demuxerOf(body: Buffer): string | null {
  const text = body.toString('latin1', 0, 8);
  if (text.startsWith('ID3') || (body[0] === 0xff && (body[1]! & 0xe6) === 0xe2)) return 'mp3';
  if (text.startsWith('OggS')) return 'ogg';
  if (text.startsWith('fLaC')) return 'flac';
  return null;
}
