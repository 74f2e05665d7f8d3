/** Query strings, parsed at the edge: every fault in one answer, each naming its parameter. */
import { z } from 'zod';
import { StudioError } from '../core/errors.ts';

/** @throws {StudioError} invalid_request with an issue a parameter */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, query: unknown): z.output<Schema> {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  throw new StudioError(
    'invalid_request',
    `The query has ${issues.length === 1 ? 'a fault' : 'faults'}: ${issues.map((issue) => `${issue.path} ${issue.message}`).join('; ')}`,
    { issues },
  );
}

export const idParams = z.object({ id: z.string() });
