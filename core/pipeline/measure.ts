/** Pure: what the timeline must know of each scene, in seconds. */
import { transitionSchema, type Storyboard } from '../schema/storyboard.ts';
import type { Assets } from './assets.ts';
import type { Narration } from './narrate.ts';
import type { SceneMeasure } from './timeline.ts';

/** A scene that says nothing about its transition comes in with the schema's default. */
const usualTransition = transitionSchema.parse({});

/** One measure a scene, in order. */
export function measureScenes(
  storyboard: Storyboard,
  assets: Assets,
  narrations: (Narration | null)[],
): SceneMeasure[] {
  return storyboard.scenes.map((scene, index) => {
    const media = assets.scenes[index]!.media;
    return {
      duration: scene.duration,
      speechS: narrations[index]?.durationS ?? null,
      clipS: media?.kind === 'clip' ? media.durationS : null,
      hasTitle: scene.title !== undefined,
      transition: scene.transition ?? usualTransition,
    };
  });
}
