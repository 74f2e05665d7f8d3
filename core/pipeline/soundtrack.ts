/**
 * The sound of the film, in one pass apart from the picture: narration, clip sounds and music mixed,
 * brought to one loudness under a true-peak ceiling, and encoded once over the whole film.
 *
 * The mix is computed anew for each pass (measure, limit, encode) instead of being stored: it costs
 * 0.2 % of real time, and an hour of it would fill 1.4 GB.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { asStudioError, StudioError } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import { arrange, frameAt, type Arranged } from '../sound/arrange.ts';
import { decodeSounds } from '../sound/decode.ts';
import { soundExtension } from '../sound/encode.ts';
import { chooseLevel, encodeAtLevel, part, type Progress } from '../sound/master.ts';
import { sampleRate } from '../sound/pcm.ts';
import type { MixedSound, SoundtrackInput } from '../sound/types.ts';

export type { ClipSound, MixedSound, MusicTrack, Narration, SoundtrackInput } from '../sound/types.ts';

type Run = { ffmpeg: Ffmpeg; folder: string; signal: AbortSignal | undefined; timeoutMs: number };

/** Part of every key: raise it when the same input comes to sound different. */
const soundVersion = 1;

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
  let folder: string | null = null;
  try {
    signal?.throwIfAborted();
    folder = await mkdtemp(path.join(deps.workDir, 'sound-'));
    const run: Run = { ffmpeg: deps.ffmpeg, folder, signal, timeoutMs: 120_000 + input.durationS * 1000 };
    const mix = await prepareMix(input, run, report);
    const level = await chooseLevel(mix, input, run, part(report, 0.25, 0.5));
    const { file, measured } = await encodeAtLevel(mix, level, input, run, part(report, 0.5, 1));
    signal?.throwIfAborted();
    const result = path.join(deps.workDir, `soundtrack.${soundExtension(input.format)}`);
    await rename(file, result);
    report(1);
    const { lufs, truePeakDb, frames } = measured;
    return { path: result, lufs, truePeakDb, durationS: frames / sampleRate };
  } catch (error) {
    const reason = signal?.aborted
      ? asStudioError(signal.reason, 'cancelled')
      : asStudioError(error, 'render_failed');
    throw reason.at({ stage: 'rendering' });
  } finally {
    if (folder) await rm(folder, { recursive: true, force: true });
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

async function prepareMix(input: SoundtrackInput, run: Run, report: Progress): Promise<Arranged> {
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

function monotonic(report: Progress): Progress {
  let last = 0;
  return (fraction) => {
    if (fraction <= last) return;
    last = fraction;
    report(fraction);
  };
}
