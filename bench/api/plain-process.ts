/** What there is to compare with: Fastify with one route that answers an object, and @fastify/static over a folder. */
import staticFiles from '@fastify/static';
import fastify from 'fastify';
import { cpuNow, type ProcessMessage, type ProcessOrder } from './processes.ts';

const server = fastify();
const job = JSON.parse(process.env['BENCH_JOB']!) as object;
server.get('/status/:id', async () => job);
await server.register(staticFiles, { root: process.env['BENCH_FOLDER']!, prefix: '/files/' });
const address = await server.listen({ host: '127.0.0.1', port: 0 });

process.on('message', (order: ProcessOrder) => {
  if (order === 'cpu') tell({ cpu: cpuNow() });
  else void server.close().then(() => process.exit(0));
});
tell({ address });

function tell(message: ProcessMessage): void {
  process.send!(message);
}
