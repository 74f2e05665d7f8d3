/**
 * API keys: who may ask. Kept as SHA-256 digests only, compared in constant time. They come from
 * API_KEYS, or else from a file of digests in the data folder whose first key is made at first start.
 */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { asStudioError, StudioError, type Issue } from './errors.ts';
import { createPrivateFile, newSecret, writePrivateFile } from './secrets.ts';

/** Whose key it is. `admin` sees everyone's jobs. */
export type KeyHolder = { name: string; admin: boolean };

export type KeyRing = {
  /** Null for anything that is no key of ours. Takes as long for a wrong key as for a right one. */
  check(key: string | undefined): KeyHolder | null;
};

export type NewKey = KeyHolder & { /** Shown once and kept nowhere. */ key: string };

type KeyEntry = KeyHolder & { digest: Buffer };

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
/** Shorter configured keys can be guessed. */
const SHORT_KEY = 16;
const LONGEST_KEY = 1024;
/** How often the file is looked at for keys made or removed meanwhile, ms. */
const LOOK_MS = 1000;

const keyFileSchema = z.object({
  keys: z.array(
    z.object({
      name: z.string().regex(NAME),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      admin: z.boolean(),
      createdAt: z.string(),
    }),
  ),
});
type KeyFile = z.infer<typeof keyFileSchema>;

/**
 * Opens the keys of a service.
 * @param configured the value of API_KEYS, which replaces the file
 * @returns the ring, the key that was made because there was none, and sentences to log
 * @throws {StudioError} invalid_request for an API_KEYS that cannot be read, not_ready for a file
 */
export async function openKeys(options: {
  configured: string | undefined;
  dataDir: string;
}): Promise<{ ring: KeyRing; created: NewKey | null; warnings: string[] }> {
  if (options.configured !== undefined) {
    const { entries, warnings } = parseKeys(options.configured);
    return { ring: { check: (key) => find(entries, key) }, created: null, warnings };
  }
  const file = keyFileOf(options.dataDir);
  const created = await makeFirstKey(file);
  return { ring: ringOfFile(file), created, warnings: [] };
}

/**
 * Reads `name:key[:admin],…`. Several keys may share a name, so that one can be replaced without a gap.
 * @throws {StudioError} invalid_request with every fault; no key is repeated in it
 */
export function parseKeys(text: string): { entries: KeyEntry[]; warnings: string[] } {
  const entries: KeyEntry[] = [];
  const issues: Issue[] = [];
  const warnings: string[] = [];
  text.split(',').forEach((part, index) => {
    const place = `API_KEYS[${index}]`;
    const [name = '', key = '', scope, ...rest] = part.trim().split(':');
    if (!NAME.test(name) || key === '' || rest.length > 0)
      issues.push({ path: place, message: 'must be name:key or name:key:admin' });
    else if (scope !== undefined && scope !== 'admin')
      issues.push({ path: place, message: 'must end in ":admin" or have no third part; a key has no colon' });
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
      entries.push({ name, admin: scope === 'admin', digest: digestOf(key) });
    }
  });
  if (issues.length === 0) return { entries, warnings };
  const lines = issues.map((issue) => `  ${issue.path} ${issue.message}`).join('\n');
  throw new StudioError('invalid_request', `API_KEYS cannot be read:\n${lines}`, {
    issues,
    hint: 'Write API_KEYS=frontend:a-long-random-key,operator:another-one:admin.',
  });
}

/**
 * Makes another key beside those of the file; services that run take it within a second.
 * @throws {StudioError} invalid_request for a name that is no name, not_ready
 */
export async function addKey(dataDir: string, holder: KeyHolder): Promise<NewKey> {
  if (!NAME.test(holder.name)) {
    throw new StudioError('invalid_request', `"${holder.name}" cannot be the name of a key.`, {
      hint: 'Use 1 to 64 letters, digits, ".", "-" or "_".',
    });
  }
  const file = keyFileOf(dataDir);
  const { keys } = readKeyFile(file) ?? { keys: [] };
  const made = makeKey(holder);
  await replaceKeyFile(file, { keys: [...keys, made.stored] });
  return made.shown;
}

/** Removes all keys of a name. @returns how many there were */
export async function removeKeys(dataDir: string, name: string): Promise<number> {
  const file = keyFileOf(dataDir);
  const { keys } = readKeyFile(file) ?? { keys: [] };
  const kept = keys.filter((key) => key.name !== name);
  if (kept.length < keys.length) await replaceKeyFile(file, { keys: kept });
  return keys.length - kept.length;
}

/** Names of the keys in the file, oldest first. */
export function listKeys(dataDir: string): (KeyHolder & { createdAt: string })[] {
  const { keys } = readKeyFile(keyFileOf(dataDir)) ?? { keys: [] };
  return keys.map(({ name, admin, createdAt }) => ({ name, admin, createdAt }));
}

function keyFileOf(dataDir: string): string {
  return path.join(dataDir, 'api-keys.json');
}

async function makeFirstKey(file: string): Promise<NewKey | null> {
  if (readKeyFile(file)) return null;
  const made = makeKey({ name: 'default', admin: false });
  try {
    const isOurs = await createPrivateFile(file, contentOf({ keys: [made.stored] }));
    return isOurs ? made.shown : null;
  } catch (error) {
    throw asStudioError(error, 'not_ready', `The API key cannot be kept in ${file}.`);
  }
}

function makeKey(holder: KeyHolder): { shown: NewKey; stored: KeyFile['keys'][number] } {
  const key = `gs_${newSecret()}`;
  const { name, admin } = holder;
  return {
    shown: { name, admin, key },
    stored: { name, admin, sha256: digestOf(key).toString('hex'), createdAt: new Date().toISOString() },
  };
}

/** Follows the file: keys made or removed while the service runs count from the next look on. */
function ringOfFile(file: string): KeyRing {
  let entries: KeyEntry[] = [];
  let seen = '';
  let lookedAt = -Infinity;
  const look = (): void => {
    if (performance.now() - lookedAt < LOOK_MS) return;
    lookedAt = performance.now();
    const found = statSync(file, { throwIfNoEntry: false });
    const stamp = found ? `${found.ino} ${found.size} ${found.mtimeMs}` : 'absent';
    if (stamp === seen) return;
    entries = (readKeyFile(file)?.keys ?? []).map(({ name, admin, sha256 }) => ({
      name,
      admin,
      digest: Buffer.from(sha256, 'hex'),
    }));
    seen = stamp;
  };
  look();
  return {
    check(key) {
      try {
        look();
      } catch {
        // Unreadable for a moment (or damaged): those known so far stay.
      }
      return find(entries, key);
    },
  };
}

/** Looks at every entry, found or not. */
function find(entries: readonly KeyEntry[], key: string | undefined): KeyHolder | null {
  const isKey = typeof key === 'string' && key.length > 0 && key.length <= LONGEST_KEY;
  const digest = digestOf(isKey ? key : '');
  let found: KeyHolder | null = null;
  for (const entry of entries) {
    if (timingSafeEqual(entry.digest, digest) && isKey) found = { name: entry.name, admin: entry.admin };
  }
  return found;
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** @throws {StudioError} not_ready for a file that is there and cannot be read */
function readKeyFile(file: string): KeyFile | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw asStudioError(error, 'not_ready', `The API keys in ${file} cannot be read.`);
  }
  try {
    return keyFileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new StudioError('not_ready', `The file ${file} is damaged.`, {
      hint: 'Remove it (all its keys stop working) and start again: a new key is made.',
      cause: error,
    });
  }
}

async function replaceKeyFile(file: string, content: KeyFile): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writePrivateFile(temporary, contentOf(content));
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw asStudioError(error, 'not_ready', `The API keys cannot be written to ${file}.`);
  }
}

function contentOf(content: KeyFile): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}
