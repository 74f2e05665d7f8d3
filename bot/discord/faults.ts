/** What Discord's errors mean, in the words of the Messenger contract. */
import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';
import { MessengerError, type MessengerFault } from '../types.ts';

/** By Discord's own numbers: what is gone, not ours to reach, too old, or over a limit. */
const BY_CODE: Readonly<Record<number, MessengerFault>> = {
  10003: 'no_access', // unknown channel
  10004: 'no_access', // unknown guild
  10008: 'gone', // unknown message
  10015: 'gone', // unknown webhook
  10062: 'gone', // unknown interaction
  20028: 'rate_limited', // too many writes in this channel
  30046: 'too_old', // too many edits of an old message
  50001: 'no_access', // missing access
  50005: 'gone', // someone else's message
  50007: 'no_access', // direct messages are closed
  50013: 'no_access', // missing permissions
  50027: 'gone', // the interaction's token has ended
  50083: 'no_access', // the thread is archived
  160005: 'no_access', // the thread is locked
};
const CHANNEL_WRITES_RETRY_MS = 10_000;

/** Turns whatever a call threw into a MessengerError; no token is repeated in it, so errors of the library are not kept as causes. */
export function asMessengerError(error: unknown): MessengerError {
  if (error instanceof MessengerError) return error;
  if (error instanceof RateLimitError)
    return new MessengerError('rate_limited', 'Discord asks to wait.', {
      retryAfterMs: Math.max(50, error.retryAfter),
    });
  if (error instanceof DiscordAPIError) {
    const known = BY_CODE[Number(error.code)];
    const fault = known ?? (error.status === 401 ? 'unauthorised' : 'refused');
    const retryAfterMs = fault === 'rate_limited' ? { retryAfterMs: CHANNEL_WRITES_RETRY_MS } : {};
    return new MessengerError(
      fault,
      `Discord answered ${error.status} (${error.code}): ${error.message}`,
      retryAfterMs,
    );
  }
  if (error instanceof HTTPError)
    return new MessengerError('unavailable', `Discord answered ${error.status}.`);
  if (error instanceof Error && error.message.startsWith('Expected token to be set'))
    return new MessengerError('unauthorised', 'There is no valid token for Discord.');
  const reason = error instanceof Error ? error.message : String(error);
  return new MessengerError('unavailable', `Discord cannot be reached: ${reason}`, { cause: error });
}

/** Discord's number of an error, or null. */
export function codeOf(error: unknown): number | null {
  return error instanceof DiscordAPIError ? Number(error.code) : null;
}

/** A sentence for the log: errors of the library carry addresses with tokens in them. */
export function reasonOf(error: unknown): string {
  if (error instanceof DiscordAPIError) return `${error.status} (${error.code}): ${error.message}`;
  if (error instanceof HTTPError) return `HTTP ${error.status}`;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return reason.replace(/(webhooks|interactions)\/\d+\/[^/\s]+/g, '$1/…');
}
