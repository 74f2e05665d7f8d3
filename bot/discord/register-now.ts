/** Registers the commands without connecting: for `genscene commands register`. */
import { REST } from 'discord.js';
import type { Config } from '../../core/config.ts';
import { StudioError } from '../../core/errors.ts';
import type { Command } from '../types.ts';
import { registerCommands } from './register.ts';
import { openTransport } from './transport.ts';

/** Longest wait for Discord's answer, ms. */
const TIMEOUT_MS = 30_000;

/**
 * Sends the definitions, changed or not.
 * @throws {StudioError} invalid_request when token or application id are not set, not_ready when Discord refuses
 */
export async function registerNow(settings: Config['discord'], commands: readonly Command[]): Promise<void> {
  const { token, applicationId, guildId } = settings;
  if (!token || !applicationId) {
    throw new StudioError('invalid_request', 'DISCORD_TOKEN and DISCORD_APPLICATION_ID are needed.', {
      hint: 'Set both; the README says where Discord shows them.',
    });
  }
  const transport = openTransport();
  const rest = new REST({
    version: '10',
    timeout: TIMEOUT_MS,
    retries: 1,
    makeRequest: transport.makeRequest,
    ...(settings.apiBaseUrl ? { api: settings.apiBaseUrl } : {}),
  }).setToken(token);
  try {
    await registerCommands({ rest, applicationId, guildId, commands, store: null });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StudioError('not_ready', `Discord refuses the commands: ${reason}`, { cause: error });
  } finally {
    rest.clearHashSweeper();
    rest.clearHandlerSweeper();
    await transport.close();
  }
}
