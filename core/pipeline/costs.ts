/** What a film's stages are expected to take, so that the bar is steady before anything is measured. */
import type { Storyboard } from '../schema/storyboard.ts';
import { expectedSpeechS } from './measure.ts';
import { sharedWork, type ProgressMeter } from './progress.ts';

/** Rough costs before anything is measured, s: what keeps the bar steady from the first second on. */
const COST = {
  asset: 0.15,
  character: 0.004,
  still: 0.2,
  frame1080p: 0.03,
  soundPerSecond: 0.03,
  saving: 0.6,
  previewPerSecond: 0.35,
};

/** What is expected before anything is measured. @returns the work of rendering as it is expected now */
export function expectCosts(
  progress: ProgressMeter,
  storyboard: Storyboard,
  size: { width: number; height: number },
  threads: number,
): ReturnType<typeof renderingWork> {
  const characters = storyboard.scenes.reduce((sum, scene) => sum + (scene.text?.length ?? 0), 0);
  // Scenes without speech last about 4 s.
  const seconds = storyboard.scenes.reduce(
    (sum, scene) =>
      sum +
      (scene.duration === 'auto' ? Math.max(4, expectedSpeechS(scene, storyboard) ?? 0) : scene.duration),
    0,
  );
  progress.expect('fetching', storyboard.scenes.length * COST.asset);
  progress.expect('voicing', 0.2 + characters * COST.character);
  const { scenes, output } = storyboard;
  const rendering = renderingWork(seconds * output.fps, seconds, scenes.length, size, threads);
  progress.expect('rendering', rendering.expectedS);
  progress.expect('saving', COST.saving);
  return rendering;
}

/** Pictures, frames and sound of a film as shares of one stage. */
export function renderingWork(
  frames: number,
  seconds: number,
  scenes: number,
  size: { width: number; height: number },
  threads: number,
): { expectedS: number; done: ReturnType<typeof sharedWork<'stills' | 'frames' | 'sound'>> } {
  const perFrame = 0.004 + (COST.frame1080p * size.width * size.height) / (1920 * 1080);
  const costs = {
    stills: (scenes * COST.still) / threads,
    frames: (frames * perFrame) / threads,
    sound: seconds * COST.soundPerSecond,
  };
  return { expectedS: costs.stills + costs.frames + costs.sound, done: sharedWork(costs) };
}

/** @param previewS of the film that the preview shows, s; 0 where none is made */
export function savingWork(
  previewS: number,
  threads: number,
): { expectedS: number; done: ReturnType<typeof sharedWork<'joining' | 'preview'>> } {
  const costs = { joining: COST.saving, preview: (previewS * COST.previewPerSecond) / threads };
  return { expectedS: costs.joining + costs.preview, done: sharedWork(costs) };
}
