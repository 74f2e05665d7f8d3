/** What Slack's side of the bot needs to know; made from the Config by whoever starts it. */
import { StudioError, type Issue } from '../../core/errors.ts';
import type { Locale } from '../types.ts';

export type SlackSettings = {
  /** `xoxb-…`: what the app may do. */
  botToken: string;
  /** `xapp-…`: opens Socket Mode. */
  appToken?: string;
  /** Proves that HTTP requests come from Slack. */
  signingSecret?: string;
  mode: 'socket' | 'http';
  /** Default `https://slack.com/api/`. */
  apiUrl?: string;
  /** Path of the HTTP endpoint, default `/slack/events`. */
  eventsPath?: string;
  /** Hosts people's files may be fetched from, beside Slack's own. */
  fileHosts?: readonly string[];
  /** For people whose language Slack does not say. */
  locale: Locale;
  /** Least time between two edits of one message, ms. */
  editIntervalMs?: number;
  /** Largest file that is uploaded, bytes. */
  uploadBytes?: number;
};

/** @throws {StudioError} invalid_request for settings that cannot work, all faults at once */
export function checkSlackSettings({ botToken, appToken, signingSecret, mode }: SlackSettings): void {
  const issues: Issue[] = [];
  if (!botToken.startsWith('xoxb-'))
    issues.push({ path: 'SLACK_BOT_TOKEN', message: 'must be a bot token (xoxb-…)' });
  if (mode === 'socket' && !appToken?.startsWith('xapp-'))
    issues.push({ path: 'SLACK_APP_TOKEN', message: 'must be an app-level token (xapp-…) for Socket Mode' });
  if (mode === 'http' && !signingSecret)
    issues.push({ path: 'SLACK_SIGNING_SECRET', message: 'is needed for SLACK_MODE=http' });
  if (issues.length === 0) return;
  const faults = issues.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new StudioError('invalid_request', `Slack cannot be connected: ${faults}.`, {
    issues,
    hint: 'Copy the tokens from the pages of your app at api.slack.com/apps into .env.',
  });
}
