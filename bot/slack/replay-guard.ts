/**
 * Whether a signed request is Slack's, fresh and new. The library compares the time with the past only and
 * remembers nothing: a request that was once seen on the wire could be sent again for five minutes.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** How far a request's time may be from ours, either way, s. */
const TOLERANCE_S = 300;

export type Verdict = 'good' | 'unsigned' | 'stale' | 'forged' | 'replayed';
export type ReplayGuard = (request: {
  timestamp: string | undefined;
  signature: string | undefined;
  body: Buffer;
}) => Verdict;

/** `now` in epoch ms. A signature is remembered for as long as its time would be accepted. */
export function createReplayGuard(signingSecret: string, now: () => number = Date.now): ReplayGuard {
  const seen = createSeen(2 * TOLERANCE_S * 1000, now);
  return ({ timestamp, signature, body }) => {
    if (!timestamp || !signature) return 'unsigned';
    if (!/^\d{1,12}$/.test(timestamp)) return 'stale';
    if (Math.abs(now() / 1000 - Number(timestamp)) > TOLERANCE_S) return 'stale';
    const expected = createHmac('sha256', signingSecret).update(`v0:${timestamp}:`).update(body).digest();
    const given = Buffer.from(/^v0=([0-9a-f]{64})$/.exec(signature)?.[1] ?? '', 'hex');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'forged';
    // Only what Slack signed is remembered: strangers cannot fill the table.
    return seen(signature) ? 'replayed' : 'good';
  };
}

/** Answers whether a thing was asked about before within `keepMs`; forgets in the order it learned. */
export function createSeen(keepMs: number, now: () => number = Date.now): (thing: string) => boolean {
  const times = new Map<string, number>();
  return (thing) => {
    for (const [old, at] of times) {
      if (now() - at <= keepMs) break;
      times.delete(old);
    }
    if (times.has(thing)) return true;
    times.set(thing, now());
    return false;
  };
}
