/**
 * Speech kept on disk under the hash of what made it: a WAV, and for sentences a JSON beside it.
 * Written under another name and renamed, so that a reader finds all of it or nothing. Kept below
 * a size by dropping what was not used for longest. Hosts may share it: what one has spoken, with a voice
 * that never says a thing twice alike or for money, is not spoken by another.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { asStudioError } from '../errors.ts';
import type { Exchange } from '../shared-cache.ts';

export type CacheOptions = {
  folder: string;
  maxBytes: number;
  /** What was used within this time is never dropped: a film being made still needs it, ms. */
  keepMs?: number;
  /** Where other hosts keep theirs. */
  exchange?: Exchange | undefined;
};

/** The name of an entry: SHA-256 of everything that decides its content. */
export function cacheKey(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

const hour = 3_600_000;
/** How far a clean-up goes below the limit, so that not every write starts one. */
const lowWater = 0.8;

export class SpeechCache {
  private readonly folder: string;
  private readonly maxBytes: number;
  private readonly keepMs: number;
  private readonly exchange: Exchange | undefined;
  /** Bytes written since the folder was last measured, on top of what was found then. */
  private bytes: number | null = null;
  private cleaning: Promise<void> | null = null;

  constructor({ folder, maxBytes, keepMs = hour, exchange }: CacheOptions) {
    this.exchange = exchange;
    this.folder = folder;
    this.maxBytes = maxBytes;
    this.keepMs = keepMs;
  }

  /** Where the file `<key>.<extension>` is or will be. */
  pathOf(key: string, extension: 'wav' | 'json'): string {
    return path.join(this.folder, key.slice(0, 2), `${key}.${extension}`);
  }

  /** Whether a file is there with exactly this size in bytes; if so it counts as used now. */
  async has(key: string, extension: 'wav' | 'json', bytes: number): Promise<boolean> {
    const file = this.pathOf(key, extension);
    const found = await stat(file).catch(() => null);
    if (found?.size !== bytes) return false;
    await this.touch(file);
    return true;
  }

  /**
   * Gets a file that is not here from another host.
   * @returns whether it is here now; never rejects
   */
  async bring(key: string, extension: 'wav' | 'json', signal: AbortSignal): Promise<boolean> {
    if (!this.exchange) return false;
    const file = this.pathOf(key, extension);
    const temporary = temporaryOf(file);
    const made = await mkdir(path.dirname(file), { recursive: true }).then(() => true, () => false); // prettier-ignore
    const keep = async (): Promise<void> => {
      const { size } = await stat(temporary);
      await rename(temporary, file);
      await this.account(size);
    };
    return made && this.exchange.bring(`${key}.${extension}`, temporary, keep, signal);
  }

  /** Puts files that are here where other hosts find them, one after the other in the background. */
  share(key: string, extensions: readonly ('wav' | 'json')[]): void {
    const { exchange } = this;
    if (!exchange) return;
    exchange.trim();
    const sendAll = async (): Promise<void> => {
      for (const extension of extensions)
        if (!(await exchange.send(`${key}.${extension}`, this.pathOf(key, extension)))) return;
    };
    void sendAll();
  }

  /** The content of a file, null if it is not there. */
  async read(key: string, extension: 'wav' | 'json'): Promise<Buffer | null> {
    const file = this.pathOf(key, extension);
    const content = await readFile(file).catch(() => null);
    if (content) await this.touch(file);
    return content;
  }

  /** @throws {StudioError} no_space, internal */
  async write(key: string, extension: 'wav' | 'json', content: Buffer): Promise<string> {
    const file = this.pathOf(key, extension);
    const temporary = temporaryOf(file);
    try {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(temporary, content, { flag: 'wx' });
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw asStudioError(error, 'internal', 'Speech could not be written to its cache.');
    }
    await this.account(content.length);
    return file;
  }

  /** Waits for a clean-up under way, and a moment for what is being sent. */
  async settle(): Promise<void> {
    await this.cleaning;
    await this.exchange?.close();
  }

  private async touch(file: string): Promise<void> {
    const now = new Date();
    // The file may have gone this instant, or the folder be read-only: then it just ages.
    await utimes(file, now, now).catch(() => {});
  }

  private async account(bytes: number): Promise<void> {
    if (this.bytes !== null) this.bytes += bytes;
    if (this.bytes !== null && this.bytes <= this.maxBytes) return;
    this.cleaning ??= this.clean().finally(() => (this.cleaning = null));
    await this.cleaning;
  }

  /** Measures the folder (others may write to it too), and drops the oldest if there is too much. */
  private async clean(): Promise<void> {
    const files = await this.list();
    const now = Date.now();
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const target = bytes > this.maxBytes ? this.maxBytes * lowWater : Infinity;
    for (const file of files.sort((a, b) => a.usedAt - b.usedAt)) {
      const abandoned = file.path.endsWith('.tmp') && now - file.usedAt > hour;
      if (!abandoned && (bytes <= target || now - file.usedAt < this.keepMs)) continue;
      await rm(file.path, { force: true });
      bytes -= file.bytes;
    }
    this.bytes = bytes;
  }

  private async list(): Promise<{ path: string; bytes: number; usedAt: number }[]> {
    const names = await readdir(this.folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const files = names.filter(
      (entry) => entry.isFile() && /^[0-9a-f]{64}\.(wav|json)(\..*\.tmp)?$/.test(entry.name),
    );
    const measured = files.map(async (entry) => {
      const file = path.join(entry.parentPath, entry.name);
      const found = await stat(file).catch(() => null);
      return found ? [{ path: file, bytes: found.size, usedAt: found.mtimeMs }] : [];
    });
    return (await Promise.all(measured)).flat();
  }
}

function temporaryOf(file: string): string {
  return `${file}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
}
