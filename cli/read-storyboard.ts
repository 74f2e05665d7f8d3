/** From a file on the command line to a storyboard with the command line's own wishes put in. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { StudioError, type Issue } from '../core/errors.ts';
import { decodeStoryboard, parseStoryboardText, type StoryboardFile } from '../core/storyboard-file.ts';
import type { Context } from './context.ts';

export type NamedStoryboard = StoryboardFile & {
  /** File name without folder and extension: what the film is called if nobody says. */
  name: string;
  /** Folder that relative paths inside the storyboard start from. */
  baseDir: string;
};

/**
 * Reads a storyboard or script; `-` is standard input.
 * @throws {StudioError} not_found, invalid_storyboard, too_large
 */
export async function readStoryboard(
  file: string,
  { cwd, readStdin }: Pick<Context, 'cwd' | 'readStdin'>,
): Promise<NamedStoryboard> {
  if (file === '-') {
    const text = decodeStoryboard(await readStdin(), 'standard input');
    return { ...parseStoryboardText(text, 'standard input'), name: 'film', baseDir: cwd };
  }
  const place = path.resolve(cwd, file);
  const bytes = await readFile(place).catch((cause: NodeJS.ErrnoException) => {
    const reason = { ENOENT: 'does not exist', EISDIR: 'is a folder', EACCES: 'may not be read' }[
      cause.code ?? ''
    ];
    throw new StudioError('not_found', `${file} ${reason ?? `cannot be read: ${cause.message}`}.`, {
      cause,
      hint: 'Give a storyboard (.json, .yaml) or a script (.md, .txt).',
    });
  });
  const name = path.basename(file).replace(/\.[^.]+$/, '') || 'film';
  return { ...parseStoryboardText(decodeStoryboard(bytes, file), file), name, baseDir: path.dirname(place) };
}

/** The same issues with the line of the file they are on, where that is known. */
export function withLines(issues: Issue[], lineOf: StoryboardFile['lineOf']): Issue[] {
  return issues.map((issue) => {
    const line = lineOf(issue.path);
    return line === null ? issue : { ...issue, message: `${issue.message} (line ${line})` };
  });
}
