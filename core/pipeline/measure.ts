/** Pure: what the timeline must know of each scene, in seconds. */
import { transitionSchema, type Scene, type Storyboard } from '../schema/storyboard.ts';
import type { Assets } from './assets.ts';
import type { Narration } from './narrate.ts';
import type { SceneMeasure } from './timeline.ts';

/** A scene that says nothing about its transition comes in with the schema's default. */
const usualTransition = transitionSchema.parse({});
/** Letters spoken in a second, measured over both default engines; an ideograph takes as long as three. */
const LETTERS_PER_SECOND = 14.5;

/** One measure a scene, in order. */
export function measureScenes(
  storyboard: Storyboard,
  assets: Assets,
  narrations: (Narration | null)[],
): SceneMeasure[] {
  return measure(storyboard, assets, (_, index) => narrations[index]?.durationS ?? null);
}

/** The same before anybody has spoken: as long as the text is likely to take. */
export function expectScenes(storyboard: Storyboard, assets: Assets): SceneMeasure[] {
  return measure(
    storyboard,
    assets,
    (scene, index) => assets.scenes[index]!.audio?.durationS ?? expectedSpeechS(scene, storyboard),
  );
}

/** How long a scene's text is likely to take, s; null where there is none. */
export function expectedSpeechS(scene: Scene, { voice }: Pick<Storyboard, 'voice'>): number | null {
  const text = scene.text?.trim();
  if (!text) return null;
  const ideographs =
    text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu)?.length ?? 0;
  const letters = text.length + 2 * ideographs;
  return letters / LETTERS_PER_SECOND / (scene.voice?.speed ?? voice?.speed ?? 1);
}

function measure(
  storyboard: Storyboard,
  assets: Assets,
  speechS: (scene: Scene, index: number) => number | null,
): SceneMeasure[] {
  return storyboard.scenes.map((scene, index) => {
    const media = assets.scenes[index]!.media;
    return {
      duration: scene.duration,
      speechS: speechS(scene, index),
      clipS: media?.kind === 'clip' ? media.durationS : null,
      hasTitle: scene.title !== undefined,
      transition: scene.transition ?? usualTransition,
    };
  });
}
