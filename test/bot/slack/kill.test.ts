/** kill -9 of the whole program while a film asked for in Slack is made: same message, one end, old buttons work. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { wordsOf as says } from '../../../bot/texts/index.ts';
import { quick, testDataDir, until } from '../../helpers/app.ts';
import type { AppProcessSettings } from '../../helpers/app-process.ts';
import { aliveIn, openSlackDouble, wordsOf } from '../../helpers/slack-double/index.ts';
import { channel, slackEnvironment, user } from './open.ts';
import { appProcess } from '../../helpers/program.ts';

test('a film outlives the program that makes it', async () => {
  const slack = await openSlackDouble();
  onTestFinished(() => slack.close());
  slack.workspace.addUser(user);
  slack.workspace.addChannel(channel);
  const settings: AppProcessSettings = {
    env: {
      ...slackEnvironment(slack, 'socket'),
      DATA_DIR: await testDataDir(),
      SERVICES: 'worker,slack',
      TTS_ENGINE: 'espeak',
      SLACK_EDIT_INTERVAL_MS: '100',
      SLACK_CHANNEL_INTERVAL_MS: '50',
    },
    // A busy machine must not make the second start lose its lease too.
    tuning: { ...quick, leaseMs: 5000 },
  };
  let running = start(settings);
  onTestFinished(() => void running.kill('SIGKILL'));
  await until(() => slack.socket.connections() === 1);
  const script = Array.from({ length: 3 }, (_, index) => `Scene ${index}.`).join('\n\n');
  await slack.people.slash('/video', script, { user, channel });
  const posts = () =>
    slack.workspace.messages.filter((message) => message.user === slack.workspace.bot.userId);
  const ends = () => posts().filter((message) => aliveIn(message).mentions.length > 0);
  const card = await until(() => posts()[0]);
  await until(() => card.edits > 0 && wordsOf(card).includes('%'));

  running.kill('SIGKILL');
  await once(running, 'exit');
  expect(ends()).toEqual([]);
  const edits = card.edits;
  await until(() => slack.socket.connections() === 0);
  running = start(settings);
  await until(() => ends()[0]);
  await until(() => wordsOf(card).includes('✅'));
  expect(card.edits).toBeGreaterThan(edits);
  expect(posts().filter(({ thread_ts }) => !thread_ts)).toHaveLength(2);

  await slack.people.press(card, says('en').buttons.captions, { user });
  await until(() =>
    slack.workspace.messages.find(({ files }) => files.some(({ name }) => name.endsWith('.srt'))),
  );
  expect(ends()).toHaveLength(1);
  expect(slack.rateLimited).toEqual([]);
});

test('an end that a killed program was about to tell is told soon after the next start, not when its lease is over', async () => {
  const slack = await openSlackDouble();
  onTestFinished(() => slack.close());
  slack.workspace.addUser(user);
  slack.workspace.addChannel(channel);
  // The lease of announcements is the real one: 75 s, longer than this test may take.
  const settings: AppProcessSettings = {
    env: {
      ...slackEnvironment(slack, 'socket'),
      DATA_DIR: await testDataDir(),
      SERVICES: 'worker,slack',
      TTS_ENGINE: 'espeak',
    },
    tuning: { ...quick, leaseMs: 5000 },
  };
  let running = start(settings);
  onTestFinished(() => void running.kill('SIGKILL'));
  await until(() => slack.socket.connections() === 1);
  await slack.people.slash('/video', 'One scene.', { user, channel });
  await until(() => slack.workspace.messages.length === 1);
  slack.fail('chat.postMessage', { kind: 'hangs', ms: 120_000 });
  const posts = () => slack.calls.filter(({ method }) => method === 'chat.postMessage').length;
  await until(() => posts() === 2);
  running.kill('SIGKILL');
  await once(running, 'exit');
  await until(() => slack.socket.connections() === 0);
  running = start(settings);
  const ends = () => slack.workspace.messages.filter((message) => aliveIn(message).mentions.length > 0);
  await until(() => ends()[0]);
  expect(slack.calls.some(({ method }) => method === 'conversations.history')).toBe(true);
  expect(ends()).toHaveLength(1);
}, 45_000);

function start(settings: AppProcessSettings): ChildProcess {
  const args = [appProcess, JSON.stringify(settings)];
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
