/** What an Uptime Kuma elsewhere finds: those of its monitors that are down, ours left out. */
import type { Fact, OpsTexts } from '../../core/ops/types.ts';
import { same } from '../texts.ts';
import type { Check } from '../types.ts';
import type { KumaMonitor, KumaState } from '../uptime-kuma-monitors.ts';
import type { UptimeKuma } from '../uptime-kuma.ts';

type Settings = { kuma: UptimeKuma | null; intervalMs: number; dependsOn?: readonly string[] };

const SHOWN = 20;
const NAMED = 3;

/** Null without an Uptime Kuma in the settings. */
export function uptimeKumaCheck({ kuma, intervalMs, dependsOn = [] }: Settings): Check | null {
  if (!kuma) return null;
  return {
    id: `uptime-kuma:${kuma.host}`,
    kind: 'uptime-kuma',
    intervalMs,
    timeoutMs: Math.min(25_000, intervalMs * 0.8),
    party: 'third',
    dependsOn,
    async run(signal) {
      const { version, monitors } = await kuma.read(signal);
      // Ours are watched here as well: what fails of them has an incident of its own.
      const others = monitors.filter(({ key }) => key === null);
      const down = others.filter(({ state }) => state === 'down');
      const ok = down.length === 0;
      return {
        ok,
        verdict: ok ? 'ok' : 'monitors_down',
        summary: ok ? allWell(monitors) : someDown(down),
        cure: ok ? null : { en: `Look at them in Uptime Kuma on ${kuma.host}.`, es: `Míralos en Uptime Kuma, en ${kuma.host}.` }, // prettier-ignore
        facts: [
          { name: { en: 'Version', es: 'Versión' }, value: same(version) },
          ...[...down, ...monitors.filter((monitor) => !down.includes(monitor))].slice(0, SHOWN).map(factOf),
        ],
        latencyMs: null,
      };
    },
  };
}

function allWell(monitors: readonly KumaMonitor[]): OpsTexts {
  const up = monitors.filter(({ state }) => state === 'up').length;
  return {
    en: `Uptime Kuma: ${up} of ${monitors.length} monitors up, none of others’ down`,
    es: `Uptime Kuma: ${up} de ${monitors.length} monitores arriba, ninguno ajeno caído`,
  };
}

function someDown(down: readonly KumaMonitor[]): OpsTexts {
  const names = down.slice(0, NAMED).map(({ name }) => name).join(', '); // prettier-ignore
  const more = down.length > NAMED ? ` +${down.length - NAMED}` : '';
  return {
    en: `Down according to Uptime Kuma: ${names}${more}`,
    es: `Caído según Uptime Kuma: ${names}${more}`,
  };
}

const states: Record<KumaState, OpsTexts> = {
  up: { en: 'up', es: 'arriba' },
  down: { en: 'down', es: 'caído' },
  pending: { en: 'in doubt', es: 'en duda' },
  maintenance: { en: 'maintenance', es: 'mantenimiento' },
  paused: { en: 'paused', es: 'en pausa' },
  unknown: { en: 'not known yet', es: 'aún no se sabe' },
};

function factOf({ name, state, pingMs, message, key }: KumaMonitor): Fact {
  const tail = `${pingMs ? ` · ${Math.round(pingMs)} ms` : ''}${state === 'down' && message ? ` · ${message.slice(0, 120)}` : ''}`;
  const said = states[state];
  return {
    name: same(key ? `${name} *` : name),
    value: { en: `${said.en}${tail}`, es: `${said.es}${tail}` },
  };
}
