/** Opens the storage that the settings ask for; drivers are loaded only when used. */
import path from 'node:path';
import { StudioError } from '../errors.ts';
import type { FileSigner, Storage } from './types.ts';

export type StorageOptions = {
  driver: 'local' | 's3';
  /** Finished files live in `files/` below it. */
  dataDir: string;
  /** Where addresses of files start, without a slash at the end. */
  baseUrl: () => string;
  signer: FileSigner;
};

/** @throws {StudioError} not_ready, with what to do, if the storage cannot be opened */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  if (options.driver === 's3') {
    throw new StudioError(
      'not_ready',
      'STORAGE=s3 is set, but this version keeps files on its own disk only.',
      {
        hint: 'Remove STORAGE, or set it to "local": files are then kept in DATA_DIR.',
      },
    );
  }
  const { openLocalStorage } = await import('./local.ts');
  return openLocalStorage({
    folder: path.join(options.dataDir, 'files'),
    baseUrl: options.baseUrl,
    signer: options.signer,
  });
}
