/** What the bot may do in a place, and what it needs. */
import { PermissionFlagsBits, PermissionsBitField } from 'discord.js';

/** Asked for when the bot is invited: to see, write (in threads too), embed, attach, and find its own messages. */
export const neededPermissions = [
  'ViewChannel',
  'SendMessages',
  'SendMessagesInThreads',
  'EmbedLinks',
  'AttachFiles',
  'ReadMessageHistory',
] as const;

/** Without these the bot's own token is of no use in a channel; answers through an interaction still work. */
const toGoOn = (isThread: boolean) =>
  ['ViewChannel', isThread ? 'SendMessagesInThreads' : 'SendMessages', 'EmbedLinks', 'AttachFiles'] as const;

/** Names of what is missing for posting and editing in a channel later on. */
export function missingPermissions(
  appPermissions: Readonly<PermissionsBitField>,
  isThread: boolean,
): string[] {
  return toGoOn(isThread).filter((name) => !appPermissions.has(PermissionFlagsBits[name]));
}

/** Address where an administrator adds the bot to a server. */
export function inviteUrl(applicationId: string): string {
  const permissions = new PermissionsBitField([...neededPermissions]).bitfield;
  const query = new URLSearchParams({
    client_id: applicationId,
    scope: 'bot applications.commands',
    permissions: String(permissions),
  });
  return `https://discord.com/oauth2/authorize?${query.toString()}`;
}
