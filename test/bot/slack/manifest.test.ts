/** The app's manifest, which people paste at Slack: made of the real commands, within Slack's limits. */
import { expect, test } from 'vitest';
import { createCommands } from '../../../bot/commands/index.ts';
import { slackManifest } from '../../../bot/slack/index.ts';
import { readCommandText } from '../../../bot/slack/command-text.ts';
import type { ChatDeps } from '../../../bot/take-on.ts';

// Only run() and form() use what commands are made of.
const commands = createCommands({} as ChatDeps);
type SlashCommand = {
  command: string;
  description: string;
  usage_hint?: string;
  url?: string;
  should_escape: boolean;
};
const slashOf = (manifest: Record<string, unknown>): SlashCommand[] =>
  (manifest['features'] as { slash_commands: SlashCommand[] }).slash_commands;

test('has each first word once, described and within the lengths', () => {
  const slash = slashOf(slackManifest(commands, { mode: 'socket' }));
  const names = slash.map(({ command }) => command);
  expect(new Set(names)).toEqual(new Set(commands.map(({ path }) => `/${path[0]}`)));
  expect(names).toHaveLength(new Set(names).size);
  for (const { command, description, usage_hint = '' } of slash) {
    expect(command).toMatch(/^\/[a-z-]{1,31}$/);
    expect(description.length).toBeGreaterThan(5);
    expect(usage_hint.length).toBeLessThanOrEqual(1000);
  }
  expect(slash.find(({ command }) => command === '/video')!.usage_hint).toContain('status');
});

test('asks for what the mode needs', () => {
  const socket = slackManifest(commands, { mode: 'socket' });
  expect(socket).toMatchObject({
    settings: {
      socket_mode_enabled: true,
      event_subscriptions: { bot_events: ['app_mention', 'message.im'] },
    },
  });
  expect(JSON.stringify(socket)).not.toContain('url');
  const requestUrl = 'https://films.example/slack/events';
  const http = slackManifest(commands, { mode: 'http', requestUrl });
  expect(http).toMatchObject({
    settings: {
      socket_mode_enabled: false,
      event_subscriptions: { request_url: requestUrl },
      interactivity: { is_enabled: true, request_url: requestUrl },
    },
  });
  expect(slashOf(http).every(({ url }) => url === requestUrl)).toBe(true);
});

test('every slash command can be typed bare, and every subcommand by its name', () => {
  for (const { path, textOption } of commands) {
    const [first, second = ''] = path;
    expect(readCommandText(commands, first, '')).not.toBeNull();
    const words = textOption ? `${second} some words`.trim() : second;
    expect(readCommandText(commands, first, words)?.path).toEqual(path);
  }
  expect(readCommandText(commands, 'unknown', '')).toBeNull();
});

test('what operators type is read as they mean it: names, numbers that may be left out, and the rest', () => {
  const read = (text: string) => readCommandText(commands, 'ops', text);
  expect(read('')).toEqual({ path: ['ops', 'status'], options: {} });
  expect(read('uptime please')?.path).toEqual(['ops', 'uptime']);
  expect(read('sttaus now')).toEqual({ path: ['ops', 'sttaus'], options: {} });
  const maintenance = { minutes: 30, checks: 'edge-origin', why: 'new disk in rack 4' };
  expect(read('maintenance 30 edge-origin new disk in rack 4')?.options).toEqual(maintenance);
  expect(read('maintenance 30 15 edge-origin new disk in rack 4')?.options).toEqual({
    ...maintenance,
    delay: 15,
  });
  expect(read('silence jobs the worker moves')?.options).toEqual({ checks: 'jobs', why: 'the worker moves' });
  expect(read('silence jobs 10')?.options).toEqual({ checks: 'jobs', minutes: 10 });
  // Not a number of minutes, and to be said so.
  expect(read('silence jobs 2h')?.options).toEqual({ checks: 'jobs', minutes: '2h' });
});

test('no command has a name that Slack keeps for itself: it would refuse the whole manifest', () => {
  const slack =
    'active apps archive away call close collapse contact_search_info dm dnd expand feed feedback invite invite_people join keys kick leave me msg mute open part pro remind remove rename s search shortcuts shrug star status topic who';
  const taken = new Set(slack.split(' ').map((name) => `/${name}`));
  const names = slashOf(slackManifest(commands, { mode: 'socket' })).map(({ command }) => command);
  expect(names.filter((name) => taken.has(name))).toEqual([]);
});

test('"help" behind any command explains, in both languages, and makes no film', () => {
  for (const word of ['help', ' Help ', 'ayuda'])
    for (const name of ['video', 'tts', 'stats'])
      expect(readCommandText(commands, name, word)).toEqual({ path: ['help'], options: {} });
  expect(readCommandText(commands, 'video', 'help is on its way')?.path).toEqual(['video', 'new']);
  expect(readCommandText(commands, 'unknown', 'help')).toBeNull();
});
