/**
 * Helmet's headers on every answer. They are the same each time, so they are asked of helmet once:
 * letting it set them one by one took as long as all else of a small request.
 */
import helmet from '@fastify/helmet';
import fastify, { type FastifyInstance } from 'fastify';

export async function securityHeaders(server: FastifyInstance): Promise<void> {
  const headers = await helmetHeaders();
  server.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
}

/** Policies of content and embedding are left to those who answer: the docs page and the files have their own. */
async function helmetHeaders(): Promise<Record<string, string>> {
  const probe = fastify();
  await probe.register(helmet, {
    contentSecurityPolicy: false,
    crossOriginResourcePolicy: false,
    crossOriginEmbedderPolicy: false,
  });
  probe.get('/', (_request, reply) => void reply.code(204).send());
  const { headers } = await probe.inject('/');
  await probe.close();
  const ofHttp = new Set(['connection', 'date', 'content-length', 'keep-alive']);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' && !ofHttp.has(name) ? [[name, value]] : [],
    ),
  );
}
