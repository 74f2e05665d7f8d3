/** The bot: commands and reporter around one platform. `startBot` is all the composition root needs. */
import type { Config } from '../core/config.ts';
import type { Logger } from '../core/log.ts';
import type { Ops } from '../core/ops/types.ts';
import type { StudioService } from '../core/studio-service.ts';
import { systemClock, type Clock } from './clock.ts';
import { createHandlers } from './handlers.ts';
import { opsChannels } from './ops-channels.ts';
import { createPermissions } from './permissions.ts';
import { createQuotas } from './quotas.ts';
import { startReporter } from './reporter.ts';
import type { ChatStore, Messenger } from './types.ts';

export type BotOptions = {
  messenger: Messenger;
  studio: StudioService;
  /** Closed by the bot when it stops. */
  store: ChatStore;
  config: Config;
  /** Asked by `/ops`, and lent this platform's ops channels; absent where monitoring does not run here. */
  ops?: Ops | undefined;
  log: Logger;
  /** For tests. */
  tuning?: { clock?: Clock; leaseMs?: number };
};

export type RunningBot = {
  readonly messenger: Messenger;
  /** Takes no more presses, ends posts under way, closes the store. Idempotent. */
  stop(): Promise<void>;
};

const FORGET_EVERY_MS = 6 * 3600_000;
/** Cards outlive the jobs they show by this much, ms. */
const MEMORY_MARGIN_MS = 7 * 24 * 3600_000;

/**
 * Starts telling of jobs and listening to people.
 * @throws {StudioError} invalid_request for settings the platform cannot work with; nothing is left running then
 */
export async function startBot(options: BotOptions): Promise<RunningBot> {
  const { messenger, studio, store, config, ops, log, tuning = {} } = options;
  const permissions = createPermissions(config);
  const { now } = tuning.clock ?? systemClock;
  const quotas = createQuotas({ studio, config, now });
  const { locale } = config.chat;
  const reporter = startReporter({ messenger, studio, store, log, locale, ...tuning });
  const { limits } = messenger;
  const handlers = createHandlers({
    studio,
    store,
    config,
    permissions,
    quotas,
    reporter,
    limits,
    ops: ops ?? null,
    log,
    now,
  });
  const lent = ops ? opsChannels(messenger, config).map((channel) => ops.attach(channel)) : [];
  const forgetting = setInterval(() => forget(options), FORGET_EVERY_MS).unref();

  const stop = async (): Promise<void> => {
    clearInterval(forgetting);
    for (const takeBack of lent) takeBack();
    await messenger.stop();
    await reporter.stop();
    store.close();
  };
  try {
    await messenger.start(handlers);
  } catch (error) {
    await stop();
    throw error;
  }
  let stopped: Promise<void> | null = null;
  return { messenger, stop: () => (stopped ??= stop()) };
}

function forget({ store, config, log }: BotOptions): void {
  try {
    store.forget(Date.now() - config.retention.days * 24 * 3600_000 - MEMORY_MARGIN_MS);
  } catch (error) {
    log.warn({ error: String(error) }, 'old cards could not be forgotten');
  }
}
