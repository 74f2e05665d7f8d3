/** POST /api/compose and /api/validate: a storyboard becomes a job, or a list of its faults. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Config } from '../../core/config.ts';
import { storyboardSchema, type StoryboardInput } from '../../core/schema/storyboard.ts';
import type { Accepted, StudioService } from '../../core/studio-service.ts';
import { describeRoute } from '../plugins/docs.ts';
import { audit } from '../plugins/logging.ts';
import { acceptedSchema, validationSchema } from '../schema.ts';
import { callerOf } from '../types.ts';

export const idempotencyHeader = z.object({
  'idempotency-key': z
    .string()
    .optional()
    .describe('Made anew for each wish: the same key and body again answer the same job, another body 409'),
});

const exampleStoryboard: StoryboardInput = {
  title: 'Hello',
  scenes: [
    {
      text: 'The light goes down to the sea.',
      media: { type: 'gradient', colors: ['#131b47', '#f2a65a'] },
    },
    {
      text: 'Y luego, la noche.',
      voice: { language: 'es' },
      media: { type: 'color', color: '#101530' },
      transition: { type: 'fade' },
    },
  ],
};

export function composeRoutes(api: FastifyInstance, studio: StudioService, config: Config): void {
  api.post(
    '/api/compose',
    describeRoute('films', 'Make a film of a storyboard', {
      body: storyboardSchema,
      example: exampleStoryboard,
      headers: idempotencyHeader,
      answers: { 202: acceptedSchema },
    }),
    async (request, reply) => {
      const accepted = await studio.compose(request.body, callerOf(request), idempotency(request));
      audit(request, accepted.created ? 'job.created' : 'job.repeated', {
        job: accepted.job.id,
        kind: 'compose',
      });
      return answerAccepted(reply, accepted, config);
    },
  );

  api.post(
    '/api/validate',
    describeRoute('films', 'Check a storyboard; nothing is made', {
      body: storyboardSchema,
      example: exampleStoryboard,
      answers: { 200: validationSchema },
    }),
    async (request) => {
      const checked = studio.validate(request.body, callerOf(request));
      if (!checked.ok) return { ok: false, issues: checked.issues };
      return { ok: true, issues: [], warnings: checked.warnings, estimatedSeconds: checked.estimatedSeconds };
    },
  );
}

export function idempotency(request: FastifyRequest): { idempotencyKey?: string } {
  const key = request.headers['idempotency-key'];
  return typeof key === 'string' ? { idempotencyKey: key } : {};
}

/** 202 with the places to look; the same for a repeat, so that a retry is no news. */
export function answerAccepted(reply: FastifyReply, { job }: Accepted, config: Config): FastifyReply {
  const statusUrl = `${config.server.publicBaseUrl ?? ''}/api/status/${job.id}`;
  return reply
    .code(202)
    .header('location', statusUrl)
    .send({
      id: job.id,
      status: job.status,
      queuePosition: job.queuePosition,
      statusUrl,
      eventsUrl: `${statusUrl}/events`,
    });
}
