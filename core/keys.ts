/**
 * API keys: who may ask. Kept as SHA-256 digests only, compared in constant time. They come from
 * API_KEYS, or else from a file of digests in the data folder whose first key is made at first start.
 */
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { asStudioError, StudioError } from './errors.ts';
import { parseKeys } from './keys/configured.ts';
import {
  digestOf,
  KEY_NAME,
  LONGEST_KEY,
  usualMostPriority,
  type KeyEntry,
  type KeyHolder,
} from './keys/entry.ts';
import { HIGHEST_PRIORITY, mostPrioritySchema } from './schema/priority.ts';
import { createPrivateFile, newSecret, writePrivateFile } from './secrets.ts';

export type { KeyHolder } from './keys/entry.ts';

export type KeyRing = {
  /** Null for anything that is no key of ours. Takes as long for a wrong key as for a right one. */
  check(key: string | undefined): KeyHolder | null;
};

export type NewKey = KeyHolder & { /** Shown once and kept nowhere. */ key: string };
/** Absent: what is usual for the kind of key. */
export type KeyWish = Omit<KeyHolder, 'mostPriority'> & { mostPriority?: number | undefined };

/** How often the file is looked at for keys made or removed meanwhile, ms. */
const LOOK_MS = 1000;

const keyFileSchema = z.object({
  keys: z.array(
    z.object({
      name: z.string().regex(KEY_NAME),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      admin: z.boolean(),
      mostPriority: mostPrioritySchema.optional(),
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
 * Makes another key beside those of the file; services that run take it within a second.
 * @throws {StudioError} invalid_request for a name that is no name, not_ready
 */
export async function addKey(dataDir: string, holder: KeyWish): Promise<NewKey> {
  if (!KEY_NAME.test(holder.name)) {
    throw new StudioError('invalid_request', `"${holder.name}" cannot be the name of a key.`, {
      hint: 'Use 1 to 64 letters, digits, ".", "-" or "_".',
    });
  }
  if (holder.mostPriority !== undefined && !mostPrioritySchema.safeParse(holder.mostPriority).success) {
    throw new StudioError('invalid_request', 'The highest priority of a key cannot be this.', {
      hint: `Give a whole number from 0 to ${HIGHEST_PRIORITY}.`,
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
  return keys.map((key) => ({ ...holderOf(key), createdAt: key.createdAt }));
}

function keyFileOf(dataDir: string): string {
  return path.join(dataDir, 'api-keys.json');
}

async function makeFirstKey(file: string): Promise<NewKey | null> {
  if (readKeyFile(file)) return null;
  // Whoever starts the service may say what goes first in it.
  const made = makeKey({ name: 'default', admin: false, mostPriority: HIGHEST_PRIORITY });
  try {
    const isOurs = await createPrivateFile(file, contentOf({ keys: [made.stored] }));
    return isOurs ? made.shown : null;
  } catch (error) {
    throw asStudioError(error, 'not_ready', `The API key cannot be kept in ${file}.`);
  }
}

function makeKey(wish: KeyWish): { shown: NewKey; stored: KeyFile['keys'][number] } {
  const key = `gs_${newSecret()}`;
  const holder = holderOf(wish);
  return {
    shown: { ...holder, key },
    stored: { ...holder, sha256: digestOf(key).toString('hex'), createdAt: new Date().toISOString() },
  };
}

function holderOf({ name, admin, mostPriority = usualMostPriority(admin) }: KeyWish): KeyHolder {
  return { name, admin, mostPriority };
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
    entries = (readKeyFile(file)?.keys ?? []).map((key) => ({
      ...holderOf(key),
      digest: Buffer.from(key.sha256, 'hex'),
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
    if (timingSafeEqual(entry.digest, digest) && isKey) found = holderOf(entry);
  }
  return found;
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
