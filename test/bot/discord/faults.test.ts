/** What goes wrong on Discord's side, each with the real client: nothing is lost, doubled or kept waiting. */
import { describe, expect, test } from 'vitest';
import type { Invocation, MessageRef } from '../../../bot/types.ts';
import { until } from '../../helpers/app.ts';
import { answering, card, command, openDiscord } from '../../helpers/discord-bot.ts';

const signal = (): AbortSignal => AbortSignal.timeout(5000);
const MINUTE = 60_000;

/** A bot that answers `/queue`, and one answer of it. */
async function answered(channelChanges = {}) {
  let runs = 0;
  let latest: { ref: MessageRef; invocation: Invocation } | null = null;
  const bot = await openDiscord(
    answering(
      async (invocation) => {
        runs++;
        latest = { ref: await invocation.reply(card('Queued')), invocation };
      },
      [command(['queue'])],
    ),
  );
  const channel = bot.discord.channel(channelChanges);
  const ada = bot.discord.person();
  return {
    ...bot,
    channel,
    ada,
    runs: () => runs,
    async ask() {
      latest = null;
      const act = ada.slash(channel, 'queue');
      await act.acked;
      return { act, ...(await until(() => latest)) };
    },
  };
}

describe('acknowledging', () => {
  test.each([
    ['a 500', { kind: 'status', status: 500 }],
    ['silence', { kind: 'silence' }],
    ['a lost answer', { kind: 'dropsAnswer' }],
    ['a 429', { kind: 'rateLimited', retryAfterS: 0.2 }],
  ] as const)('is tried again in time after %s', async (_name, fault) => {
    const { discord, ask, runs } = await answered();
    discord.faults.add(/POST \/interactions/, fault);
    const { act } = await ask();
    expect(act.answer()?.body.embeds[0]).toMatchObject({ title: 'Queued' });
    expect(runs()).toBe(1);
  });

  test('unknown interaction within 3 s: one answer in the channel, which goes on being edited', async () => {
    const { discord, channel, ada, messenger, runs } = await answered();
    discord.faults.add(/POST \/interactions/, {
      kind: 'refuses',
      status: 404,
      code: 10062,
      message: 'Unknown interaction',
    });
    const act = ada.slash(channel, 'queue');
    const [message] = await until(() => (ada.reads(channel).length > 0 ? ada.reads(channel) : null));
    expect(message!.body.embeds[0]).toMatchObject({ title: 'Queued' });
    expect(act.answer()).toBeNull();
    expect(runs()).toBe(1);
    await messenger.edit(
      { channel: channel.id, id: message!.id, postedAt: message!.createdAt },
      card('Done'),
      signal(),
    );
    expect(ada.reads(channel)[0]!.body.embeds[0]).toMatchObject({ title: 'Done' });
  });

  test('unknown interaction: what is private goes to the person directly', async () => {
    const { discord } = await openDiscord(
      answering((invocation) => invocation.whisper(card('Not allowed')), [command(['queue'])]),
    );
    const channel = discord.channel();
    const ada = discord.person();
    const unknown = { kind: 'refuses', status: 404, code: 10062, message: 'Unknown interaction' } as const;
    discord.faults.add(/POST \/interactions/, unknown);
    ada.slash(channel, 'queue');
    const direct = await until(() => [...discord.state.channels.values()].find(({ type }) => type === 1));
    await until(() => ada.reads(direct).length === 1);
    expect(ada.reads(channel)).toEqual([]);
  });

  test('delivered twice, run once', async () => {
    const { ask, runs, discord } = await answered();
    const { act } = await ask();
    act.again();
    const other = await ask();
    expect(other.act.answer()).not.toBeNull();
    expect(runs()).toBe(2);
    expect(discord.requests.filter(({ path }) => path.endsWith('/callback'))).toHaveLength(2);
  });
});

describe('hand-over', () => {
  test('after 14 minutes by the channel, without a token that still works', async () => {
    const { discord, messenger, channel, ada, ask } = await answered();
    const { ref } = await ask();
    const sameRef = await messenger.edit(ref, card('Rendering'), signal());
    expect(sameRef).toEqual(ref);
    discord.state.advance(14.1 * MINUTE);
    const later = await messenger.edit(ref, card('Still rendering'), signal());
    expect(later.handle).toBeUndefined();
    expect(discord.requests.at(-1)).toMatchObject({
      method: 'PATCH',
      path: `/channels/${channel.id}/messages/${ref.id}`,
      status: 200,
    });
    expect(ada.reads(channel).map(({ body }) => body.embeds[0]!['title'])).toEqual(['Still rendering']);
  });

  test('in a thread, by the thread', async () => {
    const { discord, messenger, ada, ask, channel } = await answered({
      type: 11,
      parent: '1100000000000000042',
    });
    const { ref } = await ask();
    expect(ref).toMatchObject({ channel: '1100000000000000042', thread: channel.id });
    discord.state.advance(14.1 * MINUTE);
    await messenger.edit(ref, card('Done'), signal());
    const { team, thread } = ref;
    await messenger.post({ team, channel: ref.channel, thread }, card('More'), signal());
    expect(ada.reads(channel).map(({ body }) => body.embeds[0]!['title'])).toEqual(['Done', 'More']);
  });

  test('a token that ended early costs nothing, and not the bot’s own', async () => {
    const { discord, messenger, ask, channel, ada } = await answered();
    const { ref } = await ask();
    discord.faults.add(/PATCH \/webhooks/, {
      kind: 'refuses',
      status: 401,
      code: 50027,
      message: 'Invalid Webhook Token',
    });
    await messenger.edit(ref, card('Rendering'), signal());
    await messenger.edit({ ...ref, handleUntil: 0 }, card('Done'), signal());
    expect(ada.reads(channel)[0]!.body.embeds[0]).toMatchObject({ title: 'Done' });
  });

  test('after an hour it is too old', async () => {
    const { discord, messenger, ask } = await answered();
    const { ref } = await ask();
    discord.state.advance(61 * MINUTE);
    await expect(messenger.edit(ref, card('Done'), signal())).rejects.toMatchObject({ fault: 'too_old' });
  });

  test('where the bot sees nothing: said privately, edited by the token, gone after it', async () => {
    const { discord, messenger, ada, channel, ask } = await answered({ visible: false });
    const { ref, act } = await ask();
    expect(ref.reachable).toBe(false);
    await until(() => act.replies().length === 2);
    const told = act.replies().find(ada.isPrivate);
    expect(JSON.stringify(told!.body)).toContain('15 minutes');
    await messenger.edit(ref, card('Rendering'), signal());
    expect(ada.reads(channel).some(({ body }) => body.embeds[0]?.['title'] === 'Rendering')).toBe(true);
    discord.state.advance(15 * MINUTE);
    await expect(messenger.edit(ref, card('Done'), signal())).rejects.toMatchObject({ fault: 'gone' });
    await expect(messenger.post({ channel: channel.id }, card('Done'), signal())).rejects.toMatchObject({
      fault: 'no_access',
    });
  });

  test('a private message cannot be handed over', async () => {
    const { discord, messenger, ask } = await answered();
    const { ref } = await ask();
    discord.state.advance(15 * MINUTE);
    await expect(messenger.edit({ ...ref, private: true }, card('Done'), signal())).rejects.toMatchObject({
      fault: 'gone',
    });
  });
});

describe('posting', () => {
  test('each refusal in the words of the contract, tried once', async () => {
    const { discord, messenger, ada, channel, ask } = await answered();
    const { ref } = await ask();
    const post = () => messenger.post({ channel: channel.id }, card('Done'), signal());
    const trouble: [Parameters<typeof discord.faults.add>[1], object][] = [
      [{ kind: 'status', status: 502 }, { fault: 'unavailable' }],
      [
        { kind: 'rateLimited', retryAfterS: 1 },
        { fault: 'rate_limited', retryAfterMs: expect.any(Number) as number },
      ],
      [{ kind: 'refuses', status: 400, code: 50035, message: 'Invalid Form Body' }, { fault: 'refused' }],
      [{ kind: 'refuses', status: 403, code: 50013, message: 'Missing Permissions' }, { fault: 'no_access' }],
      [{ kind: 'refuses', status: 401, code: 0, message: '401: Unauthorized' }, { fault: 'unauthorised' }],
    ];
    for (const [fault, expected] of trouble) {
      const rule = discord.faults.add(/POST \/channels/, fault);
      await expect(post()).rejects.toMatchObject(expected);
      expect(rule.struck).toBe(1);
    }
    // A 401 makes the library forget the token; ours is still good.
    const posted = await post();
    expect(posted.channel).toBe(channel.id);

    channel.writable = false;
    await expect(post()).rejects.toMatchObject({ fault: 'no_access' });
    discord.state.messages.get(ref.id)!.deleted = true;
    await expect(messenger.edit(ref, card('Done'), signal())).rejects.toMatchObject({ fault: 'gone' });
    await expect(messenger.edit({ ...ref, handleUntil: 0 }, card('Done'), signal())).rejects.toMatchObject({
      fault: 'gone',
    });
    expect(ada.reads(channel).filter(({ body }) => body.embeds[0]?.['title'] === 'Done')).toHaveLength(1);
  });

  test('silence ends with the caller’s signal', async () => {
    const { discord, messenger, channel } = await answered();
    discord.faults.add(/POST \/channels/, { kind: 'silence' });
    const soon = AbortSignal.timeout(200);
    await expect(messenger.post({ channel: channel.id }, card('Done'), soon)).rejects.toMatchObject({
      fault: 'unavailable',
    });
  });

  test('stored, but the answer lost: found by its key, and sent again it stays one', async () => {
    const { discord, messenger, channel, ada } = await answered();
    const since = discord.state.now() - 1000;
    const withButtons = card('Done', {
      key: 'job-1:done',
      buttons: [{ kind: 'action', action: 'gs1:retry:j1', label: 'Retry', style: 'plain' }],
    });
    const plain = card('Done', { key: 'job-2:done', footer: 'x'.repeat(3000) });
    for (const [message, key] of [
      [withButtons, 'job-1:done'],
      [plain, 'job-2:done'],
    ] as const) {
      expect(await messenger.find({ channel: channel.id }, key, since, signal())).toBeNull();
      discord.faults.add(/POST \/channels/, { kind: 'dropsAnswer' });
      await expect(messenger.post({ channel: channel.id }, message, signal())).rejects.toMatchObject({
        fault: 'unavailable',
      });
      const found = await messenger.find({ channel: channel.id }, key, since, signal());
      expect(found?.id).toBe(ada.reads(channel).at(-1)!.id);
      const again = await messenger.post({ channel: channel.id }, message, signal());
      expect(again.id).toBe(found!.id);
    }
    expect(ada.reads(channel)).toHaveLength(2);
  });

  test('looking for a key goes through busy channels, and stops at what the bot may not read', async () => {
    const { discord, messenger, channel, ada } = await answered();
    const since = discord.state.now();
    for (let index = 0; index < 250; index++) ada.say(channel, `chatter ${index}`);
    const posted = await messenger.post({ channel: channel.id }, card('Done', { key: 'k' }), signal());
    expect((await messenger.find({ channel: channel.id }, 'k', since, signal()))?.id).toBe(posted.id);
    channel.visible = false;
    await expect(messenger.find({ channel: channel.id }, 'k', since, signal())).rejects.toMatchObject({
      fault: 'no_access',
    });
  });

  test('one mention, of one person, in a new message only; direct messages too', async () => {
    const { discord, messenger, channel, ada } = await answered();
    const ref = await messenger.post({ channel: channel.id }, card('Done', { mention: ada.id }), signal());
    expect(discord.state.messages.get(ref.id)!.pings).toEqual([ada.id]);
    const direct = await messenger.post({ user: ada.id }, card('Psst'), signal());
    expect(discord.state.channels.get(direct.channel)!.type).toBe(1);
    expect(messenger.linkTo({ ...ref, team: '5' })).toBe(
      `https://discord.com/channels/5/${channel.id}/${ref.id}`,
    );
  });
});
