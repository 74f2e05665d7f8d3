/**
 * The environment, parsed once at the edge into a frozen, nested Config: one file an area in config/.
 * All faults come in one message; `.env.example` explains each setting.
 */
import path from 'node:path';
import { z } from 'zod';
import { chatConfig, chatSettings, type ChatConfig } from './config/chat.ts';
import { discordConfig, discordSettings, type DiscordConfig } from './config/discord.ts';
import { list, optionalText } from './config/fields.ts';
import {
  jobSettings,
  retentionConfig,
  workerConfig,
  type RetentionConfig,
  type WorkerConfig,
} from './config/jobs.ts';
import {
  ffmpegConfig,
  mediaConfig,
  mediaSettings,
  type FfmpegConfig,
  type MediaConfig,
} from './config/media.ts';
import {
  checkMonitoringSettings,
  monitoringConfig,
  monitoringSettings,
  type MonitoringConfig,
} from './config/monitoring.ts';
import { serverConfig, serverSettings, type ServerConfig } from './config/server.ts';
import { slackConfig, slackSettings, type SlackConfig } from './config/slack.ts';
import { speechConfig, speechSettings, type SpeechConfig } from './config/speech.ts';
import { checkStorageSettings, s3Config, storageSettings, type S3Config } from './config/storage.ts';
import { StudioError, type Issue } from './errors.ts';

export { filesAddress } from './config/addresses.ts';
export type { ChatQuota } from './config/chat.ts';

const services = ['api', 'worker', 'discord', 'slack', 'monitoring'] as const;
export type ServiceName = (typeof services)[number];

const environmentSchema = z.object({
  SERVICES: list.pipe(z.array(z.enum(services))).optional(),
  ALIVE_FILE: optionalText,
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  ...serverSettings,
  ...jobSettings,
  ...mediaSettings,
  ...speechSettings,
  ...chatSettings,
  ...discordSettings,
  ...slackSettings,
  ...monitoringSettings,
  ...storageSettings,
});
/** With what holds between settings. */
const wholeSchema = environmentSchema.superRefine(checkStorageSettings).superRefine(checkMonitoringSettings);

export type Config = Readonly<{
  /** Services asked for; absent means the default set. */
  services?: readonly ServiceName[];
  /** Touched as long as the process turns; for health checks. */
  aliveFile?: string;
  logLevel: z.infer<typeof environmentSchema>['LOG_LEVEL'];
  server: ServerConfig;
  dataDir: string;
  redisUrl?: string;
  storage: 'local' | 's3';
  /** Where `storage` is s3; else null. */
  s3: S3Config | null;
  worker: WorkerConfig;
  retention: RetentionConfig;
  media: MediaConfig;
  ffmpeg: FfmpegConfig;
  speech: SpeechConfig;
  chat: ChatConfig;
  discord: DiscordConfig;
  slack: SlackConfig;
  monitoring: MonitoringConfig;
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
  const parsed = wholeSchema.safeParse(given);
  if (!parsed.success) throw settingsError(parsed.error);
  const env = parsed.data;
  return deepFreeze({
    services: env.SERVICES,
    aliveFile: env.ALIVE_FILE,
    logLevel: env.LOG_LEVEL,
    server: serverConfig(env),
    dataDir: path.resolve(env.DATA_DIR),
    redisUrl: env.REDIS_URL,
    storage: env.STORAGE,
    s3: s3Config(env),
    worker: workerConfig(env),
    retention: retentionConfig(env),
    media: mediaConfig(env),
    ffmpeg: ffmpegConfig(env),
    speech: speechConfig(env),
    chat: chatConfig(env),
    discord: discordConfig(env),
    slack: slackConfig(env),
    monitoring: monitoringConfig(env),
  });
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
