/** The voices that can be used now. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { languageSchema } from '../../core/schema/speech.ts';
import type { StudioService } from '../../core/studio-service.ts';
import { describeRoute } from '../plugins/docs.ts';
import { parseQuery } from '../query.ts';
import { voiceSchema } from '../schema.ts';

const querySchema = z.object({ language: languageSchema.optional() });
export function voiceRoutes(api: FastifyInstance, studio: StudioService): void {
  api.get(
    '/api/voices',
    describeRoute('speech', 'The voices that can speak now', {
      query: querySchema,
      answers: { 200: z.object({ voices: z.array(voiceSchema) }) },
    }),
    async (request) => ({
      voices: studio.voices(parseQuery(querySchema, request.query).language),
    }),
  );
}
