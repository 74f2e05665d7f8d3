/** Query strings, parsed at the edge: every fault in one answer, each naming its parameter. */
import { z } from 'zod';
import { didYouMean } from '../core/doors.ts';
import { StudioError } from '../core/errors.ts';

type Issue = { path: string; message: string };

/**
 * Names that nobody knows are left alone, since pages add their own against caches (`_=17`), but not those
 * that are one slip off: `?jobid=` would be answered with the service's status as if it were the job's.
 * @throws {StudioError} invalid_request with an issue a parameter
 */
export function parseQuery<Schema extends z.ZodObject>(schema: Schema, query: unknown): z.output<Schema> {
  const parsed = schema.safeParse(query);
  const misspelt = misspeltNames(Object.keys(query as object), Object.keys(schema.shape));
  if (parsed.success && misspelt.length === 0) return parsed.data;
  const faults = (parsed.error?.issues ?? []).map(({ path, message }) => ({ path: path.join('.'), message }));
  const issues = [...faults, ...misspelt];
  throw new StudioError(
    'invalid_request',
    `The query has ${issues.length === 1 ? 'a fault' : 'faults'}: ${issues.map((issue) => `${issue.path} ${issue.message}`).join('; ')}`,
    { issues },
  );
}

/** Shorter names are near to anything. */
const LEAST_LETTERS = 3;

function misspeltNames(names: string[], known: string[]): Issue[] {
  return names.flatMap((name) => {
    const meant = name.length < LEAST_LETTERS ? '' : didYouMean(name, known);
    return meant ? [{ path: name, message: `is not known${meant}` }] : [];
  });
}

export const idParams = z.object({ id: z.string() });
