/** Liveness without any dependency, and readiness with all of them. Neither needs a key. */
import type { FastifyInstance } from 'fastify';
import type { StudioService } from '../../core/studio-service.ts';
import { describeRoute } from '../plugins/docs.ts';

export function healthRoutes(server: FastifyInstance, studio: StudioService): void {
  server.get(
    '/health',
    describeRoute('service', 'Whether the process answers', { open: true }),
    async () => ({ status: 'ok' }),
  );
  server.get(
    '/health/ready',
    describeRoute('service', 'Whether jobs can be taken and made', { open: true }),
    async (_request, reply) => {
      const readiness = await studio.ready();
      if (!readiness.ready) reply.code(503).header('retry-after', '5');
      return readiness;
    },
  );
}
