/** Slack as a service: the bot around Slack's messenger. The HTTP plugin goes onto the API's server. */
import type { FastifyInstance } from 'fastify';
import { StudioError } from '../../core/errors.ts';
import { startBot, type BotOptions } from '../index.ts';
import { createSlackMessenger, type SlackOptions } from './messenger.ts';
import { slackSettings } from './settings.ts';

export { slackManifest, type ManifestOptions } from './manifest.ts';
export { createSlackMessenger, type SlackMessenger } from './messenger.ts';
export { slackSettings, type SlackSettings } from './settings.ts';

export type SlackDeps = Omit<BotOptions, 'messenger' | 'tuning'> & {
  /** The API's server, not yet listening: in HTTP mode it gets Slack's endpoint. */
  server?: FastifyInstance;
  tuning?: SlackOptions['tuning'];
};

/**
 * Starts the bot on Slack; it connects in the background and stays connected.
 * @throws {StudioError} invalid_request for settings that cannot work
 */
export async function startSlack(deps: SlackDeps): Promise<{ name: 'slack'; stop(): Promise<void> }> {
  const { tuning, server, ...bot } = deps;
  const settings = slackSettings(bot.config);
  const messenger = createSlackMessenger({ settings, log: bot.log, ...(tuning ? { tuning } : {}) });
  if (messenger.http && !server)
    throw new StudioError('invalid_request', 'Slack over HTTP needs the API in the same process.', {
      hint: 'Add api to SERVICES, or set SLACK_MODE=socket.',
    });
  if (messenger.http) await server?.register(messenger.http);
  const running = await startBot({ ...bot, messenger });
  return { name: 'slack', stop: () => running.stop() };
}
