/** What Slack's side of the bot needs to know, checked before anything is connected. */
import type { Config } from '../../core/config.ts';
import { StudioError, type Issue } from '../../core/errors.ts';

/** The part of the Config about Slack, and the language for people whose own Slack does not say. */
export type SlackSettings = Config['slack'] & { locale: Config['chat']['locale'] };

export function slackSettings({ slack, chat }: Config): SlackSettings {
  return { ...slack, locale: chat.locale };
}

/** @throws {StudioError} invalid_request for settings that cannot work, all faults at once */
export function checkSlackSettings({ botToken, appToken, signingSecret, mode }: SlackSettings): void {
  const issues: Issue[] = [];
  if (!botToken?.startsWith('xoxb-'))
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
