/**
 * Uploads: streamed to disk under a byte limit, vetted by the ingest, and kept under the SHA-256 of
 * their content, so that the same file twice is one. What is refused leaves nothing behind.
 */
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { isAssetId, unfinishedName } from './assets/names.ts';
import { receive } from './assets/receive.ts';
import { openSharedAssets } from './assets/shared-assets.ts';
import { trimAssets } from './assets/trim.ts';
import { vet } from './assets/vet.ts';
import type { DiskGuard } from './disk-guard.ts';
import { asStudioError } from './errors.ts';
import type { Ffmpeg } from './ffmpeg.ts';
import { defaultLimits, type IngestLimits } from './ingest/index.ts';
import { createSharedWork } from './ingest/shared-work.ts';
import type { SharedFiles } from './storage/types.ts';
import type { Asset } from './studio-service.ts';
import { syncFolder } from './sync-file.ts';
import { createTurns } from './turns.ts';

export type AssetsStore = {
  /** @throws {StudioError} too_large, media_unusable, no_space, missing_tool, timeout, cancelled */
  save(bytes: Readable, signal: AbortSignal): Promise<Asset>;
  /** The asset of an id, which counts as used now; null if there is none. */
  use(id: string): Promise<Asset | null>;
  /**
   * Sees to it that the upload's file is in the folder of this host. @returns false if there is none
   * @throws {StudioError} not_ready, no_space, cancelled
   */
  bring(id: string, signal: AbortSignal | undefined): Promise<boolean>;
  /** Removes uploads that are past their time and that no one wants. @returns bytes freed */
  trim(isWanted: (id: string) => boolean): Promise<number>;
};

export type AssetsStoreOptions = {
  /** Where uploads are, each named by its id: `assetsDir` of the ingest. */
  folder: string;
  /** For vetting. @throws {StudioError} missing_tool */
  ffmpeg: () => Ffmpeg;
  guard: DiskGuard;
  /** Where uploads are kept for workers on other hosts. */
  shared?: SharedFiles | undefined;
  /** How long an unused upload stays, ms. */
  keepMs: number;
  /** All uploads together, bytes. */
  maxBytes: number;
  /** Largest upload, bytes; by default the largest of anything that is taken. */
  maxFileBytes?: number;
  /** Of what is taken, where they differ from the ingest's own. */
  limits?: Partial<IngestLimits>;
};

/** Uploads vetted at once; each may start ffmpeg. */
const VETTED_AT_ONCE = 2;

/** Uploads unused for longer are looked for in the shared storage again, ms. */
const SHARED_ANEW_MS = 3600_000;

const recordSchema = z.object({
  type: z.enum(['image', 'video', 'audio']),
  width: z.number().nullable(),
  height: z.number().nullable(),
  duration: z.number().nullable(),
  size: z.number(),
});
type AssetRecord = z.infer<typeof recordSchema>;

/** Where the uploads of a data folder are. */
export function assetsDirOf(dataDir: string): string {
  return path.join(dataDir, 'assets');
}

export function createAssetsStore(options: AssetsStoreOptions): AssetsStore {
  const { folder, guard, limits = {} } = options;
  const { pictureBytes, clipBytes, trackBytes } = { ...defaultLimits, ...limits };
  const maxFileBytes = options.maxFileBytes ?? Math.max(pictureBytes, clipBytes, trackBytes);
  const shared = options.shared && openSharedAssets(options.shared);
  const turns = createTurns(VETTED_AT_ONCE);
  const bringing = createSharedWork();
  const fileOf = (id: string): string => path.join(folder, id);
  const recordOf = (id: string): string => path.join(folder, `${id}.json`);

  async function save(bytes: Readable, signal: AbortSignal): Promise<Asset> {
    const scratch = path.join(folder, unfinishedName());
    try {
      await guard.check();
      await mkdir(scratch, { recursive: true });
      const upload = path.join(scratch, 'upload');
      const { sha256, size } = await receive(bytes, upload, { maxBytes: maxFileBytes, guard, signal });
      const known = await use(sha256);
      if (known) return known;
      const facts = await turns.take(signal, () =>
        vet({ folder: scratch, name: 'upload', limits }, options.ffmpeg(), signal),
      );
      signal.throwIfAborted();
      const record = { ...facts, size };
      // First where others find it: what is here is taken to be there.
      await shared?.put(sha256, upload, JSON.stringify(record), signal);
      return await keep(sha256, record, scratch);
    } catch (error) {
      throw asStudioError(
        signal.aborted ? signal.reason : error,
        'internal',
        'The upload could not be kept.',
      );
    } finally {
      bytes.destroy();
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** The record comes last: without it there is no asset. */
  async function keep(id: string, record: AssetRecord, scratch: string): Promise<Asset> {
    const written = path.join(scratch, 'record');
    await writeFile(written, JSON.stringify(record), { flush: true });
    await rename(path.join(scratch, 'upload'), fileOf(id));
    await rename(written, recordOf(id));
    await syncFolder(folder);
    return assetOf(id, record);
  }

  async function use(id: string): Promise<Asset | null> {
    if (!isAssetId(id)) return null;
    const here = await useHere(id);
    if (!shared) return here && assetOf(id, here.record);
    if (here) {
      // Another host may have removed what only this one used.
      if (Date.now() - here.usedAt > SHARED_ANEW_MS)
        await shared.put(id, fileOf(id), JSON.stringify(here.record));
      return assetOf(id, here.record);
    }
    const record = recordOfText(await shared.record(id));
    if (record) await shared.touch(id, JSON.stringify(record));
    return record && assetOf(id, record);
  }

  async function useHere(id: string): Promise<{ record: AssetRecord; usedAt: number } | null> {
    try {
      const record = recordOfText(await readFile(recordOf(id), 'utf8'));
      if (!record || (await stat(fileOf(id))).size !== record.size) return null;
      const usedAt = (await stat(recordOf(id))).mtimeMs;
      const now = new Date();
      // Of the record, not the file: the ingest takes a touched file for a changed one and reads it again.
      await utimes(recordOf(id), now, now);
      return { record, usedAt };
    } catch {
      return null; // absent, or half there after a power cut: to be uploaded again
    }
  }

  async function bring(id: string, signal: AbortSignal | undefined): Promise<boolean> {
    if (!isAssetId(id)) return false;
    if (await useHere(id)) return true;
    if (!shared) return false;
    return bringing.run(id, { signal }, async (until) => {
      const record = recordOfText(await shared.record(id));
      if (!record) return false;
      const scratch = path.join(folder, unfinishedName());
      try {
        await guard.check();
        await mkdir(scratch, { recursive: true });
        const upload = path.join(scratch, 'upload');
        if (!(await shared.fetch(id, upload, until)) || (await stat(upload)).size !== record.size)
          return false;
        await keep(id, record, scratch);
        return true;
      } catch (error) {
        throw asStudioError(
          until.aborted ? until.reason : error,
          'internal',
          'An upload could not be fetched.',
        );
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    });
  }

  return {
    save,
    use,
    bring,
    async trim(isWanted) {
      const freed = await trimAssets({ ...options, isWanted });
      return freed + ((await shared?.trim({ ...options, isWanted })) ?? 0);
    },
  };
}

/** Null for what is no record. */
function recordOfText(text: string | null): AssetRecord | null {
  try {
    return text === null ? null : recordSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function assetOf(id: string, record: AssetRecord): Asset {
  return { id, src: `asset:${id}`, ...record };
}
