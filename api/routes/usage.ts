/** What was made in a span of time, summed by day, user, channel or platform. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { StudioService } from '../../core/studio-service.ts';
import { describeRoute } from '../plugins/docs.ts';
import { parseQuery } from '../query.ts';
import { usageGroupings, usageSchema } from '../schema.ts';
import { callerOf } from '../types.ts';

const moment = z
  .string()
  .refine(
    (text) => !Number.isNaN(Date.parse(text)),
    'must be a date such as 2026-01-31 or a time in ISO 8601',
  )
  .transform((text) => Date.parse(text));
const querySchema = z.object({
  from: moment.optional(),
  to: moment.optional(),
  by: z.enum(usageGroupings).default('day'),
});
export function usageRoutes(api: FastifyInstance, studio: StudioService): void {
  api.get(
    '/api/usage',
    describeRoute('service', 'What was made, by day, user, channel or platform', {
      query: querySchema,
      answers: { 200: usageSchema },
    }),
    async (request) => {
      const query = parseQuery(querySchema, request.query);
      return { by: query.by, rows: await studio.usage(query, callerOf(request)) };
    },
  );
}
