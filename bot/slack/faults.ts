/** What Slack's refusals mean, in the words of the Messenger contract. */
import { webApi } from '@slack/bolt';
import { MessengerError, type MessengerFault } from '../types.ts';

const faults: Record<MessengerFault, readonly string[]> = {
  gone: ['message_not_found', 'thread_not_found'],
  too_old: ['edit_window_closed', 'cant_update_message'],
  no_access: [
    'not_in_channel',
    'channel_not_found',
    'is_archived',
    'access_denied',
    'missing_scope',
    'restricted_action',
    'restricted_action_read_only_channel',
    'restricted_action_thread_only_channel',
    'restricted_action_non_threadable_channel',
    'restricted_action_thread_locked',
    'user_not_in_channel',
    'cannot_dm_bot',
    'messages_tab_disabled',
    'team_access_not_granted',
    'ekm_access_denied',
    'user_not_found',
    'user_disabled',
  ],
  rate_limited: ['ratelimited', 'rate_limited', 'message_limit_exceeded'],
  unauthorised: [
    'invalid_auth',
    'not_authed',
    'account_inactive',
    'token_revoked',
    'token_expired',
    'org_login_required',
    'user_removed_from_team',
    'team_disabled',
  ],
  unavailable: [
    'internal_error',
    'fatal_error',
    'service_unavailable',
    'request_timeout',
    'team_added_to_org',
    'accesslimited',
  ],
  refused: [],
};
const byName = new Map(
  Object.entries(faults).flatMap(([fault, names]) =>
    names.map((name) => [name, fault as MessengerFault] as const),
  ),
);

/** Anything a Slack client throws, as a MessengerError; unknown refusals count as `refused`. */
export function asMessengerError(error: unknown): MessengerError {
  if (error instanceof MessengerError) return error;
  const { code, data, retryAfter, statusCode, name } = (error ?? {}) as {
    code?: string;
    data?: { error?: string; errors?: string[]; response_metadata?: { messages?: string[] } };
    retryAfter?: number;
    statusCode?: number;
    name?: string;
  };
  if (code === webApi.ErrorCode.RateLimitedError)
    return new MessengerError('rate_limited', 'Slack asks us to wait.', {
      retryAfterMs: (retryAfter ?? 1) * 1000,
      cause: error,
    });
  if (code === webApi.ErrorCode.PlatformError) {
    const slackError = data?.error ?? 'unknown';
    const fault = byName.get(slackError) ?? 'refused';
    const details = [...(data?.errors ?? []), ...(data?.response_metadata?.messages ?? [])].join('; ');
    return new MessengerError(fault, `Slack answered ${slackError}${details ? ` (${details})` : ''}.`, {
      ...(fault === 'rate_limited' ? { retryAfterMs: 5000 } : {}),
      cause: error,
    });
  }
  if (code === webApi.ErrorCode.HTTPError)
    return new MessengerError('unavailable', `Slack answered with status ${statusCode}.`, { cause: error });
  const what = name === 'AbortError' ? 'was given up' : 'did not answer';
  return new MessengerError('unavailable', `Slack ${what}.`, { cause: error });
}

/** Slack's own name of a refusal, e.g. `not_in_channel`; null for other errors. */
export function slackErrorName(error: unknown): string | null {
  const cause = error instanceof MessengerError ? error.cause : error;
  return (cause as { data?: { error?: string } } | null)?.data?.error ?? null;
}
