/** Settings of the bots: their tokens, who may use them, how often they may speak. */
import { z } from 'zod';
import { httpAddress, list, optionalText, wholeNumber, type Parsed } from './fields.ts';

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

export type ChatConfig = Readonly<{ locale: 'en' | 'es'; quota: ChatQuota }>;
export type DiscordConfig = ChatPlatformConfig &
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
export type SlackConfig = ChatPlatformConfig &
  Readonly<{
    botToken?: string;
    appToken?: string;
    signingSecret?: string;
    mode: 'socket' | 'http';
    apiUrl: string;
    eventsPath: string;
  }>;

export const chatSettings = {
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
};

export function chatConfig(env: Parsed<typeof chatSettings>): ChatConfig {
  return {
    locale: env.CHAT_LOCALE,
    quota: { atOnce: env.CHAT_JOBS_AT_ONCE, perDay: env.CHAT_JOBS_PER_DAY },
  };
}

export function discordConfig(env: Parsed<typeof chatSettings>): DiscordConfig {
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

export function slackConfig(env: Parsed<typeof chatSettings>): SlackConfig {
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
