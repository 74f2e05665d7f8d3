/** Whether this machine reaches the internet at all: all that looks outward depends on it. */
import { probe } from '../probe.ts';
import { same } from '../texts.ts';
import type { Check } from '../types.ts';
import { sayVerdict } from '../verdict-texts.ts';

export const NETWORK = 'network:control';

export function networkCheck({ controlUrl, intervalMs }: { controlUrl: string; intervalMs: number }): Check {
  const url = new URL(controlUrl);
  const timeoutMs = Math.min(8000, intervalMs * 0.8);
  return {
    id: NETWORK,
    kind: 'network',
    intervalMs,
    timeoutMs,
    party: 'third',
    async run(signal) {
      const { status, ms, code } = await probe(url, { timeoutMs: timeoutMs - 100, signal });
      const ok = status !== null;
      const said = sayVerdict('own_network', { host: url.hostname, address: null, code: code ?? '' });
      return {
        ok,
        verdict: ok ? 'ok' : 'own_network',
        summary: ok ? { en: 'The internet can be reached', es: 'Se llega a internet' } : said.summary,
        cure: ok
          ? null
          : {
              en: `${said.cure!.en} If others can be reached, set MONITOR_CONTROL_URL to one that answers.`,
              es: `${said.cure!.es} Si se llega a otras, pon en MONITOR_CONTROL_URL una que responda.`,
            },
        facts: [
          { name: { en: 'Control', es: 'Control' }, value: same(`${url.hostname}: ${status ?? code}`) },
        ],
        latencyMs: ok ? ms : null,
        cause: 'own-network',
      };
    },
  };
}
