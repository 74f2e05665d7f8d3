/** Who asks and where, read from an interaction. */
import { PermissionFlagsBits, type Interaction } from 'discord.js';
import type { Asker, Locale } from '../types.ts';
import { missingPermissions } from './permissions.ts';

/** In a thread, `parent` is its channel: settings and quotas are those of the channel. */
export function askerOf(interaction: Interaction, parent: string | null, defaultLocale: Locale): Asker {
  const { user, member } = interaction;
  const nickname = member && ('nick' in member ? member.nick : 'nickname' in member ? member.nickname : null);
  const channel = interaction.channelId ?? '';
  return {
    platform: 'discord',
    user: {
      id: user.id,
      name: nickname ?? user.globalName ?? user.username,
      roles: rolesOf(member),
      isAdmin: interaction.memberPermissions?.has(PermissionFlagsBits.Administrator) ?? false,
    },
    place: {
      team: interaction.guildId,
      channel: parent ?? channel,
      thread: parent === null ? null : channel,
      isDirect: interaction.guildId === null,
    },
    locale: localeOf(interaction.locale, defaultLocale),
  };
}

/** Whether the bot's own token will be able to post and edit here. */
export function isReachable(interaction: Interaction, parent: string | null): boolean {
  return missingPermissions(interaction.appPermissions, parent !== null).length === 0;
}

function rolesOf(member: Interaction['member']): readonly string[] {
  if (!member) return [];
  return Array.isArray(member.roles) ? member.roles : [...member.roles.cache.keys()];
}

function localeOf(locale: string | undefined, otherwise: Locale): Locale {
  if (locale?.startsWith('es')) return 'es';
  return locale?.startsWith('en') ? 'en' : otherwise;
}
