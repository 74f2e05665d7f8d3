/** Gives the finished files their final names: everything is written beside them first, then all are renamed. */
import { copyFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Storyboard } from '../schema/storyboard.ts';
import { syncFile } from '../sync-file.ts';
import type { Cue } from './captions.ts';
import { toSrt, toVtt } from './sidecars.ts';

export type FilmFiles = {
  film: string;
  poster: string;
  sheet: string;
  srt: string | null;
  vtt: string | null;
  /** Null where none was asked for, or where the film is small enough itself. */
  preview: string | null;
};

export type Saving = {
  /** Temporary files on the disk of `outDir`. */
  film: string;
  /** Null where none is made. */
  preview: string | null;
  /** In the cache. */
  poster: string;
  cues: Cue[];
  storyboard: Storyboard;
  workDir: string;
  outDir: string;
};

/** Names a film's files have in their folder. */
export function filmFiles(storyboard: Storyboard, outDir: string): FilmFiles {
  const { mode } = storyboard.captions;
  const sidecars = mode === 'sidecar' || mode === 'both';
  const target = (name: string): string => path.join(outDir, name);
  return {
    film: target(`film.${storyboard.output.format}`),
    poster: target('poster.jpg'),
    sheet: target('sheet.png'),
    srt: sidecars ? target('captions.srt') : null,
    vtt: sidecars ? target('captions.vtt') : null,
    preview: null,
  };
}

/** Puts the sheet in its place, long before the film is there. */
export async function saveSheet(
  sheet: string,
  { storyboard, workDir, outDir }: Pick<Saving, 'storyboard' | 'workDir' | 'outDir'>,
): Promise<string> {
  const files = filmFiles(storyboard, outDir);
  // Copied, not linked: an edit of the copy must not reach the cache.
  const copy = path.join(workDir, 'sheet.png');
  await copyFile(sheet, copy);
  await rename(copy, files.sheet);
  return files.sheet;
}

/** @throws {Error} ENOSPC and the like, as the system says them; then nothing has its final name yet */
export async function saveFilm({
  film,
  preview,
  poster,
  cues,
  storyboard,
  workDir,
  outDir,
}: Saving): Promise<FilmFiles> {
  const files = filmFiles(storyboard, outDir);
  if (preview) files.preview = path.join(outDir, path.basename(preview));
  const beside = (name: string): string => path.join(workDir, path.basename(name));
  await copyFile(poster, beside(files.poster));
  if (files.srt) await writeFile(beside(files.srt), toSrt(cues));
  if (files.vtt) await writeFile(beside(files.vtt), toVtt(cues));
  await syncFile(film);
  for (const name of [files.srt, files.vtt, files.poster]) if (name) await rename(beside(name), name);
  // Sidecars of an earlier render would not fit this film.
  if (!files.srt) await rm(path.join(outDir, 'captions.srt'), { force: true });
  if (!files.vtt) await rm(path.join(outDir, 'captions.vtt'), { force: true });
  if (preview && files.preview) await rename(preview, files.preview);
  await rename(film, files.film);
  return files;
}
