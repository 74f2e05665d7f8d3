/** What goes wrong between us and Slack, and that the bot gets over it: the real Bolt app, the loopback Slack. */
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Attachment, IncomingFile, Message } from '../../../bot/types.ts';
import { incomingFile } from '../../../bot/slack/incoming-files.ts';
import { until } from '../../helpers/app.ts';
import { wordsOf } from '../../helpers/slack-double/index.ts';
import { channel, form, openSlack, readAll, user } from './open.ts';

const at = { user, channel };
const soon = (): AbortSignal => AbortSignal.timeout(10_000);
const card = (changes: Partial<Message> = {}): Message => ({ tone: 'working', title: 'Film', ...changes });
const attachment = (name: string, bytes: Buffer): Attachment => ({
  name,
  contentType: 'video/mp4',
  size: bytes.length,
  open: () => Readable.from([bytes]),
});

describe('the socket', () => {
  test.each(['drop', 'refresh'] as const)('comes back after a %s, and presses work again', async (how) => {
    const { slack, messenger, heard } = await openSlack();
    slack.socket[how]();
    await until(() => slack.calls.filter(({ method }) => method === 'apps.connections.open').length === 2);
    await until(() => messenger.health().connected && slack.socket.connections() === 1);
    expect((await slack.people.slash('/video', 'Hello', at)).acked).toBe(true);
    await until(() => heard[0]);
  });

  test('comes back after invalid_auth on reconnecting, whatever the library makes of it', async () => {
    const { slack, messenger, lines } = await openSlack();
    slack.revoke('app');
    slack.socket.drop();
    await until(() => slack.calls.filter(({ answer }) => answer === 'invalid_auth').length >= 3);
    expect(messenger.health()).toEqual({ connected: false, detail: 'Slack answered invalid_auth' });
    slack.revoke('app', false);
    await until(() => messenger.health().connected);
    expect((await slack.people.slash('/video', 'Hello', at)).acked).toBe(true);
    expect(lines.join()).not.toMatch(/canary/);
  });

  test.each([
    { kind: 'status', status: 503 },
    { kind: 'rateLimited', retryAfterS: 1 },
    { kind: 'hangs', ms: 50 },
    { kind: 'error', error: 'internal_error' },
  ] as const)('comes back when connecting is answered by $kind', async (fault) => {
    const { slack, messenger } = await openSlack();
    slack.fail('apps.connections.open', fault, 2);
    slack.socket.drop();
    await until(() => slack.calls.filter(({ method }) => method === 'apps.connections.open').length === 4);
    await until(() => messenger.health().connected);
  });

  test('is given up and made anew when no ping comes any more', async () => {
    const { slack, messenger } = await openSlack({ pingMs: 500 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    slack.socket.silence(true);
    await until(() => !messenger.health().connected);
    slack.socket.silence(false);
    slack.socket.drop();
    await until(() => messenger.health().connected);
  });

  test.each(['socket', 'http'] as const)(
    'waits in %s mode until a refused token is accepted',
    async (mode) => {
      const { slack, messenger } = await openSlack({
        mode,
        unconnected: true,
        before: ({ revoke }) => revoke('bot'),
      });
      await until(() => slack.calls.filter(({ answer }) => answer === 'invalid_auth').length >= 2);
      expect(messenger.health().connected).toBe(false);
      if (mode === 'http') expect((await slack.people.slash('/video', 'Hi', at)).status).toBe(503);
      slack.revoke('bot', false);
      await until(() => messenger.health().connected);
      expect((await slack.people.slash('/video', 'Hello', at)).acked).toBe(true);
    },
  );

  test('is closed by stop, also while connecting, and nothing connects again', async () => {
    const { slack, messenger } = await openSlack();
    slack.fail('apps.connections.open', { kind: 'hangs', ms: 100 }, 1);
    slack.socket.drop();
    await until(() => slack.calls.filter(({ method }) => method === 'apps.connections.open').length === 2);
    await Promise.all([messenger.stop(), messenger.stop()]);
    const calls = slack.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([slack.socket.connections(), slack.calls.length]).toEqual([0, calls]);
  });
});

describe('posting', () => {
  test.each([
    [
      { kind: 'rateLimited', retryAfterS: 7 },
      { fault: 'rate_limited', retryAfterMs: 7000 },
    ],
    [{ kind: 'status', status: 500 }, { fault: 'unavailable' }],
    [{ kind: 'hangs', ms: 50 }, { fault: 'unavailable' }],
    [{ kind: 'dropsAnswer' }, { fault: 'unavailable' }],
    [{ kind: 'error', error: 'token_expired' }, { fault: 'unauthorised' }],
    [{ kind: 'error', error: 'is_archived' }, { fault: 'no_access' }],
    [{ kind: 'error', error: 'msg_too_long' }, { fault: 'refused' }],
  ] as const)('%o is told as %o, and tried once', async (fault, told) => {
    const { slack, messenger } = await openSlack();
    slack.fail('chat.postMessage', fault);
    await expect(messenger.post({ channel }, card(), soon())).rejects.toMatchObject(told);
    expect(slack.calls.filter(({ method }) => method === 'chat.postMessage')).toHaveLength(1);
  });

  test('a token that is taken back shows in the health, and so does its return', async () => {
    const { slack, messenger } = await openSlack();
    slack.revoke('bot');
    await expect(messenger.post({ channel }, card(), soon())).rejects.toMatchObject({
      fault: 'unauthorised',
    });
    expect(messenger.health()).toMatchObject({
      connected: false,
      detail: expect.stringContaining('SLACK_BOT_TOKEN'),
    });
    slack.revoke('bot', false);
    await messenger.post({ channel }, card(), soon());
    expect(messenger.health().connected).toBe(true);
  });

  test('a call without an answer ends with its signal', async () => {
    const { slack, messenger } = await openSlack();
    slack.fail('chat.postMessage', { kind: 'hangs', ms: 3000 });
    const posted = messenger.post({ channel }, card(), AbortSignal.timeout(100));
    await expect(posted).rejects.toMatchObject({ fault: 'unavailable' });
  });

  test('a deleted message is gone, a lost channel gives no access', async () => {
    const { slack, messenger } = await openSlack();
    const ref = await messenger.post({ channel }, card(), soon());
    slack.workspace.messages.splice(0);
    await expect(messenger.edit(ref, card(), soon())).rejects.toMatchObject({ fault: 'gone' });
    slack.workspace.channels.get(channel)!.botIsMember = false;
    await expect(messenger.edit(ref, card(), soon())).rejects.toMatchObject({ fault: 'no_access' });
    await expect(messenger.find({ channel }, 'k', 0, soon())).rejects.toMatchObject({ fault: 'no_access' });
  });

  test('40 messages whose answers are lost are found again by their keys: none twice', async () => {
    const { slack, messenger } = await openSlack();
    const channels = Array.from(
      { length: 20 },
      (_, index) => slack.workspace.addChannel(`C00000${index}`).id,
    );
    const since = Date.now();
    slack.fail('chat.postMessage', { kind: 'dropsAnswer' }, 40);
    for (const [index, place] of [...channels, ...channels].entries()) {
      const key = `done:${index}`;
      await messenger.post({ channel: place }, card({ key }), soon()).catch(() => undefined);
      const found = await messenger.find({ channel: place }, key, since, soon());
      if (!found) await messenger.post({ channel: place }, card({ key }), soon());
    }
    expect(slack.workspace.messages).toHaveLength(40);
    expect(await messenger.find({ channel: channels[0]! }, 'done:1', since, soon())).toBeNull();
    expect(slack.rateLimited).toEqual([]);
  });

  test('a key is found in a thread, and no stranger can forge it', async () => {
    const { slack, messenger } = await openSlack();
    const root = slack.people.write('Topic', at);
    const forged = slack.people.write('Mine', { ...at, thread: root.ts });
    forged.metadata = { event_type: 'genscene_message', event_payload: { key: 'k' } };
    const target = { channel, thread: root.ts };
    expect(await messenger.find(target, 'k', 0, soon())).toBeNull();
    const ref = await messenger.post(target, card({ key: 'k' }), soon());
    expect(await messenger.find(target, 'k', 0, soon())).toEqual(ref);
    expect(messenger.linkTo(ref)).toBe(
      `${new URL('/', slack.apiUrl).href}archives/${channel}/p${ref.id.replace('.', '')}?thread_ts=${root.ts}&cid=${channel}`,
    );
  });

  test('more edits than Slack allows are refused by us, and the last words go before progress', async () => {
    const { slack, messenger } = await openSlack();
    const ref = await messenger.post({ channel }, card(), soon());
    const tries = await Promise.allSettled(
      Array.from({ length: 60 }, () => messenger.edit(ref, card(), soon())),
    );
    const refused = tries.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(40);
    expect((refused[0] as PromiseRejectedResult).reason).toMatchObject({ fault: 'rate_limited' });
    await messenger.edit(ref, card({ tone: 'good' }), soon());
    expect(slack.rateLimited).toEqual([]);
  });

  test('a modal opens at once while Slack limits edits', async () => {
    const { slack, messenger } = await openSlack({ handlers: { formFor: () => Promise.resolve(form) } });
    const ref = await messenger.post({ channel }, card(), soon());
    slack.fail('chat.update', { kind: 'rateLimited', retryAfterS: 30 }, 3);
    await messenger.edit(ref, card(), soon()).catch(() => undefined);
    await slack.people.slash('/video', '', at);
    await until(() => slack.workspace.views.size === 1);
  });
});

describe('files', () => {
  test('are streamed up and shown in the thread, pictures in the message', async () => {
    const { slack, messenger } = await openSlack();
    const film = Buffer.alloc(12 * 1024 * 1024, 7);
    const message = card({
      picture: { file: 'sheet.png', alt: 'Scenes' },
      files: [attachment('film.mp4', film), attachment('sheet.png', Buffer.from('png'))],
    });
    const ref = await messenger.post({ channel }, message, soon());
    const beside = await until(() => slack.workspace.messages[1]);
    const [posted] = slack.workspace.messages;
    const image = posted!.blocks.find(({ type }) => type === 'image') as
      { slack_file?: { id: string } } | undefined;
    expect(slack.workspace.files.get(image!.slack_file!.id)!.bytes.toString()).toBe('png');
    expect(beside).toMatchObject({ thread_ts: ref.id, files: [{ name: 'film.mp4', size: film.length }] });
    expect(beside!.files[0]!.bytes.equals(film)).toBe(true);

    const again = card({ files: [attachment('a.srt', Buffer.from('1'))] });
    await messenger.edit(ref, again, soon());
    await messenger.edit(ref, again, soon());
    expect(slack.workspace.messages).toHaveLength(3);
  });

  test('a picture Slack cannot fetch is left out, and not tried again', async () => {
    const { slack, messenger, heard } = await openSlack();
    const message = card({ picture: { url: 'http://127.0.0.1:9/poster.jpg', alt: 'Poster' } });
    const ref = await messenger.post({ channel }, message, soon());
    await messenger.edit(ref, message, soon());
    await slack.people.slash('/queue', '', at);
    const { invocation } = await until(() => heard[0]);
    await invocation.whisper(message);
    expect(slack.workspace.messages).toMatchObject([{ edits: 1 }]);
    expect(slack.calls.filter(({ method }) => method === 'chat.update')).toHaveLength(1);
    expect(slack.workspace.ephemerals).toHaveLength(1);
  });

  test('that do not arrive leave no message behind', async () => {
    const { slack, messenger } = await openSlack();
    slack.fail('upload', { kind: 'status', status: 500 });
    const message = card({ files: [attachment('film.mp4', Buffer.from('film'))] });
    await expect(messenger.post({ channel }, message, soon())).rejects.toMatchObject({
      fault: 'unavailable',
    });
    expect(slack.workspace.messages).toEqual([]);
  });

  test('that are large follow their message, are tried again, and end with the bot', async () => {
    const { slack, messenger } = await openSlack();
    const message = card({ files: [attachment('film.mp4', Buffer.alloc(9 * 1024 * 1024))] });
    slack.fail('files.getUploadURLExternal', { kind: 'rateLimited', retryAfterS: 1 });
    await messenger.post({ channel }, message, soon());
    await until(() => slack.workspace.messages.length === 2);
    slack.fail('files.getUploadURLExternal', { kind: 'rateLimited', retryAfterS: 60 });
    await messenger.post({ channel }, message, soon());
    await messenger.stop();
    expect(slack.workspace.messages).toHaveLength(3);
  });

  test('for one person go by direct message', async () => {
    const { slack, heard } = await openSlack();
    await slack.people.slash('/video', 'Hi', at);
    const { invocation } = await until(() => heard[0]);
    await invocation.whisper(card({ files: [attachment('film.srt', Buffer.from('1'))] }));
    expect(slack.workspace.messages.at(-1)).toMatchObject({ channel: `D${user.slice(1)}`, files: [{}] });
    expect(slack.workspace.ephemerals).toHaveLength(1);
    // What is said is said where it was asked, too.
    expect(wordsOf(slack.workspace.ephemerals[0]!)).toContain('mensaje directo');
    expect(wordsOf(slack.workspace.ephemerals[0]!)).toContain(wordsOf(slack.workspace.messages.at(-2)!));
  });

  test('of people are fetched with the token from Slack only, and a login page is no picture', async () => {
    const { slack } = await openSlack();
    const hosts = [new URL(slack.apiUrl).host];
    const file = slack.workspace.addFile('dog.png', 'image/png', Buffer.from('png'));
    const opened = (changes: object, token = slack.botToken): IncomingFile =>
      incomingFile({ ...file, ...changes }, { token, hosts });
    expect((await readAll(await opened({}).open(soon()))).toString()).toBe('png');
    await expect(opened({}, 'xoxb-old').open(soon())).rejects.toMatchObject({ code: 'fetch_failed' });
    const elsewhere = { url_private_download: 'http://169.254.169.254/latest', url_private: undefined };
    await expect(opened(elsewhere).open(soon())).rejects.toMatchObject({ code: 'url_not_allowed' });
    const lookalike = { url_private_download: `https://files.slack.com.evil.example/x` };
    await expect(opened(lookalike).open(soon())).rejects.toMatchObject({ code: 'url_not_allowed' });
  });
});
