/**
 * The environment, parsed once at the edge into a frozen, nested Config.
 * All faults come in one message; `.env.example` explains each setting.
 */
import path from 'node:path';
import { z } from 'zod';
import { StudioError, type Issue } from './errors.ts';

const services = ['api', 'worker', 'discord', 'slack', 'monitoring'] as const;
export type ServiceName = (typeof services)[number];

/** An unset variable and an empty one mean the same: the default. */
const optionalText = z.string().trim().min(1).optional();
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
const httpAddress = z.url({ protocol: /^https?$/ }).transform((address) => address.replace(/\/+$/, ''));
/** `id=atOnce/perDay`, e.g. `1234=10/200`. */
const roleQuotas = list.transform((items, context) =>
  Object.fromEntries(
    items.map((item): [string, ChatQuota] => {
      const [, role, atOnce, perDay] = /^([A-Za-z0-9]+)=(\d{1,7})\/(\d{1,7})$/.exec(item) ?? [];
      if (role === undefined) context.addIssue(`"${item}" must be role=atOnce/perDay, such as 1234=10/200`);
      return [role ?? '', { atOnce: Number(atOnce), perDay: Number(perDay) }];
    }),
  ),
);
const wholeNumber = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

/** How many jobs one person may have. */
export type ChatQuota = Readonly<{ atOnce: number; perDay: number }>;

/** What both chat platforms are set by. Times in ms, sizes in bytes. */
type ChatPlatformConfig = Readonly<{
  /** Hosts files that people attach may be fetched from. */
  attachmentHosts: readonly string[];
  /** Least time between two edits of one message. */
  editIntervalMs: number;
  /** Least time between two calls that count against one limit: of a channel (Discord), a workspace (Slack). */
  laneIntervalMs: number;
  /** Age at which a message is left alone and a new one goes on in its place. */
  messageHandoverMs: number;
  /** Largest file to attach when the platform does not say. */
  uploadBytes: number;
  /** Ids of roles or user groups that may use the bot; empty: everyone. */
  allowedRoles: readonly string[];
  opsRoles: readonly string[];
  opsChannels: readonly string[];
  /** By id of role or user group; the most generous one counts. */
  roleQuotas: Readonly<Record<string, ChatQuota>>;
}>;

const environmentSchema = z.object({
  PORT: wholeNumber(0, 65535).default(8000),
  HOST: z.string().default('0.0.0.0'),
  DATA_DIR: z.string().default('./data'),
  SERVICES: list.pipe(z.array(z.enum(services))).optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// address' }).optional(),
  STORAGE: z.enum(['local', 's3']).default('local'),
  API_KEYS: optionalText,
  PUBLIC_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  FILES_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  FILES_ACCESS: z.enum(['public', 'signed']).default('public'),
  CORS_ORIGINS: list.prefault('https://*.lovable.app'),
  MEDIA_ALLOW_HOSTS: list.prefault(''),
  TRUSTED_PROXIES: list.prefault(''),
  RATE_LIMIT_PER_MINUTE: wholeNumber(1, 1_000_000).default(600),
  FFMPEG_PATH: optionalText,
  FFPROBE_PATH: optionalText,
  WORKER_CONCURRENCY: wholeNumber(1, 64).default(1),
  RENDER_THREADS: wholeNumber(1, 64).optional(),
  JOB_TIMEOUT_S: wholeNumber(5, 86_400).default(3600),
  TTS_ENGINE: z
    .enum(['auto', 'espeak', 'flite', 'sherpa', 'openai', 'elevenlabs', 'azure', 'edge', 'none'])
    .default('auto'),
  SHERPA_MODELS_DIR: optionalText,
  OPENAI_BASE_URL: z.url().optional(),
  OPENAI_API_KEY: optionalText,
  ELEVENLABS_BASE_URL: z.url().optional(),
  ELEVENLABS_API_KEY: optionalText,
  RETENTION_DAYS: z.coerce.number().min(0.0001).max(3650).default(30),
  CACHE_MAX_GB: z.coerce.number().min(0.01).max(10_000).default(5),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  DISCORD_TOKEN: optionalText,
  DISCORD_APPLICATION_ID: optionalText,
  DISCORD_GUILD_ID: optionalText,
  DISCORD_API_BASE_URL: httpAddress.prefault('https://discord.com/api'),
  DISCORD_GATEWAY_URL: z.url({ protocol: /^wss?$/ }).optional(),
  DISCORD_CDN_BASE_URL: httpAddress.optional(),
  DISCORD_ATTACHMENT_HOSTS: list.prefault('cdn.discordapp.com,media.discordapp.net'),
  DISCORD_EDIT_INTERVAL_MS: wholeNumber(0, 600_000).default(2000),
  DISCORD_CHANNEL_INTERVAL_MS: wholeNumber(0, 600_000).default(1100),
  DISCORD_INTERACTION_HANDOVER_S: wholeNumber(1, 900).default(840),
  DISCORD_MESSAGE_HANDOVER_S: wholeNumber(1, 86_400).default(3540),
  DISCORD_UPLOAD_MAX_MB: z.coerce.number().min(0).max(500).default(10),
  DISCORD_ALLOWED_ROLES: list.prefault(''),
  DISCORD_OPS_ROLES: list.prefault(''),
  DISCORD_OPS_CHANNELS: list.prefault(''),
  DISCORD_ROLE_QUOTAS: roleQuotas.prefault(''),
  SLACK_BOT_TOKEN: optionalText,
  SLACK_APP_TOKEN: optionalText,
  SLACK_SIGNING_SECRET: optionalText,
  SLACK_MODE: z.enum(['socket', 'http']).default('socket'),
  SLACK_API_URL: httpAddress.prefault('https://slack.com/api'),
  SLACK_EVENTS_PATH: z
    .string()
    .regex(/^\/[\w/-]+$/, 'must be a path such as /slack/events')
    .default('/slack/events'),
  SLACK_ATTACHMENT_HOSTS: list.prefault('files.slack.com'),
  SLACK_EDIT_INTERVAL_MS: wholeNumber(0, 600_000).default(3000),
  SLACK_CHANNEL_INTERVAL_MS: wholeNumber(0, 600_000).default(1300),
  SLACK_MESSAGE_HANDOVER_S: wholeNumber(1, 31_536_000).default(604_800),
  SLACK_UPLOAD_MAX_MB: z.coerce.number().min(0).max(1000).default(200),
  SLACK_ALLOWED_GROUPS: list.prefault(''),
  SLACK_OPS_GROUPS: list.prefault(''),
  SLACK_OPS_CHANNELS: list.prefault(''),
  SLACK_GROUP_QUOTAS: roleQuotas.prefault(''),
  CHAT_LOCALE: z.enum(['en', 'es']).default('en'),
  CHAT_JOBS_AT_ONCE: wholeNumber(1, 10_000).default(5),
  CHAT_JOBS_PER_DAY: wholeNumber(1, 1_000_000).default(50),
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
});

export type Config = Readonly<{
  server: Readonly<{
    port: number;
    host: string;
    publicBaseUrl?: string;
    filesBaseUrl?: string;
    corsOrigins: readonly string[];
    trustedProxies: readonly string[];
    apiKeys?: string;
    filesAccess: 'public' | 'signed';
    rateLimitPerMinute: number;
  }>;
  /** Services asked for; absent means the default set. */
  services?: readonly ServiceName[];
  dataDir: string;
  redisUrl?: string;
  storage: 'local' | 's3';
  media: Readonly<{ allowHosts: readonly string[] }>;
  ffmpeg: Readonly<{ ffmpegPath?: string; ffprobePath?: string; searchPath: string }>;
  worker: Readonly<{ concurrency: number; renderThreads?: number; jobTimeoutS: number }>;
  speech: Readonly<{
    engine: z.infer<typeof environmentSchema>['TTS_ENGINE'];
    sherpaModelsDir?: string;
    openai: Readonly<{ baseUrl?: string; apiKey?: string }>;
    elevenlabs: Readonly<{ baseUrl?: string; apiKey?: string }>;
  }>;
  retention: Readonly<{ days: number; cacheMaxBytes: number }>;
  chat: Readonly<{ locale: 'en' | 'es'; quota: ChatQuota }>;
  discord: ChatPlatformConfig &
    Readonly<{
      token?: string;
      applicationId?: string;
      guildId?: string;
      apiBaseUrl: string;
      gatewayUrl?: string;
      cdnBaseUrl?: string;
      /** How long a message is edited by its interaction's token, ms. */
      interactionHandoverMs: number;
    }>;
  slack: ChatPlatformConfig &
    Readonly<{
      botToken?: string;
      appToken?: string;
      signingSecret?: string;
      mode: 'socket' | 'http';
      apiUrl: string;
      eventsPath: string;
    }>;
  logLevel: z.infer<typeof environmentSchema>['LOG_LEVEL'];
}>;

/**
 * Reads the settings from an environment. Unknown variables are ignored (an environment is full of
 * them), empty ones count as unset.
 * @throws {StudioError} invalid_request listing every fault at once
 */
export function loadConfig(environment: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) throw settingsError(parsed.error);
  const env = parsed.data;
  return deepFreeze({
    server: {
      port: env.PORT,
      host: env.HOST,
      publicBaseUrl: env.PUBLIC_BASE_URL?.replace(/\/+$/, ''),
      filesBaseUrl: env.FILES_BASE_URL?.replace(/\/+$/, ''),
      corsOrigins: env.CORS_ORIGINS,
      trustedProxies: env.TRUSTED_PROXIES,
      apiKeys: env.API_KEYS,
      filesAccess: env.FILES_ACCESS,
      rateLimitPerMinute: env.RATE_LIMIT_PER_MINUTE,
    },
    services: env.SERVICES,
    dataDir: path.resolve(env.DATA_DIR),
    redisUrl: env.REDIS_URL,
    storage: env.STORAGE,
    media: { allowHosts: env.MEDIA_ALLOW_HOSTS },
    ffmpeg: { ffmpegPath: env.FFMPEG_PATH, ffprobePath: env.FFPROBE_PATH, searchPath: env.PATH },
    worker: {
      concurrency: env.WORKER_CONCURRENCY,
      renderThreads: env.RENDER_THREADS,
      jobTimeoutS: env.JOB_TIMEOUT_S,
    },
    speech: {
      engine: env.TTS_ENGINE,
      sherpaModelsDir: env.SHERPA_MODELS_DIR,
      openai: { baseUrl: env.OPENAI_BASE_URL, apiKey: env.OPENAI_API_KEY },
      elevenlabs: { baseUrl: env.ELEVENLABS_BASE_URL, apiKey: env.ELEVENLABS_API_KEY },
    },
    retention: { days: env.RETENTION_DAYS, cacheMaxBytes: env.CACHE_MAX_GB * 1024 ** 3 },
    chat: {
      locale: env.CHAT_LOCALE,
      quota: { atOnce: env.CHAT_JOBS_AT_ONCE, perDay: env.CHAT_JOBS_PER_DAY },
    },
    discord: discordConfig(env),
    slack: slackConfig(env),
    logLevel: env.LOG_LEVEL,
  });
}

function discordConfig(env: z.infer<typeof environmentSchema>): Config['discord'] {
  return {
    token: env.DISCORD_TOKEN,
    applicationId: env.DISCORD_APPLICATION_ID,
    guildId: env.DISCORD_GUILD_ID,
    apiBaseUrl: env.DISCORD_API_BASE_URL,
    gatewayUrl: env.DISCORD_GATEWAY_URL,
    cdnBaseUrl: env.DISCORD_CDN_BASE_URL,
    attachmentHosts: env.DISCORD_ATTACHMENT_HOSTS,
    editIntervalMs: env.DISCORD_EDIT_INTERVAL_MS,
    laneIntervalMs: env.DISCORD_CHANNEL_INTERVAL_MS,
    interactionHandoverMs: env.DISCORD_INTERACTION_HANDOVER_S * 1000,
    messageHandoverMs: env.DISCORD_MESSAGE_HANDOVER_S * 1000,
    uploadBytes: env.DISCORD_UPLOAD_MAX_MB * 1024 ** 2,
    allowedRoles: env.DISCORD_ALLOWED_ROLES,
    opsRoles: env.DISCORD_OPS_ROLES,
    opsChannels: env.DISCORD_OPS_CHANNELS,
    roleQuotas: env.DISCORD_ROLE_QUOTAS,
  };
}

function slackConfig(env: z.infer<typeof environmentSchema>): Config['slack'] {
  return {
    botToken: env.SLACK_BOT_TOKEN,
    appToken: env.SLACK_APP_TOKEN,
    signingSecret: env.SLACK_SIGNING_SECRET,
    mode: env.SLACK_MODE,
    apiUrl: env.SLACK_API_URL,
    eventsPath: env.SLACK_EVENTS_PATH,
    attachmentHosts: env.SLACK_ATTACHMENT_HOSTS,
    editIntervalMs: env.SLACK_EDIT_INTERVAL_MS,
    laneIntervalMs: env.SLACK_CHANNEL_INTERVAL_MS,
    messageHandoverMs: env.SLACK_MESSAGE_HANDOVER_S * 1000,
    uploadBytes: env.SLACK_UPLOAD_MAX_MB * 1024 ** 2,
    allowedRoles: env.SLACK_ALLOWED_GROUPS,
    opsRoles: env.SLACK_OPS_GROUPS,
    opsChannels: env.SLACK_OPS_CHANNELS,
    roleQuotas: env.SLACK_GROUP_QUOTAS,
  };
}

function settingsError(error: z.ZodError): StudioError {
  const issues: Issue[] = error.issues.map((issue) => ({
    path: issue.path.join('.'),
    message: issue.message,
  }));
  const lines = issues.map((issue) => `  ${issue.path}: ${issue.message}`).join('\n');
  return new StudioError('invalid_request', `These settings are wrong:\n${lines}`, {
    issues,
    hint: 'Correct them in .env or the environment; .env.example explains each.',
  });
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const inner of Object.values(value)) if (inner && typeof inner === 'object') deepFreeze(inner);
  return Object.freeze(value);
}
