/** The voices that can be used now. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { languageSchema } from '../../core/schema/speech.ts';
import type { StudioService } from '../../core/studio-service.ts';
import { describeRoute } from '../plugins/docs.ts';
import { parseQuery } from '../query.ts';

const querySchema = z.object({ language: languageSchema.optional() });
const voiceSchema = z.object({
  engine: z.string(),
  name: z.string(),
  language: z.string(),
  gender: z.string(),
  timing: z.string(),
  local: z.boolean(),
  licence: z.string(),
});

export function voiceRoutes(api: FastifyInstance, studio: StudioService): void {
  api.get(
    '/api/voices',
    describeRoute('speech', 'Voices', {
      query: querySchema,
      answers: { 200: z.object({ voices: z.array(voiceSchema) }) },
    }),
    async (request) => ({
      voices: studio.voices(parseQuery(querySchema, request.query).language),
    }),
  );
}
