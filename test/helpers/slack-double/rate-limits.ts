/** Slack's published limits a method, as token buckets: calls a minute, and how many may come at once. */

type Limit = { perMinute: number; burst: number; per: 'workspace' | 'channel' };

const tier = (perMinute: number): Limit => ({ perMinute, burst: perMinute, per: 'workspace' });
const limits: Record<string, Limit> = {
  'chat.postMessage': { perMinute: 60, burst: 10, per: 'channel' },
  'chat.update': tier(50),
  'chat.postEphemeral': tier(100),
  'views.open': tier(100),
  'views.update': tier(100),
  'conversations.info': tier(50),
  'conversations.history': tier(50),
  'conversations.replies': tier(50),
  'conversations.open': tier(50),
  'users.info': tier(100),
  'usergroups.users.list': tier(20),
  'files.getUploadURLExternal': tier(100),
  'files.completeUploadExternal': tier(100),
  'apps.connections.open': tier(60),
  'auth.test': tier(300),
};

/** Answers how many whole seconds to wait, or 0 when the call may pass. */
export type RateLimits = (method: string, channel: string) => number;

export function createRateLimits(now: () => number = Date.now): RateLimits {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (method, channel) => {
    const limit = limits[method];
    if (!limit) return 0;
    const key = limit.per === 'channel' ? `${method} ${channel}` : method;
    const bucket = buckets.get(key) ?? { tokens: limit.burst, at: now() };
    const refilled = bucket.tokens + ((now() - bucket.at) / 60_000) * limit.perMinute;
    bucket.tokens = Math.min(limit.burst, refilled);
    bucket.at = now();
    buckets.set(key, bucket);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 0;
    }
    return Math.max(1, Math.ceil(((1 - bucket.tokens) / limit.perMinute) * 60));
  };
}
