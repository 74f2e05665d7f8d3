/** Uploads: one file as multipart, streamed to disk and vetted; the answer is what to write as `src`. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import type { Config } from '../../core/config.ts';
import { StudioError } from '../../core/errors.ts';
import type { StudioService } from '../../core/studio-service.ts';
import { describeRoute } from '../plugins/docs.ts';
import { audit } from '../plugins/logging.ts';
import { assetSchema } from '../schema.ts';
import { callerOf } from '../types.ts';

/** What a form has around its file, bytes at most. */
const FORM_BYTES = 64 * 1024;

export function assetRoutes(api: FastifyInstance, studio: StudioService, config: Config): void {
  const { pictureBytes, clipBytes, trackBytes } = config.media.limits;
  const most = Math.max(pictureBytes, clipBytes, trackBytes);
  api.post(
    '/api/assets',
    describeRoute('assets', 'Upload a picture, clip or sound (multipart/form-data, one file)', {
      form: { file: 'The picture, clip or sound' },
      answers: { 201: assetSchema },
    }),
    async (request, reply) => {
      if (!request.isMultipart()) throw Object.assign(new Error('Not multipart.'), { statusCode: 415 });
      // What says that it is larger is not waited for.
      if (Number(request.headers['content-length'] ?? 0) > most + FORM_BYTES)
        throw new StudioError('too_large', `The upload is larger than ${Math.round(most / 1024 ** 2)} MB.`, {
          hint: 'Cut the clip, or encode it smaller.',
        });
      const upload = await readForm(request);
      const left = new AbortController();
      reply.raw.once('close', () => left.abort());
      const asset = await studio
        .saveAsset(upload, callerOf(request), left.signal)
        .catch((error: unknown) => Promise.reject(upload.errored ? brokenForm(upload.errored) : error));
      audit(request, 'asset.saved', { asset: asset.id, bytes: asset.size });
      return reply.code(201).send(asset);
    },
  );
}

/** @throws {StudioError} invalid_request for a form without a file, or that is none */
async function readForm(request: FastifyRequest): Promise<Readable> {
  const upload = await request.file().catch((error: Error & { statusCode?: number }) => {
    throw error.statusCode === undefined ? brokenForm(error) : error;
  });
  if (upload) return upload.file;
  throw new StudioError('invalid_request', 'The form has no file.', {
    hint: 'Send one file as multipart/form-data.',
  });
}

function brokenForm(cause: Error): StudioError {
  return new StudioError('invalid_request', 'The form ended too early or is no multipart/form-data.', {
    cause,
    hint: 'Let your HTTP library write the form and its Content-Type, boundary included.',
  });
}
