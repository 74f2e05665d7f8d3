/**
 * A loopback Slack: Web API, Socket Mode and signed HTTP, with Slack's limits enforced and faults to
 * switch on. `people.ts` is how persons use it; messages and calls can be looked at.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { blockFaults } from './block-rules.ts';
import { createPeople, type People } from './people.ts';
import { createRateLimits } from './rate-limits.ts';
import { socketMode, type SocketMode } from './socket-mode.ts';
import type { ApiCall, Fault, SlackBlock } from './types.ts';
import { SlackRefusal, webApi } from './web-api.ts';
import { createWorkspace, type Workspace } from './workspace.ts';

export type { ApiCall, Delivery, Fault, SlackBlock, SlackFile, SlackMessage, SlackView } from './types.ts';
export { aliveIn, wordsOf } from './seen-text.ts';

export type SlackDouble = {
  /** For `slackApiUrl`. */
  apiUrl: string;
  botToken: string;
  appToken: string;
  signingSecret: string;
  workspace: Workspace;
  socket: SocketMode;
  people: People;
  calls: ApiCall[];
  /** Limits that were broken: calls answered 429 by the limits themselves, not by a fault. */
  rateLimited: ApiCall[];
  /** The next `times` calls of a method (or `*`) suffer this. */
  fail(method: string, fault: Fault, times?: number): void;
  heal(): void;
  /** Tokens answered `invalid_auth` from now on. */
  revoke(which: 'bot' | 'app', on?: boolean): void;
  close(): Promise<void>;
};

export type SlackDoubleOptions = {
  /** Where signed requests go; absent: Socket Mode. May be set later. */
  eventsUrl?: () => string;
  pingMs?: number;
};

const botToken = 'xoxb-canary-bot-token';
const appToken = 'xapp-canary-app-token';
const signingSecret = 'canary-signing-secret';

export async function openSlackDouble(options: SlackDoubleOptions = {}): Promise<SlackDouble> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const baseUrl = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const workspace = createWorkspace(baseUrl);
  const socket = socketMode(server, { pingMs: options.pingMs ?? 2000 });
  const methods = webApi({ workspace, baseUrl, newSocketUrl: () => socket.newUrl(baseUrl()) });
  const limits = createRateLimits();
  const calls: ApiCall[] = [];
  const rateLimited: ApiCall[] = [];
  const faults: { method: string; fault: Fault; times: number }[] = [];
  const revoked = new Set<'bot' | 'app'>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', baseUrl()).pathname;
    const [, area = '', id = ''] = path.split('/');
    if (area === 'api') return answerMethod(path.slice('/api/'.length), request, response);
    if (area === 'upload') return takeUpload(id, request, response);
    if (area === 'response') return takeResponse(id, request, response);
    if (area === 'files-pri') return serveFile(id, request, response);
    response.writeHead(404).end();
  }

  async function answerMethod(
    method: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const args = Object.fromEntries(new URLSearchParams(await text(request)));
    const call: ApiCall = { method, args, at: Date.now(), answer: 'ok' };
    calls.push(call);
    const send = (body: Record<string, unknown>, status = 200, headers = {}): void => {
      if (typeof body['error'] === 'string') call.answer = body['error'];
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
      response.end(JSON.stringify(body));
    };
    const fault = takeFault(method);
    switch (fault?.kind) {
      case 'rateLimited':
        return send({ ok: false, error: 'ratelimited' }, 429, { 'retry-after': String(fault.retryAfterS) });
      case 'status':
        return send({ ok: false, error: 'service_unavailable' }, fault.status);
      case 'error':
        return send({ ok: false, error: fault.error });
      case 'hangs':
        return void setTimeout(() => response.destroy(), fault.ms);
      default:
    }
    const wanted = method === 'apps.connections.open' ? 'app' : 'bot';
    const given = request.headers.authorization ?? '';
    if (given !== `Bearer ${wanted === 'app' ? appToken : botToken}` || revoked.has(wanted))
      return send({ ok: false, error: given ? 'invalid_auth' : 'not_authed' });
    const wait = limits(method, args['channel'] ?? '');
    if (wait > 0) {
      rateLimited.push(call);
      return send({ ok: false, error: 'ratelimited' }, 429, { 'retry-after': String(wait) });
    }
    try {
      const run = methods[method];
      if (!run) throw new SlackRefusal('unknown_method');
      const result = run(args);
      if (fault?.kind === 'dropsAnswer') return void response.destroy();
      send({ ok: true, ...result });
    } catch (error) {
      if (!(error instanceof SlackRefusal)) throw error;
      send({ ok: false, error: error.message, ...error.details });
    }
  }

  function takeFault(method: string): Fault | undefined {
    const found = faults.find(
      (entry) => (entry.method === method || entry.method === '*') && entry.times > 0,
    );
    if (found) found.times -= 1;
    return found?.fault;
  }

  async function takeUpload(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const upload = workspace.pendingUploads.get(id);
    if (!upload || !['POST', 'PUT'].includes(request.method ?? '')) return void response.writeHead(404).end();
    calls.push({ method: 'upload', args: { id }, at: Date.now(), answer: 'ok' });
    const fault = takeFault('upload');
    if (fault?.kind === 'status') return void response.writeHead(fault.status).end();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    if (bytes.length !== upload.length) return void response.writeHead(400).end('length mismatch');
    upload.bytes = bytes;
    response.writeHead(200).end(`OK - ${bytes.length}`);
  }

  async function takeResponse(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = workspace.responses.get(id);
    const body = JSON.parse(await text(request)) as {
      response_type?: string;
      replace_original?: boolean;
      text?: string;
      blocks?: SlackBlock[];
    };
    calls.push({
      method: 'response_url',
      args: { body: JSON.stringify(body) },
      at: Date.now(),
      answer: 'ok',
    });
    if (!target || target.uses <= 0)
      return void response.writeHead(404).end('{"ok":false,"error":"used_url"}');
    if (blockFaults(body.blocks ?? [], 'message').length > 0)
      return void response.writeHead(400).end('{"ok":false,"error":"invalid_blocks"}');
    target.uses -= 1;
    const content = { text: body.text ?? '', blocks: body.blocks ?? [] };
    const original = [...workspace.messages, ...workspace.ephemerals].find(
      ({ channel, ts }) => channel === target.channel && ts === target.ts,
    );
    if (body.replace_original && original) {
      original.earlier.push({ until: Date.now(), text: original.text, blocks: original.blocks });
      Object.assign(original, content);
    } else
      (body.response_type === 'in_channel' ? workspace.messages : workspace.ephemerals).push({
        channel: target.channel,
        ts: workspace.nextTs(),
        user: workspace.bot.userId,
        ...content,
        files: [],
        edits: 0,
        earlier: [],
        ...(body.response_type === 'in_channel' ? {} : { onlyFor: target.user }),
      });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  }

  /** Without the token Slack answers a login page, with status 200. */
  async function serveFile(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const file = workspace.files.get(id);
    if (request.headers.authorization !== `Bearer ${botToken}` || revoked.has('bot'))
      return void response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
        .end('<html>Sign in</html>');
    if (!file) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': file.mimetype, 'content-length': file.size }).end(file.bytes);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    apiUrl: `${baseUrl()}/api/`,
    botToken,
    appToken,
    signingSecret,
    workspace,
    socket,
    people: createPeople({
      workspace,
      socket,
      signingSecret,
      ...(options.eventsUrl ? { eventsUrl: options.eventsUrl } : {}),
    }),
    calls,
    rateLimited,
    fail: (method, fault, times = 1) => void faults.push({ method, fault, times }),
    heal: () => void faults.splice(0),
    revoke: (which, on = true) => void (on ? revoked.add(which) : revoked.delete(which)),
    async close() {
      socket.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
