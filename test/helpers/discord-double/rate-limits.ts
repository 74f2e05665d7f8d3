/** Discord's rate limits: a bucket a route and channel (or token), and 50 requests a second over all. */
import { createHash } from 'node:crypto';

export type Verdict = {
  allowed: boolean;
  global: boolean;
  retryAfterS: number;
  headers: Record<string, string>;
};
type Bucket = { used: number; resetAt: number };

const GLOBAL_PER_SECOND = 50;

/** Counts in real time, as sockets do; `refused` is how often someone was too quick. */
export function createRateLimits() {
  const buckets = new Map<string, Bucket>();
  let second: Bucket = { used: 0, resetAt: 0 };
  const limits = {
    refused: 0,
    take(method: string, path: string): Verdict {
      const now = performance.now();
      const rule = ruleOf(method, path);
      if (!rule) return { allowed: true, global: false, retryAfterS: 0, headers: {} };
      if (!path.startsWith('/webhooks/')) {
        if (now >= second.resetAt) second = { used: 0, resetAt: now + 1000 };
        second.used++;
        if (second.used > GLOBAL_PER_SECOND) {
          limits.refused++;
          return {
            allowed: false,
            global: true,
            retryAfterS: (second.resetAt - now) / 1000,
            headers: { 'x-ratelimit-global': 'true', 'x-ratelimit-scope': 'global' },
          };
        }
      }
      let bucket = buckets.get(rule.key);
      if (!bucket || now >= bucket.resetAt)
        buckets.set(rule.key, (bucket = { used: 0, resetAt: now + rule.perMs }));
      bucket.used++;
      const waitS = (bucket.resetAt - now) / 1000;
      const headers = {
        'x-ratelimit-limit': String(rule.most),
        'x-ratelimit-remaining': String(Math.max(0, rule.most - bucket.used)),
        'x-ratelimit-reset-after': waitS.toFixed(3),
        'x-ratelimit-reset': ((Date.now() + waitS * 1000) / 1000).toFixed(3),
        'x-ratelimit-bucket': createHash('md5').update(rule.route).digest('hex'),
      };
      const allowed = bucket.used <= rule.most;
      if (!allowed) limits.refused++;
      return {
        allowed,
        global: false,
        retryAfterS: allowed ? 0 : waitS,
        headers: allowed ? headers : { ...headers, 'x-ratelimit-scope': 'user' },
      };
    },
  };
  return limits;
}

/** Callbacks of interactions are not limited; everything else is, per route and major parameter. */
function ruleOf(
  method: string,
  path: string,
): { key: string; route: string; most: number; perMs: number } | null {
  if (path.startsWith('/interactions/')) return null;
  const webhook = /^\/webhooks\/\d+\/([^/?]+)/.exec(path);
  if (webhook)
    return { key: `${method} webhook ${webhook[1]}`, route: `${method} webhook`, most: 5, perMs: 2000 };
  const channel = /^\/channels\/(\d+)(\/messages)?/.exec(path);
  if (channel) {
    const route = `${method} channel${channel[2] ?? ''}`;
    return { key: `${route} ${channel[1]}`, route, most: 5, perMs: method === 'GET' ? 1000 : 5000 };
  }
  return { key: `${method} ${path}`, route: `${method} ${path.split('/')[1] ?? ''}`, most: 20, perMs: 1000 };
}
