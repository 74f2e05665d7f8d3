/**
 * Slack's rate limits, kept before Slack has to say so: a bucket of calls a key that refills evenly.
 * Part of it can be held back for what matters more.
 */

export type Pace = {
  /** Takes one call and answers 0, or takes none and answers how long to wait, ms. */
  take(key: string, options?: { leave?: number }): number;
};

export type PaceOptions = { perMinute: number; burst: number; now?: () => number };

export function createPace({ perMinute, burst, now = Date.now }: PaceOptions): Pace {
  const buckets = new Map<string, { calls: number; at: number }>();
  const perMs = perMinute / 60_000;
  return {
    take(key, { leave = 0 } = {}) {
      const at = now();
      for (const [old, bucket] of buckets)
        if (old !== key && (at - bucket.at) * perMs + bucket.calls >= burst) buckets.delete(old);
      const bucket = buckets.get(key) ?? { calls: burst, at };
      bucket.calls = Math.min(burst, bucket.calls + (at - bucket.at) * perMs);
      bucket.at = at;
      buckets.set(key, bucket);
      const missing = leave + 1 - bucket.calls;
      if (missing > 1e-9) return Math.ceil(missing / perMs);
      bucket.calls -= 1;
      return 0;
    },
  };
}
