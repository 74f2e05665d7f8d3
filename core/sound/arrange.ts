/**
 * From files to a mix: every narration at one level, music and clips set against it, each piece at
 * its sample, and the stretches in which someone speaks.
 */
import { StudioError } from '../errors.ts';
import { speechStretches } from './ducking.ts';
import { planLoop } from './loop.ts';
import type { Mix, Piece } from './mixer.ts';
import { sampleRate, type PcmSource } from './pcm.ts';
import { surveySound, type Span, type Survey } from './survey.ts';
import type { ClipSound, MusicTrack, Narration } from './types.ts';

/** Where speech is put inside the mix, LUFS; what matters is only that all else is set against it. */
const speechLufs = -20;
/** Most that a quiet piece is raised, dB: beyond, one would raise the noise of the room. */
const mostRaise = 18;
/** Against clicks where a piece is cut out of sound: 5 ms for words, 8 ms for clips. */
const narrationEdge = 0.005 * sampleRate;
const clipEdge = 0.008 * sampleRate;
/** Shorter stretches (10 ms) are no sound to repeat, but a buzz. */
const shortestLoop = 0.01 * sampleRate;

/** A mix, and what was done to the sounds in it. */
export type Arranged = Mix & {
  /** The highest gain given to any piece, dB. */
  mostGainDb: number;
};
type Placed = { piece: Piece; speech: Span[] };
type Options = { frames: number; sources: Map<string, PcmSource>; signal?: AbortSignal | undefined };

/**
 * Listens to each piece and places it.
 * @throws {StudioError} media_unusable if the music is to start behind its end; cancelled
 */
export async function arrange(
  input: { narration: Narration[]; clips: ClipSound[]; music: MusicTrack | null },
  options: Options,
  onProgress: (fraction: number) => void,
): Promise<Arranged> {
  const placed: (Placed | null)[] = [];
  const total = input.narration.length + input.clips.length + 1;
  const add = (piece: Placed | null): void => {
    placed.push(piece);
    onProgress(placed.length / total);
  };
  for (const narration of input.narration) add(await placeNarration(narration, options));
  for (const clip of input.clips) add(await placeClip(clip, options));
  if (input.music) add(await placeMusic(input.music, options));

  const heard = placed.filter((one) => one !== null);
  const pieces = heard.map(({ piece }) => piece);
  return {
    frames: options.frames,
    pieces,
    speech: speechStretches(heard.flatMap(({ speech }) => speech)),
    mostGainDb: Math.max(0, ...pieces.map(({ gain }) => 20 * Math.log10(gain))),
  };
}

/** Frame of the film at a time; the one place where seconds become frames. */
export function frameAt(seconds: number): number {
  return Math.round(seconds * sampleRate);
}

async function placeNarration(
  narration: Narration,
  { frames, sources, signal }: Options,
): Promise<Placed | null> {
  const source = sources.get(narration.path)!;
  const start = frameAt(narration.startS);
  const length = Math.min(source.frames, frames - start);
  if (length <= 0) return null;
  const whole = { from: 0, to: length };
  const survey = await surveySound(source, whole, signal);
  const gainDb =
    (survey.lufs === null ? 0 : Math.min(mostRaise, speechLufs - survey.lufs)) + (narration.gainDb ?? 0);
  const { fadeIn, fadeOut } = edges(survey, whole, narrationEdge);
  return {
    piece: { ...once(source, 0, start, length), gain: decibels(gainDb), fadeIn, fadeOut },
    speech: survey.active.map(({ from, to }) => ({ from: from + start, to: to + start })),
  };
}

/**
 * A clip keeps its own level, as a quiet forest belongs quiet; only one that is louder than speech
 * comes down to it.
 */
async function placeClip(clip: ClipSound, { frames, sources, signal }: Options): Promise<Placed | null> {
  const source = sources.get(clip.path)!;
  const start = frameAt(clip.startS);
  const wanted = Math.min(frameAt(clip.startS + clip.durationS), frames) - start;
  const whole = { from: 0, to: Math.min(source.frames, wanted) };
  if (whole.to <= 0) return null;
  const round = clip.roundS === undefined ? source.frames : frameAt(clip.roundS);
  const repeats = clip.loop && wanted > round && round >= shortestLoop;
  const survey = await surveySound(source, whole, signal);
  if (survey.lufs === null) return null;
  const length = repeats ? wanted : whole.to;
  const fade = Math.max(clipEdge, frameAt(clip.fadeS));
  return {
    piece: {
      ...once(source, 0, start, length),
      loop: repeats ? await planLoop(source, { from: 0, to: round }, true) : null,
      gain: decibels(Math.min(0, speechLufs - survey.lufs)),
      ...fitted(fade, fade, length),
      ducked: clip.treatment === 'duck',
    },
    speech: [],
  };
}

/** Music at `volume` times the level of speech; silence around the track is not played or repeated. */
async function placeMusic(music: MusicTrack, { frames, sources, signal }: Options): Promise<Placed | null> {
  if (music.volume <= 0) return null;
  const source = sources.get(music.path)!;
  const from = frameAt(music.startS);
  if (from >= source.frames) {
    const length = (source.frames / sampleRate).toFixed(1);
    throw new StudioError(
      'media_unusable',
      `The music is ${length} s long and cannot start at ${music.startS} s.`,
      {
        hint: 'Set soundtrack.start to less than the length of the track.',
      },
    );
  }
  const survey = await surveySound(
    source,
    { from, to: Math.min(source.frames, from + frames + sampleRate) },
    signal,
  );
  if (survey.lufs === null) return null;
  const span = survey.audible ?? { from, to: source.frames };
  const available = span.to - span.from;
  const repeats = music.loop && available < frames && available >= shortestLoop;
  const length = repeats ? frames : Math.min(available, frames);
  const gainDb = Math.min(mostRaise, speechLufs - survey.lufs) + 20 * Math.log10(music.volume);
  return {
    piece: {
      ...once(source, span.from, 0, length),
      loop: repeats ? await planLoop(source, span) : null,
      gain: decibels(gainDb),
      ...fitted(
        Math.max(clipEdge, frameAt(music.fadeInS)),
        Math.max(clipEdge, frameAt(music.fadeOutS)),
        length,
      ),
      ducked: music.ducking,
    },
    speech: [],
  };
}

function once(source: PcmSource, offset: number, start: number, frames: number): Piece {
  return { source, loop: null, offset, start, frames, gain: 1, fadeIn: 0, fadeOut: 0, ducked: false };
}

/** Fades only where the sound does not begin or end in silence: a fade would shave a first consonant. */
function edges({ audible }: Survey, whole: Span, fade: number): { fadeIn: number; fadeOut: number } {
  if (!audible) return { fadeIn: 0, fadeOut: 0 };
  const cutIn = audible.from - whole.from < fade;
  const cutOut = whole.to - audible.to < fade;
  return fitted(cutIn ? fade : 0, cutOut ? fade : 0, whole.to - whole.from);
}

/** Both fades in proportion where together they are longer than the piece. */
function fitted(fadeIn: number, fadeOut: number, length: number): { fadeIn: number; fadeOut: number } {
  const scale = Math.min(1, length / Math.max(1, fadeIn + fadeOut));
  return { fadeIn: Math.floor(fadeIn * scale), fadeOut: Math.floor(fadeOut * scale) };
}

function decibels(gainDb: number): number {
  return 10 ** (gainDb / 20);
}
