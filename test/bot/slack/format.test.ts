/** S35: words from people stay words, and whatever is shown keeps to Slack's limits. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cut, cutEscaped, plainText } from '../../../bot/slack/escape.ts';
import { formatMessage } from '../../../bot/slack/format.ts';
import { formView } from '../../../bot/slack/form.ts';
import type { Message } from '../../../bot/types.ts';
import { blockFaults } from '../../helpers/slack-double/block-rules.ts';
import { aliveIn, wordsOf, type SlackBlock } from '../../helpers/slack-double/index.ts';
import { until } from '../../helpers/app.ts';
import { channel, openSlack, user } from './open.ts';

const nasty =
  '@everyone <!channel> <@U1> <!subteam^S1> <#C1|c> [x](http://e) http://e.example <http://e|x> `a` *b* _c_';
const everywhere = (words: string): Message => ({
  tone: 'bad',
  key: words,
  title: words,
  lines: (['plain', 'strong', 'small', 'quote', 'bar'] as const).map((style) => ({ text: words, style })),
  fields: [{ name: words, value: words }],
  footer: words,
  picture: { url: 'https://films.example/a.jpg', alt: words },
  buttons: [{ kind: 'action', action: 'gs1:retry:1', label: words, style: 'primary' }],
});

test('no mention and no link of people is alive in what is posted, edited or whispered', async () => {
  const { slack, messenger, heard } = await openSlack();
  const ref = await messenger.post({ channel }, everywhere(nasty), AbortSignal.timeout(5000));
  await slack.people.slash('/video', nasty, { user, channel });
  const { invocation } = await until(() => heard[0]);
  await invocation.whisper(everywhere(nasty));
  const [posted] = slack.workspace.messages;
  for (const message of [posted!, slack.workspace.ephemerals[0]!])
    expect(aliveIn(message)).toEqual({ mentions: [], links: [] });
  expect(wordsOf(posted!)).toContain(nasty);
  await messenger.edit(ref, everywhere(`again ${nasty}`), AbortSignal.timeout(5000));
  expect(aliveIn(posted!)).toEqual({ mentions: [], links: [] });
  const sent = slack.calls.filter(({ method }) => method.startsWith('chat.'));
  expect(sent.every(({ args }) => args['parse'] === 'none' && args['link_names'] === 'false')).toBe(true);
});

test('the double would notice: what is not escaped is alive', () => {
  const section = { type: 'section', text: { type: 'mrkdwn', text: nasty } };
  expect(aliveIn({ text: '', blocks: [section] })).toEqual({
    mentions: ['<!channel>', '<@U1>', '<!subteam^S1>', '<#C1|c>'],
    links: ['http://e', 'http://e', 'http://e.example'],
  });
});

describe('any message', () => {
  const words = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.constantFrom(nasty, '&'.repeat(4000), '<'.repeat(3000), '👩‍👩‍👧'.repeat(900), ' ', '', '*\n*', '`'),
  );
  const line = fc.record({
    text: words,
    style: fc.constantFrom('plain', 'strong', 'small', 'quote', 'bar', undefined),
  });
  const message: fc.Arbitrary<Message> = fc.record({
    tone: fc.constantFrom('neutral', 'working', 'good', 'bad'),
    title: words,
    lines: fc.array(line, { maxLength: 70 }),
    fields: fc.array(fc.record({ name: words, value: words }), { maxLength: 25 }),
    links: fc.array(fc.record({ label: words, url: fc.oneof(fc.webUrl(), words) }), { maxLength: 5 }),
    picture: fc.record({ url: fc.oneof(fc.webUrl(), words), alt: words }),
    footer: words,
    mention: fc.oneof(fc.constant('U123ABC'), words),
    buttons: fc.array(
      fc.record({
        kind: fc.constant('action' as const),
        action: fc.string({ minLength: 1, maxLength: 100 }),
        label: fc.string({ minLength: 1, maxLength: 200 }).filter((label) => label.trim() !== ''),
        style: fc.constantFrom('primary', 'plain', 'danger'),
      }),
      { maxLength: 30 },
    ),
  });

  test("keeps to Slack's limits, and only the bot's own mention and links are alive", () => {
    fc.assert(
      fc.property(message, fc.boolean(), (shown, mention) => {
        const { text, blocks } = formatMessage(shown, { mention });
        expect(blockFaults(blocks as unknown as SlackBlock[], 'message')).toEqual([]);
        expect(text.length).toBeGreaterThan(0);
        const { mentions, links } = aliveIn({ text, blocks: blocks as unknown as SlackBlock[] });
        const called =
          mention && /^[UW][A-Z0-9]{2,20}$/.test(shown.mention ?? '') ? `<@${shown.mention}>` : null;
        expect(mentions.filter((found) => found !== called)).toEqual([]);
        const own = new Set(
          (shown.links ?? []).filter(({ url }) => URL.canParse(url)).map(({ url }) => new URL(url).host),
        );
        expect(links.filter((url) => !own.has(new URL(url.replaceAll('&amp;', '&')).host))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('any form keeps to them too', () => {
    const field = fc.record({
      kind: fc.constant('text' as const),
      name: fc.uuid(),
      label: fc.string({ minLength: 1, maxLength: 3000 }),
      hint: words,
      placeholder: words,
      value: words,
      multiline: fc.boolean(),
      required: fc.boolean(),
      maxLength: fc.integer({ min: 1, max: 10_000 }),
    });
    fc.assert(
      fc.property(
        fc.array(field, { maxLength: 8 }),
        fc.string({ minLength: 1, maxLength: 45 }),
        (fields, title) => {
          const view = formView({ id: 'f', title, submit: title, fields }, { form: 'f', channel }, 'Close');
          expect(blockFaults(view.blocks as unknown as SlackBlock[], 'modal')).toEqual([]);
          expect(view.title.text.length).toBeLessThanOrEqual(24);
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('cutting keeps whole characters and whole entities', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, most) => {
      expect(cut(text, most).length).toBeLessThanOrEqual(most);
      expect(Buffer.from(cut(text, most)).toString()).toBe(cut(text, most));
      const escaped = cutEscaped(text, most);
      expect(escaped.length).toBeLessThanOrEqual(most);
      expect(escaped.replaceAll(/&(?:amp|lt|gt);/g, '')).not.toMatch(/[&<>]/);
    }),
  );
});

test("Slack's own markup in people's text becomes what they saw", () => {
  expect(
    plainText('a &amp; b &lt;i&gt; <https://e.example/x?a=1&amp;b=2|this> <@U1|ana> <#C1|films> <!here>'),
  ).toBe('a & b <i> https://e.example/x?a=1&b=2 @ana #films @here');
});
