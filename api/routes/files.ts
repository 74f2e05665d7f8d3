/** Finished files: whole or in ranges (RFC 9110, 14), for players, downloads and the edge's cache. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { StudioError } from '../../core/errors.ts';
import type { StoredFile } from '../../core/storage/types.ts';
import { parseRange, precondition, rangeApplies } from '../byte-range.ts';
import { body } from '../plugins/errors.ts';
import { describeRoute } from '../plugins/docs.ts';
import type { ServerDeps } from '../types.ts';

type FileRequest = FastifyRequest<{
  Params: { jobId: string; filename: string };
  Querystring: Record<string, unknown>;
}>;

const fileParams = z.object({ jobId: z.string(), filename: z.string() });

export function fileRoutes(server: FastifyInstance, { studio, signer, config }: ServerDeps): void {
  const signed = config.server.filesAccess === 'signed';
  server.route({
    method: ['GET', 'HEAD'],
    url: '/files/:jobId/:filename',
    ...describeRoute('files', 'A finished file', {
      open: true,
      params: fileParams,
      answers: {
        200: { 'application/octet-stream': 'The file, as the type of its name' },
        302: 'It is to be had at another address (S3_REDIRECT)',
        206: { 'application/octet-stream': 'The bytes that Range asked for' },
        304: 'Your copy is good',
      },
    }),
    handler: async (request: FileRequest, reply) => {
      const { jobId, filename } = request.params;
      if (signed && !signer.verify(request.method, jobId, filename, request.query)) {
        return reply.code(403).send(
          body('forbidden', 'This link is not valid, or no longer.', {
            hint: 'Ask for the job’s status again: it carries fresh links.',
          }),
        );
      }
      const file = await studio.openFile(jobId, filename);
      if (!file) throw new StudioError('not_found', 'There is no such file.');
      reply.headers({
        'content-type': file.contentType,
        'accept-ranges': 'bytes',
        etag: file.etag,
        'last-modified': file.modifiedAt.toUTCString(),
        // A published file never changes; a signed address is one reader's own.
        'cache-control': signed ? 'private, no-store' : 'public, max-age=31536000, immutable',
        // A <video> of another origin may show it.
        'cross-origin-resource-policy': 'cross-origin',
        'x-content-type-options': 'nosniff',
        ...(request.query['download'] === '1'
          ? { 'content-disposition': `attachment; filename="${file.name}"` }
          : {}),
      });
      if (file.link && request.method === 'GET') return sendAway(file.link, reply);
      return sendFile(file, request, reply);
    },
  });
}

/** The store serves it, ranges and all; HEAD we answer ourselves, as the address is good for GET only. */
async function sendAway(link: NonNullable<StoredFile['link']>, reply: FastifyReply): Promise<FastifyReply> {
  const disposition = reply.getHeader('content-disposition');
  const address = await link(disposition === undefined ? undefined : String(disposition));
  for (const name of ['content-type', 'content-disposition', 'etag', 'last-modified'])
    reply.removeHeader(name);
  return reply.header('cache-control', 'private, no-store').redirect(address, 302);
}

function sendFile(file: StoredFile, request: FileRequest, reply: FastifyReply): FastifyReply {
  const condition = precondition(request.headers, file);
  if (condition === 304) return reply.code(304).send();
  if (condition === 412) return refuse(reply, 412, 'precondition_failed', 'The file is another by now.');
  // A range means something to GET only (RFC 9110, 14.2).
  const wantsPart = request.method === 'GET' && rangeApplies(request.headers, file);
  const range = wantsPart ? parseRange(request.headers.range, file.size) : null;
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${file.size}`);
    return refuse(reply, 416, 'invalid_range', `The file has ${file.size} bytes.`);
  }
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${file.size}`);
  reply.header('content-length', String(range ? range.end - range.start + 1 : file.size));
  return request.method === 'HEAD' ? reply.send() : reply.send(file.stream(range ?? undefined));
}

/** About the file, but not it: nothing of its headers may stay. */
function refuse(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  reply.removeHeader('content-disposition').header('cache-control', 'no-store');
  return reply.code(status).type('application/json; charset=utf-8').send(body(code, message));
}
