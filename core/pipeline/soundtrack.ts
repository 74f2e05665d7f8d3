/**
 * The sound of the film, in one pass apart from the picture: narration, clip sounds and music mixed,
 * brought to one loudness under a true-peak ceiling, and encoded once over the whole film.
 *
 * The mix is computed anew for each pass (measure, limit, encode) instead of being stored: it costs
 * less than 1 % of real time, and an hour of it would fill 1.4 GB.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { asStudioError, StudioError } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import { arrange, frameAt } from '../sound/arrange.ts';
import { decodeSounds } from '../sound/decode.ts';
import { encodeSound, measureSound, soundExtension, type Measured } from '../sound/encode.ts';
import { Limiter } from '../sound/limiter.ts';
import { LoudnessMeter } from '../sound/loudness.ts';
import { mixBlocks, type Mix } from '../sound/mixer.ts';
import { sampleRate, type Block } from '../sound/pcm.ts';
import { TruePeakMeter } from '../sound/true-peak.ts';
import type { MixedSound, SoundtrackInput } from '../sound/types.ts';

export type { ClipSound, MixedSound, MusicTrack, Narration, SoundtrackInput } from '../sound/types.ts';

type Progress = (fraction: number) => void;
type Run = { ffmpeg: Ffmpeg; folder: string; signal: AbortSignal | undefined; timeoutMs: number };
type Level = { gainDb: number; ceilingDb: number; /** Gain not to be exceeded, dB. */ mostGainDb: number };

/** Part of every key: raise it when the same input comes to sound different. */
const soundVersion = 1;
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
 * Makes the whole soundtrack. Memory does not grow with the film; `deps.workDir` must have room for
 * the decoded speech (0.7 GB an hour) and is the caller's to remove.
 * A film without sound gets a silent track, as players expect one.
 * @throws {StudioError} media_unusable, cancelled, timeout, no_space, render_failed
 */
export async function mixSoundtrack(
  input: SoundtrackInput,
  deps: { ffmpeg: Ffmpeg; workDir: string },
  options: { signal?: AbortSignal; onProgress?: Progress } = {},
): Promise<MixedSound> {
  const { signal } = options;
  const report = monotonic(options.onProgress ?? (() => undefined));
  const folder = await mkdtemp(path.join(deps.workDir, 'sound-'));
  const run: Run = { ffmpeg: deps.ffmpeg, folder, signal, timeoutMs: 120_000 + input.durationS * 1000 };
  try {
    signal?.throwIfAborted();
    const mix = await prepareMix(input, run, report);
    const level = await chooseLevel(mix, input, run, part(report, 0.25, 0.5));
    const { file, measured } = await encodeBelowCeiling(mix, level, input, run, part(report, 0.5, 1));
    signal?.throwIfAborted();
    const result = path.join(deps.workDir, `soundtrack.${soundExtension(input.format)}`);
    await rename(file, result);
    report(1);
    return {
      path: result,
      lufs: measured.lufs,
      truePeakDb: measured.truePeakDb,
      durationS: measured.frames / sampleRate,
    };
  } catch (error) {
    if (signal?.aborted) throw asStudioError(signal.reason, 'cancelled').at({ stage: 'rendering' });
    throw asStudioError(error, 'render_failed').at({ stage: 'rendering' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Content key of a soundtrack: sha256 over all that decides the sound. Files count by their hash,
 * times by the frame they fall on, and the order of pieces not at all.
 */
export function soundtrackKey(input: SoundtrackInput): string {
  const narration = input.narration.map((piece) => [piece.hash, frameAt(piece.startS), piece.gainDb ?? 0]);
  const clips = input.clips.map((clip) => [
    clip.hash,
    frameAt(clip.startS),
    frameAt(clip.startS + clip.durationS),
    clip.loop && (clip.roundS === undefined ? true : frameAt(clip.roundS)),
    clip.treatment,
    frameAt(clip.fadeS),
  ]);
  const music = input.music && [
    input.music.hash,
    input.music.volume,
    input.music.ducking,
    ...[input.music.fadeInS, input.music.fadeOutS, input.music.startS].map(frameAt),
    input.music.loop,
  ];
  const ordered = (pieces: unknown[]): string[] => pieces.map((piece) => JSON.stringify(piece)).toSorted();
  const parts = [
    soundVersion,
    frameAt(input.durationS),
    ordered(narration),
    ordered(clips),
    music,
    input.loudness,
    input.format,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

async function prepareMix(
  input: SoundtrackInput,
  run: Run,
  report: Progress,
): Promise<Mix & { mostGainDb: number }> {
  const frames = frameAt(input.durationS);
  if (!(frames > 0)) throw new StudioError('internal', `A film of ${input.durationS} s has no sound.`);
  const { music } = input;
  const files = [
    ...input.narration.map(({ path: file }) => ({ path: file, maxSeconds: input.durationS })),
    ...input.clips.map(({ path: file, durationS }) => ({ path: file, maxSeconds: durationS })),
    // A second more than can be heard tells a track that goes on from one that must be repeated.
    ...(music && music.volume > 0
      ? [{ path: music.path, maxSeconds: music.startS + input.durationS + 1 }]
      : []),
  ];
  const sources = await decodeSounds(files, run, { signal: run.signal, onProgress: part(report, 0, 0.1) });
  return arrange(input, { frames, sources, signal: run.signal }, part(report, 0.1, 0.25));
}

/**
 * Finds the gain that brings the mix to the target. A limiter at work takes some loudness away,
 * so its effect is measured, without encoding, and made up for.
 */
async function chooseLevel(
  mix: Mix & { mostGainDb: number },
  { loudness }: SoundtrackInput,
  { signal }: Run,
  report: Progress,
): Promise<Level> {
  const ceilingDb = highestTruePeakDb - codecMarginDb;
  const plain = await measureMix(counted(mixBlocks(mix, signal), mix.frames, part(report, 0, 0.4)));
  if (plain.lufs === null) return { gainDb: 0, ceilingDb, mostGainDb: 0 };
  const straight = loudness - plain.lufs;
  const mostGainDb = Math.min(mostRaiseDb - mix.mostGainDb, straight + mostMakeUpDb);
  let gainDb = Math.min(mostGainDb, straight);
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
  return { gainDb, ceilingDb, mostGainDb };
}

/**
 * Encodes, measures what a player will hear, and encodes again if that is over the limit for peaks
 * (then below a lower ceiling) or, once, if the codec took away loudness, as it does from hiss.
 */
async function encodeBelowCeiling(
  mix: Mix,
  { gainDb, ceilingDb, mostGainDb }: Level,
  { format, loudness }: SoundtrackInput,
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
function part(report: Progress, from: number, to: number): Progress {
  return (fraction) => report(from + (to - from) * Math.min(1, fraction));
}

function monotonic(report: Progress): Progress {
  let last = 0;
  return (fraction) => {
    if (fraction <= last) return;
    last = fraction;
    report(fraction);
  };
}
