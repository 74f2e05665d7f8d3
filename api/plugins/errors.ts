/** Every error in one shape: { error: { code, message, hint?, issues? } }. No stack, no path of the host. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { StudioError, type ErrorCode } from '../../core/errors.ts';

type ErrorBody = {
  error: { code: string; message: string; hint?: string; issues?: { path: string; message: string }[] };
};

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

export function errors(server: FastifyInstance): void {
  server.setErrorHandler((error: FastifyError | StudioError, request, reply) =>
    sendError(error, request, reply),
  );
  server.setNotFoundHandler(
    { preHandler: (request, reply, done) => void limitNotFound(server, request, reply, done) },
    (_request, reply) =>
      reply
        .code(404)
        .send(
          body('not_found', 'There is nothing at this address.', { hint: 'See /docs for what there is.' }),
        ),
  );
}

/** Unknown addresses count against the limits like any other request. */
function limitNotFound(
  server: FastifyInstance,
  request: FastifyRequest,
  reply: FastifyReply,
  done: (error?: Error) => void,
): void {
  const limit = (
    server as FastifyInstance & {
      limitRequest?: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
    }
  ).limitRequest;
  if (!limit) return done();
  limit(request, reply).then(() => done(), done);
}

function sendError(
  error: FastifyError | StudioError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof StudioError) return sendStudioError(error, request, reply);
  const status = error.statusCode ?? 500;
  if (status >= 500) {
    request.log.error({ err: error }, 'Unexpected error');
    return reply
      .code(500)
      .send(
        body('internal', 'Something went wrong on our side.', {
          hint: `Tell the operator this request's id: ${request.id}.`,
        }),
      );
  }
  return reply.code(status).send(body(...describe(error, status)));
}

function sendStudioError(error: StudioError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status = statusOf[error.code];
  if (status >= 500) request.log.warn({ err: error }, 'Refused');
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
        error.code === 'FST_ERR_CTP_INVALID_JSON_BODY' || error instanceof SyntaxError
          ? 'The body is not valid JSON.'
          : error.message,
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
