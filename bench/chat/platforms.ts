/** Both loopback platforms with ten channels each, and what a bot needs to find them. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  APPLICATION_ID,
  BOT_TOKEN,
  startDiscordDouble,
  type DiscordDouble,
  type DoubleChannel,
} from '../../test/helpers/discord-double.ts';
import { aliveIn, openSlackDouble, type SlackDouble } from '../../test/helpers/slack-double/index.ts';

const CHANNELS = 10;

export type Platforms = {
  env: Record<string, string>;
  discord: DiscordDouble;
  discordChannels: DoubleChannel[];
  slack: SlackDouble;
  slackChannels: string[];
  /** Someone new each time: people take turns in the queue. */
  slackUser(): string;
  connected(): Promise<void>;
  /** 429s that the platforms themselves gave. */
  limitsBroken(): number;
  shown(): string;
  stop(): Promise<void>;
};

export async function openPlatforms(): Promise<Platforms> {
  const discord = await startDiscordDouble();
  const slack = await openSlackDouble();
  const numbers = Array.from({ length: CHANNELS }, (_, index) => index);
  let people = 0;
  return {
    env: {
      DISCORD_TOKEN: BOT_TOKEN,
      DISCORD_APPLICATION_ID: APPLICATION_ID,
      DISCORD_API_BASE_URL: discord.apiBaseUrl,
      DISCORD_CDN_BASE_URL: discord.cdnBaseUrl,
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      SLACK_API_URL: slack.apiUrl,
      SLACK_ATTACHMENT_HOSTS: new URL(slack.apiUrl).host,
    },
    discord,
    discordChannels: numbers.map((index) => discord.channel({ name: `films-${index}` })),
    slack,
    slackChannels: numbers.map((index) => slack.workspace.addChannel(`C000000${index}`).id),
    slackUser: () => slack.workspace.addUser(`U00BENCH${String(people++).padStart(4, '0')}`).id,
    async connected() {
      while (discord.state.commandPuts === 0 || slack.socket.connections() === 0) await sleep(50);
    },
    limitsBroken: () => discord.limits.refused + slack.rateLimited.length,
    shown() {
      const onDiscord = [...discord.state.messages.values()].filter(({ deleted }) => !deleted);
      const onSlack = slack.workspace.messages.filter(({ user }) => user === slack.workspace.bot.userId);
      const told = (all: number, ends: number): string => `${all - ends} cards and ${ends} ends`;
      return [
        `Discord ${told(onDiscord.length, onDiscord.filter(({ pings }) => pings.length > 0).length)}`,
        `Slack ${told(
          onSlack.filter(({ thread_ts }) => !thread_ts).length,
          onSlack.filter((message) => aliveIn(message).mentions.length > 0).length,
        )}`,
      ].join(', ');
    },
    async stop() {
      await Promise.all([discord.stop(), slack.close()]);
    },
  };
}
