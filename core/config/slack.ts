/** Settings of Slack: its tokens, who may use the bot, how often it may speak. */
import { z } from 'zod';
import { roleQuotas, type ChatPlatformConfig } from './chat.ts';
import { httpAddress, list, optionalText, wholeNumber, type Parsed } from './fields.ts';

export const slackSettings = {
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
};

export type SlackConfig = ChatPlatformConfig &
  Readonly<{
    botToken?: string;
    appToken?: string;
    signingSecret?: string;
    mode: 'socket' | 'http';
    apiUrl: string;
    eventsPath: string;
  }>;

export function slackConfig(env: Parsed<typeof slackSettings>): SlackConfig {
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
