/** Takes webhooks: which deliveries were told of each job. One delivery may arrive twice, but keeps its id. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Receiver = {
  readonly url: string;
  /** host:port, to be let through by MEDIA_ALLOW_HOSTS. */
  readonly host: string;
  /** Ids of deliveries by job. */
  readonly told: ReadonlyMap<string, ReadonlySet<string>>;
  repeats(): number;
  close(): Promise<void>;
};

export async function startReceiver(): Promise<Receiver> {
  const told = new Map<string, Set<string>>();
  let requests = 0;
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(pieces).toString()) as { job?: { id?: string } };
      const jobId = body.job?.id ?? '';
      const delivery = String(request.headers['x-genscene-delivery']);
      requests += 1;
      told.set(jobId, (told.get(jobId) ?? new Set()).add(delivery));
      response.end('ok');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}/hook`,
    host,
    told,
    repeats: () => requests - [...told.values()].reduce((sum, ids) => sum + ids.size, 0),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
