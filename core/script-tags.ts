/** The tags of a script, one function each: what `[transition: wipe left 0.8]` does to a scene. */
import { didYouMean } from './nearest-name.ts';
import { engineNames, languageSchema } from './schema/speech.ts';
import {
  effects,
  titlePositions,
  transitionDirections,
  transitionTypes,
  type StoryboardInput,
} from './schema/storyboard.ts';

export type SceneInput = StoryboardInput['scenes'][number];
type MediaInput = NonNullable<SceneInput['media']>;
type Soundtrack = NonNullable<StoryboardInput['soundtrack']>;
export type TagEffect = { scene: SceneInput } | { soundtrack: Soundtrack };
/** A tag's meaning, or a sentence about what is wrong with it. */
type TagResult = TagEffect | string;

const tags: Record<string, (value: string) => TagResult> = {
  image: (value) => mediaTag('image', value),
  video: (value) => mediaTag('video', value),
  color: (value) => ({ scene: { media: { type: 'color', color: value } } }),
  gradient: (value) => ({
    scene: { media: { type: 'gradient', colors: value.split(/[\s,]+/).filter(Boolean) } },
  }),
  title: titleTag,
  voice: (value) => ({ scene: { voice: voiceTag(value) } }),
  audio: (value) => ({ scene: { audio: value } }),
  music: musicTag,
  transition: transitionTag,
  effect: (value) => choice('effect', value, effects, (effect) => ({ scene: { effect } })),
  duration: durationTag,
};

/** Other words for the same tags, in the languages our scripts come in. */
const aliases: Record<string, string> = {
  picture: 'image', photo: 'image', imagen: 'image', foto: 'image', clip: 'video', vídeo: 'video', colour: 'color',
  título: 'title', titulo: 'title', voz: 'voice', música: 'music', musica: 'music', soundtrack: 'music', narration: 'audio',
}; // prettier-ignore

export const tagNames: readonly string[] = [...Object.keys(tags), ...Object.keys(aliases)];

/** What a tag means for its scene or the film; a string says why it means nothing. */
export function readTag(name: string, value: string): TagResult {
  const key = name.toLowerCase();
  const read = tags[Object.hasOwn(tags, key) ? key : Object.hasOwn(aliases, key) ? aliases[key]! : ''];
  if (!read)
    return `unknown tag [${name}: …]${didYouMean(name, tagNames) || `; there are ${Object.keys(tags).join(', ')}`}`;
  if (value === '') return `[${name}:] is empty`;
  return read(value);
}

const fits = ['cover', 'contain', 'blur'] as const;

/** `src`, or `src | contain`. */
function mediaTag(type: 'image' | 'video', value: string): TagResult {
  const { src, option } = splitOption(value, /^[a-z]+$/i);
  const media = (fit?: (typeof fits)[number]): TagResult => ({
    scene: { media: { type, src, ...(fit ? { fit } : {}) } as MediaInput },
  });
  return option ? choice('fit', option, fits, media) : media();
}

/** Parts `src | option` at the last bar. An address may contain one too, but with no space before it. */
function splitOption(value: string, looks: RegExp): { src: string; option: string | null } {
  const bar = value.lastIndexOf('|');
  const option = value.slice(bar + 1).trim();
  return /\s/.test(value[bar - 1] ?? '') && looks.test(option)
    ? { src: value.slice(0, bar).trim(), option }
    : { src: value, option: null };
}

/** `text`, `text | subtitle` or `text | subtitle | position`. */
function titleTag(value: string): TagResult {
  const [text = '', subtitle, position, ...rest] = value.split('|').map((part) => part.trim());
  if (rest.length > 0) return `[title: …] has more than three parts; they are text | subtitle | position`;
  const title: NonNullable<SceneInput['title']> = { text, ...(subtitle ? { subtitle } : {}) };
  if (!position) return { scene: { title } };
  return choice('position', position, titlePositions, (known) => ({
    scene: { title: { ...title, position: known } },
  }));
}

/** Any of engine, name, language and speed (`1.2x`), in any order: `[voice: flite slt en-US]`. */
function voiceTag(value: string): NonNullable<SceneInput['voice']> {
  const voice: NonNullable<SceneInput['voice']> = {};
  const name: string[] = [];
  for (const word of value.split(/\s+/)) {
    const speed = /^(\d(?:\.\d+)?)x$/i.exec(word)?.[1];
    const engine = engineNames.find((known) => known === word.toLowerCase());
    if (speed) voice.speed = Number(speed);
    else if (engine && !voice.engine) voice.engine = engine;
    else if (isLanguage(word) && !voice.language) voice.language = word;
    else name.push(word);
  }
  if (name.length > 0) voice.name = name.join(' ');
  return voice;
}

/** `es`, `es-419`, `fil`; but `slt` and `kal` are voices. Three letters count where no two-letter code exists. */
function isLanguage(word: string): boolean {
  if (!languageSchema.safeParse(word).success) return false;
  if (word.length !== 3) return true;
  const names = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' });
  return Intl.getCanonicalLocales(word)[0]!.length === 3 && names.of(word) !== undefined;
}

/** `src`, or `src | 0.2` with its volume. */
function musicTag(value: string): TagResult {
  const { src, option } = splitOption(value, /^\d+(\.\d+)?$/);
  return { soundtrack: { src, ...(option ? { volume: Number(option) } : {}) } };
}

/** Type, direction and seconds, in any order: `wipe left 0.8`. */
function transitionTag(value: string): TagResult {
  const transition: { type?: (typeof transitionTypes)[number]; duration?: number; direction?: string } = {};
  const words = value.split(/[\s,]+/).filter(Boolean);
  const directions = [...new Set(Object.values(transitionDirections).flat())];
  for (const word of words) {
    const seconds = secondsOf(word);
    const type = transitionTypes.find((known) => known === word.toLowerCase());
    if (seconds !== null) transition.duration = seconds;
    else if (type) transition.type = type;
    else if (directions.includes(word.toLowerCase())) transition.direction = word.toLowerCase();
    else
      return `"${word.slice(0, 40)}" is no transition or direction${didYouMean(word, [...transitionTypes, ...directions]) || `; there are ${transitionTypes.join(', ')}`}`;
  }
  return { scene: { transition: transition as SceneInput['transition'] } };
}

function durationTag(value: string): TagResult {
  if (value.toLowerCase() === 'auto') return { scene: { duration: 'auto' } };
  const seconds = secondsOf(value);
  return seconds === null
    ? `[duration: …] must be seconds, e.g. 5 or 2.5, or auto; got "${value.slice(0, 40)}"`
    : { scene: { duration: seconds } };
}

/** `5`, `2.5`, `5s`, `5 s`. */
function secondsOf(word: string): number | null {
  const digits = /^(\d{1,6}(?:[.,]\d{1,6})?)\s*s?$/i.exec(word)?.[1];
  return digits ? Number(digits.replace(',', '.')) : null;
}

function choice<T extends string>(
  what: string,
  word: string,
  known: readonly T[],
  use: (chosen: T) => TagResult,
): TagResult {
  const chosen = known.find((name) => name.toLowerCase() === word.toLowerCase());
  return chosen
    ? use(chosen)
    : `"${word.slice(0, 40)}" is no ${what}${didYouMean(word, known) || `; there are ${known.join(', ')}`}`;
}
