/**
 * Plain sound on disk, and reading it: stereo blocks of float samples at 48 kHz, at any frame.
 * A WAV that is already 48 kHz is read in place; `decode.ts` makes the rest into raw floats.
 */
import { open, type FileHandle } from 'node:fs/promises';

/** Frames a second of everything inside the mixer. */
export const sampleRate = 48_000;

/** Frames handled at once: 250 ms, a few ms of work, so that the event loop stays free. */
export const blockFrames = 12_000;

/** Two channels of equal length; 1 is full scale. */
export type Block = { left: Float32Array; right: Float32Array };

/** PCM at 48 kHz inside a file. */
export type PcmSource = {
  path: string;
  /** Where the samples start, bytes. */
  offset: number;
  channels: 1 | 2;
  format: 's16' | 'f32';
  frames: number;
};

export function silentBlock(frames: number): Block {
  return { left: new Float32Array(frames), right: new Float32Array(frames) };
}

/** Reads frames of one source. Open it late and close it early: films have hundreds of pieces. */
export class PcmReader {
  readonly source: PcmSource;
  #file: FileHandle | null = null;
  #bytes = new Uint8Array(0);

  constructor(source: PcmSource) {
    this.source = source;
  }

  /**
   * Puts `count` frames, counted from frame `from` of the source, into `into` at `at`.
   * What lies outside the source is silence. Mono goes to both sides at full level.
   */
  async read(from: number, count: number, into: Block, at = 0): Promise<void> {
    into.left.fill(0, at, at + count);
    into.right.fill(0, at, at + count);
    const first = Math.max(0, from);
    const frames = Math.min(from + count, this.source.frames) - first;
    if (frames <= 0) return;
    const read = await this.#load(first, frames);
    this.#unpack(read, into, at + first - from);
  }

  /** Idempotent; a later read opens the file again. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    this.#bytes = new Uint8Array(0);
    await file?.close();
  }

  async #load(first: number, frames: number): Promise<number> {
    const { path, offset, channels, format } = this.source;
    const frameBytes = channels * (format === 's16' ? 2 : 4);
    this.#file ??= await open(path, 'r');
    if (this.#bytes.length < frames * frameBytes) this.#bytes = new Uint8Array(frames * frameBytes);
    let have = 0;
    while (have < frames * frameBytes) {
      const position = offset + first * frameBytes + have;
      const { bytesRead } = await this.#file.read(this.#bytes, have, frames * frameBytes - have, position);
      if (bytesRead === 0) break;
      have += bytesRead;
    }
    return Math.floor(have / frameBytes);
  }

  #unpack(frames: number, { left, right }: Block, at: number): void {
    const { channels, format } = this.source;
    const count = frames * channels;
    const samples =
      format === 's16'
        ? new Int16Array(this.#bytes.buffer, 0, count)
        : new Float32Array(this.#bytes.buffer, 0, count);
    const scale = format === 's16' ? 1 / 32768 : 1;
    const other = channels - 1;
    for (let i = 0; i < frames; i++) {
      left[at + i] = samples[i * channels]! * scale;
      right[at + i] = samples[i * channels + other]! * scale;
    }
  }
}

/** What the head of a WAV says; `samples` only where the file can be read in place. */
export type WavHead = { channels: number; rate: number; samples: PcmSource | null };

/**
 * Reads the head of a WAV file (RIFF, chunks `fmt ` and `data`); null if it is none that we know.
 * Lengths written by a streaming encoder (0 or 0xFFFFFFFF) are taken from the file's size.
 */
export async function readWavHead(path: string): Promise<WavHead | null> {
  const file = await open(path, 'r');
  try {
    const size = (await file.stat()).size;
    const head = Buffer.alloc(Math.min(size, 4096));
    await file.read(head, 0, head.length, 0);
    return parseWavHead(head, size, path);
  } finally {
    await file.close();
  }
}

function parseWavHead(head: Buffer, size: number, path: string): WavHead | null {
  if (
    head.length < 44 ||
    head.toString('latin1', 0, 4) !== 'RIFF' ||
    head.toString('latin1', 8, 12) !== 'WAVE'
  )
    return null;
  let format: { code: number; channels: number; rate: number; bits: number } | null = null;
  for (let at = 12; at + 8 <= head.length;) {
    const name = head.toString('latin1', at, at + 4);
    const length = head.readUInt32LE(at + 4);
    const body = at + 8;
    if (name === 'fmt ' && body + 16 <= head.length) {
      // WAVE_FORMAT_EXTENSIBLE keeps the real code in the first two bytes of its GUID.
      const extensible = head.readUInt16LE(body) === 0xfffe && body + 26 <= head.length;
      format = {
        code: head.readUInt16LE(extensible ? body + 24 : body),
        channels: head.readUInt16LE(body + 2),
        rate: head.readUInt32LE(body + 4),
        bits: head.readUInt16LE(body + 14),
      };
    }
    if (name === 'data' && format) {
      const bytes = length === 0 || length > size - body ? size - body : length;
      return { channels: format.channels, rate: format.rate, samples: inPlace(format, path, body, bytes) };
    }
    at = body + length + (length % 2);
  }
  return null;
}

function inPlace(
  { code, channels, rate, bits }: { code: number; channels: number; rate: number; bits: number },
  path: string,
  offset: number,
  bytes: number,
): PcmSource | null {
  const format = code === 1 && bits === 16 ? 's16' : code === 3 && bits === 32 ? 'f32' : null;
  if (!format || rate !== sampleRate || (channels !== 1 && channels !== 2)) return null;
  return { path, offset, channels, format, frames: Math.floor(bytes / (channels * (bits / 8))) };
}
