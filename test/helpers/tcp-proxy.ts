/** A network between a program and a server that a test can make slow, silent or broken. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type TcpProxy = {
  readonly port: number;
  /** From now on each piece arrives so much later, ms. */
  delay(ms: number): void;
  /** Connections there are stay open and carry nothing more; new ones work. */
  swallow(): void;
  /** Ends all connections. */
  cut(): void;
  close(): Promise<void>;
};

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  let delayMs = 0;
  const links = new Set<{ ends: Socket[]; silent: boolean }>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    const link = { ends: [near, far], silent: false };
    links.add(link);
    const carry = (from: Socket, to: Socket): void => {
      from.on('data', (piece) => {
        setTimeout(() => {
          if (!link.silent && !to.destroyed) to.write(piece);
        }, delayMs);
      });
      from.on('error', () => {});
      from.on('close', () => {
        to.destroy();
        links.delete(link);
      });
    };
    carry(near, far);
    carry(far, near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const link of links) for (const end of link.ends) end.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    delay: (ms) => void (delayMs = ms),
    swallow: () => {
      for (const link of links) link.silent = true;
    },
    cut,
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
