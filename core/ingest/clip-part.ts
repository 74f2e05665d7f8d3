/** The part of a clip that a scene shows, and its sound. */
import { StudioError } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import type { Cache } from './cache.ts';
import type { WholeClip } from './clip.ts';
import type { IngestLimits } from './limits.ts';
import type { Original } from './originals.ts';
import { unusable } from './refusal.ts';
import { cachedTrack, checkSound, decode, trackKey, type SoundWindow } from './track.ts';
import type { Clip, Track } from './types.ts';

type Deps = { ffmpeg: Ffmpeg; cache: Cache; limits: IngestLimits };

/** Overlong ends are cut silently up to this, seconds: people round. */
const END_TOLERANCE_S = 0.1;

/**
 * The wanted part of a clip, with its sound decoded.
 * @throws {StudioError} media_unusable with an issue at `start` or `end`, and as makeClip()
 */
export async function cutClip(
  deps: Deps,
  whole: WholeClip,
  original: Original,
  part: { start?: number | undefined; end?: number | undefined; sound?: boolean | undefined },
  signal: AbortSignal,
): Promise<Clip> {
  const { sound, firstS, ...clip } = whole;
  const lengthText = `${whole.durationS.toFixed(1)} s`;
  const startS = part.start ?? 0;
  if (startS >= whole.durationS)
    throw badPart(
      'start',
      `The clip lasts ${lengthText} and cannot start at ${startS} s.`,
      `Choose a start below ${lengthText}.`,
    );
  if (part.end !== undefined && part.end <= startS)
    throw badPart(
      'end',
      `The end (${part.end} s) is not after the start (${startS} s).`,
      'Choose an end after the start.',
    );
  const endS = Math.min(part.end ?? whole.durationS, whole.durationS);
  const warnings = [...whole.warnings];
  if (part.end !== undefined && part.end > whole.durationS + END_TOLERANCE_S)
    warnings.push(`The clip ends at ${lengthText}, before the wanted ${part.end} s.`);
  const durationS = endS - startS;
  const wantsSound = sound && part.sound !== false;
  const audio = wantsSound
    ? await clipSound(
        deps,
        original,
        sound,
        { startS: sound.offsetS + startS, lengthS: durationS },
        warnings,
        signal,
      )
    : null;
  return { ...clip, startS: firstS + startS, durationS, audio, warnings };
}

async function clipSound(
  deps: Deps,
  original: Original,
  sound: NonNullable<WholeClip['sound']>,
  window: SoundWindow,
  warnings: string[],
  signal: AbortSignal,
): Promise<Track | null> {
  const key = trackKey(original, window);
  const ready = await cachedTrack(deps.cache, key);
  if (ready) return ready;
  const file = await original.file(signal);
  try {
    checkSound(sound.stream, null, deps.limits);
    return await decode(deps, { file, source: original.sha256, ...sound }, key, window, signal);
  } catch (error) {
    // Its picture is fine; a film is better with a silent clip than not at all.
    if (!(error instanceof StudioError) || error.code !== 'media_unusable') throw error;
    warnings.push(`The sound of the clip is left out: ${error.message}`);
    return null;
  }
}

function badPart(option: 'start' | 'end', message: string, hint: string): StudioError {
  return unusable(message, hint, { issues: [{ path: option, message }] });
}
