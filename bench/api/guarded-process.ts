/**
 * The plain route with what a public service cannot leave out, by Fastify's official plugins: CORS,
 * helmet, log lines, and a key checked by its digest.
 */
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import fastify from 'fastify';
import { createHash, timingSafeEqual } from 'node:crypto';
import pino from 'pino';
import { cpuNow, type ProcessMessage, type ProcessOrder } from './processes.ts';

const job = JSON.parse(process.env['BENCH_JOB']!) as object;
const expected = digest(process.env['BENCH_KEY']!);

const server = fastify({ loggerInstance: pino(pino.destination('/dev/null')) });
await server.register(cors, { origin: /^https:\/\/[a-z0-9-]+\.lovable\.app$/ });
await server.register(helmet);
server.addHook('onRequest', async (request, reply) => {
  const given = request.headers['x-api-key'];
  if (typeof given !== 'string' || !timingSafeEqual(digest(given), expected)) await reply.code(401).send();
});
server.get('/status/:id', async () => job);
const address = await server.listen({ host: '127.0.0.1', port: 0 });

process.on('message', (order: ProcessOrder) => {
  if (order === 'cpu') tell({ cpu: cpuNow() });
  else void server.close().then(() => process.exit(0));
});
tell({ address });

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function tell(message: ProcessMessage): void {
  process.send!(message);
}
