/** The messenger against the loopback Slack, with handlers a test can look into. */
import fastify, { type FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import {
  createSlackMessenger,
  slackSettings,
  type SlackMessenger,
  type SlackSettings,
} from '../../../bot/slack/index.ts';
import { loadConfig } from '../../../core/config.ts';
import { encodeAction, type ActionName } from '../../../bot/actions.ts';
import type { ActionButton, ChatHandlers, Command, Form, Invocation } from '../../../bot/types.ts';
import type { Logger } from '../../../core/log.ts';
import { until } from '../../helpers/app.ts';
import { openSlackDouble, type SlackDouble } from '../../helpers/slack-double/index.ts';

export const user = 'U0000ANA';
export const channel = 'C0000FILM';

export type Heard = { what: string; details: unknown[]; invocation: Invocation };
export type Opened = {
  slack: SlackDouble;
  messenger: SlackMessenger;
  heard: Heard[];
  lines: string[];
  server: FastifyInstance | null;
  eventsUrl: string;
};

export const form: Form = {
  id: 'form:new',
  title: 'A title that is longer than what Slack shows',
  submit: 'Make it',
  fields: [
    { kind: 'text', name: 'script', label: 'Script', multiline: true, required: true, maxLength: 4000 },
    {
      kind: 'choice',
      name: 'format',
      label: 'Format',
      required: true,
      value: 'wide',
      options: [
        { value: 'wide', label: 'Wide' },
        { value: 'tall', label: 'Tall' },
      ],
    },
    { kind: 'files', name: 'media', label: 'Pictures', required: false, most: 5, accept: ['image', 'text'] },
  ],
};

const text = (en: string) => ({ en, es: en });
export const commands: Command[] = [
  {
    path: ['video', 'new'],
    description: text('Makes a film'),
    access: 'everyone',
    answer: 'public',
    options: {
      script: { schema: z.string().optional(), description: text('The words') },
      voice: { schema: z.string().optional(), description: text('Who speaks') },
      format: { schema: z.enum(['wide', 'tall']).default('wide'), description: text('Shape') },
      draft: { schema: z.boolean().default(false), description: text('Look first') },
    },
    textOption: 'script',
    run: () => Promise.resolve(),
  },
  {
    path: ['video', 'list'],
    description: text('Lists films'),
    access: 'everyone',
    answer: 'private',
    options: {},
    run: () => Promise.resolve(),
  },
  {
    path: ['video', 'status'],
    description: text('How far a film is'),
    access: 'everyone',
    answer: 'private',
    options: { id: { schema: z.string(), description: text('Which') } },
    run: () => Promise.resolve(),
  },
  {
    path: ['queue'],
    description: text('Who waits'),
    access: 'everyone',
    answer: 'private',
    options: {},
    run: () => Promise.resolve(),
  },
] as unknown as Command[];

export type OpenOptions = {
  mode?: 'socket' | 'http';
  handlers?: Partial<ChatHandlers>;
  settings?: Partial<SlackSettings>;
  pingMs?: number;
  /** Do not wait for the connection. */
  unconnected?: boolean;
  before?: (slack: SlackDouble) => void;
};

/** Everything that is opened goes away with the running test. */
export async function openSlack(options: OpenOptions = {}): Promise<Opened> {
  const { mode = 'socket', handlers = {}, pingMs } = options;
  let eventsUrl = '';
  const slack = await openSlackDouble({
    pingMs: 200,
    ...(mode === 'http' ? { eventsUrl: () => eventsUrl } : {}),
  });
  onTestFinished(() => slack.close());
  slack.workspace.addUser(user, 'es-MX');
  slack.workspace.addChannel(channel);
  options.before?.(slack);
  const lines: string[] = [];
  const messenger = createSlackMessenger({
    settings: {
      ...slackSettings(loadConfig(slackEnvironment(slack, mode))),
      ...options.settings,
    },
    log: keepLines(lines),
    tuning: { leastWaitMs: 30, ...(pingMs ? { pingMs } : {}) },
  });
  onTestFinished(() => messenger.stop());
  const server = messenger.http ? fastify() : null;
  if (server && messenger.http) {
    await server.register(messenger.http);
    await server.listen({ host: '127.0.0.1', port: 0 });
    onTestFinished(() => server.close());
    eventsUrl = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}/slack/events`;
  }
  const heard: Heard[] = [];
  const hear =
    (what: string) =>
    (...all: unknown[]): Promise<void> => {
      heard.push({ what, details: all.slice(0, -1), invocation: all.at(-1) as Invocation });
      return Promise.resolve();
    };
  await messenger.start({
    commands,
    formFor: () => Promise.resolve(null),
    command: hear('command'),
    action: hear('action'),
    submit: hear('submit'),
    shortcut: hear('shortcut'),
    mention: hear('mention'),
    complete: () => Promise.resolve([]),
    ...handlers,
  });
  if (!options.unconnected) await until(() => messenger.health().connected);
  return { slack, messenger, heard, lines, server, eventsUrl };
}

/** The settings a person would make to reach this Slack. */
export function slackEnvironment(slack: SlackDouble, mode: 'socket' | 'http'): Record<string, string> {
  return {
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_SIGNING_SECRET: slack.signingSecret,
    SLACK_MODE: mode,
    SLACK_API_URL: slack.apiUrl,
    SLACK_ATTACHMENT_HOSTS: new URL(slack.apiUrl).host,
  };
}

function keepLines(lines: string[]): Logger {
  const keep = (_facts: object, message: string): void => void lines.push(message);
  return { debug: keep, info: keep, warn: keep, error: keep };
}

/** The words of a stream, for attachments and incoming files. */
export async function readAll(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

export function asJob(name: ActionName, jobId: string, label: string): ActionButton {
  return { kind: 'action', action: encodeAction({ name, jobId }), label, style: 'plain' };
}
