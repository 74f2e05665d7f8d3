/**
 * What the schema cannot say: rules over several fields, oddities worth a warning, and how long the
 * film will about be.
 */
import type { FilmLimits } from './config/media.ts';
import type { Issue } from './errors.ts';
import { expectedSpeechS } from './pipeline/measure.ts';
import { planTimeline, type SceneMeasure } from './pipeline/timeline.ts';
import { limits, sceneSchema, type Scene, type Storyboard } from './schema/storyboard.ts';
import { unknownSpeakers } from './tts/speakers.ts';
import { sourcesOf } from './storyboard-sources.ts';

/**
 * Faults between fields. Works on unchecked input, scene by scene, so that they are reported together
 * with the schema's faults of other scenes.
 */
export function brokenSceneRules(input: unknown): Issue[] {
  const scenes = (input as { scenes?: unknown } | null | undefined)?.scenes;
  if (!Array.isArray(scenes) || scenes.length > limits.scenes) return [];
  const parsed = scenes.map((scene) => sceneSchema.safeParse(scene));
  const sound = parsed.map((result) => result.data ?? null);
  return [...sound.flatMap((scene, index) => (scene ? clipRules(scene, index) : [])), ...repeatedIds(scenes)];
}

function clipRules(scene: Scene, index: number): Issue[] {
  const { media } = scene;
  if (media?.type !== 'video' || media.end === undefined) return [];
  const start = media.start ?? 0;
  if (media.end > start) return [];
  return [
    {
      path: `scenes[${index}].media.end`,
      message: `must be later than start (${start} s); got ${media.end}`,
    },
  ];
}

function repeatedIds(scenes: unknown[]): Issue[] {
  const first = new Map<string, number>();
  return scenes.flatMap((scene, index) => {
    const id = (scene as { id?: unknown } | null | undefined)?.id;
    if (typeof id !== 'string') return [];
    const before = first.get(id);
    if (before === undefined) first.set(id, index);
    return before === undefined
      ? []
      : [
          {
            path: `scenes[${index}].id`,
            message: `is the same as that of scenes[${before}]; give each scene its own id`,
          },
        ];
  });
}

/** What the settings of this machine leave of what the schema allows. */
export type StoryboardLimits = Pick<FilmLimits, 'scenes' | 'seconds' | 'downloads'>;

/** Faults that only these settings make faults; each names its field and the limit. */
export function beyondLimits(storyboard: Storyboard, most: StoryboardLimits): Issue[] {
  const scenes = storyboard.scenes.length;
  const addresses = new Map<string, string>();
  for (const { path, src } of sourcesOf(storyboard))
    if (/^https?:/i.test(src) && !addresses.has(src)) addresses.set(src, path);
  const firstTooMany = [...addresses.values()][most.downloads];
  const tooLong = filmTooLong(storyboard, most.seconds);
  return [
    ...(scenes > most.scenes
      ? [
          {
            path: 'scenes',
            message: `has ${scenes} entries; ${most.scenes} are the most here (FILM_MAX_SCENES)`,
          },
        ]
      : []),
    ...(tooLong ? [tooLong] : []),
    ...(firstTooMany === undefined
      ? []
      : [
          {
            path: firstTooMany,
            message: `is one of ${addresses.size} different addresses; a film may fetch ${most.downloads} (FILM_MAX_DOWNLOADS)`,
          },
        ]),
  ];
}

/** Only durations that were given count: an estimate is no reason to refuse. */
function filmTooLong(storyboard: Storyboard, most: number): Issue | null {
  const given = storyboard.scenes.filter((scene) => scene.duration !== 'auto');
  const seconds = estimateSeconds({ ...storyboard, scenes: given });
  if (seconds <= most) return null;
  return {
    path: 'scenes',
    message: `last ${Math.round(seconds)} s together; a film may last ${most} s (FILM_MAX_S), so make two of it`,
  };
}

/** The likely length of the film, seconds: the renderer's own timeline, with the speech estimated. */
export function estimateSeconds(storyboard: Storyboard): number {
  const measures = storyboard.scenes.map((scene) => estimatedMeasure(scene, storyboard));
  const { frames, fps } = planTimeline(measures, storyboard.output.fps);
  return Math.round((frames / fps) * 10) / 10;
}

function estimatedMeasure(scene: Scene, storyboard: Storyboard): SceneMeasure {
  const clip = scene.media?.type === 'video' && scene.media.end !== undefined ? scene.media : null;
  return {
    duration: scene.duration,
    speechS: expectedSpeechS(scene, storyboard),
    clipS: clip ? clip.end! - (clip.start ?? 0) : null,
    hasTitle: scene.title !== undefined,
    transition: scene.transition ?? { type: 'none', duration: 0 },
  };
}

/** What is allowed and probably not meant, one sentence each. */
export function harmlessOddities(storyboard: Storyboard, most: Pick<FilmLimits, 'seconds'>): string[] {
  const warnings = storyboard.scenes.flatMap((scene, index) =>
    [...sceneOddities(scene, index), ...strangers(scene, storyboard)].map(
      (words) => `scenes[${index}]${words}`,
    ),
  );
  const seconds = estimateSeconds(storyboard);
  if (seconds > most.seconds) {
    warnings.push(
      `The film would last about ${Math.round(seconds / 60)} minutes; more than ${+(most.seconds / 60).toFixed(1)} are refused once the speech is measured.`,
    );
  }
  if (storyboard.webhookUrl?.startsWith('http:'))
    warnings.push('webhookUrl is not encrypted (http); anyone on the way can read it.');
  return warnings;
}

/** Names written like a speaker's: their lines are read out, name and all. */
function strangers(scene: Scene, { speakers }: Storyboard): string[] {
  if (!speakers || !scene.text) return [];
  const names = Object.keys(speakers);
  return unknownSpeakers(scene.text, names).map(
    (name) => `.text has a line of "${name}", who is not among the speakers (${names.join(', ')}).`,
  );
}

function sceneOddities(scene: Scene, index: number): string[] {
  const words: string[] = [];
  const speaks = Boolean(scene.text?.trim());
  if (scene.text !== undefined && !speaks) words.push('.text is only white space: the scene says nothing.');
  if (!speaks && !scene.audio && !scene.title && !scene.media)
    words.push(' has nothing to say or show: it is a plain background.');
  if (scene.voice && (!speaks || scene.audio))
    words.push(`.voice has nothing to speak: the scene has ${scene.audio ? 'its own audio' : 'no text'}.`);
  if (scene.effect && scene.effect !== 'none' && scene.media?.type !== 'image') {
    words.push(
      `.effect moves pictures only; it does nothing for ${scene.media ? `a ${scene.media.type}` : 'a plain background'}.`,
    );
  }
  if (index === 0 && scene.transition && scene.transition.type !== 'none') {
    words.push('.transition has nothing before it: the first scene simply begins.');
  }
  return words;
}
