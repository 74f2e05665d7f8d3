/** The connection: whatever happens to it, the bot comes back, and no process ends of it. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Invocation } from '../../../bot/types.ts';
import { until } from '../../helpers/app.ts';
import { answering, card, command, openDiscord, openDouble } from '../../helpers/discord-bot.ts';
import { BOT_TOKEN } from '../../helpers/discord-double.ts';

const replies = answering((invocation: Invocation) => invocation.reply(card('Here')), [command(['queue'])]);

/** Faults nobody caught, which would have ended a process. */
function uncaught(): unknown[] {
  const faults: unknown[] = [];
  const note = (error: unknown): void => void faults.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  return faults;
}

async function answers({ discord }: Awaited<ReturnType<typeof openDiscord>>): Promise<void> {
  const act = discord.person().slash(discord.channel(), 'queue');
  await act.acked;
  await until(() => act.answer()?.body.embeds.length);
}

describe('comes back after', () => {
  test.each([
    ['op 7', (discord: Awaited<ReturnType<typeof openDouble>>) => discord.gateway.askReconnect()],
    ['a dropped socket', (discord: Awaited<ReturnType<typeof openDouble>>) => discord.gateway.drop()],
    [
      'an unknown error (4000)',
      (discord: Awaited<ReturnType<typeof openDouble>>) => discord.gateway.close(4000),
    ],
  ])('%s, by resuming', async (_name, trouble) => {
    const faults = uncaught();
    const bot = await openDiscord(replies);
    trouble(bot.discord);
    await until(() => !bot.discord.gateway.connected());
    // Sent while nobody listens: kept for the session.
    const act = bot.discord.person().slash(bot.discord.channel(), 'queue');
    await act.acked;
    await until(() => act.answer()?.body.embeds.length);
    expect(bot.discord.gateway).toMatchObject({ identifies: 1, resumes: 1 });
    expect(faults).toEqual([]);
  });

  test('op 9 right behind RESUMED, which the library cannot take', async () => {
    const faults = uncaught();
    const bot = await openDiscord(replies);
    bot.discord.gateway.invalidateAfterResume = true;
    bot.discord.gateway.askReconnect();
    await until(() => bot.discord.gateway.identifies > 1 && bot.messenger.health().connected);
    await answers(bot);
    expect(faults).toEqual([]);
  });

  test('op 9 for a session that is over, by a new one', async () => {
    const bot = await openDiscord(replies);
    bot.discord.gateway.invalidate(false);
    await until(() => bot.discord.gateway.identifies > 1 && bot.messenger.health().connected);
    await answers(bot);
  });

  test('heartbeats that are answered no more', async () => {
    const bot = await openDiscord(replies, { heartbeatMs: 300 });
    bot.discord.gateway.acknowledging = false;
    await until(() => bot.discord.gateway.resumes + bot.discord.gateway.identifies > 1);
    bot.discord.gateway.acknowledging = true;
    await until(() => bot.messenger.health().connected);
    await answers(bot);
  });
});

describe('at the start', () => {
  test('Discord being down is no error: the bot comes when Discord does', async () => {
    const discord = await openDouble();
    const rule = discord.faults.add(/GET \/gateway/, { kind: 'status', status: 503 }, Infinity);
    const bot = await openDiscord(replies, { discord, connected: false });
    await until(() => rule.struck > 3);
    expect(bot.messenger.health()).toMatchObject({ connected: false });
    discord.faults.clear();
    await until(() => bot.messenger.health().connected && discord.state.commandPuts === 1);
    await answers(bot);
  });

  test('a gateway that closes every door', async () => {
    const discord = await openDouble();
    discord.gateway.accepting = false;
    const bot = await openDiscord(replies, { discord, connected: false, tuning: { lostMs: 800 } });
    await until(() => bot.lines.some(({ text }) => /connecting again/.test(text)));
    discord.gateway.accepting = true;
    await until(() => bot.messenger.health().connected && discord.state.commandPuts === 1);
    await answers(bot);
  });

  test('without a token there is nothing to start', async () => {
    await expect(openDiscord({}, { env: { DISCORD_TOKEN: '' } })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

test('a revoked token is said once a try, asked about seldom, and taken when it works again', async () => {
  const bot = await openDiscord(replies);
  const { discord } = bot;
  discord.state.tokens.clear();
  discord.gateway.close(4004);
  await until(() => bot.lines.some(({ level, text }) => level === 'error' && /refuses the token/.test(text)));
  expect(bot.messenger.health().connected).toBe(false);
  expect(JSON.stringify(bot.lines)).not.toContain(BOT_TOKEN);
  discord.state.tokens.add(BOT_TOKEN);
  await until(() => bot.messenger.health().connected);
  await answers(bot);
});

test('stopping lets presses under way end, takes no more, and does not come back', async () => {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const bot = await openDiscord(
    answering(
      async (invocation) => {
        await gate;
        await invocation.reply(card('In time'));
      },
      [command(['queue'])],
    ),
  );
  const act = bot.discord.person().slash(bot.discord.channel(), 'queue');
  await act.acked;
  const stopped = bot.messenger.stop();
  release();
  await stopped;
  expect(act.answer()?.body.embeds[0]).toMatchObject({ title: 'In time' });
  await until(() => !bot.discord.gateway.connected());
  await bot.messenger.stop();
});
