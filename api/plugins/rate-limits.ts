/**
 * Requests per minute: by address before anything is looked up (so that guessing keys and ids is
 * limited too), and by key wherever its requests come from.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import ipaddr from 'ipaddr.js';
import { body } from './errors.ts';
import { isLiveness } from './logging.ts';

/** ms */
const WINDOW_MS = 60_000;
/** Addresses and keys remembered; the longest known is forgotten first. */
const REMEMBERED = 20_000;

/** Answers 429 and returns true when a key is over its limit; else tells the caller what is left. */
export type KeyLimit = (keyName: string, reply: FastifyReply) => boolean;

export function rateLimits(server: FastifyInstance, perMinute: number): KeyLimit {
  const addresses = new RateWindows(perMinute);
  const keys = new RateWindows(perMinute);
  server.addHook('onRequest', (request, reply, done) => {
    // Whether the process lives may always be asked, and a preflight is the browser's, not the page's.
    if (isLiveness(request) || request.method === 'OPTIONS') return done();
    const { isOver, resetMs } = addresses.count(addressGroup(request.ip), performance.now());
    if (isOver) refuse(reply, resetMs);
    else done();
  });
  return (keyName, reply) => {
    const { isOver, remaining, resetMs } = keys.count(keyName, performance.now());
    reply
      .header('x-ratelimit-limit', perMinute)
      .header('x-ratelimit-remaining', remaining)
      .header('x-ratelimit-reset', Math.ceil(resetMs / 1000));
    if (isOver) refuse(reply, resetMs);
    return isOver;
  };
}

function refuse(reply: FastifyReply, resetMs: number): void {
  void reply
    .code(429)
    .header('retry-after', String(Math.max(1, Math.ceil(resetMs / 1000))))
    .send(body('rate_limited', 'Too many requests.', { hint: 'Wait as long as Retry-After says.' }));
}

/** Whoever has one IPv6 address has the 2^64 of its network: they count as one. */
export function addressGroup(address: string): string {
  if (!address.includes(':') || !ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4'
    ? parsed.toString()
    : (parsed as ipaddr.IPv6).parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(':');
}

/** Counts in windows that begin with the first request of each name. */
export class RateWindows {
  readonly #limit: number;
  readonly #windows = new Map<string, { count: number; endsAt: number }>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param now ms, of a clock that never goes back */
  count(name: string, now: number): { isOver: boolean; remaining: number; resetMs: number } {
    let window = this.#windows.get(name);
    if (!window || window.endsAt <= now) {
      this.#windows.delete(name);
      if (this.#windows.size >= REMEMBERED) this.#windows.delete(this.#windows.keys().next().value!);
      window = { count: 0, endsAt: now + WINDOW_MS };
      this.#windows.set(name, window);
    }
    window.count++;
    return {
      isOver: window.count > this.#limit,
      remaining: Math.max(0, this.#limit - window.count),
      resetMs: window.endsAt - now,
    };
  }
}
