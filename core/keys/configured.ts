/** The keys of API_KEYS: `name:key[:admin][:priority=N],…`. */
import { timingSafeEqual } from 'node:crypto';
import { StudioError, type Issue } from '../errors.ts';
import { mostPrioritySchema } from '../schema/priority.ts';
import { digestOf, KEY_NAME, LONGEST_KEY, usualMostPriority, type KeyEntry } from './entry.ts';

/** Shorter configured keys can be guessed. */
const SHORT_KEY = 16;

/**
 * Several keys may share a name, so that one can be replaced without a gap.
 * @returns the keys, and sentences to log
 * @throws {StudioError} invalid_request with every fault; no key is repeated in it
 */
export function parseKeys(text: string): { entries: KeyEntry[]; warnings: string[] } {
  const entries: KeyEntry[] = [];
  const issues: Issue[] = [];
  const warnings: string[] = [];
  text.split(',').forEach((part, index) => {
    const place = `API_KEYS[${index}]`;
    const [name = '', key = '', ...rights] = part.trim().split(':');
    const right = readRights(rights);
    if (!KEY_NAME.test(name) || key === '')
      issues.push({ path: place, message: 'must be name:key, name:key:admin or name:key:priority=5' });
    else if (!right)
      issues.push({
        path: place,
        message:
          'may say ":admin" and ":priority=0" to ":priority=10" behind the key, once; a key has no colon',
      });
    else if (key.length > LONGEST_KEY || /[^\x21-\x7e]/.test(key))
      issues.push({
        path: place,
        message: `must have a key of at most ${LONGEST_KEY} visible ASCII characters`,
      });
    else if (entries.some((entry) => timingSafeEqual(entry.digest, digestOf(key))))
      issues.push({ path: place, message: 'has the key of another entry' });
    else {
      if (key.length < SHORT_KEY)
        warnings.push(`The API key "${name}" is shorter than ${SHORT_KEY} characters and can be guessed.`);
      entries.push({ name, ...right, digest: digestOf(key) });
    }
  });
  if (issues.length === 0) return { entries, warnings };
  const lines = issues.map((issue) => `  ${issue.path} ${issue.message}`).join('\n');
  throw new StudioError('invalid_request', `API_KEYS cannot be read:\n${lines}`, {
    issues,
    hint: 'Write API_KEYS=frontend:a-long-random-key,operator:another-one:admin.',
  });
}

/** Null for what is no right, and for one that is said twice. */
function readRights(rights: readonly string[]): Pick<KeyEntry, 'admin' | 'mostPriority'> | null {
  let admin = false;
  let mostPriority: number | undefined;
  for (const right of rights) {
    const [, digits] = /^priority=(\d{1,2})$/.exec(right) ?? [];
    const asked = mostPrioritySchema.safeParse(digits === undefined ? undefined : Number(digits));
    if (right === 'admin' && !admin) admin = true;
    else if (asked.success && mostPriority === undefined) mostPriority = asked.data;
    else return null;
  }
  return { admin, mostPriority: mostPriority ?? usualMostPriority(admin) };
}
