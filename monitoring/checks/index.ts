/** Which checks run, from the settings. A new one: a file beside this, a line below. */
import type { Config } from '../../core/config.ts';
import type { StudioService } from '../../core/studio-service.ts';
import { openCloudflare } from '../cloudflare.ts';
import type { Resolve } from '../probe.ts';
import type { Check } from '../types.ts';
import type { UptimeKuma } from '../uptime-kuma.ts';
import { cloudflareCheck } from './cloudflare.ts';
import { dnsCheck } from './dns.ts';
import { edgeOriginCheck, edgeOriginId } from './edge-origin.ts';
import { httpCheck } from './http.ts';
import { jobsCheck } from './jobs.ts';
import { NETWORK, networkCheck } from './network.ts';
import { readinessCheck } from './readiness.ts';
import { REDIS, redisCheck } from './redis.ts';
import { tlsCheck } from './tls.ts';
import { uptimeKumaCheck } from './uptime-kuma.ts';
import { vpsCheck } from './vps.ts';

export type CheckDeps = {
  config: Config;
  studio: Pick<StudioService, 'status' | 'ready'>;
  /** Of ffmpeg and its like that we started. */
  children: () => Promise<readonly { rssBytes: number }[]>;
  now: () => number;
  /** Where the settings name one. */
  kuma?: UptimeKuma | null;
  /** How public names are resolved; for tests and demonstrations. */
  resolve?: Resolve | undefined;
};

const MINUTE_MS = 60_000;

export function createChecks({ config, studio, children, now, kuma = null, resolve }: CheckDeps): Check[] {
  const { monitoring: settings, redisUrl, dataDir } = config;
  const { intervalMs, controlUrl, statusUrl, origin, cloudflare } = settings;
  const slowMs = Math.max(intervalMs, 5 * MINUTE_MS);
  const hosts = watchedHosts(config);
  const looksOutward = hosts.length + settings.urls.length + settings.dns.length > 0;
  const dependsOn = looksOutward ? [NETWORK] : [];
  // While a host is in trouble, that is told by what compares its edge and origin, and nothing else of it is.
  const within = (url: string): string[] => {
    const { hostname } = new URL(url);
    const isWatched = hosts.some((host) => new URL(host).hostname === hostname);
    return isWatched ? [...dependsOn, edgeOriginId(hostname)] : dependsOn;
  };
  const checks = [
    looksOutward ? networkCheck({ controlUrl, intervalMs }) : null,
    ...hosts.map((url) =>
      edgeOriginCheck({ url, origin, controlUrl, statusUrl, intervalMs, resolve, dependsOn }),
    ),
    ...hosts.map((url) =>
      tlsCheck({
        url,
        intervalMs: Math.max(intervalMs, 60 * MINUTE_MS),
        resolve,
        now,
        dependsOn: within(url),
      }),
    ),
    ...settings.urls.map((watched) =>
      httpCheck({ ...watched, intervalMs, resolve, dependsOn: within(watched.url) }),
    ),
    ...settings.dns.map((watched) => dnsCheck({ ...watched, intervalMs: slowMs, dependsOn })),
    cloudflareCheck({
      cloudflare: cloudflare ? openCloudflare({ ...cloudflare, statusUrl }) : null,
      tunnelId: cloudflare?.tunnelId,
      hosts,
      origin,
      intervalMs: slowMs,
      now,
      dependsOn,
    }),
    uptimeKumaCheck({ kuma, intervalMs, dependsOn }),
    redisCheck({ redisUrl, intervalMs }),
    jobsCheck({ studio, waitMs: settings.queueWaitMs, intervalMs, dependsOn: redisUrl ? [REDIS] : [] }),
    vpsCheck({ dataDir, children, ...settings }),
    readinessCheck('tts', { studio, intervalMs: slowMs }),
    readinessCheck('ffmpeg', { studio, intervalMs: slowMs }),
  ];
  const wanted = checks.filter((check) => check !== null).filter(({ kind }) => !settings.off.includes(kind));
  return wanted.filter(({ id }, index) => wanted.findIndex((other) => other.id === id) === index);
}

/** Those of the settings, else the ones the service itself is reached by. */
export function watchedHosts({ monitoring, server }: Pick<Config, 'monitoring' | 'server'>): string[] {
  if (monitoring.hosts) return [...monitoring.hosts];
  const { publicBaseUrl, filesBaseUrl } = server;
  const own = publicBaseUrl ? [`${publicBaseUrl}/health`] : [];
  const files = filesBaseUrl && new URL(filesBaseUrl).host !== hostOf(publicBaseUrl) ? [filesBaseUrl] : [];
  return [...own, ...files].filter((url) => !isInner(new URL(url).hostname));
}

function hostOf(url: string | undefined): string | null {
  return url ? new URL(url).host : null;
}

/** A name of this machine has no edge. */
function isInner(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || /^(?:127\.|\[::1\])/.test(host);
}
