/**
 * Discord on loopback: REST v10, gateway and CDN as the real discord.js client meets them, with the
 * limits people have been bitten by (3 s to acknowledge, 15 min tokens, rate limits, permissions,
 * lengths, old messages) and switches for what goes wrong.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFaults, strikeBefore } from './discord-double/faults.ts';
import { openGateway } from './discord-double/gateway.ts';
import { createPerson, type Person, type PersonOptions } from './discord-double/person.ts';
import { createRateLimits } from './discord-double/rate-limits.ts';
import { readBody } from './discord-double/request-body.ts';
import { answer, type RestPlace } from './discord-double/rest.ts';
import {
  BOT_USER_ID,
  createState,
  DiscordFault,
  type DoubleChannel,
  type DoubleInteraction,
} from './discord-double/state.ts';

export { maskedLinks } from './discord-double/messages.ts';
export type { Act, Person, PersonFile } from './discord-double/person.ts';
export * from './discord-double/state.ts';

export type DiscordDouble = Awaited<ReturnType<typeof startDiscordDouble>>;

/** Starts it on a free port; `stop` ends all connections. */
export async function startDiscordDouble(options: { heartbeatMs?: number } = {}) {
  const state = createState();
  const faults = createFaults();
  const limits = createRateLimits();
  const waiting = new Map<string, () => void>();
  const requests: { method: string; path: string; at: number; status: number }[] = [];
  const server = createServer(
    (request, response) => void handle(request, response).catch(() => response.destroy()),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = (server.address() as AddressInfo).port;
  const cdn = `http://127.0.0.1:${port}`;
  const gatewayUrl = `ws://127.0.0.1:${port}/gateway`;
  const gateway = openGateway(server, state, () => gatewayUrl, {
    heartbeatMs: options.heartbeatMs ?? 41_250,
  });
  const place: RestPlace = {
    state,
    cdn,
    gatewayUrl,
    onAck: (interaction) => waiting.get(interaction.id)?.(),
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', cdn);
    const path = decodeURIComponent(url.pathname.replace(/^\/api\/v10/, ''));
    const method = request.method ?? 'GET';
    response.on('finish', () =>
      requests.push({ method, path, at: performance.now(), status: response.statusCode }),
    );
    const fault = faults.next(method, path);
    if (await strikeBefore(fault, request, response)) return;
    if (path.startsWith('/attachments/')) return serveAttachment(url, response);
    const body = await readBody(request);
    const verdict = limits.take(method, path);
    for (const [name, value] of Object.entries(verdict.headers)) response.setHeader(name, value);
    if (!verdict.allowed) {
      response.setHeader('retry-after', verdict.retryAfterS.toFixed(3));
      return reply(response, 429, {
        message: 'You are being rate limited.',
        retry_after: verdict.retryAfterS,
        global: verdict.global,
      });
    }
    try {
      const done = answer(place, {
        method,
        path,
        query: url.searchParams,
        authorization: request.headers.authorization,
        body,
      });
      if (fault?.kind === 'dropsAnswer') return void response.destroy();
      reply(response, done.status, done.json);
    } catch (error) {
      if (!(error instanceof DiscordFault)) throw error;
      reply(response, error.status, {
        code: error.code,
        message: error.message,
        ...(error.errors ? { errors: error.errors } : {}),
      });
    }
  }

  function serveAttachment(url: URL, response: ServerResponse): void {
    const found = state.attachments.get(`${url.pathname}?${url.searchParams.get('is')}`);
    const until = Number.parseInt(url.searchParams.get('ex') ?? '0', 16) * 1000;
    if (!found || state.now() > until)
      return void response.writeHead(404).end('This content is no longer available.');
    response
      .writeHead(200, { 'content-type': found.content_type, 'content-length': found.size })
      .end(found.bytes);
  }

  /** As Discord's client does: three seconds, then "The application did not respond". */
  function waitFor(interaction: DoubleInteraction): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(new Error('The application did not respond')), 3000);
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        waiting.delete(interaction.id);
        if (error) reject(error);
        else resolve();
      };
      waiting.set(interaction.id, () => settle());
    });
  }

  return {
    apiBaseUrl: `${cdn}/api`,
    botUserId: BOT_USER_ID,
    gatewayUrl,
    cdnBaseUrl: cdn,
    state,
    gateway,
    faults,
    /** `refused` counts 429s people earned by being too quick. */
    limits,
    /** Every request that was answered. */
    requests,
    channel(changes: Partial<DoubleChannel> = {}): DoubleChannel {
      const channel: DoubleChannel = {
        id: state.newId(),
        type: 0,
        name: 'films',
        parent: null,
        visible: true,
        writable: true,
        attachmentLimit: 10 * 1024 ** 2,
        ...changes,
      };
      state.channels.set(channel.id, channel);
      return channel;
    },
    person(changes: Partial<PersonOptions> = {}): Person {
      return createPerson(
        { state, cdn, dispatch: gateway.dispatch, waitFor },
        { id: state.newId(), name: 'Ada', ...changes },
      );
    },
    async stop(): Promise<void> {
      gateway.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function reply(response: ServerResponse, status: number, json: unknown): void {
  if (json === undefined) return void response.writeHead(status).end();
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
}
