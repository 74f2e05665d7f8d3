/** Operators in both chats, over the whole program: an origin breaks, is told of, steered and healed. */
import { expect, onTestFinished, test } from 'vitest';
import { decodeOpsAction, encodeOpsAction } from '../../bot/ops-actions.ts';
import { opsWords } from '../../bot/ops-texts.ts';
import { wordsOf as botWords } from '../../bot/texts/index.ts';
import { openCloudflareDouble } from '../helpers/cloudflare-double.ts';
import { openApp, until } from '../helpers/app.ts';
import { discordEnvironment, openDouble } from '../helpers/discord-bot.ts';
import type { DiscordDouble, DoubleChannel, DoubleMessage } from '../helpers/discord-double.ts';
import { openSlackDouble, wordsOf } from '../helpers/slack-double/index.ts';
import { slackEnvironment } from './slack/open.ts';

const words = opsWords('en');
const ANA = 'U0000ANA';
const EVE = 'U0000EVE';
const OPS_CHANNEL = 'C00000OPS';

async function openWorld() {
  const [discord, slack, cloudflare] = await Promise.all([
    openDouble(),
    openSlackDouble(),
    openCloudflareDouble(),
  ]);
  onTestFinished(async () => void (await Promise.all([slack.close(), cloudflare.close()])));
  const opsChannel = discord.channel();
  const operator = discord.person({ roles: ['4242'] });
  const stranger = discord.person();
  slack.workspace.addUser(ANA);
  slack.workspace.addUser(EVE);
  slack.workspace.groups.set('S00OPS', [ANA]);
  slack.workspace.addChannel(OPS_CHANNEL);
  const app = await openApp({
    env: {
      ...discordEnvironment(discord),
      ...slackEnvironment(slack, 'socket'),
      SERVICES: 'discord,slack,monitoring',
      DISCORD_OPS_CHANNELS: opsChannel.id,
      DISCORD_OPS_ROLES: '4242',
      SLACK_OPS_CHANNELS: OPS_CHANNEL,
      SLACK_OPS_GROUPS: 'S00OPS',
      MONITOR_HOSTS: cloudflare.url,
      MONITOR_ORIGIN: cloudflare.origin,
      MONITOR_CONTROL_URL: cloudflare.controlUrl,
      // A look may take four fifths of it: on a busy machine less would be our own network's fault.
      MONITOR_INTERVAL_S: '3',
      // This machine may be as full as it likes.
      MONITOR_OFF: 'vps,tts,ffmpeg',
      ALERT_GROUP_S: '1',
    },
    tuning: { monitoring: { resolve: (host) => cloudflare.resolve(host), pulseMs: 1000 } },
  });
  await until(() => discord.gateway.connected() && discord.state.commandPuts > 0);
  await until(() => slack.socket.connections() > 0);
  const inSlack = () => slack.workspace.messages.filter(({ channel }) => channel === OPS_CHANNEL);
  return { app, discord, slack, cloudflare, opsChannel, operator, stranger, inSlack };
}

const textOf = (message: DoubleMessage): string => JSON.stringify(message.body);
const inDiscord = (discord: DiscordDouble, channel: DoubleChannel): DoubleMessage[] =>
  [...discord.state.messages.values()].filter(
    (message) =>
      message.channel === channel.id && message.author === discord.botUserId && !message.ephemeralFor,
  );

test('an origin breaks: told in both chats, acknowledged, diagnosed, healed', async () => {
  const world = await openWorld();
  const { app, discord, slack, cloudflare, opsChannel, operator, stranger, inSlack } = world;
  // It arrives, and its answer is lost: it is looked for before it is sent again.
  discord.faults.add(/POST \/channels/, { kind: 'dropsAnswer' });
  await cloudflare.play('firewall drops Cloudflare');

  const card = await until(() => inDiscord(discord, opsChannel)[0]);
  expect(textOf(card)).toContain('a firewall or rate limit drops Cloudflare');
  const slackCard = await until(() => inSlack()[0]);
  expect(wordsOf(slackCard)).toContain('cloudflare.com/ips');

  const refused = stranger.press(card, 'Acknowledge');
  await refused.acked;
  const refusal = await until(() =>
    stranger.reads(opsChannel).find((message) => stranger.isPrivate(message)),
  );
  expect(textOf(refusal)).toContain(botWords('en').refusals.opsOnly);

  await operator.press(card, 'Acknowledge').acked;
  await until(() => textOf(card).includes('Acknowledged by'));
  await until(() => wordsOf(inSlack()[0]!).includes('Acknowledged by'));

  await operator.press(card, 'Silence 1 h').acked;
  await until(() => wordsOf(inSlack()[0]!).includes('Silenced by'));
  await operator.slash(opsChannel, 'ops silence', { checks: 'edge-origin', minutes: 0 }).acked;
  await until(() => !wordsOf(inSlack()[0]!).includes('Silenced by'));
  await slack.people.press(inSlack()[0]!, 'Diagnose', { user: EVE });
  await until(() =>
    slack.workspace.ephemerals.some((message) => wordsOf(message).includes(botWords('en').refusals.opsOnly)),
  );
  await slack.people.press(inSlack()[0]!, 'Diagnose', { user: ANA });
  const diagnosis = await until(() =>
    slack.workspace.ephemerals.find((message) => wordsOf(message).includes('Origin 127.0.0.2')),
  );
  expect(wordsOf(diagnosis)).toMatch(/Edge[\s\S]*522[\s\S]*Origin 127\.0\.0\.2[\s\S]*200/);

  await cloudflare.play('healthy');
  const end = await until(() =>
    inDiscord(discord, opsChannel).find((message) => textOf(message).includes('Recovered after')),
  );
  expect(end.reference).toBe(card.id);
  await until(() => textOf(card).includes('Recovered:'));
  expect(card.body.components).toEqual([]);
  const below = await until(() => inSlack().find((message) => wordsOf(message).includes('Recovered after')));
  expect(below.thread_ts).toBe(inSlack()[0]!.ts);
  expect(inDiscord(discord, opsChannel)).toHaveLength(2);
  expect(inSlack()).toHaveLength(2);
  expect(discord.limits.refused).toBe(0);

  const audited = app.lines.filter((line) => line['audit'] === true).map((line) => line['action']);
  expect(audited).toEqual(['button ack', 'button silence', 'silence', 'button diagnose']);
}, 180_000);

test('every /ops command answers its operator privately, in both chats and languages', async () => {
  const { app, discord, slack, opsChannel, cloudflare, inSlack } = await openWorld();
  const operator = discord.person({ roles: ['4242'], locale: 'es-ES' });
  await until(() => app.lines.some(({ msg }) => msg === 'monitoring starts'));
  const host = { host: cloudflare.host };
  const asked: [string, Record<string, unknown>, RegExp][] = [
    ['check', { checks: 'edge-origin' }, /api\.example\.test responde/],
    ['status', {}, /Todo lo vigilado funciona|Fallan/],
    ['diagnose', host, /Borde[\s\S]*200 ·/],
    ['incidents', {}, /Incidentes/],
    ['ack', {}, /No hay ningún incidente abierto/],
    ['maintenance', { minutes: 30, checks: 'edge-origin', why: 'cambio de disco' }, /edge-origin/],
    ['silence', { checks: 'jobs', minutes: 10 }, /No se enviará nada sobre jobs/],
    ['silence', { checks: 'jobs', minutes: 0 }, /Terminados: 1/],
    ['uptime', {}, /edge-origin:api\.example\.test[\s\S]*100 %[\s\S]*resultados/],
    ['queue', {}, /En espera/],
    ['vps', {}, /desactivada/],
    ['cloudflare', {}, /desactivada/],
  ];
  for (const [name, values, wanted] of asked) {
    const act = operator.slash(opsChannel, `ops ${name}`, values);
    await act.acked;
    const answer = await until(() => {
      const found = act.answer() ?? act.replies()[0];
      return found && found.body.embeds.length > 0 ? found : null;
    });
    expect(operator.isPrivate(answer), name).toBe(true);
    expect(textOf(answer), name).toMatch(wanted);
  }
  expect(await operator.suggest(opsChannel, 'ops diagnose', 'host', 'api')).toEqual([
    expect.objectContaining({ value: cloudflare.host }),
  ]);
  expect(await discord.person().suggest(opsChannel, 'ops diagnose', 'host', 'api')).toEqual([]);

  await slack.people.slash('/ops', 'status', { user: ANA, channel: OPS_CHANNEL });
  const status = await until(() =>
    slack.workspace.ephemerals.find((message) => wordsOf(message).includes(words.status)),
  );
  expect(wordsOf(status)).toMatch(/edge-origin:api\.example\.test[\s\S]*Maintenance edge-origin/);
  const typed: [string, RegExp][] = [
    ['check edge-origin', /api\.example\.test answers/],
    [`diagnose ${cloudflare.host}`, /Edge[\s\S]*200 ·/],
    ['incidents', /Incidents[\s\S]*None so far/],
    ['ack', /No incident is open/],
    ['silence jobs 10 the worker moves', /Nothing is sent about jobs until/],
    ['silence jobs 0', /Ended: 1/],
    ['maintenance 30 60 jobs new disk', /Nothing will be sent about jobs from/],
    ['uptime', /results/],
    ['queue', /Waiting/],
    ['vps', /is off/],
    ['cloudflare', /is off/],
    ['sttaus', /There is no \/ops sttaus\. There are: status, check/],
  ];
  for (const [text, wanted] of typed) {
    const before = slack.workspace.ephemerals.length;
    await slack.people.slash('/ops', text, { user: ANA, channel: OPS_CHANNEL });
    const answer = await until(() => slack.workspace.ephemerals[before]);
    expect(wordsOf(answer), text).toMatch(wanted);
  }
  await slack.people.slash('/ops', 'status', { user: EVE, channel: OPS_CHANNEL });
  await until(() =>
    slack.workspace.ephemerals.some((message) => wordsOf(message).includes(botWords('en').refusals.opsOnly)),
  );
  expect(inSlack()).toEqual([]);
  const audited = app.lines.filter((line) => line['audit'] === true).map((line) => line['action']);
  const inSlackToo = typed.map(([text]) => text.split(' ')[0]).filter((name) => name !== 'sttaus');
  expect(audited).toEqual([...asked.map(([name]) => name), 'status', ...inSlackToo]);
}, 180_000);

test('a bot without monitoring says so', async () => {
  const discord = await openDouble();
  await openApp({ env: { ...discordEnvironment(discord), SERVICES: 'discord', DISCORD_OPS_ROLES: '1' } });
  await until(() => discord.gateway.connected() && discord.state.commandPuts > 0);
  const act = discord.person({ roles: ['1'] }).slash(discord.channel(), 'ops status');
  await act.acked;
  const answer = await until(() => act.replies().find(({ body }) => body.embeds.length > 0));
  expect(textOf(answer)).toContain(words.off);
});

test('buttons of alerts are read back, and nothing else is', () => {
  const action = { does: 'silence', incident: 'a1b2c3d4' } as const;
  expect(decodeOpsAction(encodeOpsAction(action))).toEqual(action);
  for (const text of ['gso:explode:1', 'gs1:cancel:1', 'gso:ack', 'gso:ack:', 'gso:ack:1:2', '']) expect(decodeOpsAction(text)).toBeNull(); // prettier-ignore
});
