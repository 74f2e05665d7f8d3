/** Uploads: one file as multipart, streamed to disk and vetted; the answer is what to write as `src`. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { StudioError } from '../../core/errors.ts';
import type { StudioService } from '../../core/studio-service.ts';
import { describeRoute } from '../plugins/docs.ts';
import { callerOf } from '../types.ts';

const assetSchema = z.object({
  id: z.string(),
  src: z.string(),
  type: z.enum(['image', 'video', 'audio']),
  width: z.number().nullable(),
  height: z.number().nullable(),
  duration: z.number().nullable(),
  size: z.number(),
});

export function assetRoutes(api: FastifyInstance, studio: StudioService): void {
  api.post(
    '/api/assets',
    describeRoute('assets', 'Upload a picture, clip or sound (multipart/form-data, one file)', {
      answers: { 201: assetSchema },
    }),
    async (request, reply) => {
      if (!request.isMultipart()) throw Object.assign(new Error('Not multipart.'), { statusCode: 415 });
      const upload = await request.file();
      if (!upload)
        throw new StudioError('invalid_request', 'The form has no file.', {
          hint: 'Send one file as multipart/form-data.',
        });
      const gone = new AbortController();
      request.raw.on('close', () => {
        if (!request.raw.complete) gone.abort();
      });
      const asset = await studio.saveAsset(upload.file, callerOf(request), gone.signal);
      request.log.info(
        {
          audit: true,
          action: 'asset.saved',
          asset: asset.id,
          bytes: asset.size,
          key: request.keyName,
          address: request.ip,
        },
        'audit',
      );
      return reply.code(201).send(asset);
    },
  );
}
