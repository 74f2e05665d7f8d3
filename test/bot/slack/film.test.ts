/** From a line typed in Slack to a film that plays: the whole bot, a real render, the loopback Slack. */
import fastify from 'fastify';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openChatStore } from '../../../bot/chat-store.ts';
import { startSlack } from '../../../bot/slack/index.ts';
import { wordsOf as says } from '../../../bot/texts/index.ts';
import { loadConfig } from '../../../core/config.ts';
import type { RunningApp } from '../../../app.ts';
import { openApp, until } from '../../helpers/app.ts';
import { aliveIn, openSlackDouble, wordsOf, type SlackDouble } from '../../helpers/slack-double/index.ts';
import { channel, slackEnvironment, user } from './open.ts';

const words = says('en');
const at = { user, channel };
const quietLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The whole bot beside an app, on the loopback Slack; `restart` ends it and starts it anew. */
async function openBot(app: RunningApp & { dataDir: string }, mode: 'socket' | 'http' = 'socket') {
  let eventsUrl = '';
  const slack = await openSlackDouble(mode === 'http' ? { eventsUrl: () => eventsUrl } : {});
  onTestFinished(() => slack.close());
  slack.workspace.addUser(user);
  slack.workspace.addChannel(channel);
  const config = loadConfig({
    ...slackEnvironment(slack, mode),
    SLACK_EDIT_INTERVAL_MS: '100',
    SLACK_CHANNEL_INTERVAL_MS: '50',
    CHAT_JOBS_AT_ONCE: '1000',
    CHAT_JOBS_PER_DAY: '1000',
  });
  const start = async () => {
    const server = mode === 'http' ? fastify() : null;
    const bot = await startSlack({
      studio: app.studio,
      store: openChatStore(app.dataDir, 'slack'),
      config,
      log: quietLog,
      tuning: { leastWaitMs: 30 },
      ...(server ? { server } : {}),
    });
    onTestFinished(() => bot.stop());
    if (server) {
      await server.listen({ host: '127.0.0.1', port: 0 });
      onTestFinished(() => server.close());
      eventsUrl = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}/slack/events`;
    }
    await until(() => slack.calls.some(({ method }) => method === 'auth.test'));
    await until(async () => mode === 'http' || slack.socket.connections() > 0);
    return bot;
  };
  let bot = await start();
  const restart = async (): Promise<void> => {
    await bot.stop();
    bot = await start();
  };
  return { slack, restart };
}

const posted = ({ workspace }: SlackDouble) =>
  workspace.messages.filter((message) => message.user === workspace.bot.userId);
/** Posts that call the asker: the ends that were told. */
const told = (slack: SlackDouble) => posted(slack).filter((message) => aliveIn(message).mentions.length > 0);

test.each(['socket', 'http'] as const)('a film by %s: form, progress, result, button', async (mode) => {
  const app = await openApp();
  const { slack } = await openBot(app, mode);
  const typed = await until(async () => {
    const delivery = await slack.people.slash('/video', '', at);
    return delivery.acked && delivery;
  });
  expect(typed.acked).toBe(true);
  const view = await until(() => [...slack.workspace.views.values()].at(-1));
  await slack.people.submit(view, { script: '# Morning\n\nGood morning.' });

  const end = await until(() => told(slack)[0]);
  const [card] = posted(slack);
  expect(wordsOf(card!)).toContain('Morning');
  expect(card!.edits).toBeGreaterThan(0);
  expect(end.text).toContain(`<@${user}>`);
  const film = await until(() => slack.workspace.messages.find(({ files }) => files.length > 0));
  expect(film).toMatchObject({ thread_ts: end.ts });
  expect(film.files[0]!.bytes.subarray(4, 8).toString()).toBe('ftyp');

  const press = await slack.people.press(card!, words.buttons.captions, { user });
  expect(press.acked).toBe(true);
  const captions = await until(() =>
    slack.workspace.messages.find(({ files }) => files.some(({ name }) => name.endsWith('.srt'))),
  );
  expect(captions.channel).toBe(`D${user.slice(1)}`);
  expect(slack.rateLimited).toEqual([]);
});

test('a bot that was away goes on in the same message, and the end is told once though answers are lost', async () => {
  const app = await openApp();
  const { slack, restart } = await openBot(app);
  await slack.people.slash('/video', 'Good night.', at);
  const card = await until(() => posted(slack)[0]);
  await restart();
  slack.fail('chat.postMessage', { kind: 'dropsAnswer' }, 1);
  await until(() => told(slack)[0]);
  await until(() => wordsOf(card).includes('✅'));
  // The answer was lost, so it is told again unless it is looked for.
  await until(() => slack.calls.some(({ method }) => method === 'conversations.history'));
  await until(async () => (await app.studio.status()).queue.announcementsPending === 0);
  expect(told(slack)).toHaveLength(1);
  expect(posted(slack).filter(({ thread_ts, text }) => !thread_ts && text !== '')).toHaveLength(2);
});

test('50 films asked for within ten seconds in ten channels: every press acknowledged, every card there, no limit broken', async () => {
  const app = await openApp({ env: { SERVICES: 'api' } });
  const { slack } = await openBot(app);
  const channels = Array.from({ length: 10 }, (_, index) => slack.workspace.addChannel(`C00000${index}`).id);
  const deliveries = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      slack.people.slash('/video', `Film number ${index}.`, { user, channel: channels[index % 10]! }),
    ),
  );
  expect(deliveries.filter(({ acked, ackMs }) => !acked || ackMs > 2000)).toEqual([]);
  await until(() => posted(slack).length === 50);
  for (const place of channels)
    expect(posted(slack).filter((message) => message.channel === place)).toHaveLength(5);
  expect(slack.rateLimited).toEqual([]);
});
