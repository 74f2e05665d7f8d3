/**
 * Whether something is a storyboard. Every fault is found in one go and named by the path people
 * would write (`scenes[3].media.src`, counted from 0 as in JSON); harmless oddities are warnings.
 */
import type { z } from 'zod';
import type { Issue } from './errors.ts';
import { explainIssue, pathText } from './explain-issue.ts';
import { limits, storyboardSchema, type Storyboard } from './schema/storyboard.ts';
import {
  beyondLimits,
  brokenSceneRules,
  estimateSeconds,
  harmlessOddities,
  type StoryboardLimits,
} from './storyboard-rules.ts';

export type Validation =
  | { ok: true; storyboard: Storyboard; warnings: string[]; estimatedSeconds: number }
  | { ok: false; issues: Issue[] };

/** More faults than anyone reads at once; the rest is counted. */
const MOST_ISSUES = 200;
const DEEPEST = 32;
const schemaLimits: StoryboardLimits = {
  scenes: limits.scenes,
  seconds: limits.filmSeconds,
  downloads: Infinity,
};
/** Values in one input. The largest storyboard allowed, with all fields in all scenes, has about 12,000. */
const MOST_VALUES = 100_000;

/**
 * Checks a storyboard of any origin and fills in its defaults. Never throws, whatever the input.
 * `estimatedSeconds` is the film's likely length, exact where all durations are given.
 * @param most what the settings of this machine allow; by default all that the schema does
 */
export function validateStoryboard(input: unknown, most: StoryboardLimits = schemaLimits): Validation {
  const unsafe = shapeFault(input);
  if (unsafe) return { ok: false, issues: [unsafe] };
  const readable = withNamesForNumbers(input);
  const issues = [...schemaIssues(readable), ...brokenSceneRules(readable)];
  if (issues.length > 0) return { ok: false, issues: shortened(inReadingOrder(issues)) };
  const storyboard = storyboardSchema.parse(readable);
  const beyond = beyondLimits(storyboard, most);
  if (beyond.length > 0) return { ok: false, issues: beyond };
  return {
    ok: true,
    storyboard,
    warnings: harmlessOddities(storyboard, most),
    estimatedSeconds: estimateSeconds(storyboard),
  };
}

/** Refuses what only an attack or an accident contains, before anything recursive sees it. */
function shapeFault(input: unknown): Issue | null {
  const waiting: { value: unknown; path: (string | number)[] }[] = [{ value: input, path: [] }];
  for (let seen = 0; waiting.length > 0; seen++) {
    const { value, path } = waiting.pop()!;
    if (seen > MOST_VALUES)
      return {
        path: '',
        message: `has more than ${MOST_VALUES.toLocaleString('en')} values; no storyboard is that large`,
      };
    if (typeof value !== 'object' || value === null) continue;
    if (path.length > DEEPEST)
      return {
        path: pathText(path.slice(0, 4)),
        message: `is nested more than ${DEEPEST} levels deep; no field of a storyboard is`,
      };
    if (Object.hasOwn(value, '__proto__'))
      return { path: pathText([...path, '__proto__']), message: 'is not a field; remove it' };
    // No file can say this, but an object of a program can, and map() of such a list throws.
    if (Array.isArray(value) && Object.hasOwn(value, 'constructor'))
      return { path: pathText([...path, 'constructor']), message: 'is not a field; remove it' };
    if (Array.isArray(value) && value.length > MOST_VALUES)
      return {
        path: pathText(path),
        message: `has ${value.length.toLocaleString('en')} entries, far more than are allowed`,
      };
    for (const [key, inner] of Object.entries(value).reverse())
      waiting.push({ value: inner, path: [...path, Array.isArray(value) ? Number(key) : key] });
  }
  return null;
}

/** `resolution: 1080` without quotes is a number in YAML and JSON, and means the same. */
function withNamesForNumbers(input: unknown): unknown {
  if (!isRecord(input) || !isRecord(input['output']) || typeof input['output']['resolution'] !== 'number')
    return input;
  return { ...input, output: { ...input['output'], resolution: String(input['output']['resolution']) } };
}

/**
 * The schema's faults. An unknown field keeps zod from running the refinements of the object around
 * it, so the check is repeated without the unknown fields and adds what only then comes to light.
 */
function schemaIssues(input: unknown): Issue[] {
  const first = storyboardSchema.safeParse(input);
  if (first.success) return [];
  const unknown = first.error.issues.filter((issue) => issue.code === 'unrecognized_keys');
  const again = unknown.length > 0 ? storyboardSchema.safeParse(without(input, unknown)) : first;
  const later = again.success ? [] : again.error.issues;
  const all = [...first.error.issues, ...later].flatMap((issue) => explainIssue(issue, input));
  return [...new Map(all.map((issue) => [`${issue.path}\n${issue.message}`, issue])).values()];
}

function without(input: unknown, unknown: z.core.$ZodIssueUnrecognizedKeys[]): unknown {
  const copy = structuredClone(input);
  for (const issue of unknown) {
    const owner = issue.path.reduce<unknown>(
      (value, key) => (value as Record<PropertyKey, unknown>)[key],
      copy,
    );
    for (const key of issue.keys) delete (owner as Record<string, unknown>)[key];
  }
  return copy;
}

/** By scene, so that someone correcting a file goes through it once from top to bottom. */
function inReadingOrder(issues: Issue[]): Issue[] {
  const sceneOf = (issue: Issue): number => Number(/^scenes\[(\d+)\]/.exec(issue.path)?.[1] ?? -1);
  return issues.toSorted((a, b) => sceneOf(a) - sceneOf(b));
}

function shortened(issues: Issue[]): Issue[] {
  if (issues.length <= MOST_ISSUES) return issues;
  const rest = issues.length - MOST_ISSUES;
  return [
    ...issues.slice(0, MOST_ISSUES),
    { path: '', message: `and ${rest} more faults; correct these first` },
  ];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
