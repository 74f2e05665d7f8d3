/** The certificate people are shown: valid now, and told of 21, 14, 7, 3 and 1 days before it ends, once each. */
import type { Finding } from '../../core/ops/types.ts';
import { certificateOf, type Resolve } from '../probe.ts';
import { same } from '../texts.ts';
import type { Check } from '../types.ts';

export type TlsSettings = {
  url: string;
  intervalMs: number;
  resolve?: Resolve | undefined;
  now: () => number;
  dependsOn?: readonly string[];
};

const WARN_DAYS = [21, 14, 7, 3, 1];
const DAY_MS = 24 * 3600_000;

/** Null for what has no certificate. */
export function tlsCheck(settings: TlsSettings): Check | null {
  const url = new URL(settings.url);
  if (url.protocol !== 'https:') return null;
  const host = url.hostname;
  const timeoutMs = Math.min(15_000, settings.intervalMs * 0.8);
  const cure = {
    en: 'Renew it (certbot renew, or the edge certificate of the zone) and reload the web server.',
    es: 'Renuévalo (certbot renew, o el certificado de la zona) y recarga el servidor web.',
  };
  return {
    id: `tls:${host}`,
    kind: 'tls',
    intervalMs: settings.intervalMs,
    timeoutMs,
    party: 'own',
    dependsOn: settings.dependsOn ?? [],
    async run(signal) {
      const shown = await certificateOf(url, {
        timeoutMs: timeoutMs - 100,
        signal,
        resolve: settings.resolve,
      });
      const left = (shown.validTo - settings.now()) / DAY_MS;
      const days = Math.max(0, Math.floor(left));
      const facts = [
        { name: { en: 'Valid until', es: 'Válido hasta' }, value: same(new Date(shown.validTo).toISOString().slice(0, 16).replace('T', ' ')) }, // prettier-ignore
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
      const threshold = WARN_DAYS.filter((each) => left <= each).at(-1);
      const ends: Pick<Finding, 'verdict' | 'summary' | 'cure' | 'facts'> = {
        verdict: 'certificate_ends',
        summary: {
          en: `The certificate of ${host} ends in ${days} ${days === 1 ? 'day' : 'days'}`,
          es: `El certificado de ${host} caduca en ${days} ${days === 1 ? 'día' : 'días'}`,
        },
        cure,
        facts,
      };
      return {
        ok: true,
        ...(threshold === undefined ? { ...ends, verdict: 'ok', cure: null } : ends),
        latencyMs: null,
        notices:
          threshold === undefined
            ? []
            : [{ key: `tls:${host}:${shown.fingerprint.slice(0, 23)}:${threshold}`, finding: ends }],
      };
    },
  };
}
