/** Opens the storage that the settings ask for; drivers are loaded only when used. */
import path from 'node:path';
import type { S3Config } from '../config/storage.ts';
import { StudioError } from '../errors.ts';
import type { FileSigner, Storage } from './types.ts';

export type StorageOptions = {
  driver: 'local' | 's3';
  /** For s3: which store. */
  s3?: S3Config | null;
  /** For local: finished files live in `files/` below it. */
  dataDir: string;
  /** Where addresses of files start, without a slash at the end. */
  baseUrl: () => string;
  signer: FileSigner;
};

/** @throws {StudioError} not_ready, with what to do, if the storage cannot be opened */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { baseUrl, signer, s3 } = options;
  if (options.driver === 's3') {
    if (!s3) throw new StudioError('not_ready', 'STORAGE=s3 needs the S3_… settings.', { hint: 'Set S3_BUCKET and its keys.' }); // prettier-ignore
    const { openS3Storage } = await import('./s3.ts');
    return openS3Storage({ config: s3, baseUrl, signer });
  }
  const { openLocalStorage } = await import('./local.ts');
  return openLocalStorage({
    folder: path.join(options.dataDir, 'files'),
    baseUrl,
    signer,
  });
}
