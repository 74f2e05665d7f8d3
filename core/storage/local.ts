/**
 * Storage on a local disk: a folder of published files for each job. A job's files appear together by
 * one rename of their folder; nothing is ever overwritten, and no link is ever followed.
 */
import { randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import {
  copyFile,
  link,
  lstat,
  mkdir,
  opendir,
  readdir,
  realpath,
  rename,
  rm,
  statfs,
} from 'node:fs/promises';
import path from 'node:path';
import { asStudioError, StudioError } from '../errors.ts';
import { syncFile, syncFolder } from '../sync-file.ts';
import { contentTypeOf, isJobId } from './file-names.ts';
import type { FileSigner, Storage, StoredFile } from './types.ts';

export type LocalStorageOptions = {
  /** Folder of the files, made if missing. */
  folder: string;
  /** Where addresses start, without a slash at the end; asked each time, since a port may be known late. */
  baseUrl: () => string;
  signer: FileSigner;
};

/** Names of folders being filled or removed; younger ones may still be worked on. */
const UNFINISHED = /^\.[a-z0-9]{8,64}\.[0-9a-f-]{36}\.tmp$/;
const UNFINISHED_KEPT_MS = 3600_000;
/** A folder that was swapped for a link since we looked at it is refused by the kernel. */
const READ_NO_LINK = constants.O_RDONLY | constants.O_NOFOLLOW;

/** @throws {StudioError} not_ready when the folder cannot be made */
export async function openLocalStorage(options: LocalStorageOptions): Promise<Storage> {
  const { baseUrl, signer } = options;
  const root = await openFolder(options.folder);
  const folderOf = (jobId: string): string => path.join(root, jobId);
  const unfinishedName = (jobId: string): string => path.join(root, `.${jobId}.${randomUUID()}.tmp`);

  return {
    driver: 'local',
    async publish(jobId, files) {
      const wanted = Object.entries(files);
      if (!isJobId(jobId) || wanted.length === 0 || !wanted.every(([name]) => contentTypeOf(name))) {
        throw new StudioError('internal', 'These files cannot be published under such names.');
      }
      const staging = unfinishedName(jobId);
      try {
        await mkdir(staging);
        for (const [name, source] of wanted) await moveDurably(source, path.join(staging, name));
        await syncFolder(staging);
        await reveal(
          staging,
          folderOf(jobId),
          wanted.map(([name]) => name),
        );
        await syncFolder(root);
      } catch (error) {
        throw asStudioError(error, 'internal', 'The finished files could not be put in their place.').at({
          stage: 'saving',
        });
      } finally {
        await rm(staging, { recursive: true, force: true });
      }
    },
    async open(jobId, name) {
      const contentType = contentTypeOf(name);
      if (!contentType || !isJobId(jobId)) return null;
      const folder = await lstat(folderOf(jobId)).catch(absent);
      if (!folder?.isDirectory()) return null;
      const file = path.join(folderOf(jobId), name);
      const found = await lstat(file, { bigint: true }).catch(absent);
      if (!found?.isFile()) return null;
      return {
        name,
        size: Number(found.size),
        etag: `"${found.size.toString(36)}-${found.mtimeNs.toString(36)}"`,
        modifiedAt: found.mtime,
        contentType,
        // Node takes a number here as open(2) does; its types know only the letters.
        stream: (range) => createReadStream(file, { ...range, flags: READ_NO_LINK as unknown as string }),
      } satisfies StoredFile;
    },
    async remove(jobId) {
      if (!isJobId(jobId)) return 0;
      // Renamed first: from then on nobody finds half of it.
      const leaving = unfinishedName(jobId);
      const isThere = await rename(folderOf(jobId), leaving).then(() => true, absent);
      return isThere ? removeTree(leaving) : 0;
    },
    url(jobId, name) {
      const query = signer.sign(jobId, name);
      return `${baseUrl()}/files/${jobId}/${name}${query && `?${query}`}`;
    },
    async *jobIds() {
      for await (const entry of await opendir(root))
        if (entry.isDirectory() && isJobId(entry.name)) yield entry.name;
    },
    async sweep() {
      let freed = 0;
      for (const name of await readdir(root)) {
        if (!UNFINISHED.test(name)) continue;
        const found = await lstat(path.join(root, name)).catch(absent);
        if (found && Date.now() - found.mtimeMs > UNFINISHED_KEPT_MS)
          freed += await removeTree(path.join(root, name));
      }
      return freed;
    },
    async space() {
      const disk = await statfs(root);
      return { freeBytes: disk.bavail * disk.bsize, totalBytes: disk.blocks * disk.bsize };
    },
  };
}

async function openFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    return await realpath(folder);
  } catch (error) {
    throw new StudioError('not_ready', `The folder ${folder} of finished files cannot be made.`, {
      hint: 'Point DATA_DIR at a folder this user may write to.',
      cause: error,
    });
  }
}

/** Onto the disk for good, then to its new name. */
async function moveDurably(source: string, target: string): Promise<void> {
  await syncFile(source);
  try {
    await rename(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    // The files have a disk of their own.
    await copyFile(source, target, constants.COPYFILE_EXCL);
    await syncFile(target);
    await rm(source, { force: true });
  }
}

/** Gives a filled folder its name. If an earlier attempt published already, only what it lacked is added. */
async function reveal(staging: string, folder: string, names: readonly string[]): Promise<void> {
  try {
    return await rename(staging, folder);
  } catch (error) {
    if (!isCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
  }
  for (const name of names) {
    await link(path.join(staging, name), path.join(folder, name)).catch((error: unknown) => {
      if (!isCode(error, 'EEXIST')) throw error;
    });
  }
  await syncFolder(folder);
}

/** @returns bytes freed */
async function removeTree(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    bytes += (await lstat(path.join(folder, name)).catch(absent))?.size ?? 0;
  }
  await rm(folder, { recursive: true, force: true });
  return bytes;
}

/** What is not there, or is no folder on the way, is null; all else is a fault. */
function absent(error: unknown): null {
  if (isCode(error, 'ENOENT', 'ENOTDIR')) return null;
  throw error;
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
