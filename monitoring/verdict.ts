/**
 * Pure: who is at fault, out of three questions: the edge as everyone reaches it, the origin directly
 * under the same name, and a control address that is neither.
 * Codes of Cloudflare: 521 refused; 522 no SYN+ACK in 19 s or no ACK in 90 s; 523 no route; 524 no answer
 * within its read timeout (100 to 120 s); 525, 526 TLS with the origin; 530 with 1033 tunnel.
 * developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors
 */
import type { Probe } from './probe.ts';

export const verdicts = [
  'ok',
  'origin_closed',
  'served_from_cache',
  'origin_down',
  'edge_blocked',
  'edge_wrong_address',
  'origin_out_of_reach',
  'origin_slow',
  'origin_tls',
  'tunnel_or_dns',
  'edge_error',
  'origin_error',
  'edge_tls',
  'edge_unreachable',
  'host_down',
  'own_network',
] as const;
export type Verdict = (typeof verdicts)[number];

export type Evidence = {
  edge: Probe;
  /** Null where the origin's address is not known. */
  origin: Probe | null;
  /** Null while it was not asked: it only matters when the edge does not answer. */
  control: Probe | null;
  /** The edge again, past its cache; null while it was not asked. */
  uncached: Probe | null;
};

/** Whether the edge must be asked past its cache before a verdict counts. */
export function needsUncached({ edge, origin }: Pick<Evidence, 'edge' | 'origin'>): boolean {
  return isGood(edge) && (isFromCache(edge) || (origin !== null && !isGood(origin)));
}

export function judge(evidence: Evidence): Verdict {
  const { edge, origin, control, uncached } = evidence;
  if (edge.status === null) return judgeSilent(edge, origin, control);
  if (isGood(edge)) {
    if (uncached && !isGood(uncached))
      return isGood(origin) ? judgeCode(uncached, origin) : 'served_from_cache';
    return origin !== null && !isGood(origin) ? 'origin_closed' : 'ok';
  }
  return judgeCode(edge, origin);
}

/** The verdicts that are no fault. */
export function isFine(verdict: Verdict): boolean {
  return verdict === 'ok' || verdict === 'origin_closed';
}

/** STALE and UPDATING too are answers without the origin. */
export function isFromCache({ headers }: Probe): boolean {
  return /^(HIT|STALE|UPDATING|REVALIDATED)$/i.test(String(headers['cf-cache-status'] ?? ''));
}

function judgeCode(edge: Probe, origin: Probe | null): Verdict {
  const { status } = edge;
  if (status === 530 || /\b1033\b/.test(edge.body)) return 'tunnel_or_dns';
  if (status === 525 || status === 526) return 'origin_tls';
  if (status === 524) return 'origin_slow';
  if (status === 521 || status === 522 || status === 523) {
    if (origin === null) return 'origin_out_of_reach';
    if (!isGood(origin)) return 'origin_down';
    return status === 523 ? 'edge_wrong_address' : 'edge_blocked';
  }
  if (edge.headers['cf-error-type'] !== undefined && (origin === null || isGood(origin))) return 'edge_error';
  return 'origin_error';
}

function judgeSilent(edge: Probe, origin: Probe | null, control: Probe | null): Verdict {
  // The origin may answer over the machine's own interfaces while nothing else does.
  if (control !== null && control.status === null) return 'own_network';
  if (edge.failure === 'tls') return 'edge_tls';
  if (edge.failure === 'timeout' && edge.connected) return judgeWaiting(origin);
  return origin !== null && !isGood(origin) ? 'host_down' : 'edge_unreachable';
}

/** The edge took the question and waits for its origin, longer than we wait for the edge. */
function judgeWaiting(origin: Probe | null): Verdict {
  if (origin === null) return 'origin_out_of_reach';
  if (isGood(origin)) return 'edge_blocked';
  return origin.failure === 'timeout' && origin.connected ? 'origin_slow' : 'origin_down';
}

/** A refusal (401, 404) is an answer of the origin's: it works. */
function isGood(probe: Probe | null): boolean {
  return probe !== null && probe.status !== null && probe.status < 500;
}
