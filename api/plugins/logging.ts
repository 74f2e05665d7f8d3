/** Structured logs without secrets: headers that carry keys and query strings that carry signatures stay out. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

/** The program's logger as the server uses it. */
export function requestLogger(log: Logger): Logger {
  return log.child(
    {},
    {
      serializers: {
        req: (request: FastifyRequest) => ({
          method: request.method,
          path: pathOf(request.url),
          address: request.ip,
        }),
        res: (reply: FastifyReply) => ({ status: reply.statusCode }),
        err: (error: Error & { code?: string }) => ({
          type: error.name,
          code: error.code ?? '',
          message: scrub(error.message),
          stack: scrub(error.stack ?? ''),
        }),
      },
    },
  );
}

function pathOf(url: string | undefined): string {
  return (url ?? '').split('?')[0]!;
}

/** Addresses and keys turn up in error messages of libraries. */
function scrub(text: string): string {
  return text
    .replaceAll(/([?&][\w-]*(?:key|token|sig|secret)[\w-]*=)[^&\s"']+/gi, '$1…')
    .replaceAll(/\bgs_[A-Za-z0-9_-]{8,}/g, 'gs_…')
    .replaceAll(/:\/\/[^/\s:@]+:[^/\s@]+@/g, '://…@');
}
