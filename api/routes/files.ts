/** Finished files: whole or in ranges (RFC 9110, 14), for players, downloads and the edge's cache. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { StudioError } from '../../core/errors.ts';
import type { StoredFile } from '../../core/storage/types.ts';
import { body } from '../plugins/errors.ts';
import { describeRoute } from '../plugins/docs.ts';
import type { ServerDeps } from '../types.ts';

type FileRequest = FastifyRequest<{
  Params: { jobId: string; filename: string };
  Querystring: Record<string, unknown>;
}>;

export function fileRoutes(server: FastifyInstance, { studio, signer, config }: ServerDeps): void {
  const signed = config.server.filesAccess === 'signed';
  server.route({
    method: ['GET', 'HEAD'],
    url: '/files/:jobId/:filename',
    ...describeRoute('files', 'A finished file', {
      open: true,
      answers: { 200: 'The file', 206: 'A part of it' },
    }),
    handler: async (request: FileRequest, reply) => {
      const { jobId, filename } = request.params;
      if (signed && !signer.verify(request.method, jobId, filename, request.query)) {
        return reply
          .code(403)
          .send(
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
      return sendFile(file, request, reply);
    },
  });
}

function sendFile(file: StoredFile, request: FileRequest, reply: FastifyReply): FastifyReply {
  if (matches(request.headers['if-none-match'], file.etag)) return reply.code(304).send();
  const range = rangeApplies(request, file) ? parseRange(request.headers.range, file.size) : null;
  if (range === 'unsatisfiable') {
    return reply
      .code(416)
      .headers({ 'content-range': `bytes */${file.size}`, 'cache-control': 'no-store' })
      .type('application/json')
      .send(body('invalid_range', `The file has ${file.size} bytes.`));
  }
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${file.size}`);
  reply.header('content-length', String(range ? range.end - range.start + 1 : file.size));
  return request.method === 'HEAD' ? reply.send() : reply.send(file.stream(range ?? undefined));
}

function matches(header: string | undefined, etag: string): boolean {
  return (
    header !== undefined &&
    (header.trim() === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag))
  );
}

/** If-Range: the range counts only if the reader's copy is of this very file. */
function rangeApplies(request: FileRequest, file: StoredFile): boolean {
  const condition = request.headers['if-range'];
  if (typeof condition !== 'string') return true;
  return condition === file.etag || condition === file.modifiedAt.toUTCString();
}

/**
 * One byte range; null for none, several, or what is no byte range, which are answered with the whole file.
 * @param size bytes
 */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.replaceAll(' ', '') ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(match[1]);
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[2] !== '' && Number(match[2]) < start) return null;
  return start >= size ? 'unsatisfiable' : { start, end };
}
