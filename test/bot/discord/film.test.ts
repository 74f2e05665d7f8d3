/** From a modal filled in on Discord to a film in the same message: the whole program, a real render. */
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { wordsOf } from '../../../bot/texts/index.ts';
import { openApp, testDataDir, until } from '../../helpers/app.ts';
import { discordEnvironment, openDouble } from '../../helpers/discord-bot.ts';
import type { DiscordDouble, DoubleMessage } from '../../helpers/discord-double.ts';

const words = wordsOf('en');
const textOf = (message: DoubleMessage): string => JSON.stringify(message.body);
const posted = (discord: DiscordDouble): DoubleMessage[] =>
  [...discord.state.messages.values()].filter(
    ({ author, deleted }) => author === discord.botUserId && !deleted,
  );
const told = (discord: DiscordDouble): DoubleMessage[] =>
  posted(discord).filter(({ pings }) => pings.length > 0);

function environment(discord: DiscordDouble): Record<string, string> {
  return {
    ...discordEnvironment(discord),
    SERVICES: 'worker,discord',
    DISCORD_EDIT_INTERVAL_MS: '200',
    FILES_BASE_URL: 'https://files.example.org',
  };
}

async function ready(discord: DiscordDouble): Promise<void> {
  await until(() => discord.gateway.connected() && discord.state.commandPuts > 0);
}

test('slash → modal with a picture → progress → film in the message → captions by a button', async () => {
  const discord = await openDouble();
  await openApp({ env: environment(discord) });
  await ready(discord);
  const channel = discord.channel();
  const ada = discord.person();
  const picture = await sharp({ create: { width: 320, height: 180, channels: 3, background: '#3060a0' } })
    .png()
    .toBuffer();

  const asked = ada.slash(channel, 'video new');
  await asked.acked;
  expect(asked.modal()).toMatchObject({ title: words.form.newTitle });
  const sent = ada.submit(asked, {
    script: '# Morning\n\nGood morning.',
    files: [{ filename: 'lake.png', contentType: 'image/png', bytes: picture }],
  });
  await sent.acked;

  const end = await until(() => told(discord)[0]);
  expect(end.pings).toEqual([ada.id]);
  const card = await until(() =>
    posted(discord).find(({ attachments }) => attachments.some(({ filename }) => filename.endsWith('.mp4'))),
  );
  expect(card.id).toBe(sent.answer()!.id);
  expect(card.history.length).toBeGreaterThan(2);
  expect(textOf(card)).toContain('Morning');
  expect(textOf(card)).toContain('https://files.example.org/');
  expect(
    card.attachments
      .find(({ filename }) => filename.endsWith('.mp4'))!
      .bytes.subarray(4, 8)
      .toString(),
  ).toBe('ftyp');

  const press = ada.press(card, words.buttons.captions);
  await press.acked;
  const captions = await until(() =>
    press.replies().find(({ attachments }) => attachments.some(({ filename }) => filename.endsWith('.srt'))),
  );
  expect(ada.isPrivate(captions)).toBe(true);
  expect(discord.limits.refused).toBe(0);
});

test('a bot that was away goes on in the same message; the end is told once though answers are lost', async () => {
  const discord = await openDouble();
  const dataDir = await testDataDir();
  const first = await openApp({ env: { ...environment(discord), SERVICES: 'discord' }, dataDir });
  await ready(discord);
  const channel = discord.channel();
  const ada = discord.person();
  const asked = ada.slash(channel, 'video new', { script: 'Good night.' });
  await asked.acked;
  const card = await until(
    () => asked.answer() && textOf(asked.answer()!).includes('gs1:') && asked.answer(),
  );
  await first.stop(0);
  // While everything is away the interaction's token ends, too.
  discord.state.advance(16 * 60_000);
  discord.faults.add(/POST \/channels/, { kind: 'dropsAnswer' });
  const second = await openApp({ env: environment(discord), dataDir });
  await until(() => told(discord)[0]);
  await until(async () => (await second.studio.status()).queue.announcementsPending === 0);
  expect(told(discord)).toHaveLength(1);
  expect(discord.state.commandPuts).toBe(1);
  await until(() => card.attachments.some(({ filename }) => filename.endsWith('.mp4')));
  expect(posted(discord).filter(({ attachments }) => attachments.length > 0)).toEqual([card]);
});

test('what cannot be made is said privately and in words; nothing is left thinking', async () => {
  const discord = await openDouble();
  await openApp({ env: { ...environment(discord), SERVICES: 'discord' } });
  await ready(discord);
  const channel = discord.channel();
  const ada = discord.person({ locale: 'es-ES' });
  const asked = ada.slash(channel, 'video new');
  await asked.acked;
  const sent = ada.submit(asked, { script: 'Hola.', voice: 'nobody-has-this-voice' });
  await sent.acked;
  const refusal = await until(() =>
    ada.reads(channel).find((message) => ada.isPrivate(message) && message.body.embeds.length > 0),
  );
  expect(textOf(refusal)).toContain('nobody-has-this-voice');
  expect(sent.answer()).toBeNull();
  expect(posted(discord).every(ada.isPrivate)).toBe(true);
  expect(await ada.suggest(channel, 'video status', 'id', '')).toEqual([]);
});
