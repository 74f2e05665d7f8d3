/** The gateway of the loopback Discord: hello, heartbeats, identify, resume, dispatches, and its moods. */
import type { Server } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { applicationJson } from './rest.ts';
import { BOT_USER_ID, type DoubleState } from './state.ts';

type Session = {
  id: string;
  token: string;
  sequence: number;
  sent: { s: number; packet: unknown }[];
  socket: WebSocket | null;
  intents: number;
};
export type GatewayOptions = { heartbeatMs: number };

export type DoubleGateway = ReturnType<typeof openGateway>;

/** Listens on `server` for upgrades to `/gateway`. */
export function openGateway(
  server: Server,
  state: DoubleState,
  url: () => string,
  { heartbeatMs }: GatewayOptions,
) {
  const sessions = new Map<string, Session>();
  const sockets = new WebSocketServer({ noServer: true });
  const gateway = {
    /** Counts of what clients did. */
    identifies: 0,
    resumes: 0,
    heartbeats: 0,
    intents: null as number | null,
    /** While false, connections are closed as they come. */
    accepting: true,
    /** While false, heartbeats are not acknowledged. */
    acknowledging: true,
    /** Sent right behind RESUMED, once. */
    invalidateAfterResume: false,
    /** Whether a client is there. */
    connected: (): boolean => [...sessions.values()].some(({ socket }) => socket !== null),
    /** Kept for a client that is away for a moment. */
    dispatch(type: string, data: unknown): void {
      const live = [...sessions.values()].filter(({ socket }) => socket);
      for (const session of live.length > 0 ? live : [...sessions.values()].slice(-1))
        send(session, type, data);
    },
    /** op 7: asks the client to come again. */
    askReconnect: (): void => each((socket) => socket.send(JSON.stringify({ op: 7, d: null }))),
    /** op 9: the session is over. */
    invalidate(resumable: boolean): void {
      if (!resumable)
        for (const session of sessions.values()) if (session.socket) sessions.delete(session.id);
      for (const client of sockets.clients) client.send(JSON.stringify({ op: 9, d: resumable }));
    },
    /** The connection breaks without a word. */
    drop: (): void => each((socket) => socket.terminate()),
    close: (code: number): void => each((socket) => socket.close(code)),
    stop(): void {
      for (const client of sockets.clients) client.terminate();
      sockets.close();
    },
  };
  const each = (act: (socket: WebSocket) => void): void => sockets.clients.forEach(act);

  server.on('upgrade', (request, socket, head) => {
    if (!gateway.accepting || !request.url?.startsWith('/gateway')) return void socket.destroy();
    sockets.handleUpgrade(request, socket, head, welcome);
  });

  function welcome(socket: WebSocket): void {
    let session: Session | null = null;
    socket.send(JSON.stringify({ op: 10, d: { heartbeat_interval: heartbeatMs } }));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (session?.socket === socket) session.socket = null;
    });
    socket.on('message', (raw) => {
      const packet = JSON.parse((raw as Buffer).toString('utf8')) as {
        op: number;
        d: Record<string, unknown>;
      };
      if (packet.op === 1) {
        gateway.heartbeats++;
        if (gateway.acknowledging) socket.send(JSON.stringify({ op: 11 }));
      }
      if (packet.op === 2) session = identify(socket, packet.d);
      if (packet.op === 6) session = resume(socket, packet.d);
    });
  }

  function identify(socket: WebSocket, data: Record<string, unknown>): Session | null {
    gateway.identifies++;
    if (!state.tokens.has(String(data['token']))) {
      socket.close(4004, 'Authentication failed.');
      return null;
    }
    gateway.intents = Number(data['intents']);
    const session: Session = {
      id: state.newToken().slice(0, 32),
      token: String(data['token']),
      sequence: 0,
      sent: [],
      socket,
      intents: gateway.intents,
    };
    sessions.set(session.id, session);
    send(session, 'READY', {
      v: 10,
      user: {
        id: BOT_USER_ID,
        username: 'genscene',
        discriminator: '0',
        avatar: null,
        bot: true,
        flags: 0,
        verified: true,
        mfa_enabled: false,
      },
      guilds: [],
      session_id: session.id,
      resume_gateway_url: url(),
      session_type: 'normal',
      shard: [0, 1],
      application: { id: applicationJson.id, flags: 0 },
    });
    return session;
  }

  function resume(socket: WebSocket, data: Record<string, unknown>): Session | null {
    gateway.resumes++;
    const session = sessions.get(String(data['session_id']));
    if (!session || !state.tokens.has(String(data['token']))) {
      if (!state.tokens.has(String(data['token']))) socket.close(4004, 'Authentication failed.');
      else socket.send(JSON.stringify({ op: 9, d: false }));
      return null;
    }
    session.socket = socket;
    for (const { s, packet } of session.sent)
      if (s > Number(data['seq'])) socket.send(JSON.stringify(packet));
    send(session, 'RESUMED', {});
    if (gateway.invalidateAfterResume) {
      gateway.invalidateAfterResume = false;
      sessions.delete(session.id);
      socket.send(JSON.stringify({ op: 9, d: false }));
    }
    return session;
  }

  function send(session: Session, type: string, data: unknown): void {
    const packet = { op: 0, t: type, s: ++session.sequence, d: data };
    session.sent.push({ s: packet.s, packet });
    session.socket?.send(JSON.stringify(packet));
  }

  return gateway;
}
