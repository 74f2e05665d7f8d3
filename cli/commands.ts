/** `genscene commands register|manifest`: tells Discord and Slack what commands there are. */
import { Argument, Command } from 'commander';
import { commandDefinitions } from '../bot/commands/index.ts';
import type { Context } from './context.ts';

export function commandsCommand(context: Context): Command {
  const { terminal } = context;
  const commands = new Command('commands').description('the chat commands, as Discord and Slack know them');

  commands
    .command('register')
    .description('register the slash commands on Discord now (the bot does it by itself when they change)')
    .action(async () => {
      const { registerNow } = await import('../bot/discord/register-now.ts');
      const { discord } = context.config();
      await registerNow(discord, commandDefinitions());
      terminal.note(`Registered ${discord.guildId ? `in server ${discord.guildId}` : 'everywhere'}.`);
    });

  commands
    .command('manifest')
    .description('print what a platform is told: for Slack, what to paste when creating the app')
    .addArgument(new Argument('<platform>', 'discord or slack').choices(['discord', 'slack']))
    .action(async (platform: 'discord' | 'slack') => terminal.print(await manifestText(platform, context)));
  return commands;
}

async function manifestText(platform: 'discord' | 'slack', context: Context): Promise<string> {
  const definitions = commandDefinitions();
  if (platform === 'discord') {
    const { commandManifest } = await import('../bot/discord/index.ts');
    return JSON.stringify(commandManifest(definitions), null, 2);
  }
  const { slackManifest } = await import('../bot/slack/index.ts');
  const { server, slack } = context.config();
  const requestUrl = server.publicBaseUrl && `${server.publicBaseUrl}${slack.eventsPath}`;
  return JSON.stringify(slackManifest(definitions, { mode: slack.mode, requestUrl }), null, 2);
}
