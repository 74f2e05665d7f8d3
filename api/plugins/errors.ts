/** Every error in one shape: { error: { code, message, hint?, issues? } }. No stack, no path of the host. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { z } from 'zod';
import { StudioError, type ErrorCode } from '../../core/errors.ts';
import type { errorSchema } from '../schema.ts';

type ErrorBody = z.infer<typeof errorSchema>;

const statusOf: Record<ErrorCode, number> = {
  invalid_storyboard: 400,
  invalid_request: 400,
  voice_unknown: 400,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  media_unusable: 422,
  url_not_allowed: 422,
  fetch_failed: 422,
  speech_failed: 422,
  render_failed: 500,
  lease_lost: 500,
  internal: 500,
  cancelled: 503,
  no_space: 503,
  not_ready: 503,
  timeout: 503,
  missing_tool: 503,
};

/** Seconds after which asking again makes sense when we do not know better. */
const RETRY_AFTER_S = 5;

/** Headers of an answer that was begun and is not given: they would describe, and cache, the wrong thing. */
const headersOfContent = ['content-length', 'content-range', 'content-disposition', 'etag', 'last-modified'];

export function errors(server: FastifyInstance): void {
  server.setErrorHandler((error: FastifyError | StudioError, request, reply) => {
    for (const name of headersOfContent) reply.removeHeader(name);
    reply.header('cache-control', 'no-store').type('application/json; charset=utf-8');
    return sendError(error, request, reply);
  });
  // Node would refuse it (RFC 9112, 3.2) with an answer that is no JSON.
  server.addHook('onRequest', (request, reply, done) => {
    if (request.headers.host !== undefined || request.raw.httpVersion !== '1.1') return done();
    void reply.code(400).send(body('invalid_request', 'The request has no Host header.'));
  });
  server.setNotFoundHandler((_request, reply) => reply.code(404).send(nothingThere()));
}

/** What the router refuses before any route or hook is asked: `/%zz`, and an id longer than any there is. */
export function refuseAddress(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  reply.header('cache-control', 'no-store');
  if (error.code === 'FST_ERR_MAX_PARAM_LENGTH') void reply.code(404).send(nothingThere());
  else
    void reply
      .code(400)
      .send(body('invalid_request', 'This address cannot be read.', { hint: 'Check its %-escapes.' }));
}

function nothingThere(): ErrorBody {
  return body('not_found', 'There is nothing at this address.', { hint: 'See /docs for what there is.' });
}

/** What is no HTTP that we understand: there is no request to answer, only a connection. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, message] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ([408, 'timeout', 'The request took too long to arrive.'] as const)
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ([431, 'too_large', 'The headers are too large.'] as const)
        : ([400, 'invalid_request', 'This is no HTTP request we understand.'] as const);
  const text = JSON.stringify(body(code, message));
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(text)}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      text,
    ].join('\r\n'),
  );
}

function sendError(
  error: FastifyError | StudioError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof StudioError) return sendStudioError(error, request, reply);
  const status = error.statusCode ?? 500;
  const { retryAfterS } = error as { retryAfterS?: number };
  if (retryAfterS !== undefined) reply.header('retry-after', String(retryAfterS));
  if (status >= 500) {
    request.log.error({ id: request.id, err: error }, 'Unexpected error');
    return reply.code(500).send(
      body('internal', 'Something went wrong on our side.', {
        hint: `Tell the operator this request's id: ${request.id}.`,
      }),
    );
  }
  return reply.code(status).send(body(...describe(error, status)));
}

function sendStudioError(error: StudioError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status = statusOf[error.code];
  if (status >= 500) request.log.warn({ id: request.id, err: error }, 'Refused');
  if (status === 503) reply.header('retry-after', String(RETRY_AFTER_S));
  if (error.code === 'internal')
    return reply.code(500).send(body('internal', 'Something went wrong on our side.', { hint: error.hint }));
  return reply.code(status).send(body(error.code, error.message, { hint: error.hint, issues: error.issues }));
}

/** What Fastify and its plugins refuse, in our words. */
function describe(
  error: FastifyError,
  status: number,
): [code: string, message: string, more?: { hint?: string }] {
  switch (status) {
    case 401:
      return ['unauthorized', error.message];
    case 413:
      return [
        'too_large',
        'The request is too large.',
        { hint: 'A storyboard may have 1.5 MB; upload media to /api/assets.' },
      ];
    case 415:
      return [
        'unsupported_type',
        'This content type is not understood here.',
        { hint: 'Send JSON as application/json, files as multipart/form-data.' },
      ];
    case 429:
      return ['rate_limited', 'Too many requests.', { hint: 'Wait as long as Retry-After says.' }];
    case 408:
      return ['timeout', 'The request took too long to arrive.'];
    default:
      return [
        'invalid_request',
        error instanceof SyntaxError ? `The body is not valid JSON: ${error.message}` : error.message,
      ];
  }
}

export function body(
  code: string,
  message: string,
  more: { hint?: string | undefined; issues?: ErrorBody['error']['issues'] | undefined } = {},
): ErrorBody {
  return {
    error: {
      code,
      message,
      ...(more.hint ? { hint: more.hint } : {}),
      ...(more.issues ? { issues: more.issues } : {}),
    },
  };
}
