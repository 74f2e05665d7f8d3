/** Webhooks go through the same door to the network as downloads: public addresses on the usual ports. */
import { checkUrl } from '../ingest/addresses.ts';
import { createAgent, realNetwork } from '../ingest/connect.ts';
import type { FetchGuard } from '../jobs/webhooks.ts';

const CONNECT_MS = 5000;
const IDLE_MS = 10_000;

/** @param allowHosts `host:port` exempt from the port and private-address rules */
export function openWebhookGuard(allowHosts: readonly string[]): FetchGuard & { close(): Promise<void> } {
  const rules = { allowHosts };
  const dispatcher = createAgent(rules, realNetwork, CONNECT_MS, IDLE_MS);
  return {
    check: (url) => checkUrl(url, rules),
    dispatcher,
    close: async () => (dispatcher.destroyed ? undefined : dispatcher.destroy()),
  };
}
