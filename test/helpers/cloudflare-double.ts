/**
 * A Cloudflare on loopback: an edge that really forwards to a real origin of another loopback address,
 * and a control address that is neither. Each row of the verdict table is played by breaking the parts
 * as they break in life; the times of the edge are milliseconds instead of minutes.
 */
import { randomBytes } from 'node:crypto';
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import type { Verdict } from '../../monitoring/verdict.ts';

const EDGE = '127.0.0.1';
const ORIGIN = '127.0.0.2';
/** Where the edge's own connections come from. */
const EDGE_EGRESS = '127.0.0.3';
const HOST = 'api.example.test';
/** The edge gives up connecting (522) and waiting for an answer (524) after these, ms. */
const EDGE_CONNECT_MS = 120;
const EDGE_READ_MS = 200;

export const cloudflareRows = {
  healthy: 'ok',
  'origin closed to all but Cloudflare': 'origin_closed',
  'origin stopped, page cached': 'served_from_cache',
  'origin stopped': 'origin_down',
  'origin drops every packet': 'origin_down',
  'firewall drops Cloudflare': 'edge_blocked',
  'DNS record of an old address': 'edge_wrong_address',
  'origin hangs': 'origin_slow',
  'origin speaks no TLS': 'origin_tls',
  'origin certificate expired': 'origin_tls',
  'tunnel down': 'tunnel_or_dns',
  'Cloudflare fails': 'edge_error',
  'application fails': 'origin_error',
  'edge away': 'edge_unreachable',
  'everything of theirs away': 'host_down',
  'own network away': 'own_network',
} as const satisfies Record<string, Verdict>;
export type CloudflareRow = keyof typeof cloudflareRows;

export type CloudflareDouble = {
  readonly host: string;
  readonly url: string;
  readonly origin: string;
  readonly controlUrl: string;
  /** Of its status page. */
  readonly statusUrl: string;
  /** Leads the host's name to the edge. */
  resolve(host: string): Promise<string>;
  /** Breaks (or heals) the parts as the row says. */
  play(row: CloudflareRow): Promise<void>;
  close(): Promise<void>;
};

type World = {
  origin: 'fine' | 'fails' | 'hangs' | 'silent';
  /** Whose connections the origin's firewall drops. */
  firewall: 'nobody' | 'edge' | 'others';
  edge: 'fine' | 'fails' | 'no route' | 'tunnel down' | 'full TLS' | 'strict TLS';
  up: { edge: boolean; origin: boolean; control: boolean };
  keepsCache: boolean;
};

const calm = (): World => ({
  origin: 'fine',
  firewall: 'nobody',
  edge: 'fine',
  up: { edge: true, origin: true, control: true },
  keepsCache: false,
});

/** What each row does to the world. */
const rows: Record<CloudflareRow, (world: World) => void> = {
  healthy: () => undefined,
  'origin closed to all but Cloudflare': (world) => (world.firewall = 'others'),
  'origin stopped, page cached': (world) => ((world.up.origin = false), (world.keepsCache = true)),
  'origin stopped': (world) => (world.up.origin = false),
  'origin drops every packet': (world) => (world.origin = 'silent'),
  'firewall drops Cloudflare': (world) => (world.firewall = 'edge'),
  'DNS record of an old address': (world) => (world.edge = 'no route'),
  'origin hangs': (world) => (world.origin = 'hangs'),
  'origin speaks no TLS': (world) => (world.edge = 'full TLS'),
  'origin certificate expired': (world) => (world.edge = 'strict TLS'),
  'tunnel down': (world) => (world.edge = 'tunnel down'),
  'Cloudflare fails': (world) => (world.edge = 'fails'),
  'application fails': (world) => (world.origin = 'fails'),
  'edge away': (world) => (world.up.edge = false),
  'everything of theirs away': (world) => ((world.up.edge = false), (world.up.origin = false)),
  'own network away': (world) => ((world.up.edge = false), (world.up.control = false)),
};

export async function openCloudflareDouble(): Promise<CloudflareDouble> {
  let world = calm();
  const cache = new Map<string, string>();

  const origin = http.createServer((request, response) => {
    if (world.origin === 'hangs' || isDropped(request.socket.remoteAddress)) return;
    response.statusCode = world.origin === 'fails' ? 500 : 200;
    response.end(JSON.stringify({ status: response.statusCode === 200 ? 'ok' : 'error', path: request.url }));
  });
  // A firewall that drops packets looks, to who asks, like a line on which nothing ever comes back.
  function isDropped(from: string | undefined): boolean {
    if (world.origin === 'silent') return true;
    return world.firewall === 'edge'
      ? from === EDGE_EGRESS
      : world.firewall === 'others' && from !== EDGE_EGRESS;
  }
  const edge = http.createServer((request, response) => void serve(request, response));
  const control = http.createServer((request, response) => {
    if (request.url === '/api/v2/summary.json')
      response.end(JSON.stringify(statusSummary(world.edge === 'fails')));
    else response.writeHead(204).end();
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const answer = await forward(path);
    const headers: Record<string, string> = {
      server: 'cloudflare',
      'cf-ray': `${randomBytes(8).toString('hex')}-MAD`,
      ...(answer.error ? { 'cf-error-type': answer.error } : {}),
    };
    if (answer.status === 200) cache.set(path, answer.body);
    const kept = cache.get(path);
    if (answer.status >= 500 && world.keepsCache && kept !== undefined)
      return void response.writeHead(200, { ...headers, 'cf-cache-status': 'STALE' }).end(kept);
    response.writeHead(answer.status, { ...headers, 'cf-cache-status': 'DYNAMIC' }).end(answer.body);
  }

  type Answer = { status: number; body: string; error?: string };
  async function forward(path: string): Promise<Answer> {
    if (world.edge === 'tunnel down') return { status: 530, body: 'error code: 1033' };
    if (world.edge === 'no route') return { status: 523, body: 'error code: 523' };
    if (world.edge === 'fails') return { status: 500, body: 'internal', error: 'cf-500' };
    if (world.edge === 'full TLS') return { status: (await speaksTls(portOf(edge))) ? 200 : 525, body: '' };
    if (world.edge === 'strict TLS') return { status: 526, body: 'error code: 526' };
    return new Promise((resolve) => {
      const asked = http.request(
        {
          host: ORIGIN,
          port: portOf(edge),
          path,
          localAddress: EDGE_EGRESS,
          agent: false,
          headers: { host: HOST },
        },
        (answer) => {
          // prettier-ignore
          let body = '';
          answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 502, body }));
        },
      );
      // The kernel finishes every handshake on loopback: which kind of silence it is, the edge is told.
      const noContact = isDropped(EDGE_EGRESS);
      asked.setTimeout(noContact ? EDGE_CONNECT_MS : EDGE_READ_MS, () => {
        const status = noContact ? 522 : 524;
        resolve({ status, body: `error code: ${status}` });
        asked.destroy();
      });
      asked.on('error', () => resolve({ status: 521, body: 'error code: 521' }));
      asked.end();
    });
  }

  await listen(edge, EDGE, 0);
  await listen(origin, ORIGIN, portOf(edge));
  await listen(control, EDGE, 0);
  const ports = { edge: portOf(edge), control: portOf(control) };
  const all = [
    { name: 'edge', server: edge, address: EDGE, port: ports.edge },
    { name: 'origin', server: origin, address: ORIGIN, port: ports.edge },
    { name: 'control', server: control, address: EDGE, port: ports.control },
  ] as const;

  return {
    host: HOST,
    url: `http://${HOST}:${ports.edge}/health`,
    origin: ORIGIN,
    controlUrl: `http://${EDGE}:${ports.control}/generate_204`,
    statusUrl: `http://${EDGE}:${ports.control}`,
    async resolve(host) {
      if (host === HOST) return EDGE;
      throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
    },
    async play(row) {
      const changed = calm();
      rows[row](changed);
      world = changed;
      for (const { name, server, address, port } of all) {
        if (changed.up[name] && !server.listening) await listen(server, address, port);
        if (!changed.up[name] && server.listening) await close(server);
      }
      origin.closeAllConnections();
    },
    async close() {
      await Promise.all(all.filter(({ server }) => server.listening).map(({ server }) => close(server)));
    },
  };
}

/** What cloudflarestatus.com answers. */
function statusSummary(isTroubled: boolean): object {
  return {
    status: { description: isTroubled ? 'Partial System Outage' : 'All Systems Operational' },
    components: [{ name: 'CDN/Cache', status: isTroubled ? 'partial_outage' : 'operational' }],
    incidents: isTroubled ? [{ name: 'Elevated 5xx errors', status: 'investigating' }] : [],
  };
}

/** A real handshake with the origin, which really fails where it speaks plain HTTP. */
function speaksTls(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = tls.connect({ host: ORIGIN, port, rejectUnauthorized: false });
    socket.once('secureConnect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function listen(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
