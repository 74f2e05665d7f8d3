/** JSON bodies must arrive soon; only uploads may take their time. Node's own limit knows no difference. */
import type { FastifyInstance } from 'fastify';

/** ms */
const DEADLINE_MS = 10_000;

export function bodyDeadline(server: FastifyInstance): void {
  const timers = new WeakMap<object, NodeJS.Timeout>();
  server.addHook('preParsing', async (request, reply) => {
    if (request.isMultipart?.()) return;
    const timer = setTimeout(() => {
      reply.header('connection', 'close');
      request.raw.destroy(
        Object.assign(new Error('The request took too long to arrive.'), { statusCode: 408 }),
      );
    }, DEADLINE_MS);
    timers.set(request.raw, timer);
  });
  const clear = async (request: { raw: object }): Promise<void> => clearTimeout(timers.get(request.raw));
  server.addHook('preValidation', clear);
  server.addHook('onResponse', clear);
  server.addHook('onRequestAbort', clear);
}
