/** Many at once: everyone is acknowledged and answered, and no rate limit is broken. */
import { expect, test } from 'vitest';
import type { Act } from '../../helpers/discord-double.ts';
import type { MessageRef } from '../../../bot/types.ts';
import { pause } from '../../../core/pause.ts';
import { openApp, until } from '../../helpers/app.ts';
import {
  answering,
  card,
  command,
  discordEnvironment,
  openDiscord,
  openDouble,
} from '../../helpers/discord-bot.ts';

test('50 commands from 10 channels, each answer edited, all acknowledged by Discord’s clock', async () => {
  const refs: MessageRef[] = [];
  const { discord, messenger } = await openDiscord(
    answering(
      async (invocation) => void refs.push(await invocation.reply(card('Queued'))),
      [command(['queue'])],
    ),
  );
  const channels = Array.from({ length: 10 }, () => discord.channel());
  const acts: Act[] = [];
  for (let index = 0; index < 50; index++) {
    acts.push(discord.person().slash(channels[index % 10]!, 'queue'));
    await pause(20, new AbortController().signal);
  }
  // By Discord's clock: after three seconds they fail.
  await Promise.all(acts.map(({ acked }) => acked));
  await until(() => refs.length === 50);
  await Promise.all(refs.map((ref) => messenger.edit(ref, card('Done'), AbortSignal.timeout(20_000))));
  for (const act of acts) expect(act.answer()?.body.embeds[0]).toMatchObject({ title: 'Done' });
  expect(discord.limits.refused).toBe(0);
});

test('too many edits in one channel are held back before Discord has to refuse them', async () => {
  const { discord, messenger } = await openDiscord();
  const channel = discord.channel();
  const signal = AbortSignal.timeout(20_000);
  const ref = await messenger.post({ channel: channel.id }, card('Queued'), signal);
  const ends = [];
  for (let index = 0; index < 8; index++)
    ends.push(
      await messenger.edit(ref, card(`${index}`), signal).then(
        () => 'sent',
        (error: { fault: string; retryAfterMs: number }) => (error.retryAfterMs > 0 ? error.fault : 'odd'),
      ),
    );
  expect(ends).toEqual([
    ...Array.from({ length: 5 }, () => 'sent'),
    'rate_limited',
    'rate_limited',
    'rate_limited',
  ]);
  expect(discord.limits.refused).toBe(0);
});

test('50 films asked for within ten seconds in ten channels, while others render: all acknowledged, all cards there', async () => {
  const discord = await openDouble();
  const many = {
    CHAT_JOBS_AT_ONCE: '1000',
    CHAT_JOBS_PER_DAY: '1000',
    FILES_BASE_URL: 'https://files.example.org',
  };
  const app = await openApp({ env: { ...discordEnvironment(discord), ...many, SERVICES: 'worker,discord' } });
  await until(() => discord.gateway.connected() && discord.state.commandPuts > 0);
  const channels = Array.from({ length: 10 }, () => discord.channel());
  const acts: Act[] = [];
  for (let index = 0; index < 50; index++) {
    acts.push(discord.person().slash(channels[index % 10]!, 'video new', { script: `Film ${index}.` }));
    await pause(100, new AbortController().signal);
  }
  await Promise.all(acts.map(({ acked }) => acked));
  await until(() => acts.every((act) => act.answer()?.body.components.length));
  // Numbers of the queue may be a moment old.
  const queue = await until(async () => {
    const { queue: now } = await app.studio.status();
    return now.queued + now.running + now.done + now.failed === 50 && now;
  });
  expect(queue.failed).toBe(0);
  expect(discord.limits.refused).toBe(0);
});
