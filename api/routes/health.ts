/** Liveness without any dependency, and readiness with all of them. Neither needs a key. */
import type { FastifyInstance } from 'fastify';
import type { StudioService } from '../../core/studio-service.ts';
import { isInner } from '../plugins/client-address.ts';
import { describeRoute } from '../plugins/docs.ts';
import { aliveSchema, readySchema } from '../schema.ts';

export function healthRoutes(server: FastifyInstance, studio: StudioService): void {
  server.get(
    '/health',
    describeRoute('service', 'Whether the process answers', { open: true, answers: { 200: aliveSchema } }),
    async () => ({ status: 'ok' }),
  );
  server.get(
    '/health/ready',
    describeRoute('service', 'Whether jobs can be taken and made', {
      open: true,
      answers: { 200: readySchema, 503: readySchema },
    }),
    async (request, reply) => {
      const { ready, checks } = await studio.ready();
      if (!ready) reply.code(503).header('retry-after', '5');
      // Versions and reasons are the operator's; they may name paths of the host.
      return { ready, checks: isInner(request) ? checks : checks.map(({ name, ok }) => ({ name, ok })) };
    },
  );
}
