/** Structured logs without secrets: headers that carry keys and query strings that carry signatures stay out. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

/** Characters of a path worth keeping. */
const LONGEST_PATH = 300;

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

/** One line a request, when it is over; that someone looked whether we live is not worth one. */
export function logRequests(server: FastifyInstance): void {
  server.addHook('onResponse', (request, reply, done) => {
    const level = isLiveness(request) ? 'debug' : 'info';
    request.log[level](
      {
        id: request.id,
        method: request.method,
        path: pathOf(request.url),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        address: request.ip,
        key: request.keyName,
      },
      'request',
    );
    done();
  });
}

/** Asked every few seconds, by machines. (The route itself is looked up only then: its getter builds an object.) */
export function isLiveness(request: FastifyRequest): boolean {
  return request.url.startsWith('/health') && request.routeOptions.url === '/health';
}

/** Who asked for what, apart from the lines of requests. */
export function audit(request: FastifyRequest, action: string, what: object): void {
  const { id, keyName: key, ip: address } = request;
  request.log.info({ audit: true, id, action, ...what, key, address }, 'audit');
}

/** Without its query, which may carry a signature. */
function pathOf(url: string | undefined): string {
  return (url ?? '').split('?', 1)[0]!.slice(0, LONGEST_PATH);
}

/** Addresses and keys turn up in error messages of libraries. */
function scrub(text: string): string {
  return text
    .replaceAll(/([?&][\w-]*(?:key|token|sig|secret)[\w-]*=)[^&\s"']+/gi, '$1…')
    .replaceAll(/\bgs_[A-Za-z0-9_-]{8,}/g, 'gs_…')
    .replaceAll(/:\/\/[^/\s:@]+:[^/\s@]+@/g, '://…@');
}
