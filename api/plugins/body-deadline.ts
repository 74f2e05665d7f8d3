/**
 * What a body may cost: JSON must arrive soon (only uploads may take their time), and what is still
 * coming when the answer is out is let in for a moment, so that the sender reads the answer instead of
 * a reset connection.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';

export type BodyLimits = {
  /** For a JSON body to arrive, ms. */
  deadlineMs: number;
  /** For the rest of a refused body, ms. */
  lingerMs: number;
};

export function bodyDeadline(server: FastifyInstance, { deadlineMs, lingerMs }: BodyLimits): void {
  server.addHook('preParsing', (request, _reply, payload, done) => {
    if (!hasBody(request) || isForm(request)) return done(null, payload);
    const timed = new PassThrough();
    // After the parser has let go of it, an error of it is nobody's.
    timed.on('error', () => undefined);
    const timer = setTimeout(() => timed.destroy(late()), deadlineMs);
    timed.once('close', () => clearTimeout(timer));
    payload.once('close', () => timed.destroy());
    payload.pipe(timed);
    done(null, timed);
  });
  server.addHook('onSend', (request, reply, payload, done) => {
    if (hasBody(request) && !request.raw.complete && reply.statusCode !== 408) {
      reply.removeHeader('connection');
      drain(request.raw, lingerMs);
    }
    done(null, payload);
  });
}

function hasBody({ headers }: FastifyRequest): boolean {
  return (
    headers['transfer-encoding'] !== undefined ||
    (headers['content-length'] !== undefined && headers['content-length'] !== '0')
  );
}

function isForm({ headers }: FastifyRequest): boolean {
  return /^multipart\/form-data\b/i.test(headers['content-type'] ?? '');
}

function late(): Error {
  return Object.assign(new Error('The request took too long to arrive.'), { statusCode: 408 });
}

function drain(raw: IncomingMessage, ms: number): void {
  const timer = setTimeout(() => raw.destroy(), ms);
  timer.unref();
  raw.once('end', () => clearTimeout(timer));
  raw.once('close', () => clearTimeout(timer));
  raw.once('error', () => undefined);
  raw.unpipe();
  raw.resume();
}
