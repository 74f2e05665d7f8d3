/** `--set captions.style=karaoke`: puts one value anywhere into a storyboard, by the path people write. */
import { StudioError } from '../core/errors.ts';

type Container = Record<string, unknown> | unknown[];

/** Longest list `--set` makes by itself; nobody means scenes[1000000]. */
const LONGEST_LIST = 300;

/**
 * A copy of `input` with `path=value` set. The value is JSON where it can be read as such, else text;
 * what lies on the way is made if it is missing.
 * @throws {StudioError} invalid_request for what is no assignment, or leads through a plain value
 */
export function setField(input: unknown, assignment: string): unknown {
  const equals = assignment.indexOf('=');
  const path = equals > 0 ? parsePath(assignment.slice(0, equals)) : null;
  if (!path) {
    throw new StudioError(
      'invalid_request',
      `--set ${assignment}: it must look like captions.style=karaoke or scenes[0].effect=none.`,
    );
  }
  const root: unknown = structuredClone(input);
  let owner = asContainer(root, '', assignment);
  for (const [depth, key] of path.entries()) {
    checkKey(owner, key, assignment);
    if (depth === path.length - 1) assign(owner, key, parseValue(assignment.slice(equals + 1)));
    else {
      const next = read(owner, key) ?? (typeof path[depth + 1] === 'number' ? [] : {});
      assign(owner, key, next);
      owner = asContainer(next, String(key), assignment);
    }
  }
  return root;
}

/** `scenes[0].media.src` as keys; null if it is no path. */
function parsePath(text: string): (string | number)[] | null {
  if (!/^[A-Za-z_][\w-]*(\[\d{1,6}\]|\.[A-Za-z_][\w-]*)*$/.test(text)) return null;
  return [...text.matchAll(/\[(\d+)\]|([\w-]+)/g)].map(([, index, word]) =>
    index === undefined ? word! : Number(index),
  );
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function asContainer(value: unknown, where: string, assignment: string): Container {
  if (typeof value === 'object' && value !== null) return value as Container;
  throw new StudioError(
    'invalid_request',
    `--set ${assignment}: ${where ? `"${where}"` : 'the storyboard'} holds a plain value, so nothing can be set inside it.`,
  );
}

function checkKey(owner: Container, key: string | number, assignment: string): void {
  const fault = (words: string): StudioError =>
    new StudioError('invalid_request', `--set ${assignment}: ${words}.`);
  if (key === '__proto__') throw fault('"__proto__" is not a field');
  if (Array.isArray(owner) !== (typeof key === 'number'))
    throw fault(
      Array.isArray(owner)
        ? `"${key}" needs an index before it, e.g. scenes[0]`
        : `[${key}] is used on something that is no list`,
    );
  if (Array.isArray(owner) && (key as number) > Math.min(owner.length, LONGEST_LIST)) {
    throw fault(
      owner.length === 0
        ? 'the list is empty; begin with [0]'
        : `there are only ${owner.length}, [0] to [${owner.length - 1}]`,
    );
  }
}

function read(owner: Container, key: string | number): unknown {
  return Object.hasOwn(owner, key) ? (owner as Record<string | number, unknown>)[key] : undefined;
}

function assign(owner: Container, key: string | number, value: unknown): void {
  (owner as Record<string | number, unknown>)[key] = value;
}
