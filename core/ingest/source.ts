/** Pure but for a look at the disk: what a `src` means: an address, an upload, or a file one may read. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { notAllowed, unusable } from './refusal.ts';

export type Source = { kind: 'url'; url: string } | { kind: 'file'; path: string };

type Places = {
  baseDir?: string | undefined;
  roots?: readonly string[] | undefined;
  assetsDir?: string | undefined;
};

/** No dot and no slash, so an id can never leave its folder or name a hidden file. */
const ASSET_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/**
 * Finds what `src` stands for. Local paths only where the caller named folders for them, and only
 * if the real file, links followed, lies in one of those.
 * @throws {StudioError} url_not_allowed, media_unusable
 */
export async function findSource(src: string, places: Places): Promise<Source> {
  if (src.includes('\0')) throw unusable('The address contains a NUL character.', 'Remove it.');
  if (/^https?:/i.test(src)) return { kind: 'url', url: src };
  if (/^asset:/i.test(src))
    return { kind: 'file', path: await findAsset(src.slice('asset:'.length), places.assetsDir) };
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(src)?.[1];
  if (scheme)
    throw notAllowed(
      `Addresses with "${scheme.slice(0, 20)}:" are not fetched.`,
      'Use an https:// address or the asset:… id of an upload.',
    );
  return { kind: 'file', path: await findLocalFile(src, places) };
}

async function findAsset(id: string, assetsDir: string | undefined): Promise<string> {
  if (!ASSET_ID.test(id))
    throw unusable(
      'This is no id of an upload.',
      'Use the "src" that the upload answered, such as asset:abc123.',
    );
  const file = assetsDir && (await realFile(path.join(assetsDir, id), [assetsDir]));
  if (!file)
    throw unusable(
      `There is no upload "${id}".`,
      'Upload the file again; old uploads are removed after a while.',
    );
  return file;
}

async function findLocalFile(src: string, { baseDir, roots = [] }: Places): Promise<string> {
  const folders = [...(baseDir === undefined ? [] : [baseDir]), ...roots].map((folder) =>
    path.resolve(folder),
  );
  const shown = src.length > 80 ? `${src.slice(0, 80)}…` : src;
  if (folders.length === 0)
    throw notAllowed(
      `"${shown}" is a file path.`,
      'Use an https:// address or the asset:… id of an upload; paths work on the command line only.',
    );
  const wanted = path.resolve(folders[0]!, src);
  // Checked by name first, so that the answer does not tell what exists outside.
  const outside = () =>
    notAllowed(
      `"${shown}" lies outside the folders that may be read.`,
      'Put the file beside the storyboard.',
    );
  if (!folders.some((folder) => isWithin(wanted, folder))) throw outside();
  const exists = await realpath(wanted).catch(() => null);
  if (!exists)
    throw unusable(`There is no file "${shown}".`, 'Check its name; paths are relative to the storyboard.');
  const file = await realFile(wanted, folders);
  if (!file) throw outside();
  return file;
}

/** The file with all links followed, if it then lies in one of the folders. */
async function realFile(file: string, folders: readonly string[]): Promise<string | null> {
  const real = await realpath(file).catch(() => null);
  if (!real) return null;
  for (const folder of folders) {
    const realFolder = await realpath(folder).catch(() => null);
    if (realFolder && isWithin(real, realFolder)) return real;
  }
  return null;
}

function isWithin(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return (
    relative !== '' &&
    relative !== '..' &&
    !relative.startsWith(`..${path.sep}`) &&
    !path.isAbsolute(relative)
  );
}
