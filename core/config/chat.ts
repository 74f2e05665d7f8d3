/** Settings of chat on any platform: its language, and how much one person may ask for. */
import { z } from 'zod';
import { list, wholeNumber, type Parsed } from './fields.ts';

export const chatSettings = {
  CHAT_LOCALE: z.enum(['en', 'es']).default('en'),
  CHAT_JOBS_AT_ONCE: wholeNumber(1, 10_000).default(5),
  CHAT_JOBS_PER_DAY: wholeNumber(1, 1_000_000).default(50),
};

/** `id=atOnce/perDay`, e.g. `1234=10/200`. */
export const roleQuotas = list.transform((items, context) =>
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

export type ChatConfig = Readonly<{ locale: 'en' | 'es'; quota: ChatQuota }>;

/** What both chat platforms are set by. Times in ms, sizes in bytes. */
export type ChatPlatformConfig = Readonly<{
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

export function chatConfig(env: Parsed<typeof chatSettings>): ChatConfig {
  return {
    locale: env.CHAT_LOCALE,
    quota: { atOnce: env.CHAT_JOBS_AT_ONCE, perDay: env.CHAT_JOBS_PER_DAY },
  };
}
