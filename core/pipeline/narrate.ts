/** Speaks each scene (or takes its own narration) and measures it. */
import path from 'node:path';
import { asStudioError, type Issue } from '../errors.ts';
import type { Track } from '../ingest/types.ts';
import type { Scene, Storyboard } from '../schema/storyboard.ts';
import type { Mark, Speech, SpeechRequest, SpeechResult } from '../tts/types.ts';

export type Narration = {
  /** WAV to place in the film. */
  path: string;
  /** Changes whenever the sound would. */
  hash: string;
  durationS: number;
  /** Words and sentences, ms from the start of the sound. Empty for own narration without text. */
  marks: Mark[];
  text: string;
  language: string;
  warnings: string[];
  /** Who spoke, and why they; null for own narration. */
  speaker: Pick<SpeechResult, 'engine' | 'voice' | 'why'> | null;
};

/** A voice of the film, the scenes it speaks (counted from 1), and why it was taken. */
export type FilmVoice = NonNullable<Narration['speaker']> & { scenes: number[] };

/** Who says a scene's text, after storyboard and scene are put together. */
export type SceneVoice = Pick<SpeechRequest, 'language' | 'engine' | 'voice' | 'speed' | 'fallback'>;

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
  options: { signal: AbortSignal; onProgress: (done: number, total: number, scene: number) => void },
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
      narrations[index] = await narrateScene(
        storyboard,
        index,
        ownAudio[index] ?? null,
        deps,
        options.signal,
      );
      done += characters[index]!;
      options.onProgress(done, Math.max(1, total), index + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, speakInTurn));
  return narrations;
}

/** The voice of a scene: its own words first, then the storyboard's, as far as they fit together. */
export function sceneVoice(
  storyboard: Pick<Storyboard, 'voice' | 'language'>,
  scene: Pick<Scene, 'voice'>,
  defaultEngine?: SpeechRequest['engine'],
): SceneVoice {
  const general = storyboard.voice ?? {};
  const own = scene.voice ?? {};
  const language = own.language ?? (own.name ? undefined : general.language) ?? storyboard.language;
  // A voice speaks one language: named for the film, it is not meant for a scene in another one.
  const sameLanguage =
    own.language === undefined || primary(own.language) === primary(general.language ?? storyboard.language);
  const sameEngine = own.engine === undefined || own.engine === general.engine;
  const name = own.name ?? (sameLanguage && sameEngine ? general.name : undefined);
  const engine =
    own.engine ??
    (own.name === undefined && sameLanguage ? general.engine : undefined) ??
    defaultEngine ??
    'auto';
  const fallback = own.fallback ?? general.fallback;
  return {
    language,
    engine,
    voice: name,
    speed: own.speed ?? general.speed ?? 1,
    ...(fallback === undefined ? {} : { fallback }),
  };
}

function primary(language: string): string {
  return language.split('-')[0]!.toLowerCase();
}

async function narrateScene(
  storyboard: Storyboard,
  index: number,
  own: Track | null,
  deps: NarrateDeps,
  signal: AbortSignal,
): Promise<Narration | null> {
  const scene = storyboard.scenes[index]!;
  const text = scene.text ?? '';
  const voice = sceneVoice(storyboard, scene, deps.defaultEngine);
  if (own)
    return {
      path: own.path,
      hash: own.hash,
      durationS: own.durationS,
      marks: [],
      text,
      language: voice.language,
      warnings: [],
      speaker: null,
    };
  if (text.trim() === '') return null;
  try {
    const spoken = await deps.speech.speak({ ...voice, text, signal, job: storyboard });
    return {
      path: spoken.path,
      // The speech cache names files by what is said and how.
      hash: path.basename(spoken.path),
      durationS: spoken.durationMs / 1000,
      marks: spoken.marks,
      text,
      language: voice.language,
      warnings: spoken.warnings.map((warning) => `Scene ${index + 1}: ${warning}`),
      speaker: { engine: spoken.engine, voice: spoken.voice, why: spoken.why },
    };
  } catch (error) {
    throw asStudioError(error, 'speech_failed').at({ stage: 'voicing', scene: index + 1 });
  }
}

/** The voices of a film in the order they are first heard, for its job. */
export function filmVoices(narrations: readonly (Narration | null)[]): FilmVoice[] {
  const voices = new Map<string, FilmVoice>();
  for (const [index, narration] of narrations.entries()) {
    if (!narration?.speaker) continue;
    const key = JSON.stringify(narration.speaker);
    const known = voices.get(key) ?? { ...narration.speaker, scenes: [] };
    known.scenes.push(index + 1);
    voices.set(key, known);
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
  for (const [index, scene] of storyboard.scenes.entries()) {
    if (!scene.text?.trim() || scene.audio) continue;
    const fault = speech.check(sceneVoice(storyboard, scene, defaultEngine));
    if (!fault) continue;
    const path = scene.voice ? `scenes[${index}].voice` : storyboard.voice ? 'voice' : 'language';
    const message = [fault.message, fault.hint].filter(Boolean).join(' ');
    issues.set(`${path} ${message}`, { path, message });
  }
  return [...issues.values()];
}
