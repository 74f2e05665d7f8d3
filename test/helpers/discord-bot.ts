/** The real discord.js messenger against the loopback Discord, with handlers a test gives. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { createDiscordMessenger, type DiscordOptions } from '../../bot/discord/index.ts';
import type { ChatHandlers, Command, Invocation, Message, Messenger } from '../../bot/types.ts';
import { loadConfig, type Config } from '../../core/config.ts';
import { until } from './app.ts';
import { APPLICATION_ID, BOT_TOKEN, startDiscordDouble, type DiscordDouble } from './discord-double.ts';

export type TestBot = {
  discord: DiscordDouble;
  messenger: Messenger;
  settings: Config['discord'];
  facts: Map<string, string>;
  lines: { level: string; facts: object; text: string }[];
};

/** Faults are over in a moment. */
const quick: DiscordOptions['tuning'] = {
  backoffMs: { first: 50, longest: 200 },
  refusedMs: 300,
  lostMs: 4000,
};

export const nothing: ChatHandlers = {
  commands: [],
  formFor: async () => null,
  command: async () => undefined,
  action: async () => undefined,
  submit: async () => undefined,
  shortcut: async () => undefined,
  mention: async () => undefined,
  complete: async () => [],
};

/** Connected and with its commands registered; ends with the running test. */
export async function openDiscord(
  handlers: Partial<ChatHandlers> = {},
  options: {
    env?: Record<string, string>;
    heartbeatMs?: number;
    discord?: DiscordDouble;
    facts?: Map<string, string>;
    connected?: boolean;
    tuning?: DiscordOptions['tuning'];
  } = {},
): Promise<TestBot> {
  const discord = options.discord ?? (await openDouble(options.heartbeatMs));
  const facts = options.facts ?? new Map<string, string>();
  const lines: TestBot['lines'] = [];
  const say =
    (level: string) =>
    (about: object, text: string): void =>
      void lines.push({ level, facts: about, text });
  const settings = discordSettings(discord, options.env);
  const messenger = createDiscordMessenger({
    settings,
    locale: 'en',
    store: {
      fact: (name) => facts.get(name) ?? null,
      saveFact: (name, value) => void facts.set(name, value),
    },
    log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    now: discord.state.now,
    tuning: { ...quick, ...options.tuning },
  });
  onTestFinished(() => messenger.stop());
  await messenger.start({ ...nothing, ...handlers });
  if (options.connected !== false) {
    await until(() => messenger.health().connected);
    await until(() => lines.some(({ text }) => /commands on Discord|refuses the commands/.test(text)));
  }
  return { discord, messenger, settings, facts, lines };
}

/** A loopback Discord that ends with the running test. */
export async function openDouble(heartbeatMs?: number): Promise<DiscordDouble> {
  const discord = await startDiscordDouble(heartbeatMs === undefined ? {} : { heartbeatMs });
  onTestFinished(() => discord.stop());
  return discord;
}

/** Variables that lead a bot to the loopback Discord. */
export function discordEnvironment(discord: DiscordDouble): Record<string, string> {
  return {
    DISCORD_TOKEN: BOT_TOKEN,
    DISCORD_APPLICATION_ID: APPLICATION_ID,
    DISCORD_API_BASE_URL: discord.apiBaseUrl,
    DISCORD_CDN_BASE_URL: discord.cdnBaseUrl,
  };
}

function discordSettings(discord: DiscordDouble, env: Record<string, string> = {}): Config['discord'] {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'genscene-discord-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  return loadConfig({ DATA_DIR: dataDir, ...discordEnvironment(discord), ...env }).discord;
}

/** A command that needs nothing. */
export function command(words: Command['path'], changes: Partial<Command> = {}): Command {
  return {
    path: words,
    description: { en: `Does ${words.join(' ')}`, es: `Hace ${words.join(' ')}` },
    access: 'everyone',
    answer: 'public',
    options: {},
    run: async () => undefined,
    ...changes,
  };
}

export function card(text: string, changes: Partial<Message> = {}): Message {
  return { tone: 'working', title: text, ...changes };
}

/** Handlers whose commands all do the same. */
export function answering(
  run: (invocation: Invocation) => Promise<unknown>,
  commands: Command[],
): Partial<ChatHandlers> {
  return { commands, command: async (_path, _options, invocation) => void (await run(invocation)) };
}
