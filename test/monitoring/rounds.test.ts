/** The service itself: rounds by node-cron, a check that hangs, the dead man's switch, the webhook of last resort. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../core/config.ts';
import type { StudioService } from '../../core/studio-service.ts';
import { openMonitoring } from '../../monitoring/index.ts';
import { cronOf } from '../../monitoring/rounds.ts';
import type { Check } from '../../monitoring/types.ts';
import { testDataDir, until } from '../helpers/app.ts';
import { keepingLog } from '../helpers/job-samples.ts';
import { keepingChannel } from '../helpers/ops-channels.ts';
import { check, finding } from '../helpers/watched-world.ts';

type Heard = { url: string; body: string; key: string | undefined };

async function listen(
  answer: (heard: Heard) => number = () => 200,
): Promise<{ url: string; heard: Heard[] }> {
  const heard: Heard[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const one = {
      url: request.url ?? '',
      body,
      key: request.headers['idempotency-key'] as string | undefined,
    };
    heard.push(one);
    response.writeHead(answer(one)).end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}

async function open(checks: Check[], env: Record<string, string> = {}, now = Date.now) {
  const { log, lines } = keepingLog();
  const dataDir = await testDataDir();
  const monitoring = openMonitoring({
    config: loadConfig({
      DATA_DIR: dataDir,
      MONITOR_OFF: 'jobs,vps,tts,ffmpeg',
      MONITOR_INTERVAL_S: '1',
      ALERT_GROUP_S: '0',
      HEARTBEAT_INTERVAL_S: '1',
      ...env,
    }),
    studio: {} as StudioService,
    children: async () => [],
    checks,
    log,
    now,
    tuning: { pulseMs: 1000 },
  });
  onTestFinished(() => monitoring.stop());
  return { monitoring, lines };
}

const each = { intervalMs: 1000, timeoutMs: 300 };

test('checks run in rounds; one that hangs or throws has failed, and holds up nobody', async () => {
  let runs = 0;
  const { monitoring } = await open([
    check('fine:x', { ...each, run: async () => ((runs += 1), finding(true)) }),
    check('hangs:x', { ...each, run: () => new Promise(() => {}) }),
    check('throws:x', { ...each, run: () => Promise.reject(new Error('oh no')) }),
  ]);
  const channel = keepingChannel('discord:c1', Date.now);
  monitoring.ops.attach(channel);
  monitoring.start();
  await until(() => channel.kept.length === 2 && runs > 2);
  const titles = channel.kept.map(({ message }) => message.title).sort();
  expect(titles).toEqual(['hangs:x fails: no answer in 1 s', 'throws:x fails: oh no']);
  expect(monitoring.ops.status().checks.map(({ phase }) => phase)).toEqual(['up', 'down', 'down']);
  await monitoring.stop();
  const after = runs;
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(runs).toBe(after);
}, 30_000);

test('a chat that hangs keeps neither the checks nor the other chat waiting', async () => {
  let runs = 0;
  let isFine = true;
  const { monitoring } = await open([
    check('fine:x', { ...each, run: async () => ((runs += 1), finding(true)) }),
    check('first:x', { ...each, run: async () => finding(false) }),
    check('second:x', { ...each, run: async () => finding(isFine) }),
  ]);
  const [discord, slack] = [keepingChannel('discord:c1', Date.now), keepingChannel('slack:c2', Date.now)];
  discord.trouble = () => 'hangs';
  monitoring.ops.attach(discord);
  monitoring.ops.attach(slack);
  monitoring.start();
  await until(() => slack.kept.length === 1);
  const before = runs;
  isFine = false;
  await until(() => slack.kept.length === 2 && runs > before + 2);
  expect(discord.kept).toEqual([]);
  await monitoring.stop();
}, 30_000);

test('the dead man’s switch is pushed after complete rounds, while alerts get through', async () => {
  const heartbeat = await listen();
  let ok = true;
  const { monitoring, lines } = await open([check('x:x', { ...each, run: async () => finding(ok) })], {
    HEARTBEAT_URL: `${heartbeat.url}/push/abc?status=up`,
  });
  const channel = keepingChannel('discord:c1', Date.now);
  monitoring.ops.attach(channel);
  monitoring.start();
  await until(() => heartbeat.heard.length > 1);
  expect(heartbeat.heard[0]!.url).toBe('/push/abc?status=up');
  // A failing check that is told is no reason to keep quiet: the alert says it.
  ok = false;
  await until(() => channel.kept.length === 1);
  const beats = heartbeat.heard.length;
  await until(() => heartbeat.heard.length > beats);
  expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
}, 30_000);

test('it is not pushed while a check is not heard of, nor while nobody takes what is to be told', async () => {
  let clockAhead = 0;
  const heartbeat = await listen();
  const refused = (lines: readonly { message: string }[]) =>
    lines.filter(({ message }) => message.startsWith('no heartbeat')).length;
  const hanging = await open(
    [
      check('fine:x', { ...each, run: async () => finding(true) }),
      // Not yet heard of: its first result does not come.
      check('slow:x', { intervalMs: 60_000, timeoutMs: 50_000, run: () => new Promise(() => {}) }),
    ],
    { HEARTBEAT_URL: heartbeat.url },
  );
  hanging.monitoring.start();
  await until(() => refused(hanging.lines) > 1);
  expect(heartbeat.heard).toEqual([]);

  const untold = await open([check('x:x', { ...each, run: async () => finding(false) })], { HEARTBEAT_URL: heartbeat.url }, () => Date.now() + clockAhead); // prettier-ignore
  const channel = keepingChannel('discord:c1', Date.now);
  channel.trouble = () => 'down';
  untold.monitoring.ops.attach(channel);
  untold.monitoring.start();
  await until(() => untold.monitoring.ops.status().undelivered === 1);
  const beats = heartbeat.heard.length;
  // Chat may be away for five minutes.
  clockAhead = 6 * 60_000;
  await until(() => refused(untold.lines) > 1);
  expect(heartbeat.heard.length).toBeLessThanOrEqual(beats + 1);
}, 30_000);

test('without any chat a webhook gets beginning and end, readable for people and programs', async () => {
  const webhook = await listen(({ body }) =>
    body.includes('"event":"alert"') && webhook.heard.length === 1 ? 500 : 200,
  );
  let ok = false;
  const { monitoring } = await open([check('x:x', { ...each, run: async () => finding(ok) })], {
    ALERT_WEBHOOK_URL: `${webhook.url}/hook`,
  });
  monitoring.start();
  await until(() => webhook.heard.length === 2);
  const [first, again] = webhook.heard.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  expect(again).toEqual(first);
  expect(webhook.heard[0]!.key).toBe(webhook.heard[1]!.key);
  expect(first).toMatchObject({
    event: 'alert',
    tone: 'bad',
    title: 'It is broken',
    allowed_mentions: { parse: [] },
  });
  expect(first!['text']).toBe(first!['content']);
  ok = true;
  await until(() => webhook.heard.length === 3);
  expect(JSON.parse(webhook.heard[2]!.body)).toMatchObject({ event: 'update', tone: 'good' });
}, 30_000);

test('intervals become cron expressions that divide their unit evenly', () => {
  expect([1000, 30_000, 45_000, 60_000, 300_000, 420_000, 3600_000, 7 * 3600_000].map(cronOf)).toEqual([
    '*/1 * * * * *',
    '*/30 * * * * *',
    '*/30 * * * * *',
    '0 */1 * * * *',
    '0 */5 * * * *',
    '0 */6 * * * *',
    '0 0 */1 * * *',
    '0 0 */6 * * *',
  ]);
});
