/** The film's sound: puts narration, clip sounds and music in their places, or takes the mix from the cache. */
import { readFile, writeFile } from 'node:fs/promises';
import type { ContentCache } from '../cache.ts';
import type { Compositor } from '../compositor/pool.ts';
import type { Storyboard } from '../schema/storyboard.ts';
import { clipFrames } from '../compositor/clip.ts';
import type { Assets } from './assets.ts';
import type { Narration } from './narrate.ts';
import { soundtrackKey, type MixedSound, type SoundtrackInput } from './soundtrack.ts';
import type { Timeline } from './timeline.ts';

export type FilmSoundInput = {
  storyboard: Storyboard;
  timeline: Timeline;
  narrations: (Narration | null)[];
  assets: Assets;
  workDir: string;
};

/** A clip's sound fades at least this long at its edges, s. */
const EDGE_FADE_S = 0.05;

/**
 * Begins the film's sound. Returns as soon as it has its thread: it is one piece, and a film of which little else
 * is to be made would wait for it.
 * @returns once it is mixed; rejects with {StudioError} render_failed, no_space, cancelled
 */
export async function beginSoundtrack(
  input: FilmSoundInput,
  deps: { compositor: Compositor; cache: ContentCache },
  options: { signal: AbortSignal; onProgress: (fraction: number) => void },
): Promise<{ mixed: Promise<MixedSound> }> {
  const sounds = placeSounds(input);
  const key = soundtrackKey(sounds);
  const extension = sounds.format === 'webm' ? 'webm' : 'm4a';
  const known = await cachedSound(deps.cache, key, extension);
  if (known) return { mixed: Promise.resolve(known) };
  const mixing = deps.compositor.run({ kind: 'sound', input: sounds, workDir: input.workDir }, options);
  return { mixed: mixing.then((mixed) => keepSound(deps.cache, key, extension, mixed)) };
}

async function keepSound(
  cache: ContentCache,
  key: string,
  extension: string,
  mixed: MixedSound,
): Promise<MixedSound> {
  const path = await cache.keep(mixed.path, key, extension);
  const facts = cache.temporary(key, 'json');
  await writeFile(facts, JSON.stringify(mixed));
  await cache.keep(facts, key, 'json');
  return { ...mixed, path };
}

async function cachedSound(cache: ContentCache, key: string, extension: string): Promise<MixedSound | null> {
  if (!(await cache.has(key, extension)) || !(await cache.has(key, 'json'))) return null;
  const facts = JSON.parse(await readFile(cache.file(key, 'json'), 'utf8')) as MixedSound;
  return { ...facts, path: cache.file(key, extension) };
}

function placeSounds({ storyboard, timeline, narrations, assets }: FilmSoundInput): SoundtrackInput {
  const { fps } = timeline;
  const music = storyboard.soundtrack;
  return {
    durationS: timeline.frames / fps,
    loudness: storyboard.output.loudness,
    format: storyboard.output.format,
    narration: narrations.flatMap((narration, index) => {
      const startS = timeline.scenes[index]!.speechStartS;
      return narration && startS !== null ? [{ path: narration.path, hash: narration.hash, startS }] : [];
    }),
    clips: clipSounds(storyboard, timeline, assets),
    music:
      music && assets.soundtrack
        ? {
            path: assets.soundtrack.path,
            hash: assets.soundtrack.hash,
            volume: music.volume,
            ducking: music.ducking,
            fadeInS: music.fadeIn,
            fadeOutS: music.fadeOut,
            startS: music.start,
            loop: music.loop,
          }
        : null,
  };
}

function clipSounds(storyboard: Storyboard, timeline: Timeline, assets: Assets): SoundtrackInput['clips'] {
  const { fps } = timeline;
  return storyboard.scenes.flatMap((scene, index) => {
    const clip = assets.scenes[index]!.media;
    if (scene.media?.type !== 'video' || clip?.kind !== 'clip' || !clip.audio || scene.media.sound === 'drop')
      return [];
    const timed = timeline.scenes[index]!;
    const sceneS = timed.frames / fps;
    const isShort = clip.durationS < sceneS - 1 / fps;
    // Sound stretched with a slowed picture would only be a growl.
    if (isShort && scene.media.whenShort === 'slow') return [];
    const loop = scene.media.whenShort === 'loop';
    const overlapS =
      Math.max(timed.transitionIn?.frames ?? 0, timeline.scenes[index + 1]?.transitionIn?.frames ?? 0) / fps;
    const durationS = loop ? sceneS : Math.min(sceneS, clip.durationS);
    return [
      {
        path: clip.audio.path,
        hash: clip.audio.hash,
        startS: timed.start / fps,
        durationS,
        loop,
        roundS: clipFrames(clip.durationS, fps) / fps,
        treatment: scene.media.sound,
        fadeS: Math.min(durationS / 2, Math.max(EDGE_FADE_S, overlapS)),
      },
    ];
  });
}
