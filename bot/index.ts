/** The bot: commands and reporter around one platform. `startBot` is all the composition root needs. */
import type { Config } from '../core/config.ts';
import type { Logger } from '../core/log.ts';
import type { StudioService } from '../core/studio-service.ts';
import type { ChatStore, Messenger } from './types.ts';

export type BotOptions = {
  messenger: Messenger;
  studio: StudioService;
  store: ChatStore;
  config: Config;
  log: Logger;
};

export type RunningBot = {
  /** Takes no more presses, ends posts under way, closes the store. Idempotent. */
  stop(): Promise<void>;
};

export async function startBot({ messenger, store }: BotOptions): Promise<RunningBot> {
  // Handlers and reporter join here.
  return {
    async stop() {
      await messenger.stop();
      store.close();
    },
  };
}
