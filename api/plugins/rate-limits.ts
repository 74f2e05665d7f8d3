/** Requests per minute, by key where there is a valid one in use and by address otherwise. */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts a request that no route takes. */
    limitRequest(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  }
}

export async function rateLimits(server: FastifyInstance, perMinute: number): Promise<void> {
  await server.register(rateLimit, {
    global: true,
    max: perMinute,
    timeWindow: 60_000,
    // After auth, so that a key's requests count together wherever they come from.
    hook: 'preHandler',
    keyGenerator: (request) => (request.keyName ? `key:${request.keyName}` : `address:${request.ip}`),
    allowList: (request) => request.url === '/health',
  });
  // Addresses count as well, before anything is looked up: guessing keys or ids is limited too.
  const byAddress = server.createRateLimit({
    max: perMinute,
    timeWindow: 60_000,
    keyGenerator: (request: FastifyRequest) => `first:${request.ip}`,
  });
  server.decorate('limitRequest', async (request: FastifyRequest, reply: FastifyReply) =>
    refuseOver(await byAddress(request), reply),
  );
  server.addHook('onRequest', async (request, reply) => {
    if (request.url === '/health' || request.method === 'OPTIONS') return;
    refuseOver(await byAddress(request), reply);
  });
}

function refuseOver(
  result: { isAllowed: boolean; isExceeded?: boolean; ttlInSeconds?: number },
  reply: FastifyReply,
): void {
  if (result.isAllowed || !result.isExceeded) return;
  reply.header('retry-after', String(Math.max(1, result.ttlInSeconds ?? 60)));
  throw Object.assign(new Error('Too many requests.'), { statusCode: 429 });
}
