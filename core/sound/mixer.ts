/** Adds placed pieces of sound into one film-long stream of blocks, in the memory of a few blocks. */
import { DuckingCurve } from './ducking.ts';
import { LoopReader, type Loop } from './loop.ts';
import { blockFrames, PcmReader, silentBlock, type Block, type PcmSource } from './pcm.ts';
import type { Span } from './survey.ts';

/** A piece of sound in its place. */
export type Piece = {
  source: PcmSource;
  /** Repeats this stretch of the source; null plays it once from `offset` on. */
  loop: Loop | null;
  /** First frame of the source that is heard. */
  offset: number;
  /** Where it begins in the film, frames; below 0 its beginning is not heard. */
  start: number;
  /** How long it is heard, frames. */
  frames: number;
  /** Linear. */
  gain: number;
  /** Equal-power fades at its edges, frames. */
  fadeIn: number;
  fadeOut: number;
  /** Whether it steps back under speech. */
  ducked: boolean;
};

export type Mix = { frames: number; pieces: Piece[]; /** Of `speechStretches`. */ speech: Span[] };

type Reader = { read(from: number, count: number, into: Block): Promise<void>; close(): Promise<void> };

/**
 * Yields the mix block by block, `mix.frames` frames in all. Each block is good until the next one
 * is asked for. Files are open only while their piece is heard.
 */
export async function* mixBlocks(mix: Mix, signal?: AbortSignal): AsyncGenerator<Block> {
  const waiting = mix.pieces.toSorted((a, b) => b.start - a.start);
  const playing = new Map<Piece, Reader>();
  const ducking = new DuckingCurve(mix.speech);
  const duckGains = new Float32Array(blockFrames);
  const scratch = silentBlock(blockFrames);
  const whole = silentBlock(blockFrames);
  try {
    for (let at = 0; at < mix.frames; at += blockFrames) {
      signal?.throwIfAborted();
      const frames = Math.min(blockFrames, mix.frames - at);
      const block = { left: whole.left.subarray(0, frames), right: whole.right.subarray(0, frames) };
      block.left.fill(0);
      block.right.fill(0);
      ducking.fill(duckGains, at, frames);
      while (waiting.length > 0 && waiting.at(-1)!.start < at + frames) {
        const piece = waiting.pop()!;
        playing.set(
          piece,
          piece.loop ? new LoopReader(piece.source, piece.loop) : new PcmReader(piece.source),
        );
      }
      for (const [piece, reader] of playing) {
        await addPiece(piece, reader, { block, at, scratch, duckGains });
        if (piece.start + piece.frames > at + frames) continue;
        playing.delete(piece);
        await reader.close();
      }
      yield block;
    }
  } finally {
    await Promise.all([...playing.values()].map((reader) => reader.close()));
  }
}

/** Adds what of the piece falls into the block that begins at film frame `at`. */
async function addPiece(
  piece: Piece,
  reader: Reader,
  { block, at, scratch, duckGains }: { block: Block; at: number; scratch: Block; duckGains: Float32Array },
): Promise<void> {
  const from = Math.max(at, piece.start);
  const count = Math.min(at + block.left.length, piece.start + piece.frames) - from;
  if (count <= 0) return;
  const inPiece = from - piece.start;
  await reader.read(inPiece + (piece.loop ? 0 : piece.offset), count, scratch);
  const inBlock = from - at;
  const { left, right } = scratch;
  if (inPiece < piece.fadeIn || inPiece + count > piece.frames - piece.fadeOut)
    fade(piece, inPiece, count, scratch);
  if (piece.ducked) {
    for (let i = 0; i < count; i++) {
      const gain = piece.gain * duckGains[inBlock + i]!;
      block.left[inBlock + i]! += left[i]! * gain;
      block.right[inBlock + i]! += right[i]! * gain;
    }
    return;
  }
  for (let i = 0; i < count; i++) {
    block.left[inBlock + i]! += left[i]! * piece.gain;
    block.right[inBlock + i]! += right[i]! * piece.gain;
  }
}

/** Fades in place what lies in the fades: `count` frames from frame `inPiece` of the piece on. */
function fade(piece: Piece, inPiece: number, count: number, { left, right }: Block): void {
  for (let i = 0; i < count; i++) {
    const done = inPiece + i + 0.5;
    const rise = done < piece.fadeIn ? quarterSine(done / piece.fadeIn) : 1;
    const rest = piece.frames - done;
    const gain = rest < piece.fadeOut ? rise * quarterSine(rest / piece.fadeOut) : rise;
    left[i]! *= gain;
    right[i]! *= gain;
  }
}

function quarterSine(x: number): number {
  return Math.sin((x * Math.PI) / 2);
}
