/** People and the bot, through the real discord.js client: commands, forms, buttons, menus, suggestions. */
import { text as readAll } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Form, IncomingFile, Invocation, MessageRef } from '../../../bot/types.ts';
import { until } from '../../helpers/app.ts';
import { answering, card, command, openDiscord } from '../../helpers/discord-bot.ts';

const fileOption = {
  schema: z.custom<IncomingFile>().optional(),
  kind: 'file' as const,
  description: { en: 'A file', es: 'Un archivo' },
};
const png = { filename: 'lake.png', contentType: 'image/png', bytes: Buffer.from('not really a picture') };
const signal = (): AbortSignal => AbortSignal.timeout(5000);

const form: Form = {
  id: 'new:1',
  title: 'New video',
  submit: 'Make it',
  fields: [
    { kind: 'text', name: 'script', label: 'Script', multiline: true, required: true, maxLength: 9999 },
    {
      kind: 'choice',
      name: 'format',
      label: 'Format',
      required: true,
      value: 'wide',
      options: [
        { value: 'wide', label: 'Wide' },
        { value: 'tall', label: 'Tall' },
      ],
    },
    { kind: 'files', name: 'media', label: 'Pictures', required: false, most: 5, accept: ['image'] },
  ],
};

test('slash → modal with a file → progress in one message → film in it → button', async () => {
  const seen: { values?: Record<string, unknown>; file?: string; action?: string; ref?: MessageRef } = {};
  const { discord, messenger } = await openDiscord({
    commands: [command(['video', 'new'], { form: async () => form })],
    formFor: async (what) => (what.kind === 'command' ? form : null),
    async submit(_id, values, invocation) {
      seen.values = values;
      const [file] = values['media'] as IncomingFile[];
      seen.file = await readAll(await file!.open(signal()));
      seen.ref = await invocation.reply(
        card('Queued', {
          buttons: [{ kind: 'action', action: 'gs1:cancel:j1', label: 'Cancel', style: 'danger' }],
        }),
      );
    },
    async action(action, invocation) {
      seen.action = action;
      await invocation.update!(card('Cancelled'));
    },
  });
  const channel = discord.channel();
  const ada = discord.person();
  const asked = ada.slash(channel, 'video new');
  await asked.acked;
  expect(asked.modal()).toMatchObject({ title: 'New video' });
  const sent = ada.submit(asked, { script: 'A lake at dawn.', media: [png] });
  await sent.acked;
  await until(() => seen.ref);
  expect(seen.values).toMatchObject({ script: 'A lake at dawn.', format: 'wide' });
  expect(seen.file).toBe('not really a picture');

  const film = Buffer.from('a film');
  await messenger.edit(
    seen.ref!,
    card('Rendering', { lines: [{ text: '▰▰▱▱ 50 %', style: 'bar' }] }),
    signal(),
  );
  await messenger.edit(
    seen.ref!,
    card('Done', {
      tone: 'good',
      links: [{ label: 'Watch', url: 'https://files.example.org/j1/video.mp4' }],
      files: [
        { name: 'video.mp4', contentType: 'video/mp4', size: film.length, open: () => Readable.from([film]) },
      ],
      buttons: [{ kind: 'action', action: 'gs1:vertical:j1', label: 'Vertical', style: 'plain' }],
    }),
    signal(),
  );
  const messages = ada.reads(channel);
  expect(messages).toHaveLength(1);
  expect(messages[0]!.body.embeds[0]).toMatchObject({
    title: 'Done',
    description: '[Watch](https://files.example.org/j1/video.mp4)',
  });
  expect(messages[0]!.attachments[0]!.bytes).toEqual(film);
  expect(messages[0]!.history.map(({ body }) => body.embeds[0]?.['title'])).toEqual([
    undefined,
    'Queued',
    'Rendering',
    'Done',
  ]);

  const press = ada.press(messages[0]!, 'Vertical');
  await press.acked;
  await until(() => ada.reads(channel)[0]!.body.embeds[0]?.['title'] === 'Cancelled');
  expect(seen.action).toBe('gs1:vertical:j1');
  expect(ada.reads(channel)[0]!.body.components).toEqual([]);
  expect(ada.reads(channel)[0]!.attachments).toEqual([]);
  expect(discord.gateway.intents).toBe(0);
});

test('options of all kinds reach the command; the file only when it is asked for', async () => {
  const seen: { path?: readonly string[]; options?: Readonly<Record<string, unknown>>; asker?: Invocation } =
    {};
  const { discord } = await openDiscord({
    commands: [
      command(['video', 'new'], {
        options: {
          script: { schema: z.string().max(6000).optional(), description: { en: 'Text', es: 'Texto' } },
          draft: { schema: z.boolean().optional(), description: { en: 'Draft', es: 'Borrador' } },
          scenes: {
            schema: z.number().int().min(1).max(9).optional(),
            description: { en: 'Scenes', es: 'Escenas' },
          },
          format: {
            schema: z.enum(['wide', 'tall']).optional(),
            description: { en: 'Format', es: 'Formato' },
          },
          image1: fileOption,
        },
      }),
    ],
    command: async (path, options, invocation) =>
      void Object.assign(seen, { path, options, asker: invocation }),
  });
  const channel = discord.channel();
  const thread = discord.channel({ type: 11, parent: channel.id });
  const person = discord.person({
    locale: 'es-ES',
    roles: ['1100000000000000077'],
    permissions: 8n,
    name: 'Inés',
  });
  await person.slash(thread, 'video new', {
    script: 'Hola',
    draft: true,
    scenes: 3,
    format: 'tall',
    image1: png,
  }).acked;
  await until(() => seen.path);
  expect(seen.path).toEqual(['video', 'new']);
  expect(seen.options).toMatchObject({
    script: 'Hola',
    draft: true,
    scenes: 3,
    format: 'tall',
    image1: { name: 'lake.png', contentType: 'image/png', size: 20 },
  });
  expect(seen.asker).toMatchObject({
    user: { id: person.id, name: 'Inés', roles: ['1100000000000000077'], isAdmin: true },
    place: { channel: channel.id, thread: thread.id, isDirect: false },
    locale: 'es',
    uploadLimit: 10 * 1024 ** 2,
  });
  expect(discord.requests.some(({ path }) => path.startsWith('/attachments/'))).toBe(false);
});

describe('who sees what', () => {
  test.each([
    ['public', 'reply', 'whisper', [false, true]],
    ['public', 'whisper', 'reply', [true, false]],
    ['private', 'whisper', 'reply', [true, false]],
    ['private', 'reply', 'whisper', [false, true]],
  ] as const)('a %s command that does %s, then %s', async (answer, first, second, privacy) => {
    const { discord } = await openDiscord(
      answering(
        async (invocation) => {
          await invocation[first](card('first'));
          await invocation[second](card('second'));
        },
        [command(['queue'], { answer })],
      ),
    );
    const ada = discord.person();
    const channel = discord.channel();
    ada.slash(channel, 'queue');
    await until(
      () => ada.reads(channel).length === 2 && ada.reads(channel).every(({ body }) => body.embeds.length > 0),
    );
    const messages = ada.reads(channel).toSorted((a) => (a.body.embeds[0]!['title'] === 'first' ? -1 : 1));
    expect(messages.map(ada.isPrivate)).toEqual(privacy);
  });

  test('nothing is left "thinking" when a handler says nothing, or fails', async () => {
    let fails = false;
    const { discord } = await openDiscord(
      answering(async () => {
        if (fails) throw new Error('a secret reason');
      }, [command(['queue'])]),
    );
    const ada = discord.person();
    const channel = discord.channel();
    const quiet = ada.slash(channel, 'queue');
    await quiet.acked;
    await until(() => quiet.answer() === null);
    fails = true;
    const failing = ada.slash(channel, 'queue');
    await failing.acked;
    const [message] = await until(() =>
      failing.answer() === null && ada.reads(channel).length === 1 ? ada.reads(channel) : null,
    );
    expect(ada.isPrivate(message!)).toBe(true);
    expect(JSON.stringify(message!.body)).toContain('try again');
    expect(JSON.stringify(message!.body)).not.toContain('secret');
  });
});

test('a message becomes the source of a film; its pictures are fetched from Discord only', async () => {
  let text = '';
  const { discord } = await openDiscord({
    async shortcut(message, invocation) {
      text = `${message.author}: ${message.text} ${await readAll(await message.files[0]!.open(signal()))}`;
      await invocation.reply(card('Queued'));
    },
  });
  const channel = discord.channel();
  const ada = discord.person();
  const act = discord
    .person({ name: 'Bo' })
    .useOn(ada.say(channel, 'Look at this', [png]), 'Make a video of this');
  await act.acked;
  await until(() => act.answer()?.body.embeds.length);
  expect(text).toMatch(/: Look at this not really a picture$/);
});

test('suggestions: the command’s own, those of a long list, none when they fail or are late', async () => {
  const many = Array.from({ length: 60 }, (_, index) => `voice-${index}`) as [string, ...string[]];
  const { discord } = await openDiscord({
    commands: [
      command(['voices'], {
        options: {
          voice: { schema: z.enum(many).optional(), description: { en: 'Voice', es: 'Voz' } },
          job: {
            schema: z.string().optional(),
            description: { en: 'Job', es: 'Trabajo' },
            complete: async () => [],
          },
        },
      }),
    ],
    async complete(_path, _option, typed) {
      if (typed === 'boom') throw new Error('boom');
      return Array.from({ length: 40 }, (_, index) => ({
        value: `job-${index}`,
        label: `${typed} ${'x'.repeat(150)} ${index}`,
      }));
    },
  });
  const channel = discord.channel();
  const ada = discord.person();
  expect(await ada.suggest(channel, 'voices', 'voice', '-5')).toHaveLength(11);
  const jobs = await ada.suggest(channel, 'voices', 'job', 'my');
  expect(jobs).toHaveLength(25);
  expect(jobs[0]!.name).toHaveLength(100);
  expect(await ada.suggest(channel, 'voices', 'job', 'boom')).toEqual([]);
});

test('a picture that stays over many edits is sent once, and stays; a new one takes its place', async () => {
  const { discord, messenger } = await openDiscord();
  const channel = discord.channel();
  const uploads: string[] = [];
  const sheet = (bytes: string, size = bytes.length) => ({
    name: 'sheet.png',
    contentType: 'image/png',
    size,
    open: () => {
      uploads.push(bytes);
      return Readable.from([Buffer.from(bytes)]);
    },
  });
  const shown = (percent: number, bytes: string) =>
    card(`${percent} %`, { picture: { file: 'sheet.png', alt: 'Scenes' }, files: [sheet(bytes)] });
  const ref = await messenger.post({ channel: channel.id }, card('Queued'), signal());
  for (const percent of [10, 30]) await messenger.edit(ref, shown(percent, 'sheet one'), signal());
  const [message] = [...discord.state.messages.values()];
  expect(uploads).toEqual(['sheet one']);
  expect(message!.attachments.map(({ bytes }) => String(bytes))).toEqual(['sheet one']);
  expect(message!.body.embeds[0]).toMatchObject({ title: '30 %', image: { url: 'attachment://sheet.png' } });
  await messenger.edit(ref, shown(40, 'another sheet'), signal());
  expect(message!.attachments.map(({ bytes }) => String(bytes))).toEqual(['another sheet']);
  // An edit whose end is not known is followed by one that sends everything.
  discord.faults.add(/PATCH \/channels/, { kind: 'dropsAnswer' });
  await expect(messenger.edit(ref, shown(50, 'another sheet'), signal())).rejects.toMatchObject({
    fault: 'unavailable',
  });
  await messenger.edit(ref, shown(60, 'another sheet'), signal());
  expect(uploads).toEqual(['sheet one', 'another sheet', 'another sheet']);
  expect(message!.attachments).toHaveLength(1);
});
