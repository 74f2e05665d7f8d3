/** Settings of Discord: its token, who may use the bot, how often it may speak. */
import { z } from 'zod';
import { roleQuotas, type ChatPlatformConfig } from './chat.ts';
import { httpAddress, list, optionalText, wholeNumber, type Parsed } from './fields.ts';

export const discordSettings = {
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
};

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

export function discordConfig(env: Parsed<typeof discordSettings>): DiscordConfig {
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
