/**
 * Slack over HTTP inside the API's server: a plugin of its own, so that its body parsing and its missing
 * API key touch no other route. The bytes are checked as they came, then handed to Bolt.
 */
import type { HTTPReceiver } from '@slack/bolt';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { createReplayGuard } from './replay-guard.ts';

/** Slack's own limit lies far below, bytes. */
const BODY_LIMIT = 1024 * 1024;

export type SlackHttpPlugin = (server: FastifyInstance) => Promise<void>;

export type SlackHttpOptions = {
  receiver: HTTPReceiver;
  signingSecret: string;
  path: string;
  /** False while the bot's token is not yet accepted: Slack tries events again. */
  ready: () => boolean;
};

export function slackHttp({ receiver, signingSecret, path, ready }: SlackHttpOptions): SlackHttpPlugin {
  const guard = createReplayGuard(signingSecret);
  return async (server) => {
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_request, body, done) =>
      done(null, body),
    );
    server.post(path, { bodyLimit: BODY_LIMIT }, (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      // Slack tries out the certificate of a command's address without signing.
      if (body.toString() === 'ssl_check=1') return void reply.code(200).send();
      const verdict = guard({
        timestamp: header(request, 'x-slack-request-timestamp'),
        signature: header(request, 'x-slack-signature'),
        body,
      });
      if (verdict !== 'good') {
        request.log.warn({ verdict }, 'a request to the Slack endpoint was refused');
        return void reply.code(401).send();
      }
      if (!ready()) return void reply.code(503).header('retry-after', '5').send();
      reply.hijack();
      // Bolt takes the body from here instead of reading the stream again.
      const raw = request.raw as IncomingMessage & { rawBody?: Buffer };
      raw.rawBody = body;
      receiver.requestListener(raw, reply.raw);
    });
  };
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
