/** Slack as a service: the bot around Slack's messenger. The HTTP plugin goes onto the API's server. */
import type { FastifyInstance } from 'fastify';
import { startBot, type BotOptions } from '../index.ts';
import { createSlackMessenger, type SlackOptions } from './messenger.ts';

export { slackManifest, type ManifestOptions } from './manifest.ts';
export { createSlackMessenger, type SlackMessenger } from './messenger.ts';
export type { SlackSettings } from './settings.ts';

export type SlackDeps = Omit<BotOptions, 'messenger'> &
  Pick<SlackOptions, 'settings' | 'tuning'> & {
    /** The API's server, not yet listening; needed in HTTP mode only. */
    server?: FastifyInstance;
  };

/**
 * Starts the bot on Slack; it connects in the background and stays connected.
 * @throws {StudioError} invalid_request for settings that cannot work
 */
export async function startSlack(deps: SlackDeps): Promise<{ name: 'slack'; stop(): Promise<void> }> {
  const { settings, tuning, server, ...bot } = deps;
  const messenger = createSlackMessenger({ settings, log: bot.log, ...(tuning ? { tuning } : {}) });
  if (messenger.http && server) await server.register(messenger.http);
  const running = await startBot({ ...bot, messenger });
  return { name: 'slack', stop: () => running.stop() };
}
