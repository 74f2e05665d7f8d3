/** Puts the voice of a film and that of a scene or speaker together. Pure. */
import type { Scene, Storyboard } from '../schema/storyboard.ts';
import type { SpeechRequest } from '../tts/types.ts';

/** Who says a scene's text, after storyboard and scene are put together. */
export type SceneVoice = Pick<SpeechRequest, 'language' | 'engine' | 'voice' | 'speed' | 'fallback'>;

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
