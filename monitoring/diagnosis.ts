/** Asks the edge, the origin and, where it matters, a control address about one host, and says what follows. */
import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import { StudioError } from '../core/errors.ts';
import type { Fact, Finding } from '../core/ops/types.ts';
import { cloudStatusFact, readCloudStatus } from './cloudflare.ts';
import { isFromCache, isFine, judge, needsUncached, type Evidence, type Verdict } from './verdict.ts';
import { endAfter, probe, type Probe, type Resolve } from './probe.ts';
import { same } from './texts.ts';
import { sayVerdict } from './verdict-texts.ts';

export type DiagnosisOptions = {
  /** Public address of the origin; the name's own is the edge. */
  origin?: string | undefined;
  controlUrl: string;
  /** Cloudflare's own status page, read where the edge seems to be at fault. */
  statusUrl: string;
  /** How the edge's name is resolved; for tests. */
  resolve?: Resolve | undefined;
  /** Ask the control even where it is not needed: people like to see it. */
  alwaysControl?: boolean;
  /** Of all of it. Cloudflare says 522 only after 19 s: less than 24 s cannot show it. */
  timeoutMs: number;
  signal: AbortSignal;
};

export type Diagnosis = Finding & { verdict: Verdict; evidence: Evidence; cause: string };

/** @param url an address at the host that should answer below 500 */
export async function diagnose(url: URL, options: DiagnosisOptions): Promise<Diagnosis> {
  const endsAt = performance.now() + options.timeoutMs;
  const evidence = await gather(url, options);
  const verdict = judge(evidence);
  const address = options.origin ?? null;
  const culprit = verdict === 'served_from_cache' ? evidence.uncached! : evidence.edge;
  const said = sayVerdict(verdict, { host: url.hostname, address, code: codeOf(culprit) });
  return {
    ok: isFine(verdict),
    verdict,
    ...said,
    facts: [...factsOf(evidence, options), ...(await contextOf(verdict, options, endsAt))],
    latencyMs: evidence.edge.status === null ? null : evidence.edge.ms,
    cause: causeOf(verdict, url.hostname, address),
    evidence,
  };
}

async function gather(url: URL, options: DiagnosisOptions): Promise<Evidence> {
  const { origin: address, controlUrl, resolve, timeoutMs, signal, alwaysControl = false } = options;
  const base = { timeoutMs: timeoutMs * 0.8, signal };
  const second = { timeoutMs: timeoutMs * 0.18, signal };
  const [edge, origin] = await Promise.all([
    probe(url, { ...base, resolve, headers: { 'cache-control': 'no-cache' } }),
    address ? probe(url, { ...base, address, verify: false }) : null,
  ]);
  const isAnswered = edge.status !== null;
  const [control, uncached] = await Promise.all([
    !isAnswered || alwaysControl ? probe(new URL(controlUrl), second) : null,
    isAnswered && needsUncached({ edge, origin }) ? probe(pastCache(url), { ...second, resolve }) : null,
  ]);
  return { edge, origin, uncached, control };
}

/** An address nobody asked for before. */
function pastCache(url: URL): URL {
  const fresh = new URL(url);
  fresh.searchParams.set('genscene-probe', `${Date.now()}${Math.random().toString(36).slice(2)}`);
  return fresh;
}

/**
 * What fails by the same fault of the same origin is one incident; where the origin is not known, or the
 * fault is the edge's, of the same domain. What an application or a certificate does is each host's own.
 */
function causeOf(verdict: Verdict, host: string, address: string | null): string {
  if (verdict === 'own_network') return 'own-network';
  if (/^(origin_error|edge_tls|edge_wrong_address)$/.test(verdict)) return `${verdict}@${host}`;
  const isOfEdge = /^(tunnel_or_dns|edge_error|edge_unreachable)$/.test(verdict);
  return `${verdict}@${!isOfEdge && address ? address : domainOf(host)}`;
}

/** What hosts beside each other share: `example.com` of `api.example.com`, and of itself. */
export function domainOf(host: string): string {
  const labels = host.split('.');
  return isIP(host) || labels.length < 3 ? host : labels.slice(1).join('.');
}

function factsOf(
  { edge, origin, control, uncached }: Evidence,
  { origin: address }: DiagnosisOptions,
): Fact[] {
  return [
    { name: { en: 'Edge', es: 'Borde' }, value: same(describe(edge)) },
    ...(uncached
      ? [{ name: { en: 'Edge, past its cache', es: 'Borde, sin caché' }, value: same(describe(uncached)) }]
      : []),
    {
      name: { en: address ? `Origin ${address}` : 'Origin', es: address ? `Origen ${address}` : 'Origen' },
      value: origin
        ? same(describe(origin))
        : {
            en: 'not asked: its address is not known (MONITOR_ORIGIN)',
            es: 'sin preguntar: no se sabe su dirección (MONITOR_ORIGIN)',
          },
    },
    ...(control ? [{ name: { en: 'Control', es: 'Control' }, value: same(describe(control)) }] : []),
  ];
}

/** What Cloudflare itself says of its troubles, where they may be the cause; it changes no verdict. */
async function contextOf(
  verdict: Verdict,
  { statusUrl, signal }: DiagnosisOptions,
  endsAt: number,
): Promise<Fact[]> {
  const leftMs = endsAt - performance.now();
  if (!/^edge_(error|unreachable)$/.test(verdict) || leftMs < 1) return [];
  const ends = AbortSignal.any([signal, endAfter(leftMs)]);
  return readCloudStatus(statusUrl, ends).then(
    (status) => [cloudStatusFact(status)],
    () => [],
  );
}

/** `522 in 19.1 s · HIT · MAD 8c1f…`. */
function describe(probed: Probe): string {
  const ray = typeof probed.headers['cf-ray'] === 'string' ? probed.headers['cf-ray'] : '';
  const [id = '', centre = ''] = ray.split('-');
  const cache = isFromCache(probed) ? String(probed.headers['cf-cache-status']) : '';
  const time = probed.ms < 1000 ? `${Math.round(probed.ms)} ms` : `${(probed.ms / 1000).toFixed(1)} s`;
  return [codeOf(probed), time, cache, ray && [centre, id].filter(Boolean).join(' ')]
    .filter(Boolean)
    .join(' · ');
}

function codeOf({ status, code, failure }: Probe): string {
  return status === null ? `${failure}${code ? ` ${code}` : ''}` : String(status);
}

/**
 * The address of our origin, for hosts that are ours: watched ones and their neighbours, or any where none is
 * watched. Asked for a stranger's name it would answer, or not, and either would say nothing.
 */
export function originFor(
  { hostname }: URL,
  watched: readonly string[],
  origin: string | undefined,
): string | undefined {
  const domains = watched.map((url) => domainOf(new URL(url).hostname));
  return domains.length === 0 || domains.includes(domainOf(hostname)) ? origin : undefined;
}

/**
 * A watched host's own address, else what was named; without `ports` only its front page on the usual port.
 * @throws {StudioError} invalid_request for what is no host, not_found where none is named nor watched
 */
export function addressOf(
  host: string | undefined,
  watched: readonly string[],
  { ports }: { ports: boolean } = { ports: false },
): URL {
  const known = watched.map((url) => new URL(url));
  if (host === undefined) {
    if (known[0]) return known[0];
    throw new StudioError('not_found', 'No public host is watched.', {
      hint: 'Name one, or set MONITOR_HOSTS or PUBLIC_BASE_URL.',
    });
  }
  const text = host.includes('://') ? host : `https://${host}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isName = url !== null && /^https?:$/.test(url.protocol) && /^[\p{L}\d.-]+$/u.test(url.hostname);
  if (!isName) throw new StudioError('invalid_request', `"${host.slice(0, 80)}" is no host.`);
  // Of strangers only the usual port is asked: this is no port scanner.
  return (
    known.find(({ hostname, host: withPort }) => hostname === host || withPort === host) ??
    (ports ? url : new URL(`https://${url.hostname}/`))
  );
}
