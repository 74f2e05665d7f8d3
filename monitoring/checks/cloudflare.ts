/** What Cloudflare knows of our zone: token, zone, records, tunnel; traffic and its own troubles as context. */
import type { Fact, OpsTexts } from '../../core/ops/types.ts';
import {
  cloudStatusFact,
  type Cloudflare,
  type DnsRecord,
  type Token,
  type Traffic,
  type Tunnel,
  type Zone,
} from '../cloudflare.ts';
import { same, sayLength } from '../texts.ts';
import type { Check, CheckResult, Notice } from '../types.ts';

type Settings = {
  cloudflare: Cloudflare | null;
  /** Addresses of watched hosts. */
  hosts: readonly string[];
  /** Public address of the origin. */
  origin?: string | undefined;
  tunnelId?: string | undefined;
  intervalMs: number;
  now: () => number;
  dependsOn?: readonly string[];
};
type Fault = { verdict: string; summary: OpsTexts; cure: OpsTexts; cause?: string };
type Record = { host: string; records: DnsRecord[] };

const DAY_MS = 24 * 3600_000;
const WARN_DAYS = [14, 7, 3, 1];
const TRAFFIC_MS = 15 * 60_000;
/** Analytics are complete only after some minutes. */
const TRAFFIC_LAG_MS = 3 * 60_000;

/** Null without a token and a zone in the settings. */
export function cloudflareCheck(settings: Settings): Check | null {
  const { cloudflare, intervalMs, dependsOn = [] } = settings;
  if (!cloudflare) return null;
  return {
    id: 'cloudflare:zone',
    kind: 'cloudflare',
    intervalMs,
    timeoutMs: Math.min(25_000, intervalMs * 0.8),
    party: 'third',
    dependsOn,
    run: (signal) => look(cloudflare, settings, signal),
  };
}

async function look(
  cloudflare: Cloudflare,
  { hosts, origin, tunnelId, now }: Settings,
  signal: AbortSignal,
): Promise<CheckResult> {
  const names = [...new Set(hosts.map((url) => new URL(url).hostname))];
  const to = now() - TRAFFIC_LAG_MS;
  // Whatever is only context must not fail the check.
  const context = <T>(asked: Promise<T>): Promise<T | null> => asked.catch(() => null);
  const token = await cloudflare.token(signal);
  const zone = token.status === 'active' ? await cloudflare.zone(signal) : null;
  const unless = async <T>(ask: () => Promise<T>): Promise<T | null> => (zone ? ask() : null);
  const ourNames = names.filter((host) => zone && isWithin(host, zone.name));
  const [records, tunnel, traffic, status] = await Promise.all([
    unless(() => recordsOf(cloudflare, ourNames, signal)),
    unless(() => cloudflare.tunnel(signal)),
    unless(() => context(cloudflare.traffic(to - TRAFFIC_MS, to, signal))),
    context(cloudflare.status(signal)),
  ]);
  const ours = records ?? [];
  const fault =
    tokenFault(token) ??
    (zone && zoneFault(zone)) ??
    (tunnel && zone && tunnelFault(tunnel, zone.name)) ??
    ours.map((each) => recordFault(each, origin, tunnelId)).find((each) => each !== null) ??
    null;
  const facts: Fact[] = [
    { name: { en: 'Token', es: 'Token' }, value: tokenText(token, now()) },
    ...(zone ? [{ name: { en: 'Zone', es: 'Zona' }, value: zoneText(zone) }] : []),
    ...ours.map(({ host, records: found }) => ({ name: same(host), value: recordsText(found) })),
    ...(tunnel
      ? [{ name: { en: 'Tunnel', es: 'Túnel' }, value: same(`${tunnel.name} · ${tunnel.status}`) }]
      : []),
    ...(traffic ? [{ name: { en: 'Last 15 min', es: 'Últimos 15 min' }, value: trafficText(traffic) }] : []),
    ...(status ? [cloudStatusFact(status)] : []),
  ];
  const notices = tokenNotices(token, facts, now());
  if (fault) return { ok: false, ...fault, facts, latencyMs: null, notices };
  return {
    ok: true,
    verdict: 'ok',
    summary: wellText(zone!, tunnel),
    cure: null,
    facts,
    latencyMs: null,
    notices,
  };
}

function recordsOf(cloudflare: Cloudflare, names: readonly string[], signal: AbortSignal): Promise<Record[]> {
  return Promise.all(names.map(async (host) => ({ host, records: await cloudflare.records(host, signal) })));
}

function isWithin(host: string, zone: string): boolean {
  return host === zone || host.endsWith(`.${zone}`);
}

function tokenFault({ status }: Token): Fault | null {
  if (status === 'active') return null;
  return {
    verdict: 'token_unusable',
    summary: {
      en: `Cloudflare's API token is ${status}`,
      es: `El token de la API de Cloudflare no sirve (${status})`,
    },
    cure: {
      en: 'Make a new one in the dashboard (My profile → API tokens) and set CLOUDFLARE_API_TOKEN.',
      es: 'Crea otro en el panel (Mi perfil → API tokens) y ponlo en CLOUDFLARE_API_TOKEN.',
    },
  };
}

function zoneFault({ name, status, paused }: Zone): Fault | null {
  if (paused)
    return {
      verdict: 'zone_paused',
      summary: {
        en: `Cloudflare is paused for ${name}: everyone reaches the origin directly`,
        es: `Cloudflare está en pausa para ${name}: todos llegan directamente al origen`,
      },
      cure: {
        en: 'Choose “Enable Cloudflare on site” in the overview of the zone.',
        es: 'Elige «Activar Cloudflare en el sitio» en la vista general de la zona.',
      },
    };
  if (status === 'active') return null;
  return {
    verdict: 'zone_inactive',
    summary: {
      en: `The zone ${name} is ${status} at Cloudflare`,
      es: `La zona ${name} está ${status} en Cloudflare`,
    },
    cure: {
      en: 'Check at the registrar that the name servers of this domain are those of Cloudflare.',
      es: 'Comprueba en el registrador que los servidores de nombres de este dominio son los de Cloudflare.',
    },
  };
}

function tunnelFault({ name, status }: Tunnel, zone: string): Fault | null {
  if (status !== 'down' && status !== 'inactive') return null;
  return {
    verdict: 'tunnel_down',
    // As it looks from outside.
    cause: `tunnel_or_dns@${zone}`,
    summary: {
      en: `The tunnel ${name} is ${status}: Cloudflare has no connection to the origin`,
      es: `El túnel ${name} está ${status === 'down' ? 'caído' : 'inactivo'}: Cloudflare no tiene conexión con el origen`,
    },
    cure: {
      en: 'Start cloudflared on the origin (systemctl status cloudflared, docker compose ps) and read its log.',
      es: 'Arranca cloudflared en el origen (systemctl status cloudflared, docker compose ps) y lee su registro.',
    },
  };
}

function recordFault(
  { host, records }: Record,
  origin: string | undefined,
  tunnelId: string | undefined,
): Fault | null {
  if (records.length === 0)
    return {
      verdict: 'no_record',
      summary: {
        en: `${host} has no DNS record at Cloudflare`,
        es: `${host} no tiene registro DNS en Cloudflare`,
      },
      cure: {
        en: 'Add an A, AAAA or CNAME record for it.',
        es: 'Añade un registro A, AAAA o CNAME para él.',
      },
    };
  const family = origin?.includes(':') ? 'AAAA' : 'A';
  const elsewhere = records.find(
    ({ type, content }) =>
      (origin !== undefined && type === family && content !== origin) ||
      (tunnelId !== undefined && content.endsWith('.cfargotunnel.com') && !content.startsWith(tunnelId)),
  );
  if (!elsewhere) return null;
  return {
    verdict: 'record_elsewhere',
    summary: {
      en: `The record of ${host} leads to ${elsewhere.content}, not to our ${elsewhere.type === 'CNAME' ? 'tunnel' : 'origin'}`,
      es: `El registro de ${host} lleva a ${elsewhere.content}, no a nuestro ${elsewhere.type === 'CNAME' ? 'túnel' : 'origen'}`,
    },
    cure: {
      en: 'Correct the record in Cloudflare, or MONITOR_ORIGIN or CLOUDFLARE_TUNNEL_ID if it was moved on purpose.',
      es: 'Corrige el registro en Cloudflare, o MONITOR_ORIGIN o CLOUDFLARE_TUNNEL_ID si se movió a propósito.',
    },
  };
}

/** Told once at each of the days before it ends. */
function tokenNotices({ id, expiresAt }: Token, facts: readonly Fact[], now: number): Notice[] {
  const left = expiresAt === null ? Infinity : (expiresAt - now) / DAY_MS;
  const threshold = WARN_DAYS.filter((days) => left > 0 && left <= days).at(-1);
  if (threshold === undefined) return [];
  const days = Math.floor(left);
  return [
    {
      key: `cloudflare-token:${id.slice(0, 8)}:${expiresAt}:${threshold}`,
      finding: {
        verdict: 'token_ends',
        summary: {
          en: `Cloudflare's API token ends in ${days} ${days === 1 ? 'day' : 'days'}`,
          es: `El token de la API de Cloudflare caduca en ${days} ${days === 1 ? 'día' : 'días'}`,
        },
        cure: {
          en: 'Roll it in the dashboard (My profile → API tokens) and set CLOUDFLARE_API_TOKEN.',
          es: 'Renuévalo en el panel (Mi perfil → API tokens) y ponlo en CLOUDFLARE_API_TOKEN.',
        },
        facts,
      },
    },
  ];
}

function tokenText({ status, expiresAt }: Token, now: number): OpsTexts {
  if (expiresAt === null) return { en: `${status}, without an end`, es: `${status}, sin fecha de fin` };
  const left = sayLength(expiresAt - now);
  return { en: `${status}, ends in ${left}`, es: `${status}, caduca en ${left}` };
}

function zoneText({ name, status, paused, developmentMode }: Zone): OpsTexts {
  return {
    en: [name, status, paused ? 'paused' : '', developmentMode ? 'development mode: nothing is cached' : ''].filter(Boolean).join(' · '), // prettier-ignore
    es: [name, status, paused ? 'en pausa' : '', developmentMode ? 'modo desarrollo: nada se guarda en caché' : ''].filter(Boolean).join(' · '), // prettier-ignore
  };
}

function recordsText(records: readonly DnsRecord[]): OpsTexts {
  const say = (proxied: string, plain: string): string =>
    records.map((each) => `${each.type} ${each.content} (${each.proxied ? proxied : plain})`).join(', ') ||
    '–';
  return { en: say('proxied', 'DNS only'), es: say('con proxy', 'solo DNS') };
}

function trafficText({ requests, edge5xx, origin5xx, originRequests }: Traffic): OpsTexts {
  const share = (part: number, all: number): string =>
    all === 0 ? '–' : `${((100 * part) / all).toFixed(1)} %`;
  const edge = share(edge5xx, requests);
  const origin = share(origin5xx, originRequests);
  return {
    en: `${requests} requests; 5xx at the edge ${edge}, at the origin ${origin} of ${originRequests}`,
    es: `${requests} peticiones; 5xx en el borde ${edge}, en el origen ${origin} de ${originRequests}`,
  };
}

function wellText({ name, developmentMode }: Zone, tunnel: Tunnel | null): OpsTexts {
  const weak = tunnel?.status === 'degraded';
  return {
    en: `Cloudflare serves ${name}${weak ? `; the tunnel ${tunnel.name} is degraded` : ''}${developmentMode ? '; development mode is on' : ''}`,
    es: `Cloudflare sirve ${name}${weak ? `; el túnel ${tunnel.name} está degradado` : ''}${developmentMode ? '; el modo desarrollo está activo' : ''}`,
  };
}
