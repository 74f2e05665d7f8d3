/** A name resolves, and to the addresses it should have. */
import { Resolver } from 'node:dns/promises';
import { performance } from 'node:perf_hooks';
import { domainOf } from '../diagnosis.ts';
import { same } from '../texts.ts';
import type { Check } from '../types.ts';

export type DnsSettings = {
  name: string;
  /** Empty: any address will do. */
  expected: readonly string[];
  intervalMs: number;
  /** `address:port` of name servers; default: the system's. */
  servers?: readonly string[];
  dependsOn?: readonly string[];
};

export function dnsCheck({ name, expected, intervalMs, servers, dependsOn = [] }: DnsSettings): Check {
  const timeoutMs = Math.min(8000, intervalMs * 0.8);
  return {
    id: `dns:${name}`,
    kind: 'dns',
    intervalMs,
    timeoutMs,
    party: 'own',
    dependsOn,
    async run(signal) {
      const resolver = new Resolver({ timeout: Math.floor(timeoutMs / 2), tries: 1 });
      if (servers) resolver.setServers(servers);
      const cancel = (): void => resolver.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      const startedAt = performance.now();
      try {
        const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
        const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
        const code = answers.flatMap((answer) =>
          answer.status === 'rejected' ? [String((answer.reason as NodeJS.ErrnoException).code)] : [],
        )[0];
        return judgeAnswer(name, expected, found, code, performance.now() - startedAt);
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    },
  };
}

function judgeAnswer(
  name: string,
  expected: readonly string[],
  found: readonly string[],
  code: string | undefined,
  ms: number,
) {
  const facts = [
    { name: { en: 'Addresses', es: 'Direcciones' }, value: same(found.join(', ') || (code ?? '–')) },
  ];
  if (found.length === 0)
    return {
      ok: false,
      verdict: 'no_address',
      summary: { en: `${name} does not resolve (${code})`, es: `${name} no resuelve (${code})` },
      cure: {
        en: 'Check the A/AAAA record of this name and whether its name servers answer (dig).',
        es: 'Revisa el registro A/AAAA de este nombre y si responden sus servidores (dig).',
      },
      facts,
      latencyMs: null,
      // Nothing at this name can be reached for the same reason.
      cause: `edge_unreachable@${domainOf(name)}`,
    };
  const strangers = expected.length === 0 ? [] : found.filter((address) => !expected.includes(address));
  const ok = strangers.length === 0;
  return {
    ok,
    verdict: ok ? 'ok' : 'other_address',
    summary: ok
      ? { en: `${name} resolves`, es: `${name} resuelve` }
      : {
          en: `${name} leads to ${strangers.join(', ')} instead of ${expected.join(', ')}`,
          es: `${name} lleva a ${strangers.join(', ')} en vez de a ${expected.join(', ')}`,
        },
    cure: ok
      ? null
      : {
          en: 'Correct the record, or MONITOR_DNS if the address was changed on purpose.',
          es: 'Corrige el registro, o MONITOR_DNS si la dirección se cambió a propósito.',
        },
    facts,
    latencyMs: ms,
  };
}
