/** Socket Mode of the loopback Slack: hello, pings, envelopes that must be acknowledged within three seconds. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';

const ACK_MS = 3000;

export type SocketAnswer = { acked: boolean; ackMs: number; payload: Record<string, unknown> };
export type SocketMode = ReturnType<typeof socketMode>;

export function socketMode(server: Server, { pingMs }: { pingMs: number }) {
  const sockets = new Set<WebSocket>();
  const tickets = new Set<string>();
  const waiting = new Map<string, (payload: Record<string, unknown>) => void>();
  const upgrades = new WebSocketServer({ noServer: true });
  let silent = false;

  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    const ticket = new URL(request.url ?? '/', 'http://loopback').searchParams.get('ticket') ?? '';
    if (!tickets.delete(ticket)) return void socket.destroy();
    upgrades.handleUpgrade(request, socket, head, (connection) => accept(connection));
  });
  const pings = setInterval(() => {
    if (!silent) for (const socket of sockets) socket.ping();
  }, pingMs);

  function accept(socket: WebSocket): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => sockets.delete(socket));
    socket.on('message', (data) => {
      const { envelope_id, payload } = JSON.parse(String(data)) as {
        envelope_id: string;
        payload?: Record<string, unknown>;
      };
      waiting.get(envelope_id)?.(payload ?? {});
    });
    if (!silent) socket.send(JSON.stringify({ type: 'hello', num_connections: sockets.size }));
  }

  return {
    newUrl(base: string): string {
      const ticket = randomUUID();
      tickets.add(ticket);
      return `${base.replace('http', 'ws')}/link?ticket=${ticket}`;
    },
    connections: () => sockets.size,
    /** Sends one envelope to the newest connection; twice with the same content if asked. */
    async deliver(type: string, payload: unknown, twice = false): Promise<SocketAnswer> {
      const socket = [...sockets].at(-1);
      if (!socket) return { acked: false, ackMs: ACK_MS, payload: {} };
      const send = (): Promise<SocketAnswer> => {
        const id = randomUUID();
        const begun = performance.now();
        return new Promise((resolve) => {
          const late = setTimeout(() => settle(false, {}), ACK_MS);
          const settle = (acked: boolean, answer: Record<string, unknown>): void => {
            clearTimeout(late);
            waiting.delete(id);
            resolve({ acked, ackMs: performance.now() - begun, payload: answer });
          };
          waiting.set(id, (answer) => settle(true, answer));
          socket.send(JSON.stringify({ envelope_id: id, type, payload, accepts_response_payload: true }));
        });
      };
      const [first, second] = await Promise.all([send(), ...(twice ? [send()] : [])]);
      return second && !second.acked ? second : first!;
    },
    /** Slack recycles the connection and says so. */
    refresh(): void {
      for (const socket of sockets)
        socket.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested' }));
    },
    /** The line is cut without a word. */
    drop(): void {
      for (const socket of sockets) socket.terminate();
    },
    /** Connections stay open, but nothing comes any more: no hello, no ping. */
    silence(on: boolean): void {
      silent = on;
    },
    close(): void {
      clearInterval(pings);
      for (const socket of sockets) socket.terminate();
      upgrades.close();
    },
  };
}
