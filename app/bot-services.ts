/** The bots, each imported only where it runs. */
import type { Ops } from '../core/ops/types.ts';
import type { ApiServer } from './api-service.ts';
import type { Parts, Service } from './parts.ts';

/** @param ops of the monitoring that runs in this process, if it does */
export async function startDiscordService(
  { config, log, studio, tuning }: Parts,
  ops: Ops | undefined,
): Promise<Service> {
  const { startDiscord } = await import('../bot/discord/index.ts');
  const { announceLeaseMs: leaseMs } = tuning;
  return startDiscord({ config, studio, ops, log, ...(leaseMs ? { tuning: { leaseMs } } : {}) });
}

/** @param server the API's, where Slack calls us over HTTP */
export async function startSlackService(
  { config, log, studio }: Parts,
  ops: Ops | undefined,
  server?: ApiServer,
): Promise<Service> {
  const [{ startSlack }, { openChatStore }] = await Promise.all([
    import('../bot/slack/index.ts'),
    import('../bot/chat-store.ts'),
  ]);
  const store = openChatStore(config.dataDir, 'slack');
  try {
    return await startSlack({ config, studio, store, ops, log, ...(server ? { server } : {}) });
  } catch (error) {
    store.close();
    throw error;
  }
}
