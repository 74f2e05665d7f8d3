/** Webhooks go through the same door to the network as downloads: public addresses on the usual ports. */
import { checkUrl } from '../ingest/addresses.ts';
import { createAgent, realNetwork } from '../ingest/connect.ts';
import type { FetchGuard } from '../jobs/webhooks.ts';

const CONNECT_MS = 5000;
const IDLE_MS = 10_000;

/** @param allowHosts `host:port` exempt from the port and private-address rules */
export function openWebhookGuard(allowHosts: readonly string[]): FetchGuard & { close(): Promise<void> } {
  const rules = { allowHosts };
  let agent: ReturnType<typeof createAgent> | undefined;
  return {
    check: (url) => checkUrl(url, rules),
    dispatcher: () => (agent ??= createAgent(rules, realNetwork, CONNECT_MS, IDLE_MS)),
    async close() {
      const opened = await agent;
      if (opened && !opened.destroyed) await opened.destroy();
    },
  };
}
