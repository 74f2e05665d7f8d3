/** Jobs as a list, and what can be done to one. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { jobSchema, jobStatuses } from '../../core/schema/job.ts';
import type { Config } from '../../core/config.ts';
import type { StudioService } from '../../core/studio-service.ts';
import { withLinks } from '../job-links.ts';
import { describeRoute } from '../plugins/docs.ts';
import { audit } from '../plugins/logging.ts';
import { idParams, parseQuery } from '../query.ts';
import { jobPageSchema } from '../schema.ts';
import { callerOf } from '../types.ts';

const querySchema = z.object({
  status: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(jobStatuses)))
    .optional()
    .describe('One status or several, separated by commas'),
  kind: z.enum(['compose', 'tts']).optional(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
  cursor: z.string().max(200).optional(),
});

export function jobRoutes(api: FastifyInstance, studio: StudioService, config: Config): void {
  api.get(
    '/api/jobs',
    describeRoute('jobs', 'Jobs, newest first', { query: querySchema, answers: { 200: jobPageSchema } }),
    async (request) => {
      const found = await studio.jobs(parseQuery(querySchema, request.query), callerOf(request));
      return { ...found, jobs: found.jobs.map((job) => withLinks(job, request, config)) };
    },
  );

  for (const action of ['cancel', 'retry'] as const) {
    const summary =
      action === 'cancel' ? 'Cancel a job that is not over' : 'Queue a failed or cancelled job again';
    api.post<{ Params: { id: string } }>(
      `/api/jobs/:id/${action}`,
      describeRoute('jobs', summary, { params: idParams, answers: { 200: jobSchema } }),
      async (request) => {
        const job = await studio[action](request.params.id, callerOf(request));
        audit(request, `job.${action}`, { job: job.id });
        return withLinks(job, request, config);
      },
    );
  }
}
