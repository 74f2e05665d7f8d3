/** Messages and commands as Discord gets them: what people typed never acts, and nothing is too long. */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandManifest } from '../../../bot/discord/index.ts';
import { formatMessage, formatPost, loadFiles } from '../../../bot/discord/format.ts';
import { formatForm } from '../../../bot/discord/forms.ts';
import { hasKey, markedAction, nonceOf, unmarkedAction } from '../../../bot/discord/message-key.ts';
import { cut, escapeText } from '../../../bot/discord/text.ts';
import type { Form, Message } from '../../../bot/types.ts';
import { command, openDiscord } from '../../helpers/discord-bot.ts';
import { maskedLinks, type MessageBody } from '../../helpers/discord-double.ts';
import { checkCommands, checkMessage, checkModal } from '../../helpers/discord-double/limits.ts';
import { z } from 'zod';

const anyText = fc.oneof(
  fc.string({ maxLength: 5000, unit: 'binary' }),
  fc.constantFrom('@everyone', '<@1>', '[x](http://e)', '```', '\\', '# ', '\u202e', '👩‍👩‍👧'.repeat(300), ''),
);
const anyMessage: fc.Arbitrary<Message> = fc.record(
  {
    key: fc.option(fc.string(), { nil: undefined }),
    tone: fc.constantFrom('neutral', 'working', 'good', 'bad'),
    title: anyText,
    lines: fc.array(
      fc.record({ text: anyText, style: fc.constantFrom('plain', 'strong', 'small', 'quote', 'bar') }),
      { maxLength: 12 },
    ),
    fields: fc.array(fc.record({ name: anyText, value: anyText }), { maxLength: 40 }),
    links: fc.array(
      fc.record({
        label: anyText,
        url: fc.oneof(fc.webUrl({ withQueryParameters: true, withFragments: true }), anyText),
      }),
      { maxLength: 8 },
    ),
    picture: fc.record({ url: fc.oneof(fc.webUrl(), anyText), alt: anyText }),
    footer: anyText,
    buttons: fc.array(
      fc.oneof(
        fc.record({
          kind: fc.constant('action' as const),
          action: fc.uuid(),
          label: fc.string({ minLength: 1, maxLength: 200 }),
          style: fc.constantFrom('primary', 'plain', 'danger'),
        }),
        fc.record({
          kind: fc.constant('link' as const),
          label: fc.string({ minLength: 1 }),
          url: fc.oneof(fc.webUrl(), anyText),
        }),
      ),
      { maxLength: 30 },
    ),
    mention: fc.constant('1100000000000000009'),
  },
  { requiredKeys: ['tone'] },
) as fc.Arbitrary<Message>;

test('a key hides behind a link where there is one, and is found there', () => {
  const link = { label: 'Watch', url: 'https://films.example/film.mp4?sig=1' };
  const own = { label: 'Card', url: 'https://discord.com/channels/1/2/3' };
  const post = formatPost({ tone: 'good', key: 'k', lines: [{ text: 'Ready.' }], links: [own, link] });
  expect(JSON.stringify(post.embeds)).not.toContain('footer');
  expect(maskedLinks(post as unknown as MessageBody)[0]).toBe(own.url);
  expect(hasKey(post, 'k')).toBe(true);
  expect(hasKey(post, 'other')).toBe(false);
  const bare = formatPost({ tone: 'good', key: 'k', lines: [{ text: 'Ready.' }], links: [own] });
  expect(JSON.stringify(bare.embeds)).toContain('footer');
  expect(hasKey(bare, 'k')).toBe(true);
});

test('S35: no mention, link or Markdown of people becomes active', async () => {
  const hostile =
    '@everyone <!channel> <@U1> <@&2> [x](http://e) **b** ||spoiler|| `code` <:e:1>\n# big\n> quote\n- list';
  const message: Message = {
    tone: 'good',
    title: hostile,
    lines: [{ text: hostile }, { text: hostile, style: 'bar' }, { text: hostile, style: 'quote' }],
    fields: [{ name: hostile, value: hostile }],
    footer: hostile,
    links: [{ label: hostile, url: 'https://files.example.org/v.mp4' }],
    buttons: [{ kind: 'action', action: 'a', label: hostile, style: 'plain' }],
  };
  const { discord, messenger } = await openDiscord();
  const ref = await messenger.post({ channel: discord.channel().id }, message, AbortSignal.timeout(5000));
  const posted = discord.state.messages.get(ref.id)!;
  expect(posted.pings).toEqual([]);
  expect(maskedLinks(posted.body)).toEqual(['https://files.example.org/v.mp4']);
  expect(JSON.stringify(posted.body)).not.toMatch(/@everyone/);
  const { description } = posted.body.embeds[0] as { description: string };
  expect(description).toContain('\\*\\*b\\*\\*');
  expect(description).toContain('\\# big');
  expect(description).toContain('\\<@U1\\>');
  // Only what the bar's own font shows may stand unescaped.
  expect(description.replace(/`[^`]*`/g, '')).not.toMatch(/(?<!\\)<@/);
});

describe('whatever is said fits', () => {
  test('messages', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const body = formatPost(message);
        if (body.embeds.length === 0 && body.components.length === 0 && body.content === '') return;
        checkMessage(body as unknown as MessageBody, 0);
        expect(body.nonce?.length ?? 0).toBeLessThanOrEqual(25);
        if (message.key !== undefined)
          expect(hasKey(JSON.parse(JSON.stringify(body)) as object, message.key)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test('forms', () => {
    const field: fc.Arbitrary<Form['fields'][number]> = fc.oneof(
      fc.record({
        kind: fc.constant('text' as const),
        name: fc.uuid(),
        label: fc.string({ minLength: 1, maxLength: 99 }),
        hint: anyText,
        value: anyText,
        multiline: fc.boolean(),
        required: fc.boolean(),
        maxLength: fc.integer({ min: 1, max: 9000 }),
      }),
      fc.record({
        kind: fc.constant('choice' as const),
        name: fc.uuid(),
        label: fc.string({ minLength: 1 }),
        required: fc.boolean(),
        options: fc
          .uniqueArray(fc.uuid(), { minLength: 1, maxLength: 40 })
          .map((ids) => ids.map((value) => ({ value, label: value.repeat(4) }))),
      }),
      fc.record({
        kind: fc.constant('files' as const),
        name: fc.uuid(),
        label: fc.string({ minLength: 1 }),
        required: fc.boolean(),
        most: fc.integer({ min: 1, max: 30 }),
        accept: fc.constant(['image' as const]),
      }),
    );
    fc.assert(
      fc.property(
        fc.array(field, { minLength: 1, maxLength: 8 }),
        fc.string({ minLength: 1, maxLength: 90 }),
        (fields, title) => {
          checkModal(formatForm({ id: 'new', title, submit: 'Go', fields }) as Record<string, unknown>);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('texts are cut between characters, never within an escape', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 300 }), (text, most) => {
        const short = cut(escapeText(text), most);
        expect(short.length).toBeLessThanOrEqual(most);
        if (short.endsWith('…')) expect(/(?:^|[^\\])(?:\\\\)*\\…$/.test(short)).toBe(false);
      }),
    );
    expect(cut('👩‍👩‍👧👩‍👩‍👧', 10)).toBe('👩‍👩‍👧…');
  });
});

test('a key is hidden in buttons, which still say what they did', () => {
  const action = 'gs1:vertical:0199f2b0-6d5b-7c3e-8f44-1d0f5a3b9c11';
  const marked = markedAction(action, 'job:done');
  expect(marked.length).toBeLessThanOrEqual(100);
  expect(unmarkedAction(marked)).toBe(action);
  expect(unmarkedAction(action)).toBe(action);
  expect(nonceOf('job:done')).not.toBe(nonceOf('job:failed'));
  expect(hasKey({ components: [{ components: [{ custom_id: marked }] }] }, 'job:failed')).toBe(false);
});

test('files go by names Discord leaves alone, so that the picture finds its file', async () => {
  const bytes = Buffer.from('png');
  const file = {
    name: 'Übersicht (1).png',
    contentType: 'image/png',
    size: 3,
    alt: 'All scenes',
    open: () => Readable.from([bytes]),
  };
  const message: Message = {
    tone: 'good',
    title: 'Sheet',
    picture: { file: file.name, alt: 'All scenes' },
    files: [file],
  };
  const body = formatMessage(message, { mentions: false });
  const [raw] = await loadFiles(message, AbortSignal.timeout(1000));
  expect(raw!.data).toEqual(bytes);
  expect(body.attachments).toEqual([{ id: 0, filename: raw!.name, description: 'All scenes' }]);
  expect(body.embeds[0]).toMatchObject({ image: { url: `attachment://${raw!.name}` } });
});

describe('commands', () => {
  const sample = [
    command(['video', 'new'], {
      options: {
        script: { schema: z.string().min(1).max(9000), description: { en: 'x'.repeat(300), es: 'y' } },
        draft: { schema: z.boolean().optional(), description: { en: 'Draft', es: 'Borrador' } },
      },
    }),
    command(['video', 'list']),
    command(['queue']),
    command(['ops', 'status'], { access: 'ops' }),
  ];

  test('are grouped, within limits, in both languages, and operators’ own are hidden from others', () => {
    const manifest = commandManifest(sample);
    checkCommands(manifest);
    expect(manifest.map(({ name, type }) => [name, type])).toEqual([
      ['video', 1],
      ['queue', 1],
      ['ops', 1],
      ['Make a video of this', 3],
    ]);
    expect(manifest[2]).toMatchObject({ default_member_permissions: '32' });
    expect(manifest[1]).toMatchObject({
      description_localizations: { 'en-US': 'Does queue', 'es-ES': 'Hace queue' },
    });
    expect(manifest[1]).not.toHaveProperty('default_member_permissions');
  });

  test('are sent only when they have changed', async () => {
    const first = await openDiscord({ commands: sample });
    expect(first.discord.state.commandPuts).toBe(1);
    await first.messenger.stop();
    const second = await openDiscord({ commands: sample }, { discord: first.discord, facts: first.facts });
    expect(first.discord.state.commandPuts).toBe(1);
    await second.messenger.stop();
    await openDiscord({ commands: sample.slice(1) }, { discord: first.discord, facts: first.facts });
    expect(first.discord.state.commandPuts).toBe(2);
  });

  test('for a server the bot is not in: the address to invite it', async () => {
    const { lines, messenger } = await openDiscord(
      { commands: sample },
      { env: { DISCORD_GUILD_ID: '1100000000000000999' } },
    );
    expect(messenger.health().connected).toBe(true);
    expect(JSON.stringify(lines)).toContain('discord.com/oauth2/authorize');
  });
});
