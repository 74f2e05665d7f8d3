/**
 * How words are said in all films of this installation: a YAML (or JSON) file in the data folder.
 *
 *   all: { GenScene: yen sin }
 *   es: { Airbus: érbas }
 *   en-GB: { Leicester: /ˈlɛstə/ }
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { StudioError } from '../errors.ts';
import { languageSchema, lexiconSchema } from '../schema/speech.ts';
import type { Lexicon } from './text/lexicon.ts';

const fileSchema = z.record(z.union([z.literal('all'), languageSchema]), lexiconSchema);

/**
 * The words for a language: those of all, of the language, and of its region, the later ones first. Read
 * once, when first asked; a file that is not there has none.
 * @throws {StudioError} invalid_request if the file is there and cannot be understood
 */
export function lexiconOfFile(file: string): (language: string) => Lexicon {
  let known: Record<string, Lexicon> | null = null;
  return (language) => {
    known ??= read(file);
    const tag = language.toLowerCase();
    const parts = Object.entries(known)
      .filter(([of]) => of === 'all' || tag === of.toLowerCase() || tag.startsWith(`${of.toLowerCase()}-`))
      .sort(([a], [b]) => (a === 'all' ? -1 : b === 'all' ? 1 : a.length - b.length));
    return Object.assign({}, ...parts.map(([, words]) => words)) as Lexicon;
  };
}

function read(file: string): Record<string, Lexicon> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    // Not there, or no folder on the way to it: a data folder that is none is for others to complain about.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return {};
    throw faulty(file, (error as Error).message);
  }
  try {
    return fileSchema.parse(parse(text, { maxAliasCount: 20 }) ?? {});
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
    throw faulty(file, issue ? `${issue.path.join('.')}: ${issue.message}` : (error as Error).message);
  }
}

function faulty(file: string, what: string): StudioError {
  return new StudioError('invalid_request', `The lexicon ${file} cannot be used: ${what}`, {
    hint: 'Write languages (or "all"), and under each its words: `es: { Airbus: érbas }`.',
  });
}
