/** POST /api/tts: a text becomes a sound file; short ones are waited for when asked. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Config } from '../../core/config.ts';
import { isFinal, jobSchema, type Job } from '../../core/schema/job.ts';
import { ttsRequestSchema } from '../../core/schema/speech.ts';
import type { Caller, StudioService } from '../../core/studio-service.ts';
import { withLinks } from '../job-links.ts';
import { describeRoute } from '../plugins/docs.ts';
import { audit } from '../plugins/logging.ts';
import { parseQuery } from '../query.ts';
import { acceptedSchema } from '../schema.ts';
import { callerOf } from '../types.ts';
import { answerAccepted, idempotency, idempotencyHeader } from './compose.ts';

/** Longest wait before answering 202 after all, ms. */
const WAIT_MS = 10_000;
/** Longer texts are not waited for, characters. */
const WAIT_LENGTH = 600;
const querySchema = z.object({
  wait: z.enum(['true', 'false']).optional().describe('Wait up to 10 s and answer 200 with the finished job'),
});

export function ttsRoutes(api: FastifyInstance, studio: StudioService, config: Config): void {
  api.post(
    '/api/tts',
    describeRoute('speech', 'Speak a text', {
      body: ttsRequestSchema,
      example: { text: 'The light goes down to the sea.', language: 'en', format: 'mp3' },
      query: querySchema,
      headers: idempotencyHeader,
      answers: { 200: jobSchema, 202: acceptedSchema },
    }),
    async (request, reply) => {
      const { wait } = parseQuery(querySchema, request.query);
      const caller = callerOf(request);
      const accepted = await studio.speak(request.body, caller, idempotency(request));
      audit(request, accepted.created ? 'job.created' : 'job.repeated', {
        job: accepted.job.id,
        kind: 'tts',
      });
      const { text } = request.body as { text: string };
      if (wait !== 'true' || text.length > WAIT_LENGTH) return answerAccepted(reply, accepted, config);
      const left = new AbortController();
      reply.raw.once('close', () => left.abort());
      const finished = await waitFor(studio, accepted.job, caller, left.signal);
      return finished ? withLinks(finished, request, config) : answerAccepted(reply, accepted, config);
    },
  );
}

/** The job once it is done, or null when it is not within the wait. A failed one is 202: its status says why. */
async function waitFor(
  studio: StudioService,
  { id }: Job,
  caller: Caller,
  left: AbortSignal,
): Promise<Job | null> {
  const signal = AbortSignal.any([AbortSignal.timeout(WAIT_MS), left]);
  for await (const { job } of studio.watch({ id }, caller, signal, { after: 0 })) {
    if (isFinal(job.status)) return job.status === 'done' ? job : null;
  }
  return null;
}
