/** Sherpa voices on this machine: downloaded from a catalogue, checked, unpacked, and taken away again. */
import { readFileSync } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { asStudioError, StudioError } from '../../errors.ts';
import { nearestName } from '../../nearest-name.ts';
import { unpackBzip2 } from './bzip2.ts';
import { catalogue, catalogueEntrySchema, type CatalogueEntry } from './catalogue.ts';
import { discard, download, type Download } from './download.ts';
import { unpackTar } from './tar.ts';

export type VoiceProgress = { step: 'downloading' | 'unpacking'; bytes: number; totalBytes: number };
export type AddedVoice = { name: string; folder: string; licence: string; warnings: string[] };

/** Looks into a folder and throws what is wrong with it; knows how sherpa names what it finds there. */
export type VoiceInspector = {
  inspect(folder: string): void;
  voiceName(folderName: string): string;
  noteFile: string;
};

export type VoiceStore = {
  /** What can be downloaded, and whether it is here. @throws {StudioError} invalid_request for a damaged own catalogue */
  offered(): Promise<(CatalogueEntry & { installed: boolean })[]>;
  /** @throws {StudioError} not_found, conflict, fetch_failed, no_space, cancelled, voice_unknown if it is unusable */
  add(
    name: string,
    options: { signal: AbortSignal; onProgress?: (progress: VoiceProgress) => void },
  ): Promise<AddedVoice>;
  /** @throws {StudioError} not_found */
  remove(name: string): Promise<void>;
};

export type VoiceStoreOptions = VoiceInspector & Pick<Download, 'stallMs' | 'retryMs'> & {
  /** One folder a voice; made when needed. */
  folder: string;
}; // prettier-ignore

/** Own entries, for inner networks: a list like the catalogue's, in the folder of voices. */
const ownCatalogueFile = 'catalogue.json';

export function openVoiceStore(options: VoiceStoreOptions): VoiceStore {
  const { folder, voiceName } = options;
  const entries = (): CatalogueEntry[] => [...ownCatalogue(folder), ...catalogue];

  const folderOf = async (name: string): Promise<string | null> => {
    const names = await readdir(folder).catch(() => []);
    const found = names.find(
      (each) => !each.startsWith('.') && voiceName(each).toLowerCase() === name.toLowerCase(),
    );
    return found === undefined ? null : path.join(folder, found);
  };

  return {
    async offered() {
      const all = entries().map(async (entry) => ({
        ...entry,
        installed: (await folderOf(entry.name)) !== null,
      }));
      return Promise.all(all);
    },
    async add(name, { signal, onProgress = () => undefined }) {
      const entry = find(entries(), name);
      if (await folderOf(entry.name))
        throw new StudioError('conflict', `The voice ${entry.name} is here already.`, {
          hint: `Remove it with \`genscene voices remove ${entry.name}\` to download it anew.`,
        });
      const parts = entry.parts.map((_, index) =>
        path.join(folder, '.downloads', `${entry.name}.${index}.part`),
      );
      await fetchParts(entry, parts, { ...options, signal, onProgress });
      const place = path.join(folder, entry.name);
      await unpackInto(place, entry, parts, { ...options, signal, onProgress });
      await Promise.all(parts.map(discard));
      const unverified = entry.parts.filter((part) => part.sha256.length === 0).length;
      const warnings = unverified > 0 ? [`Nobody published a checksum for ${entry.name}: only its size was checked.`] : []; // prettier-ignore
      return { name: entry.name, folder: place, licence: entry.licence, warnings };
    },
    async remove(name) {
      const place = await folderOf(name);
      if (!place)
        throw new StudioError('not_found', `There is no sherpa voice "${name.slice(0, 80)}" in ${folder}.`, {
          hint: '`genscene voices` lists all.',
        });
      if ((await lstat(place)).isSymbolicLink()) return rm(place);
      // Gone at once for whoever looks, however long its files take.
      const going = path.join(folder, `.removing-${process.pid}-${path.basename(place)}`);
      await rename(place, going);
      await rm(going, { recursive: true, force: true });
    },
  };
}

function find(entries: readonly CatalogueEntry[], name: string): CatalogueEntry {
  const found = entries.find((entry) => entry.name.toLowerCase() === name.trim().toLowerCase());
  if (found) return found;
  const near = nearestName(name, entries.map((entry) => entry.name)); // prettier-ignore
  throw new StudioError('not_found', `There is no voice "${name.slice(0, 80)}" to download.`, {
    hint: `${near ? `Did you mean ${near}? ` : ''}\`genscene voices --offered\` lists what there is.`,
  });
}

function ownCatalogue(folder: string): CatalogueEntry[] {
  const file = path.join(folder, ownCatalogueFile);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  try {
    return z.array(catalogueEntrySchema).parse(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new StudioError('invalid_request', `${file} is no list of voices: ${reason}`, {
      hint: 'Correct it, or remove it.',
    });
  }
}

type Work = VoiceStoreOptions & { signal: AbortSignal; onProgress: (progress: VoiceProgress) => void };

async function fetchParts(entry: CatalogueEntry, parts: readonly string[], work: Work): Promise<void> {
  const totalBytes = entry.parts.reduce((sum, part) => sum + part.bytes, 0);
  let before = 0;
  for (const [index, part] of entry.parts.entries()) {
    const done = before;
    await download({
      url: part.url,
      part: parts[index]!,
      bytes: part.bytes,
      sha256: part.sha256,
      signal: work.signal,
      stallMs: work.stallMs,
      retryMs: work.retryMs,
      onProgress: (bytes) => work.onProgress({ step: 'downloading', bytes: done + bytes, totalBytes }),
    });
    before += part.bytes;
  }
}

/** All of it appears under its name at once, checked, or nothing does. */
async function unpackInto(
  place: string,
  entry: CatalogueEntry,
  parts: readonly string[],
  work: Work,
): Promise<void> {
  const unpacking = path.join(work.folder, `.unpacking-${process.pid}-${entry.name}`);
  await rm(unpacking, { recursive: true, force: true });
  try {
    await mkdir(unpacking, { recursive: true });
    for (const [index, part] of entry.parts.entries()) {
      const source = parts[index]!;
      if (part.file) await writeFile(path.join(unpacking, part.file), readFileSync(source));
      else await unpackTar(pieces(source, part.bytes, work), unpacking);
    }
    const { language, gender, licence } = entry;
    const note = { ...(language === 'mul' ? {} : { language }), ...(gender === 'unknown' ? {} : { gender }), licence, source: entry.parts[0]!.url }; // prettier-ignore
    await writeFile(path.join(unpacking, work.noteFile), JSON.stringify(note, null, 2));
    work.inspect(unpacking);
    await rename(unpacking, place);
  } catch (error) {
    await rm(unpacking, { recursive: true, force: true });
    if (work.signal.aborted) throw asStudioError(work.signal.reason, 'cancelled');
    if (!(error instanceof RangeError)) throw asStudioError(error, 'internal');
    await Promise.all(parts.map(discard));
    throw new StudioError('fetch_failed', `The archive of ${entry.name} ${error.message}.`, {
      hint: 'It was removed; try again.',
      cause: error,
    });
  }
}

const pieceBytes = 1024 ** 2;

/** What a .tar.bz2 holds; between two blocks others get their turn, and Ctrl-C is heard. */
async function* pieces(file: string, totalBytes: number, work: Work): AsyncGenerator<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    let at = 0;
    const next: (Uint8Array | null)[] = [];
    const readAhead = async (): Promise<void> => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(pieceBytes), 0, pieceBytes, at);
      at += bytesRead;
      next.push(bytesRead > 0 ? buffer.subarray(0, bytesRead) : null);
    };
    // A block is at most 900 kB unpacked and hardly more packed: two pieces ahead are enough for one.
    await readAhead();
    await readAhead();
    const blocks = unpackBzip2(() => next.shift() ?? null);
    for (let block = blocks.next(); !block.done; block = blocks.next()) {
      work.signal.throwIfAborted();
      work.onProgress({ step: 'unpacking', bytes: Math.min(at, totalBytes), totalBytes });
      yield block.value;
      await nextTurn();
      while (next.length < 2 && next.at(-1) !== null) await readAhead();
    }
  } finally {
    await handle.close();
  }
}
