/** Says a schema fault in words: what is wrong, what would be right, and the name that was probably meant. */
import type { z } from 'zod';
import type { Issue } from './errors.ts';
import { didYouMean, nearestName } from './nearest-name.ts';
import { storyboardSchema } from './schema/storyboard.ts';

type Path = readonly PropertyKey[];
type AnySchema = z.core.$ZodType;

/** One schema fault as the issues people read; a fault over several unknown fields becomes one each. */
export function explainIssue(issue: z.core.$ZodIssue, input: unknown): Issue[] {
  const value = valueAt(input, issue.path);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownField(issue.path, key, value));
  return [{ path: pathText(issue.path), message: explain(issue, value, input) }];
}

/** `scenes[3].media.src`; a key that is no plain word is quoted: `metadata["a b"]`. */
export function pathText(path: Path): string {
  return path
    .map((key) =>
      typeof key === 'number'
        ? `[${key}]`
        : /^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(String(key))
          ? `.${String(key)}`
          : `[${shown(String(key))}]`,
    )
    .join('')
    .replace(/^\./, '');
}

function explain(issue: z.core.$ZodIssue, value: unknown, input: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return value === undefined
        ? `is missing; it must be ${kindName(issue.expected)}`
        : wrongKind(kindName(issue.expected), value, issue.path);
    case 'invalid_value':
      return hasOwnWords(issue)
        ? `${issue.message}; got ${shown(value)}`
        : wrongChoice(issue.values.map(String), value);
    case 'invalid_union':
      if ('discriminator' in issue && issue.discriminator) return wrongVariant(issue, input);
      // The schema's own words, where it has some.
      return hasOwnWords(issue)
        ? `${issue.message}; got ${shown(value)}`
        : wrongKind(unionKinds(issue), value, issue.path);
    case 'too_small':
    case 'too_big':
      return hasOwnWords(issue) ? withValue(issue.message, value) : outOfRange(issue, value);
    case 'invalid_format':
      return `${issue.message}; got ${shown(value)}`;
    default:
      return issue.message;
  }
}

/** Zod's default sentences begin with "Too" or "Invalid"; ours say what to do. */
function hasOwnWords(issue: { message: string }): boolean {
  return !/^(Too (small|big)|Invalid)/.test(issue.message);
}

/** A number is worth repeating; a text of 50 kB or a list is not. */
function withValue(message: string, value: unknown): string {
  return typeof value === 'number' ? `${message}; got ${value}` : message;
}

function outOfRange(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, value: unknown): string {
  const [side, bound] =
    issue.code === 'too_small' ? (['least', issue.minimum] as const) : (['most', issue.maximum] as const);
  if (issue.origin === 'string')
    return `must have at ${side} ${bound} characters; it has ${(value as string).length}`;
  if (issue.origin === 'array')
    return `must have at ${side} ${bound} entries; it has ${(value as unknown[]).length}`;
  const word = issue.inclusive ? `at ${side}` : issue.code === 'too_small' ? 'more than' : 'less than';
  return `must be ${word} ${bound}; got ${shown(value)}`;
}

function wrongKind(expected: string, value: unknown, path: Path): string {
  if (value === null && isColor(path))
    return 'is empty: in YAML a "#" begins a comment, so write the colour in quotes, e.g. "#1e90ff"';
  const quotes =
    expected === 'a text' && (typeof value === 'number' || typeof value === 'boolean')
      ? `; put it in quotes: "${String(value)}"`
      : '';
  return `must be ${expected}, not ${kindOf(value)}${quotes}`;
}

function isColor(path: Path): boolean {
  return path.some((key) => /colors?$|^highlight$/.test(String(key)));
}

function wrongChoice(choices: string[], value: unknown): string {
  const list = choices.map((choice) => `"${choice}"`).join(', ');
  if (value === undefined) return `is missing; it must be one of ${list}`;
  return `must be one of ${list}; got ${shown(value)}${typeof value === 'string' ? didYouMean(value, choices) : ''}`;
}

/** `media` is told apart by its `type`: say which types there are, and notice a misspelt `type`. */
function wrongVariant(issue: z.core.$ZodIssueInvalidUnion, input: unknown): string {
  const options = ('options' in issue && Array.isArray(issue.options) ? issue.options : []).map(String);
  const value = valueAt(input, issue.path);
  const owner = valueAt(input, issue.path.slice(0, -1));
  const name = String(issue.path.at(-1));
  if (value !== undefined) return wrongChoice(options, value);
  const keys = isObject(owner) ? Object.keys(owner) : [];
  const misspelt = keys.find((key) => nearestName(key, [name]) !== null);
  return `${wrongChoice(options, value)}${misspelt ? ` (is "${misspelt}" meant to be "${name}"?)` : ''}`;
}

function unionKinds(issue: z.core.$ZodIssueInvalidUnion): string {
  const kinds = issue.errors
    .flat()
    .map((inner) => (inner.code === 'invalid_type' ? kindName(inner.expected) : ''));
  return kinds.filter(Boolean).join(' or ') || 'something else';
}

/** Fields that other tools call differently, and where they are here. */
const otherNames: Record<string, string> = {
  narration: 'text', script: 'text', voiceover: 'text', speech: 'text', say: 'text', speaker: 'voice',
  image: 'media', picture: 'media', photo: 'media', video: 'media', clip: 'media', background: 'media', src: 'media',
  music: 'soundtrack', bgm: 'soundtrack', subtitles: 'captions', slides: 'scenes', shots: 'scenes', clips: 'scenes',
  motion: 'effect', animation: 'effect', heading: 'title', length: 'duration', seconds: 'duration', branding: 'brand',
  ratio: 'aspectRatio', framerate: 'fps', size: 'resolution', url: 'src', file: 'src', path: 'src', rate: 'speed',
}; // prettier-ignore

function unknownField(path: Path, key: string, owner: unknown): Issue {
  const known = fieldsAt(path, owner);
  const meant = nearestName(key, known) ?? known.find((name) => name === otherNames[key.toLowerCase()]);
  let advice = `known here: ${known.join(', ')}`;
  if (meant) advice = `did you mean "${meant}"?`;
  else {
    const places = allPlaces().filter((place) => nearestName(key, [place.name]) !== null);
    if (places.length > 0) advice = `did you mean ${places.slice(0, 2).map((place) => `"${place.path}"`).join(' or ')}?`; // prettier-ignore
  }
  return { path: pathText([...path, key]), message: `unknown field ${shown(key)}; ${advice}` };
}

/** Field names the schema has at a path; the variant of a union is chosen by the value found there. */
function fieldsAt(path: Path, owner: unknown): string[] {
  let schemas: AnySchema[] = [storyboardSchema];
  for (const key of path) schemas = schemas.flatMap((schema) => step(schema, key));
  const objects = schemas.flatMap(variants).filter((schema) => 'shape' in schema._zod.def);
  const shapes = objects.map(
    (schema) => (schema._zod.def as unknown as { shape: Record<string, AnySchema> }).shape,
  );
  const fitting = shapes.filter((shape) => matchesType(shape['type'], owner));
  return [...new Set((fitting.length > 0 ? fitting : shapes).flatMap((shape) => Object.keys(shape)))];
}

function matchesType(type: AnySchema | undefined, owner: unknown): boolean {
  const literals = (type?._zod.def as { values?: unknown[] } | undefined)?.values;
  return literals !== undefined && isObject(owner) && literals.includes(owner['type']);
}

/** Schemas one key further down. */
function step(schema: AnySchema, key: PropertyKey): AnySchema[] {
  return variants(schema).flatMap((variant) => {
    const def = variant._zod.def as { shape?: Record<string, AnySchema>; element?: AnySchema };
    const next = def.element ?? def.shape?.[String(key)];
    return next ? [next] : [];
  });
}

/** A schema without its wrappers (optional, default, …), a union as its options. */
function variants(schema: AnySchema): AnySchema[] {
  const def = schema._zod.def as { innerType?: AnySchema; options?: AnySchema[] };
  if (def.innerType) return variants(def.innerType);
  return def.options ? def.options.flatMap(variants) : [schema];
}

/** Every field of the schema with its path: `fps` is `output.fps`. */
function allPlaces(schema: AnySchema = storyboardSchema, prefix = ''): { name: string; path: string }[] {
  return variants(schema).flatMap((variant) => {
    const def = variant._zod.def as { shape?: Record<string, AnySchema>; element?: AnySchema };
    if (def.element) return allPlaces(def.element, `${prefix}[]`);
    return Object.entries(def.shape ?? {}).flatMap(([name, inner]) => {
      const path = prefix ? `${prefix}.${name}` : name;
      return [{ name, path }, ...allPlaces(inner, path)];
    });
  });
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const kindNames: Record<string, string> = {
  string: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', object: 'an object', record: 'an object', null: 'null',
}; // prettier-ignore

function kindName(expected: string): string {
  return kindNames[expected] ?? expected;
}

/** The value itself if it is short, else what kind of thing it is. */
function kindOf(value: unknown): string {
  if (value === null) return 'empty (null)';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? `the text ${shown(value)}` : shown(value);
}

/** A value as it may stand in a message: one line, short, without control characters. */
function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined) return String(value);
  if (typeof value !== 'string') return typeof value === 'object' ? kindOf(value) : `a ${typeof value}`;
  const text = JSON.stringify(value.slice(0, 60));
  const clean = text.replaceAll(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g, '');
  return value.length > 60 ? `${clean.slice(0, -1)}…"` : clean;
}
