/** Listens to a piece of sound once: how loud it is, where it is audible, when someone speaks. */
import { LoudnessMeter } from './loudness.ts';
import { blockFrames, PcmReader, sampleRate, silentBlock, type Block, type PcmSource } from './pcm.ts';

/** Half-open range of frames. */
export type Span = { from: number; to: number };

export type Survey = {
  /** Integrated loudness, LUFS; null for silence. */
  lufs: number | null;
  /** From the first to behind the last audible frame of the source; null for silence. */
  audible: Span | null;
  /** Spans in which the level is near that of the piece, in frames of the source. */
  active: Span[];
};

/** -60 dBFS: below it, nothing of a track is heard under others. */
const audibleLevel = 0.001;
/** Resolution of `active`: 10 ms. */
const windowFrames = sampleRate / 100;
/** A window counts as active down to this far below the loud ones: weak consonants do, breath hardly. */
const activeRangeDb = 30;
/** Shorter gaps are part of the words around them: 250 ms. */
const wordGap = sampleRate / 4;

/** Surveys frames `from` to `to` of a source. */
export async function surveySound(
  source: PcmSource,
  { from, to }: Span,
  signal?: AbortSignal,
): Promise<Survey> {
  const meter = new LoudnessMeter();
  const levels: number[] = [];
  const audible: Span = { from: to, to: from };
  const reader = new PcmReader(source);
  const block = silentBlock(blockFrames);
  try {
    for (let at = from; at < to; at += blockFrames) {
      signal?.throwIfAborted();
      const frames = Math.min(blockFrames, to - at);
      await reader.read(at, frames, block);
      meter.push(block, frames);
      addLevels(levels, block, frames);
      const heard = audibleSpan(block, frames);
      if (!heard) continue;
      audible.from = Math.min(audible.from, at + heard.from);
      audible.to = at + heard.to;
    }
  } finally {
    await reader.close();
  }
  return {
    lufs: meter.integrated(),
    audible: audible.from < audible.to ? audible : null,
    active: activeSpans(levels, from, to),
  };
}

/** Mean squares of both channels, one a window; a block is a whole number of windows. */
function addLevels(levels: number[], { left, right }: Block, frames: number): void {
  for (let at = 0; at < frames; at += windowFrames) {
    let energy = 0;
    const end = Math.min(frames, at + windowFrames);
    for (let i = at; i < end; i++) energy += left[i]! * left[i]! + right[i]! * right[i]!;
    levels.push(energy / (2 * (end - at)));
  }
}

function audibleSpan({ left, right }: Block, frames: number): Span | null {
  const silent = (i: number): boolean =>
    Math.abs(left[i]!) < audibleLevel && Math.abs(right[i]!) < audibleLevel;
  let from = 0;
  while (from < frames && silent(from)) from++;
  if (from === frames) return null;
  let to = frames;
  while (silent(to - 1)) to--;
  return { from, to };
}

function activeSpans(levels: number[], from: number, to: number): Span[] {
  const loud = levels.toSorted((a, b) => a - b)[Math.floor(levels.length * 0.95)] ?? 0;
  const least = Math.max(loud * 10 ** (-activeRangeDb / 10), 1e-8);
  const spans: Span[] = [];
  for (const [index, level] of levels.entries()) {
    if (level < least) continue;
    const start = from + index * windowFrames;
    const end = Math.min(to, start + windowFrames);
    const last = spans.at(-1);
    if (last && start - last.to < wordGap) last.to = end;
    else spans.push({ from: start, to: end });
  }
  return spans;
}
