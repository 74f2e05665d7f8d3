/** What can go wrong on Discord's side, switched on by tests: each switch says how often it strikes. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export type FaultKind =
  /** Answers 429 with this many seconds to wait. */
  | { kind: 'rateLimited'; retryAfterS: number; global?: boolean }
  /** Answers with this status and an HTML page, as a proxy in trouble does. */
  | { kind: 'status'; status: number }
  /** Never answers; nothing is stored. */
  | { kind: 'silence' }
  /** Does what was asked and closes the connection instead of answering. */
  | { kind: 'dropsAnswer' }
  /** Answers late, ms. */
  | { kind: 'slow'; ms: number }
  /** Answers with an error of Discord's own. */
  | { kind: 'refuses'; status: number; code: number; message: string };

/** `where` matches `METHOD /path`; `times` is how often it strikes (Infinity: until cleared). */
export type FaultRule = { where: RegExp; times: number; fault: FaultKind; struck: number };

export function createFaults() {
  let rules: FaultRule[] = [];
  return {
    add(where: RegExp, fault: FaultKind, times = 1): FaultRule {
      const rule = { where, fault, times, struck: 0 };
      rules.push(rule);
      return rule;
    },
    clear(): void {
      rules = [];
    },
    /** The fault that strikes this request, if any. */
    next(method: string, path: string): FaultKind | null {
      const rule = rules.find(
        ({ where, times, struck }) => struck < times && where.test(`${method} ${path}`),
      );
      if (!rule) return null;
      rule.struck++;
      return rule.fault;
    },
  };
}

/** Plays a fault before the request is done. @returns true if the request has been dealt with */
export async function strikeBefore(
  fault: FaultKind | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (!fault) return false;
  if (fault.kind === 'slow') {
    await sleep(fault.ms, undefined, { ref: false });
    return false;
  }
  if (fault.kind === 'dropsAnswer') return false;
  request.resume();
  if (fault.kind === 'silence') return true;
  if (fault.kind === 'status')
    response.writeHead(fault.status, { 'content-type': 'text/html' }).end('<html>upstream trouble</html>');
  if (fault.kind === 'rateLimited') {
    const headers = {
      'content-type': 'application/json',
      'retry-after': String(fault.retryAfterS),
      ...(fault.global ? { 'x-ratelimit-global': 'true' } : {}),
    };
    response.writeHead(429, headers).end(
      JSON.stringify({
        message: 'You are being rate limited.',
        retry_after: fault.retryAfterS,
        global: fault.global ?? false,
      }),
    );
  }
  if (fault.kind === 'refuses')
    response
      .writeHead(fault.status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ code: fault.code, message: fault.message }));
  return true;
}
