/** The certificate people are shown: valid now, and told of 21, 14, 7, 3 and 1 days before it ends, once each. */
import { certificateOf, type Certificate, type Resolve } from '../probe.ts';
import { same } from '../texts.ts';
import type { Check, CheckResult } from '../types.ts';

export type TlsSettings = {
  url: string;
  intervalMs: number;
  resolve?: Resolve | undefined;
  now: () => number;
  dependsOn?: readonly string[];
};

const WARN_DAYS = [21, 14, 7, 3, 1];
const DAY_MS = 24 * 3600_000;

const cure = {
  en: 'Renew it (certbot renew, or the edge certificate of the zone) and reload the web server.',
  es: 'Renuévalo (certbot renew, o el certificado de la zona) y recarga el servidor web.',
};

/** Null for what has no certificate. */
export function tlsCheck(settings: TlsSettings): Check | null {
  const { intervalMs, resolve, now, dependsOn = [] } = settings;
  const url = new URL(settings.url);
  if (url.protocol !== 'https:') return null;
  const timeoutMs = Math.min(15_000, intervalMs * 0.8);
  return {
    id: `tls:${url.hostname}`,
    kind: 'tls',
    intervalMs,
    timeoutMs,
    party: 'own',
    dependsOn,
    async run(signal) {
      const shown = await certificateOf(url, { timeoutMs: timeoutMs - 100, signal, resolve });
      return judgeCertificate(url.hostname, shown, now());
    },
  };
}

/** @param now epoch ms */
export function judgeCertificate(host: string, shown: Certificate, now: number): CheckResult {
  const left = (shown.validTo - now) / DAY_MS;
  const facts = [
    {
      name: { en: 'Valid until', es: 'Válido hasta' },
      value: same(`${new Date(shown.validTo).toISOString().slice(0, 10)}`),
    },
    { name: { en: 'Issued by', es: 'Emitido por' }, value: same(shown.issuer || '–') },
  ];
  const fault = left <= 0 ? 'CERT_HAS_EXPIRED' : shown.fault;
  if (fault)
    return {
      ok: false,
      verdict: 'certificate_invalid',
      summary: {
        en: `The certificate of ${host} is not valid (${fault})`,
        es: `El certificado de ${host} no es válido (${fault})`,
      },
      cure,
      facts,
      latencyMs: null,
    };
  const days = Math.floor(left);
  const summary = {
    en: `The certificate of ${host} ends in ${days} ${days === 1 ? 'day' : 'days'}`,
    es: `El certificado de ${host} caduca en ${days} ${days === 1 ? 'día' : 'días'}`,
  };
  // The nearest of those passed: one that is first seen late is told of once, not five times.
  const threshold = WARN_DAYS.filter((each) => left <= each).at(-1);
  if (threshold === undefined)
    return { ok: true, verdict: 'ok', summary, cure: null, facts, latencyMs: null };
  const ends = { verdict: 'certificate_ends', summary, cure, facts };
  // A renewed certificate has another fingerprint, and warnings of its own.
  const key = `tls:${host}:${shown.fingerprint.slice(0, 23)}:${threshold}`;
  return { ok: true, ...ends, latencyMs: null, notices: [{ key, finding: ends }] };
}
