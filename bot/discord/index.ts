/** Discord as a Messenger: one supervised connection, commands kept registered, answers and posts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DiscordAPIError } from 'discord.js';
import type { Config } from '../../core/config.ts';
import { StudioError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Ops } from '../../core/ops/types.ts';
import type { StudioService } from '../../core/studio-service.ts';
import { openChatStore } from '../chat-store.ts';
import { startBot, type BotOptions } from '../index.ts';
import type { ChatHandlers, ChatStore, Locale, Messenger } from '../types.ts';
import { createAnswers } from './answers.ts';
import { defaultTuning, keepConnection, type Connection, type ConnectionTuning } from './connection.ts';
import { createDispatch, type Dispatch } from './dispatch.ts';
import { codeOf, reasonOf } from './faults.ts';
import { createOutbox } from './outbox.ts';
import { inviteUrl } from './permissions.ts';
import { openTransport } from './transport.ts';
import { registerCommands } from './register.ts';

export { commandManifest } from './register.ts';

export type DiscordOptions = {
  settings: Config['discord'];
  /** Of people whose language we do not speak. */
  locale: Locale;
  /** Remembers which commands were registered. */
  store: Pick<ChatStore, 'fact' | 'saveFact'>;
  log: Logger;
  /** Epoch ms; for tests. */
  now?: () => number;
  /** For tests, whose faults should not take minutes to be over. */
  tuning?: Partial<ConnectionTuning>;
};

/** How long presses under way may take to end when stopping, ms. */
const GRACE_MS = 2000;
const REGISTER_RETRY_MS = { first: 5000, longest: 300_000 };

/**
 * The Discord service, for the composition root.
 * @throws {StudioError} invalid_request without a token, not_ready if its store cannot be opened
 */
export async function startDiscord(deps: {
  config: Config;
  studio: StudioService;
  ops?: Ops | undefined;
  log: Logger;
  /** For tests. */
  tuning?: BotOptions['tuning'];
}): Promise<{ name: 'discord'; health(): ReturnType<Messenger['health']>; stop(): Promise<void> }> {
  const { config, studio, ops, log, tuning } = deps;
  withToken(config.discord);
  const store = openChatStore(config.dataDir, 'discord');
  const messenger = createDiscordMessenger({
    settings: config.discord,
    locale: config.chat.locale,
    store,
    log,
  });
  const bot = await startBot({ messenger, studio, store, config, ops, log, ...(tuning ? { tuning } : {}) });
  return { name: 'discord', health: () => messenger.health(), stop: () => bot.stop() };
}

/** @throws {StudioError} invalid_request without a token */
export function createDiscordMessenger(options: DiscordOptions): Messenger {
  const { store, log, locale, now = Date.now } = options;
  const settings = withToken(options.settings);
  let applicationId = settings.applicationId ?? null;
  let userId = applicationId;
  const transport = openTransport();
  const outbox = createOutbox({
    settings,
    transport,
    applicationId: () => applicationId,
    userId: () => userId,
    now,
  });
  const answers = createAnswers({ settings, transport, outbox, log });
  const registering = transport.openRest({ api: settings.apiBaseUrl, retries: 1, timeout: 15_000 });
  const stopping = new AbortController();
  let running: { connection: Connection; dispatch: Dispatch } | null = null;

  function start(handlers: ChatHandlers): void {
    const dispatch = createDispatch({ settings, locale, handlers, answers, log });
    let isRegistering = false;
    const connection = keepConnection({
      settings,
      transport,
      log,
      tuning: { ...defaultTuning, ...options.tuning },
      onInteraction: dispatch.take,
      onReady(id, user) {
        if (settings.applicationId && settings.applicationId !== id)
          log.error(
            { applicationId: id },
            'DISCORD_APPLICATION_ID is of another application than DISCORD_TOKEN; using that of the token',
          );
        applicationId = id;
        userId = user;
        log.info({ applicationId: id, invite: inviteUrl(id) }, 'connected to Discord');
        if (isRegistering) return;
        isRegistering = true;
        void register(id, handlers).finally(() => (isRegistering = false));
      },
    });
    running = { connection, dispatch };
  }

  /** Until it is done, or Discord refuses it for good. */
  async function register(id: string, { commands }: ChatHandlers): Promise<void> {
    registering.setToken(settings.token);
    for (
      let waitMs = REGISTER_RETRY_MS.first;
      !stopping.signal.aborted;
      waitMs = Math.min(waitMs * 2, REGISTER_RETRY_MS.longest)
    ) {
      try {
        const sent = await registerCommands({
          rest: registering,
          applicationId: id,
          guildId: settings.guildId,
          commands,
          store,
        });
        log.info(
          { sent, commands: commands.length },
          sent ? 'registered the commands on Discord' : 'the commands on Discord are up to date',
        );
        return;
      } catch (error) {
        const isFinal = error instanceof DiscordAPIError && error.status < 500 && error.status !== 429;
        if (isFinal) {
          log.error({ reason: reasonOf(error), ...hintFor(error, id) }, 'Discord refuses the commands');
          return;
        }
        log.warn(
          { reason: reasonOf(error), waitMs },
          'the commands could not be registered on Discord; trying again',
        );
        await sleep(waitMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
      }
    }
  }

  return {
    platform: 'discord',
    ...outbox,
    async start(handlers) {
      if (running) throw new StudioError('conflict', 'The Discord bot runs already.');
      start(handlers);
    },
    async stop() {
      stopping.abort();
      await running?.dispatch.stop(GRACE_MS);
      await running?.connection.stop();
      await transport.close();
    },
    health: () => running?.connection.health() ?? { connected: false, detail: 'not started' },
  };
}

function withToken(settings: Config['discord']): Config['discord'] & { token: string } {
  const { token } = settings;
  if (token) return { ...settings, token };
  throw new StudioError('invalid_request', 'The Discord bot needs a token.', {
    hint: 'Set DISCORD_TOKEN to the token of your bot (discord.com/developers, Bot, Reset Token).',
  });
}

function hintFor(error: unknown, applicationId: string): { hint?: string } {
  if (codeOf(error) !== 50001) return {};
  return { hint: `Add the bot to the server DISCORD_GUILD_ID names: ${inviteUrl(applicationId)}` };
}
