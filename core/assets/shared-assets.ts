/**
 * Uploads in the storage that many hosts share: the file, and a record that is written last and again
 * at each use, so that its age says when the upload was used last.
 */
import type { SharedFiles } from '../storage/types.ts';
import { isAssetId } from './names.ts';
import { trimPlace, type Kept, type TrimOptions } from './trim.ts';

/** @throws {StudioError} not_ready from everything */
export type SharedAssets = {
  /** Sends the upload unless it is there, then the record: it counts as used now. */
  put(id: string, file: string, record: string, signal?: AbortSignal): Promise<void>;
  /** Text of the record; null if there is no such upload. */
  record(id: string): Promise<string | null>;
  /** It counts as used now. */
  touch(id: string, record: string): Promise<void>;
  /** @param target must not exist @returns false if there is none */
  fetch(id: string, target: string, signal: AbortSignal): Promise<boolean>;
  /** @returns bytes freed */
  trim(options: TrimOptions): Promise<number>;
};

const FOLDER = 'assets/';
/** A file without a record is being put, or was left by a process that died, ms. */
const UNRECORDED_KEPT_MS = 24 * 3600_000;

export function openSharedAssets(shared: SharedFiles): SharedAssets {
  const fileOf = (id: string): string => FOLDER + id;
  const recordOf = (id: string): string => `${FOLDER}${id}.json`;

  return {
    async put(id, file, record, signal) {
      if (!(await shared.has(fileOf(id)))) await shared.put(fileOf(id), file, signal);
      await shared.putText(recordOf(id), record);
    },
    record: (id) => shared.readText(recordOf(id)),
    touch: (id, record) => shared.putText(recordOf(id), record),
    fetch: (id, target, signal) => shared.fetch(fileOf(id), target, signal),
    trim(options) {
      const usedAt = new Map<string, number>();
      return trimPlace(
        {
          async kept() {
            const files: Kept[] = [];
            for await (const { name, bytes, modifiedAt } of shared.list(FOLDER)) {
              const id = name.slice(FOLDER.length).replace(/\.json$/, '');
              if (!isAssetId(id)) continue;
              if (name.endsWith('.json')) usedAt.set(id, modifiedAt.getTime());
              else files.push({ id, bytes, usedAt: modifiedAt.getTime() });
            }
            return files
              .map((file) => ({ ...file, usedAt: usedAt.get(file.id) ?? file.usedAt }))
              .filter((file) => usedAt.has(file.id) || Date.now() - file.usedAt > UNRECORDED_KEPT_MS);
          },
          async lastUse(id) {
            for await (const { name, modifiedAt } of shared.list(recordOf(id)))
              if (name === recordOf(id)) return modifiedAt.getTime();
            return null;
          },
          async remove(id) {
            await shared.remove(recordOf(id));
            await shared.remove(fileOf(id));
          },
        },
        options,
      );
    },
  };
}
