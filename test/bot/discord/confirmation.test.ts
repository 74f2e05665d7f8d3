/** Buttons that ask before they count: on Discord by a private message, which outlives the bot too. */
import { expect, test } from 'vitest';
import { encodeAction } from '../../../bot/actions.ts';
import type { ActionButton, ChatHandlers } from '../../../bot/types.ts';
import { until } from '../../helpers/app.ts';
import { card, command, openDiscord, openDouble } from '../../helpers/discord-bot.ts';

const action = encodeAction({ name: 'cancel', jobId: 'abcdefghijklmnopqrstuvwx' });
const words = {
  title: 'Cancel this film?',
  text: 'What is done is lost.',
  yes: 'Yes, cancel it',
  no: 'Keep it',
};
const button: ActionButton = { kind: 'action', action, label: 'Cancel', style: 'danger', confirm: words };

/** A bot with one card that has the button; `acted` is what came of it. */
async function open(confirmation: ChatHandlers['confirmation']) {
  const acted: string[] = [];
  const handlers: Partial<ChatHandlers> = {
    commands: [command(['film'])],
    command: async (_path, _options, invocation) =>
      void (await invocation.reply(card('A film', { key: 'card:1', buttons: [button] }))),
    action: async (pressed, invocation) => {
      acted.push(pressed);
      await invocation.update?.(card('Cancelled', { buttons: [] }));
      await invocation.whisper(card('It is over.'));
    },
    ...(confirmation ? { confirmation } : {}),
  };
  const discord = await openDouble();
  const bot = await openDiscord(handlers, { discord });
  const channel = discord.channel();
  const ada = discord.person();
  const asked = ada.slash(channel, 'film');
  await asked.acked;
  const shown = await until(() => (asked.answer()?.body.embeds.length ? asked.answer() : null));
  return { discord, bot, handlers, acted, channel, ada, shown };
}

test('nothing happens before Yes; the question goes, the card is changed, the answer is private', async () => {
  const { ada, shown, acted, channel } = await open((pressed, locale) =>
    pressed === action && locale === 'en' ? words : null,
  );
  const press = ada.press(shown, 'Cancel');
  await press.acked;
  const question = press.answer()!;
  expect(ada.isPrivate(question)).toBe(true);
  expect(question.body.embeds[0]).toMatchObject({ title: words.title, description: words.text });
  expect(acted).toEqual([]);
  const yes = ada.press(question, words.yes);
  await yes.acked;
  expect(question.body.components).toEqual([]);
  await until(() => yes.replies().find(({ body }) => body.embeds[0]?.['title'] === 'It is over.'));
  expect(acted).toEqual([action]);
  expect(shown.body.embeds[0]!['title']).toBe('Cancelled');
  expect(yes.replies().every(ada.isPrivate)).toBe(true);
  expect(ada.reads(channel).filter((message) => !ada.isPrivate(message))).toEqual([shown]);
});

test('No changes nothing', async () => {
  const { ada, shown, acted } = await open(() => words);
  const press = ada.press(shown, 'Cancel');
  await press.acked;
  const no = ada.press(press.answer()!, words.no);
  await no.acked;
  expect(press.answer()!.body.components).toEqual([]);
  expect(press.answer()!.body.embeds[0]!['description']).toBe('Nothing was changed.');
  expect(acted).toEqual([]);
  expect(shown.body.embeds[0]!['title']).toBe('A film');
});

test('where no words are known the button’s own are asked, in the language of the person', async () => {
  const { discord, shown, channel } = await open(undefined);
  const lucia = discord.person({ name: 'Lucía', locale: 'es-ES' });
  const press = lucia.press(shown, 'Cancel');
  await press.acked;
  expect(press.answer()!.channel).toBe(channel.id);
  expect(press.answer()!.body.embeds[0]).toMatchObject({ title: '¿Seguro?', description: 'Cancel' });
});

test('a question that was asked before a restart can be answered after it', async () => {
  const { discord, bot, handlers, ada, shown, acted } = await open(() => words);
  const press = ada.press(shown, 'Cancel');
  await press.acked;
  await bot.messenger.stop();
  await openDiscord(handlers, { discord, facts: bot.facts, connected: false });
  await until(() => discord.gateway.connected());
  const yes = ada.press(press.answer()!, words.yes);
  await yes.acked;
  await until(() => acted.length === 1);
});
