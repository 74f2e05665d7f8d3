/**
 * One HTTP question to one address, and what became of it. The address behind a name can be pinned, so
 * that the origin is asked with the same name, Host and SNI as the edge.
 */
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { TLSSocket } from 'node:tls';

/** Why there was no answer. */
export type Failure = 'dns' | 'refused' | 'timeout' | 'unreachable' | 'tls' | 'reset';

export type Probe = {
  /** Null: no answer. */
  status: number | null;
  headers: http.IncomingHttpHeaders;
  /** Its beginning. */
  body: string;
  failure: Failure | null;
  /** The system's word for it, e.g. ECONNREFUSED. */
  code: string | null;
  /** Whether there was a connection, on which an answer could be waited for. */
  connected: boolean;
  /** Until the answer began, or the fault. */
  ms: number;
};

/** Names → address; the system's own where absent. */
export type Resolve = (host: string) => Promise<string>;

export type ProbeOptions = {
  /** Ask this IP address instead of the one behind the name. */
  address?: string | undefined;
  resolve?: Resolve | undefined;
  timeoutMs: number;
  signal: AbortSignal;
  /** False: any certificate will do, as origins behind an edge have certificates of their own. */
  verify?: boolean;
  headers?: Record<string, string>;
};

const BODY_KEPT = 4096;

/** Asks once, follows no redirect, never rejects. */
export async function probe(url: URL, options: ProbeOptions): Promise<Probe> {
  const startedAt = performance.now();
  const seen = { connected: false };
  const failed = (failure: Failure, code: string): Probe => ({
    status: null,
    headers: {},
    body: '',
    failure,
    code,
    ...seen,
    ms: performance.now() - startedAt,
  });
  try {
    const timer = endAfter(options.timeoutMs);
    return await ask(url, options, AbortSignal.any([options.signal, timer]), startedAt, seen);
  } catch (error) {
    const { code = '', name } = error as NodeJS.ErrnoException;
    const isLate = name === 'AbortError' || name === 'TimeoutError';
    return failed(isLate ? 'timeout' : failureOf(code), isLate ? 'ETIMEDOUT' : code || String(error));
  }
}

function ask(
  url: URL,
  options: ProbeOptions,
  signal: AbortSignal,
  startedAt: number,
  seen: { connected: boolean },
): Promise<Probe> {
  const { request: send } = url.protocol === 'https:' ? https : http;
  const pinned = options.address ? async () => options.address! : options.resolve;
  // A name that is an address is never looked up: the other address is asked under its Host.
  const isLiteral = options.address !== undefined && isIP(url.hostname.replace(/^\[(.*)\]$/, '$1')) > 0;
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        ...(isLiteral ? { hostname: options.address } : {}),
        agent: false,
        signal,
        rejectUnauthorized: options.verify ?? true,
        headers: { host: url.host, 'user-agent': 'genscene-monitoring', accept: '*/*', ...options.headers },
        ...(pinned ? { lookup: lookupBy(pinned) } : {}),
      },
      (answer) => {
        const ms = performance.now() - startedAt;
        let body = '';
        const end = (): void => {
          resolve({ status: answer.statusCode ?? null, headers: answer.headers, body, failure: null, code: null, connected: true, ms }); // prettier-ignore
          request.destroy();
        };
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          body += chunk.slice(0, BODY_KEPT - body.length);
          if (body.length >= BODY_KEPT) end();
        });
        answer.on('end', end);
        // Cut off within its body: it has answered all the same.
        answer.on('error', end);
      },
    );
    const isSecure = url.protocol === 'https:';
    request.on('socket', (socket) =>
      socket.once(isSecure ? 'secureConnect' : 'connect', () => (seen.connected = true)),
    );
    request.on('error', reject);
    request.end();
  });
}

/** Shares of an interval are seldom whole milliseconds, and the runtime takes no others. */
export function endAfter(ms: number): AbortSignal {
  return AbortSignal.timeout(Math.max(0, Math.ceil(ms)));
}

/** Asks whom a name leads to; works for callers that want one address or all. */
export function lookupBy(resolve: Resolve): LookupFunction {
  return (host, options, answer) => {
    resolve(host).then(
      (address) => {
        const family = isIP(address);
        if (options.all) answer(null, [{ address, family }]);
        else answer(null, address, family);
      },
      (error: NodeJS.ErrnoException) => answer(error, '', 0),
    );
  };
}

/** `validTo` is epoch ms; `fault` says why it may not be trusted. */
export type Certificate = { validTo: number; issuer: string; fingerprint: string; fault: string | null };

/** The certificate a server shows, and whether it may be trusted for the name. Rejects like `probe` fails. */
export async function certificateOf(url: URL, options: ProbeOptions): Promise<Certificate> {
  const signal = AbortSignal.any([options.signal, endAfter(options.timeoutMs)]);
  const pinned = options.address ? async () => options.address! : options.resolve;
  const { connect } = await import('node:tls');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      host,
      port: Number(url.port) || 443,
      ...(isIP(host) ? {} : { servername: host }),
      rejectUnauthorized: false,
      ...(pinned ? { lookup: lookupBy(pinned) } : {}),
    });
    const stop = (): void => void socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    socket.once('error', reject);
    socket.once('close', () => signal.removeEventListener('abort', stop));
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerCertificate();
      const issuer = [certificate.issuer?.O ?? certificate.issuer?.CN ?? ''].flat()[0] ?? '';
      resolve({
        validTo: Date.parse(certificate.valid_to),
        issuer,
        fingerprint: certificate.fingerprint256,
        fault: socket.authorized ? null : String(socket.authorizationError),
      });
      socket.destroy();
    });
  });
}

function failureOf(code: string): Failure {
  if (['ENOTFOUND', 'EAI_AGAIN', 'ENODATA', 'ESERVFAIL', 'ETIMEOUT'].includes(code)) return 'dns';
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ETIMEDOUT') return 'timeout';
  if (['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EACCES'].includes(code)) return 'unreachable';
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_|UNABLE_|SELF_SIGNED|EPROTO|ERR_OSSL|HOSTNAME)/.test(code)) return 'tls';
  return 'reset';
}
