/** JSON is the only body but forms. An empty one is none: many clients name the type whenever they POST. */
import type { FastifyInstance } from 'fastify';

export function jsonBodies(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (text === '') return done(null, undefined);
    return parse(request, text as string, done);
  });
}
