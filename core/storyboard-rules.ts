/**
 * What the schema cannot say: rules over several fields, oddities worth a warning, and how long the
 * film will about be.
 */
import type { Issue } from './errors.ts';
import { limits, sceneSchema, type Scene, type Storyboard } from './schema/storyboard.ts';

/** How long a scene of `duration: "auto"` lasts with nothing to say and no clip to show, seconds. */
export const SILENT_SCENE_SECONDS = 4;
/** Silence around the speech of a scene, seconds; an estimate for `estimateSeconds` only. */
const AROUND_SPEECH_SECONDS = 0.9;
/** Letters spoken in a second, measured over both default engines; ideographs take three times as long. */
const LETTERS_PER_SECOND = 14.5;

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

/** Only durations that were given count: an estimate is no reason to refuse. */
export function filmTooLong(storyboard: Storyboard): Issue | null {
  const given = storyboard.scenes.reduce(
    (sum, scene) => sum + (typeof scene.duration === 'number' ? scene.duration : 0),
    0,
  );
  const seconds = given - overlaps(storyboard);
  if (seconds <= limits.filmSeconds) return null;
  return {
    path: 'scenes',
    message: `last ${Math.round(seconds)} s together; a film may last ${limits.filmSeconds} s, so make two of it`,
  };
}

function overlaps(storyboard: Storyboard): number {
  return storyboard.scenes.slice(1).reduce((sum, scene) => sum + overlapOf(scene), 0);
}

function overlapOf(scene: Scene): number {
  return scene.transition && scene.transition.type !== 'none' ? scene.transition.duration : 0;
}

/** The likely length of the film, seconds: exact where all durations are given. */
export function estimateSeconds(storyboard: Storyboard): number {
  const scenes = storyboard.scenes.reduce((sum, scene) => sum + sceneSeconds(scene, storyboard), 0);
  return Math.max(0.2, Math.round((scenes - overlaps(storyboard)) * 10) / 10);
}

function sceneSeconds(scene: Scene, storyboard: Storyboard): number {
  if (scene.duration !== 'auto') return scene.duration;
  const text = scene.text?.trim();
  if (text)
    return AROUND_SPEECH_SECONDS + speechSeconds(text) / (scene.voice?.speed ?? storyboard.voice?.speed ?? 1);
  if (scene.media?.type === 'video' && scene.media.end !== undefined)
    return scene.media.end - (scene.media.start ?? 0);
  return SILENT_SCENE_SECONDS;
}

function speechSeconds(text: string): number {
  const ideographs =
    text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu)?.length ?? 0;
  return (text.length + 2 * ideographs) / LETTERS_PER_SECOND;
}

/** What is allowed and probably not meant, one sentence each. */
export function harmlessOddities(storyboard: Storyboard): string[] {
  const warnings = storyboard.scenes.flatMap((scene, index) =>
    sceneOddities(scene, index, storyboard).map((words) => `scenes[${index}]${words}`),
  );
  const seconds = estimateSeconds(storyboard);
  if (seconds > limits.filmSeconds) {
    warnings.push(
      `The film would last about ${Math.round(seconds / 60)} minutes; more than ${limits.filmSeconds / 60} are refused once the speech is measured.`,
    );
  }
  if (storyboard.webhookUrl?.startsWith('http:'))
    warnings.push('webhookUrl is not encrypted (http); anyone on the way can read it.');
  return warnings;
}

function sceneOddities(scene: Scene, index: number, storyboard: Storyboard): string[] {
  const words: string[] = [];
  const speaks = Boolean(scene.text?.trim());
  if (scene.text !== undefined && !speaks) words.push('.text is only white space: the scene says nothing.');
  if (!speaks && !scene.audio && !scene.title && !scene.media) {
    words.push(
      ` has nothing to say or show: ${scene.duration === 'auto' ? SILENT_SCENE_SECONDS : scene.duration} s of plain background.`,
    );
  }
  if (scene.voice && (!speaks || scene.audio))
    words.push(`.voice has nothing to speak: the scene has ${scene.audio ? 'its own audio' : 'no text'}.`);
  if (scene.effect && scene.effect !== 'none' && scene.media?.type !== 'image') {
    words.push(
      `.effect moves pictures only; it does nothing for ${scene.media ? `a ${scene.media.type}` : 'a plain background'}.`,
    );
  }
  words.push(...transitionOddities(scene, index, storyboard));
  return words;
}

function transitionOddities(scene: Scene, index: number, storyboard: Storyboard): string[] {
  const overlap = overlapOf(scene);
  if (!scene.transition || overlap === 0) return [];
  if (index === 0) return ['.transition has nothing before it: the first scene simply begins.'];
  const neighbours = [storyboard.scenes[index - 1]!.duration, scene.duration].filter(
    (duration) => duration !== 'auto',
  );
  const shortest = Math.min(...neighbours);
  return overlap > shortest
    ? [
        `.transition lasts ${overlap} s, longer than a scene of ${shortest} s beside it; it is shortened to fit.`,
      ]
    : [];
}
