/** Secrets that are ours to make up: written once into the data folder, for its owner only. */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { asStudioError, StudioError } from './errors.ts';

/** 256 bits in URL-safe letters. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * The secret kept in a file, made when there is none. Processes that start together agree on one.
 * @throws {StudioError} not_ready when the file cannot be read or written, or holds no secret
 */
export async function keepSecret(file: string): Promise<string> {
  try {
    return checked(await readFile(file, 'utf8'), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw secretError(error, file);
  }
  try {
    await createPrivateFile(file, `${newSecret()}\n`);
    return checked(await readFile(file, 'utf8'), file);
  } catch (error) {
    throw secretError(error, file);
  }
}

/**
 * Writes a file that only its owner reads, whole or not at all. One that is there already stays.
 * @returns false if it was there
 */
export async function createPrivateFile(file: string, content: string): Promise<boolean> {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    await writePrivateFile(temporary, content);
    // A link fails where a rename would overwrite what another process wrote a moment ago.
    await link(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Writes a new file for its owner only and makes it durable. */
export async function writePrivateFile(file: string, content: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function checked(content: string, file: string): string {
  const secret = content.trim();
  if (secret.length >= 32) return secret;
  throw new StudioError('not_ready', `The file ${file} holds no secret.`, {
    hint: 'Remove it; a new one is made at the next start.',
  });
}

function secretError(error: unknown, file: string): StudioError {
  return asStudioError(error, 'not_ready', `The file ${file} cannot be used.`);
}
