/** What people do in Slack reaches the handlers, in Socket Mode and over HTTP, through the real Bolt app. */
import { describe, expect, test } from 'vitest';
import { asJob, channel, form, openSlack, readAll, user, type Opened } from './open.ts';
import type { IncomingFile, Invocation, Message, SourceMessage } from '../../../bot/types.ts';
import { until } from '../../helpers/app.ts';
import { wordsOf } from '../../helpers/slack-double/index.ts';

const at = { user, channel };
const card = (changes: Partial<Message> = {}): Message => ({ tone: 'working', title: 'Film', ...changes });

describe.each(['socket', 'http'] as const)('over %s', (mode) => {
  test('a film from the slash command to its end: modal, progress, result, button', async () => {
    const { slack, messenger, heard } = await openSlack({
      mode,
      handlers: { formFor: (press) => Promise.resolve(press.kind === 'command' ? form : null) },
    });
    const typed = await slack.people.slash('/video', '', at);
    expect(typed.acked).toBe(true);
    const view = await until(() => [...slack.workspace.views.values()][0]);
    const picture = slack.workspace.addFile('dog.png', 'image/png', Buffer.from('a picture'));

    const submitted = await slack.people.submit(view, {
      script: 'A dog.\n\nA cat.',
      format: 'tall',
      media: [picture],
    });
    expect([submitted.acked, view.closed]).toEqual([true, true]);
    const { details, invocation } = await until(() => heard.find(({ what }) => what === 'submit'));
    expect(details).toEqual([
      'form:new',
      { script: 'A dog.\n\nA cat.', format: 'tall', media: [expect.objectContaining({ name: 'dog.png' })] },
    ]);
    expect(invocation).toMatchObject({
      locale: 'es',
      place: { channel, isDirect: false },
      user: { id: user },
    });
    const [file] = (details[1] as { media: IncomingFile[] }).media;
    expect((await readAll(await file!.open(AbortSignal.timeout(5000)))).toString()).toBe('a picture');

    const ref = await invocation.reply(card({ key: 'card:1' }));
    await messenger.edit(
      ref,
      card({ lines: [{ text: '▓▓░░ 50 %', style: 'bar' }] }),
      AbortSignal.timeout(5000),
    );
    expect(wordsOf(shown(slack)[0]!)).toContain('50 %');
    await messenger.edit(
      ref,
      card({ tone: 'good', buttons: [asJob('retry', 'job1', 'Retry')] }),
      AbortSignal.timeout(5000),
    );
    await messenger.post(
      { channel },
      card({ tone: 'good', mention: user, links: [{ label: 'Watch', url: 'https://films.example/1' }] }),
      AbortSignal.timeout(5000),
    );
    const [first, second, ...more] = shown(slack);
    expect(more).toEqual([]);
    expect(second!.text).toContain(`<@${user}>`);
    expect(first!.edits).toBe(2);

    const pressed = await slack.people.press(first!, 'Retry', { user });
    expect(pressed.acked).toBe(true);
    const press = await until(() => heard.find(({ what }) => what === 'action'));
    expect(press.details).toEqual(['gs1:retry:job1']);
    await press.invocation.update!(card({ title: 'Again' }));
    expect(wordsOf(shown(slack)[0]!)).toContain('Again');
    expect(slack.rateLimited).toEqual([]);
  });

  test('a press delivered twice is acknowledged twice and done once', async () => {
    const { slack, heard } = await openSlack({ mode });
    await slack.people.slash('/video', 'Hello', { ...at, twice: true });
    const message = slack.people.write('<@UBOT00001> a film', at);
    await slack.people.mention(message, { twice: true });
    await until(() => heard.length >= 2);
    expect(heard.map(({ what }) => what).sort()).toEqual(['command', 'mention']);
  });

  test('private answers are seen by the asker only', async () => {
    const { slack, heard } = await openSlack({ mode });
    await slack.people.slash('/queue', '', at);
    const { invocation } = await until(() => heard[0]);
    await invocation.whisper(card({ title: 'Three wait' }));
    expect(shown(slack)).toEqual([]);
    expect(slack.workspace.ephemerals).toMatchObject([{ onlyFor: user, channel }]);
  });
});

test('options are read from the line of text', async () => {
  const { slack, heard } = await openSlack();
  const lines = [
    'Hello & <welcome>, it is 12:30',
    'voice:alba format:tall One. Two. --draft',
    'new voice:"Ana María" Once upon a time',
    'list',
    'list of my favourite birds',
    'status job_1',
  ];
  for (const line of lines) await slack.people.slash('/video', line, at);
  await until(() => heard.length === lines.length);
  expect(heard.map(({ details }) => details)).toEqual([
    [['video', 'new'], { script: 'Hello & <welcome>, it is 12:30' }],
    [['video', 'new'], { script: 'One. Two.', voice: 'alba', format: 'tall', draft: true }],
    [['video', 'new'], { script: 'Once upon a time', voice: 'Ana María' }],
    [['video', 'list'], {}],
    [['video', 'new'], { script: 'list of my favourite birds' }],
    [['video', 'status'], { id: 'job_1' }],
  ]);
});

test('mentions answer in the thread; a bare one takes the message the thread is about', async () => {
  const { slack, heard } = await openSlack();
  const { people } = slack;
  const root = people.write('See <https://e.example/x|this> &amp; that', at);
  const full = people.write('<@UBOT00001> make <#C1|general> a film', { ...at, thread: root.ts });
  await people.mention(full);
  await people.mention(people.write('<@UBOT00001>', { ...at, thread: root.ts }));
  await until(() => heard.length === 2);
  expect(heard.map(({ details }) => (details[0] as SourceMessage).text)).toEqual([
    'make #general a film',
    'See https://e.example/x & that',
  ]);
  await heard[0]!.invocation.reply(card());
  expect(shown(slack).at(-1)).toMatchObject({ thread_ts: root.ts });
});

test('in direct messages: pictures or its name make a film, anything else is answered with help', async () => {
  const { slack, heard } = await openSlack();
  const { people, workspace } = slack;
  const direct = { user, channel: `D${user.slice(1)}` };
  workspace.addChannel(direct.channel, { isPrivate: true });
  const picture = workspace.addFile('a.png', 'image/png', Buffer.from('png'));
  await people.mention(people.write('Hello?', direct));
  await people.mention(people.write('<@UBOT00001> The river.', direct));
  await people.mention(people.write('', { ...direct, files: [picture] }), { subtype: 'file_share' });
  // Its own words, edits, and what others' apps say, are nothing to answer.
  await people.mention(people.write('Hello.', { ...direct, user: 'UBOT00001' }));
  await people.mention(people.write('The brook.', direct), { subtype: 'message_changed' });
  await people.mention(people.write('Reminder', direct), { botId: 'BOTHER' });
  await people.mention(people.write('<@UBOT00001> The end.', direct));
  await until(() => heard.length === 4);
  expect(heard.map(({ what, details }) => [what, (details[0] as SourceMessage).text ?? details[0]])).toEqual([
    ['command', ['help']],
    ['mention', 'The river.'],
    ['mention', ''],
    ['mention', 'The end.'],
  ]);
  await heard[1]!.invocation.reply(card());
  expect(shown(slack).at(-1)).toMatchObject({ channel: direct.channel });
  expect(shown(slack).at(-1)!.thread_ts).toBeUndefined();
});

test('shortcuts: a message becomes a film, and the global one opens the form and answers directly', async () => {
  const { slack, heard } = await openSlack({
    handlers: { formFor: (press) => Promise.resolve(press.kind === 'command' ? form : null) },
  });
  const { people, workspace } = slack;
  const file = workspace.addFile('a.png', 'image/png', Buffer.from('png'));
  await people.messageShortcut('make_video', people.write('A story', { ...at, files: [file] }), { user });
  const { details } = await until(() => heard[0]);
  expect(details).toMatchObject([{ text: 'A story', files: [{ name: 'a.png' }] }]);

  await people.globalShortcut('new_video', { user });
  const view = await until(() => [...workspace.views.values()][0]);
  await people.submit(view, { script: 'Hi' });
  const { invocation } = await until(() => heard.find(({ what }) => what === 'submit'));
  const ref = await invocation.reply(card());
  expect([ref.channel, invocation.place.isDirect]).toEqual([`D${user.slice(1)}`, true]);
});

test('where the bot is no member the asker is told how to invite it', async () => {
  const { slack, heard } = await openSlack({
    before: ({ workspace }) => void workspace.addChannel('C0PRIVATE', { botIsMember: false }),
  });
  await slack.people.slash('/video', 'Hello', { user, channel: 'C0PRIVATE' });
  const { invocation } = await until(() => heard[0]);
  await expect(invocation.reply(card())).rejects.toMatchObject({ fault: 'no_access' });
  const [hint] = slack.workspace.ephemerals;
  expect(wordsOf(hint!)).toContain('/invite @genscene');
  expect(shown(slack)).toEqual([]);
});

test('a modal that Slack does not open is told of', async () => {
  const { slack } = await openSlack({ handlers: { formFor: () => Promise.resolve(form) } });
  slack.fail('views.open', { kind: 'rateLimited', retryAfterS: 5 });
  await slack.people.slash('/video', '', at);
  const told = await until(() => slack.workspace.ephemerals[0]);
  expect(wordsOf(told)).toContain('formulario');
});

test('50 commands within ten seconds, from ten channels, while edits are refused: all acknowledged in time', async () => {
  const replies: Promise<unknown>[] = [];
  const { slack, messenger } = await openSlack({
    handlers: {
      command: async (_path, _options, invocation: Invocation) => {
        replies.push(invocation.reply(card({ key: invocation.id })));
        await replies.at(-1);
      },
    },
  });
  const channels = Array.from({ length: 10 }, (_, index) => slack.workspace.addChannel(`C00000${index}`).id);
  slack.fail('chat.update', { kind: 'rateLimited', retryAfterS: 5 }, 5);
  const edits = new AbortController();
  const ref = await messenger.post({ channel }, card(), AbortSignal.timeout(5000));
  const editing = Array.from({ length: 5 }, () =>
    messenger.edit(ref, card(), edits.signal).catch((error: unknown) => error),
  );
  const deliveries = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      slack.people.slash('/video', `Film ${index}`, { user, channel: channels[index % 10]! }),
    ),
  );
  expect(deliveries.filter(({ acked, ackMs }) => !acked || ackMs > 2000)).toEqual([]);
  expect(await Promise.all(editing)).toMatchObject([{ fault: 'rate_limited' }, {}, {}, {}, {}]);
  await until(() => replies.length === 50);
  await Promise.all(replies);
  expect(shown(slack)).toHaveLength(51);
  expect(slack.rateLimited).toEqual([]);
});

function shown({ workspace }: Opened['slack']) {
  return workspace.messages.filter((message) => message.user === workspace.bot.userId);
}
