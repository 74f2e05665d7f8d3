/** JSON is the only body but forms. An empty one is none: many clients name the type whenever they POST. */
import type { FastifyInstance } from 'fastify';
import { isUtf8 } from 'node:buffer';
import { StudioError } from '../../core/errors.ts';

export function jsonBodies(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, given, done) => {
    const bytes = given as Buffer;
    if (bytes.length === 0) return done(null, undefined);
    // Read as UTF-8 all the same, every accent in it would become a question mark in the film.
    if (!isUtf8(bytes)) return done(notUtf8());
    return parse(request, bytes.toString('utf8'), done);
  });
}

function notUtf8(): StudioError {
  return new StudioError('invalid_request', 'The body is not UTF-8.', {
    hint: 'Send JSON in UTF-8, the only encoding it has.',
  });
}
