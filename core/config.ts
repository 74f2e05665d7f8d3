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
const list = z.string().transform((text) => text.split(',').map((item) => item.trim()).filter(Boolean));
const wholeNumber = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

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
  TTS_ENGINE: z.enum(['auto', 'espeak', 'flite', 'sherpa', 'openai', 'elevenlabs', 'azure', 'edge', 'none']).default('auto'),
  SHERPA_MODELS_DIR: optionalText,
  OPENAI_BASE_URL: z.url().optional(),
  OPENAI_API_KEY: optionalText,
  ELEVENLABS_BASE_URL: z.url().optional(),
  ELEVENLABS_API_KEY: optionalText,
  RETENTION_DAYS: z.coerce.number().min(0.0001).max(3650).default(30),
  CACHE_MAX_GB: z.coerce.number().min(0.01).max(10_000).default(5),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
});

export type Config = Readonly<{
  server: Readonly<{ port: number; host: string; publicBaseUrl?: string; filesBaseUrl?: string; corsOrigins: readonly string[]; trustedProxies: readonly string[]; apiKeys?: string; filesAccess: 'public' | 'signed'; rateLimitPerMinute: number }>;
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
  logLevel: z.infer<typeof environmentSchema>['LOG_LEVEL'];
}>;

/**
 * Reads the settings from an environment. Unknown variables are ignored (an environment is full of
 * them), empty ones count as unset.
 * @throws {StudioError} invalid_request listing every fault at once
 */
export function loadConfig(environment: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ''));
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
    worker: { concurrency: env.WORKER_CONCURRENCY, renderThreads: env.RENDER_THREADS, jobTimeoutS: env.JOB_TIMEOUT_S },
    speech: {
      engine: env.TTS_ENGINE,
      sherpaModelsDir: env.SHERPA_MODELS_DIR,
      openai: { baseUrl: env.OPENAI_BASE_URL, apiKey: env.OPENAI_API_KEY },
      elevenlabs: { baseUrl: env.ELEVENLABS_BASE_URL, apiKey: env.ELEVENLABS_API_KEY },
    },
    retention: { days: env.RETENTION_DAYS, cacheMaxBytes: env.CACHE_MAX_GB * 1024 ** 3 },
    logLevel: env.LOG_LEVEL,
  });
}

function settingsError(error: z.ZodError): StudioError {
  const issues: Issue[] = error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
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
