/** Settings of monitoring: what is watched, and where alerts go. A check without its settings is off. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { httpAddress, list, optionalText, wholeNumber, type Parsed } from './fields.ts';

/** `name` or `name=address|address`. */
const dnsNames = list.transform((items) =>
  items.map((item) => {
    const [name = '', addresses] = item.split('=', 2);
    return { name: name.trim(), expected: addresses?.split('|').map((address) => address.trim()) ?? [] };
  }),
);

/** `address`, `address 204` or `address 200 ~words` with what the body must say. */
const watchedUrls = list.transform((items, context) =>
  items.map((item) => {
    const [, url = '', status, body] = /^(\S+)(?:\s+(\d{3}))?(?:\s+~(.+))?$/.exec(item) ?? [];
    if (!URL.canParse(url) || !/^https?:/.test(url))
      context.addIssue(`"${item}" must be an address, perhaps with a status and ~words of its body`);
    return { url, status: status ? Number(status) : null, body: body ?? null };
  }),
);

/** `host` or `host:port`, or a whole address with the path to ask for. */
const hosts = list.transform((items, context) =>
  items.map((item) => {
    const url = item.includes('://') ? item : `https://${item}`;
    if (!URL.canParse(url)) context.addIssue(`"${item}" is no host`);
    return url;
  }),
);

/** Of checks, as MONITOR_OFF names them. */
const kinds = [
  'edge-origin', 'network', 'tls', 'http', 'dns', 'cloudflare',
  'uptime-kuma', 'redis', 'jobs', 'vps', 'tts', 'ffmpeg',
] as const; // prettier-ignore

/** Of a zone or an account. */
const cloudflareId = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits, from the overview of the zone');

export const monitoringSettings = {
  MONITOR_HOSTS: hosts.optional(),
  MONITOR_ORIGIN: z
    .string()
    .trim()
    .refine((text) => isIP(text) > 0, 'must be an IP address')
    .optional(),
  MONITOR_CONTROL_URL: httpAddress.prefault('https://www.gstatic.com/generate_204'),
  MONITOR_URLS: watchedUrls.prefault(''),
  MONITOR_DNS: dnsNames.prefault(''),
  MONITOR_INTERVAL_S: wholeNumber(1, 3600).default(30),
  MONITOR_DISK_FREE_PERCENT: z.coerce.number().min(0).max(99).default(8),
  MONITOR_MEMORY_FREE_PERCENT: z.coerce.number().min(0).max(99).default(4),
  MONITOR_QUEUE_WAIT_S: wholeNumber(1, 86_400).default(900),
  MONITOR_OFF: list.pipe(z.array(z.enum(kinds))).prefault(''),
  USAGE_DIGEST: z.enum(['on', 'off']).default('on'),
  STATUS_PAGE: z.enum(['on', 'off']).default('on'),
  ALERT_WEBHOOK_URL: httpAddress.optional(),
  ALERT_GROUP_S: wholeNumber(0, 600).default(30),
  HEARTBEAT_URL: z.url({ protocol: /^https?$/ }).optional(),
  HEARTBEAT_INTERVAL_S: wholeNumber(1, 3600).default(60),
  CLOUDFLARE_API_TOKEN: optionalText,
  CLOUDFLARE_ZONE_ID: cloudflareId.optional(),
  CLOUDFLARE_ACCOUNT_ID: cloudflareId.optional(),
  CLOUDFLARE_TUNNEL_ID: z.guid().optional(),
  CLOUDFLARE_API_URL: httpAddress.prefault('https://api.cloudflare.com/client/v4'),
  CLOUDFLARE_STATUS_URL: httpAddress.prefault('https://www.cloudflarestatus.com'),
  UPTIME_KUMA_URL: httpAddress.optional(),
  UPTIME_KUMA_USERNAME: optionalText,
  UPTIME_KUMA_PASSWORD: optionalText,
  UPTIME_KUMA_TOKEN: optionalText,
  UPTIME_KUMA_TOTP_SECRET: z
    .string()
    .regex(/^[A-Za-z2-7 =-]+$/, 'must be base32')
    .optional(),
  UPTIME_KUMA_SYNC: z.enum(['on', 'off']).default('on'),
  UPTIME_KUMA_WEBHOOK_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
};

/** What is missing once all settings are known, for `superRefine`: a check that half its settings are there for was wanted. */
export function checkMonitoringSettings(
  env: Parsed<typeof monitoringSettings>,
  context: z.core.$RefinementCtx,
): void {
  const refuse = (name: keyof typeof monitoringSettings, message: string): void =>
    void context.issues.push({ code: 'custom', path: [name], message, input: undefined });
  const needs = (
    name: keyof typeof monitoringSettings,
    ...others: (keyof typeof monitoringSettings)[]
  ): void => {
    if (env[name] === undefined) return;
    for (const other of others) if (env[other] === undefined) refuse(other, `is needed with ${name}`);
  };
  needs('CLOUDFLARE_API_TOKEN', 'CLOUDFLARE_ZONE_ID');
  needs('CLOUDFLARE_ZONE_ID', 'CLOUDFLARE_API_TOKEN');
  needs('CLOUDFLARE_TUNNEL_ID', 'CLOUDFLARE_ACCOUNT_ID', 'CLOUDFLARE_API_TOKEN');
  needs('UPTIME_KUMA_USERNAME', 'UPTIME_KUMA_URL', 'UPTIME_KUMA_PASSWORD');
  needs('UPTIME_KUMA_PASSWORD', 'UPTIME_KUMA_USERNAME');
  needs('UPTIME_KUMA_TOKEN', 'UPTIME_KUMA_URL');
  // Checks are known by these: of two alike only one would be watched.
  const twice = (names: readonly string[]): string | undefined =>
    names.find((name, index) => names.indexOf(name) < index);
  const host = twice((env.MONITOR_HOSTS ?? []).map((url) => new URL(url).hostname));
  if (host) refuse('MONITOR_HOSTS', `names ${host} twice; MONITOR_URLS takes further addresses of a host`);
  const page = twice(env.MONITOR_URLS.map(({ url }) => `${new URL(url).host}${new URL(url).pathname}`));
  if (page) refuse('MONITOR_URLS', `names ${page} twice`);
}

export type MonitoringConfig = Readonly<{
  /** Addresses of public hosts whose edge and origin are compared; absent: those of the service itself. */
  hosts?: readonly string[];
  /** Public address of the origin behind the edge. */
  origin?: string;
  /** Something on neither side of it, to tell our own network's faults from theirs. */
  controlUrl: string;
  /** Cloudflare's own status page. */
  statusUrl: string;
  urls: readonly Readonly<{ url: string; status: number | null; body: string | null }>[];
  dns: readonly Readonly<{ name: string; expected: readonly string[] }>[];
  /** Between two looks at what changes quickly, ms. */
  intervalMs: number;
  diskFreePercent: number;
  memoryFreePercent: number;
  /** How long a job may wait before it is an alert, ms. */
  queueWaitMs: number;
  /** Kinds of checks that are not to run. */
  off: readonly string[];
  /** Whether ops channels are told each month what was made. */
  usageDigest: boolean;
  /** Whether anyone may see at /status how the service does. */
  statusPage: boolean;
  /** Told when no chat channel can be. */
  alertWebhookUrl?: string;
  /** How long what fails together is gathered before it is told, ms. */
  groupMs: number;
  /** Called while all is watched: who is there notices when the calls end. */
  heartbeatUrl?: string;
  heartbeatIntervalMs: number;
  /** Present with a token and a zone. */
  cloudflare?: Readonly<{
    apiToken: string;
    zoneId: string;
    accountId?: string;
    tunnelId?: string;
    apiUrl: string;
  }>;
  /** An Uptime Kuma elsewhere, whose monitors are shown and where ours are kept. */
  uptimeKuma?: Readonly<{
    url: string;
    username?: string;
    password?: string;
    token?: string;
    totpSecret?: string;
    sync: boolean;
    webhookSecret?: string;
  }>;
}>;

export function monitoringConfig(env: Parsed<typeof monitoringSettings>): MonitoringConfig {
  return {
    hosts: env.MONITOR_HOSTS,
    origin: env.MONITOR_ORIGIN,
    controlUrl: env.MONITOR_CONTROL_URL,
    statusUrl: env.CLOUDFLARE_STATUS_URL,
    urls: env.MONITOR_URLS,
    dns: env.MONITOR_DNS,
    intervalMs: env.MONITOR_INTERVAL_S * 1000,
    diskFreePercent: env.MONITOR_DISK_FREE_PERCENT,
    memoryFreePercent: env.MONITOR_MEMORY_FREE_PERCENT,
    queueWaitMs: env.MONITOR_QUEUE_WAIT_S * 1000,
    off: env.MONITOR_OFF,
    usageDigest: env.USAGE_DIGEST === 'on',
    statusPage: env.STATUS_PAGE === 'on',
    alertWebhookUrl: env.ALERT_WEBHOOK_URL,
    groupMs: env.ALERT_GROUP_S * 1000,
    heartbeatUrl: env.HEARTBEAT_URL,
    heartbeatIntervalMs: env.HEARTBEAT_INTERVAL_S * 1000,
    ...(env.CLOUDFLARE_API_TOKEN && env.CLOUDFLARE_ZONE_ID
      ? {
          cloudflare: {
            apiToken: env.CLOUDFLARE_API_TOKEN,
            zoneId: env.CLOUDFLARE_ZONE_ID,
            accountId: env.CLOUDFLARE_ACCOUNT_ID,
            tunnelId: env.CLOUDFLARE_TUNNEL_ID,
            apiUrl: env.CLOUDFLARE_API_URL,
          },
        }
      : {}),
    ...(env.UPTIME_KUMA_URL
      ? {
          uptimeKuma: {
            url: env.UPTIME_KUMA_URL,
            username: env.UPTIME_KUMA_USERNAME,
            password: env.UPTIME_KUMA_PASSWORD,
            token: env.UPTIME_KUMA_TOKEN,
            totpSecret: env.UPTIME_KUMA_TOTP_SECRET,
            sync: env.UPTIME_KUMA_SYNC === 'on',
            webhookSecret: env.UPTIME_KUMA_WEBHOOK_SECRET,
          },
        }
      : {}),
  };
}
