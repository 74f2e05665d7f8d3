/**
 * Mastering: the mix brought to the loudness wanted, below a ceiling for true peaks, and encoded so
 * that both hold for what a player decodes.
 */
import path from 'node:path';
import type { Ffmpeg } from '../ffmpeg.ts';
import type { Arranged } from './arrange.ts';
import { encodeSound, measureSound, soundExtension, type Measured } from './encode.ts';
import { Limiter } from './limiter.ts';
import { LoudnessMeter } from './loudness.ts';
import { mixBlocks, type Mix } from './mixer.ts';
import type { Block } from './pcm.ts';
import { TruePeakMeter } from './true-peak.ts';
import type { SoundtrackInput } from './types.ts';

export type Progress = (fraction: number) => void;
export type Level = {
  /** What can be reached, LUFS: the loudness wanted, or less for sound that is very quiet. */
  loudness: number;
  gainDb: number;
  /** dBTP. */
  ceilingDb: number;
  /** Gain not to be exceeded, dB. */
  mostGainDb: number;
};
type Run = {
  ffmpeg: Ffmpeg;
  /** For the encoded file. */
  folder: string;
  signal: AbortSignal | undefined;
  timeoutMs: number;
};

/**
 * No film may exceed -1 dBTP (what EBU R 128 and the streaming services ask for); the rest is what
 * two true-peak meters may differ by.
 */
const highestTruePeakDb = -1.1;
/** Room for what the codec adds to the peaks of speech and music, dB, as measured. */
const codecMarginDb = 0.5;
const encodeAttempts = 4;
/** Most that the sound of any file is raised, dB, all gains together. */
const mostRaiseDb = 30;
/** Most that is added for what the limiter takes, dB: beyond, it would be heard at work. */
const mostMakeUpDb = 10;
/** Off the target by no more than this, LU, the level is left alone. */
const tolerance = 0.15;
/** The same for the finished file, LU: beyond, it is worth another encode. */
const codecTolerance = 0.3;

/**
 * Finds the gain that brings the mix to the target. A limiter at work takes some loudness away,
 * so its effect is measured, without encoding, and made up for.
 */
export async function chooseLevel(
  mix: Arranged,
  wanted: SoundtrackInput,
  { signal }: Run,
  report: Progress,
): Promise<Level> {
  const ceilingDb = highestTruePeakDb - codecMarginDb;
  const plain = await measureMix(counted(mixBlocks(mix, signal), mix.frames, part(report, 0, 0.4)));
  if (plain.lufs === null) return { loudness: wanted.loudness, gainDb: 0, ceilingDb, mostGainDb: 0 };
  const loudness = Math.min(wanted.loudness, plain.lufs + mostRaiseDb - mix.mostGainDb);
  let gainDb = loudness - plain.lufs;
  const mostGainDb = gainDb + mostMakeUpDb;
  // How much of a rise is left behind the limiter: a guess from speech, then measured.
  let yieldOfGain = 0.55;
  let last: { gainDb: number; lufs: number } | null = null;
  for (let pass = 1; pass <= 3 && (plain.truePeakDb ?? -Infinity) + gainDb > ceilingDb; pass++) {
    const limited = await integratedLoudness(levelledBlocks(mix, { gainDb, ceilingDb }, signal));
    report(0.4 + 0.2 * pass);
    if (limited === null || Math.abs(loudness - limited) <= tolerance) break;
    if (last && gainDb !== last.gainDb) yieldOfGain = (limited - last.lufs) / (gainDb - last.gainDb);
    last = { gainDb, lufs: limited };
    gainDb = Math.min(mostGainDb, gainDb + (loudness - limited) / Math.max(0.3, yieldOfGain));
  }
  return { loudness, gainDb, ceilingDb, mostGainDb };
}

/**
 * Encodes, measures what a player will hear, and encodes again if that is over the limit for peaks
 * (then below a lower ceiling) or, once, if the codec took away loudness, as it does from hiss.
 */
export async function encodeAtLevel(
  mix: Mix,
  { loudness, gainDb, ceilingDb, mostGainDb }: Level,
  { format }: SoundtrackInput,
  run: Run,
  report: Progress,
): Promise<{ file: string; measured: Measured }> {
  const file = path.join(run.folder, `encoded.${soundExtension(format)}`);
  for (let attempt = 1; ; attempt++) {
    const share = part(report, 1 - 0.1 ** (attempt - 1), 1 - 0.1 ** attempt);
    const blocks = levelledBlocks(mix, { gainDb, ceilingDb }, run.signal);
    await encodeSound(
      counted(blocks, mix.frames, part(share, 0, 0.9)),
      { path: file, format },
      run.ffmpeg,
      run,
    );
    const measured = await measureSound({ path: file, format }, run.ffmpeg, run);
    share(1);
    const excess = (measured.truePeakDb ?? -Infinity) - highestTruePeakDb;
    const missing = measured.lufs === null ? 0 : Math.min(loudness - measured.lufs, mostGainDb - gainDb);
    const isLevel = attempt > 1 || Math.abs(missing) <= codecTolerance;
    if ((excess <= 0 && isLevel) || attempt === encodeAttempts) return { file, measured };
    const lower = excess > 0 ? excess + 0.1 : 0;
    ceilingDb -= lower;
    // The last attempt does not rely on the limiter: all of it comes down.
    if (attempt === encodeAttempts - 1) gainDb -= lower;
    else gainDb = Math.min(mostGainDb, gainDb + missing + lower / 2);
  }
}

async function* levelledBlocks(
  mix: Mix,
  { gainDb, ceilingDb }: Pick<Level, 'gainDb' | 'ceilingDb'>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Block> {
  const limiter = new Limiter(ceilingDb);
  const gain = 10 ** (gainDb / 20);
  for await (const block of mixBlocks(mix, signal)) yield limiter.push(block, gain);
  yield limiter.flush();
}

async function measureMix(blocks: AsyncIterable<Block>): Promise<Omit<Measured, 'frames'>> {
  const truePeak = new TruePeakMeter();
  const lufs = await integratedLoudness(blocks, (block) => truePeak.push(block));
  return { lufs, truePeakDb: truePeak.peakDb() };
}

async function integratedLoudness(
  blocks: AsyncIterable<Block>,
  also?: (block: Block) => void,
): Promise<number | null> {
  const meter = new LoudnessMeter();
  for await (const block of blocks) {
    meter.push(block);
    also?.(block);
  }
  return meter.integrated();
}

async function* counted(
  blocks: AsyncIterable<Block>,
  frames: number,
  report: Progress,
): AsyncGenerator<Block> {
  let done = 0;
  for await (const block of blocks) {
    yield block;
    done += block.left.length;
    report(done / frames);
  }
}

/** Progress of one step, as the stretch `from` to `to` of the whole. */
export function part(report: Progress, from: number, to: number): Progress {
  return (fraction) => report(from + (to - from) * Math.min(1, fraction));
}
