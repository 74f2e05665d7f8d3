/** The bots, each imported only where it runs. */
import type { ApiServer } from './api-service.ts';
import type { Parts, Service } from './parts.ts';

export async function startDiscordService({ config, log, studio, tuning }: Parts): Promise<Service> {
  const { startDiscord } = await import('../bot/discord/index.ts');
  const { announceLeaseMs: leaseMs } = tuning;
  return startDiscord({ config, studio, log, ...(leaseMs ? { tuning: { leaseMs } } : {}) });
}

/** @param server the API's, where Slack calls us over HTTP */
export async function startSlackService(
  { config, log, studio }: Parts,
  server?: ApiServer,
): Promise<Service> {
  const [{ startSlack }, { openChatStore }] = await Promise.all([
    import('../bot/slack/index.ts'),
    import('../bot/chat-store.ts'),
  ]);
  const store = openChatStore(config.dataDir, 'slack');
  try {
    return await startSlack({ config, studio, store, log, ...(server ? { server } : {}) });
  } catch (error) {
    store.close();
    throw error;
  }
}
