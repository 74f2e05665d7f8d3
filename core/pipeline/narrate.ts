/** Speaks each scene (or takes its own narration) and measures it. */
import path from 'node:path';
import { asStudioError, type Issue } from '../errors.ts';
import type { Track } from '../ingest/types.ts';
import type { Storyboard } from '../schema/storyboard.ts';
import { shownText } from './narration-text.ts';
import { narrationTurns, type TurnOptions } from './narration-turns.ts';
import { sceneVoice } from './scene-voice.ts';
import type { Mark, Speech, SpeechRequest, SpeechResult } from '../tts/types.ts';

export type Narration = {
  /** WAV to place in the film. */
  path: string;
  /** Changes whenever the sound would. */
  hash: string;
  durationS: number;
  /** Words and sentences, ms from the start of the sound. Empty for own narration without text. */
  marks: Mark[];
  /** What captions show: the scene's text without markup, pauses and names of speakers. */
  text: string;
  language: string;
  warnings: string[];
  /** Who spoke, and why they; none for own narration. */
  speakers: Pick<SpeechResult, 'engine' | 'voice' | 'why'>[];
};

/** A voice of the film, the scenes it speaks (counted from 1), and why it was taken. */
export type FilmVoice = Narration['speakers'][number] & { scenes: number[] };

export type NarrateDeps = { speech: Speech; defaultEngine?: SpeechRequest['engine'] };

/** Scenes spoken at once: synthesis is one short burst of CPU each. */
const AT_ONCE = 2;

/**
 * One narration a scene, null where nobody speaks.
 * @param ownAudio vetted narration files by scene, null where the voice is made
 * @throws {StudioError} voice_unknown or speech_failed, with the scene; cancelled
 */
export async function narrate(
  storyboard: Storyboard,
  ownAudio: (Track | null)[],
  deps: NarrateDeps,
  options: {
    signal: AbortSignal;
    /** Nothing is spoken anew; see SpeechRequest. */
    onlyKnown?: boolean | undefined;
    onProgress: (done: number, total: number, scene: number) => void;
  },
): Promise<(Narration | null)[]> {
  const { scenes } = storyboard;
  const narrations: (Narration | null)[] = scenes.map(() => null);
  const characters = scenes.map((scene) => scene.text?.length ?? 0);
  const total = characters.reduce((sum, count) => sum + count, 0);
  let done = 0;
  let next = 0;
  const speakInTurn = async (): Promise<void> => {
    for (let index = next++; index < scenes.length; index = next++) {
      options.signal.throwIfAborted();
      narrations[index] = await narrateScene(storyboard, index, ownAudio[index] ?? null, deps, options);
      done += characters[index]!;
      options.onProgress(done, Math.max(1, total), index + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, speakInTurn));
  return narrations;
}

async function narrateScene(
  storyboard: Storyboard,
  index: number,
  own: Track | null,
  deps: NarrateDeps,
  { signal, onlyKnown }: { signal: AbortSignal; onlyKnown?: boolean | undefined },
): Promise<Narration | null> {
  const scene = storyboard.scenes[index]!;
  const text = scene.text ?? '';
  const voice = sceneVoice(storyboard, scene, deps.defaultEngine);
  const shown = (marks: readonly Mark[]): Pick<Narration, 'text' | 'marks'> =>
    shownText(text, marks, {
      language: voice.language,
      speakers: Object.keys(storyboard.speakers ?? {}),
      showSpeakers: storyboard.captions.speakers === 'show',
    });
  if (own)
    return {
      path: own.path,
      hash: own.hash,
      durationS: own.durationS,
      ...shown([]),
      language: voice.language,
      warnings: [],
      speakers: [],
    };
  if (text.trim() === '') return null;
  try {
    const { lexicon } = storyboard;
    const turns = narrationTurns(storyboard, scene, turnOptions(deps.speech, deps.defaultEngine));
    const spoken = await deps.speech.speak({
      ...voice,
      text,
      signal,
      job: storyboard,
      ...(onlyKnown ? { onlyKnown } : {}),
      ...(lexicon ? { lexicon } : {}),
      ...(turns ? { turns } : {}),
    });
    return {
      path: spoken.path,
      // The speech cache names files by what is said and how.
      hash: path.basename(spoken.path),
      durationS: spoken.durationMs / 1000,
      ...shown(spoken.marks),
      language: voice.language,
      warnings: spoken.warnings.map((warning) => `Scene ${index + 1}: ${warning}`),
      speakers: spoken.voices ?? [{ engine: spoken.engine, voice: spoken.voice, why: spoken.why }],
    };
  } catch (error) {
    throw asStudioError(error, 'speech_failed').at({ stage: 'voicing', scene: index + 1 });
  }
}

function turnOptions(speech: Speech, defaultEngine: SpeechRequest['engine']): TurnOptions {
  return { defaultEngine, fits: (voice) => speech.check(voice) === null };
}

/** The voices of a film in the order they are first heard, for its job. */
export function filmVoices(narrations: readonly (Narration | null)[]): FilmVoice[] {
  const voices = new Map<string, FilmVoice>();
  for (const [index, narration] of narrations.entries()) {
    for (const speaker of narration?.speakers ?? []) {
      const key = JSON.stringify(speaker);
      const known = voices.get(key) ?? { ...speaker, scenes: [] };
      if (known.scenes.at(-1) !== index + 1) known.scenes.push(index + 1);
      voices.set(key, known);
    }
  }
  return [...voices.values()];
}

/** Faults of voices, found without speaking; one of the whole film is said once. */
export function checkVoices(
  storyboard: Storyboard,
  speech: Speech,
  defaultEngine?: SpeechRequest['engine'],
): Issue[] {
  const issues = new Map<string, Issue>();
  const check = (request: Pick<SpeechRequest, 'language' | 'engine' | 'voice'>, path: string): void => {
    const fault = speech.check(request);
    if (!fault) return;
    const message = [fault.message, fault.hint].filter(Boolean).join(' ');
    issues.set(`${path} ${message}`, { path, message });
  };
  for (const [name, voice] of Object.entries(storyboard.speakers ?? {}))
    check(sceneVoice(storyboard, { voice }, defaultEngine), `speakers.${name}`);
  for (const [index, scene] of storyboard.scenes.entries()) {
    if (!scene.text?.trim() || scene.audio) continue;
    const own = sceneVoice(storyboard, scene, defaultEngine);
    const path = scene.voice ? `scenes[${index}].voice` : storyboard.voice ? 'voice' : 'language';
    const turns = narrationTurns(storyboard, scene, turnOptions(speech, defaultEngine));
    // Where only speakers speak, they have been checked; a language that was found is one of `languages`.
    if (!turns || turns.some((turn) => turn.speaker === null && turn.language === own.language))
      check(own, path);
    for (const turn of turns ?? [])
      if (storyboard.languages?.includes(turn.language ?? '')) check({ ...own, ...turn }, 'languages');
  }
  return [...issues.values()];
}
