/**
 * `npm run demo:ops`: shows what an ops channel sees while a site behind Cloudflare breaks and heals. The
 * Cloudflare is on loopback and really forwards to an origin there; checks, watchdog, incidents and
 * delivery are the service's own, over a channel that is this terminal. `--fast` leaves out the pauses.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { loadConfig } from '../core/config.ts';
import type { JobStats } from '../core/jobs/types.ts';
import type { Ops, OpsChannel, OpsMessage } from '../core/ops/types.ts';
import type { StudioService } from '../core/studio-service.ts';
import { openMonitoring, type Monitoring } from '../monitoring/index.ts';
import {
  openCloudflareDouble,
  type CloudflareDouble,
  type CloudflareRow,
} from '../test/helpers/cloudflare-double.ts';

const fast = process.argv.includes('--fast');
const locale = process.argv.includes('--es') ? 'es' : 'en';
const startedAt = Date.now();
const ana = { platform: 'demo', id: 'ana', name: 'Ana' };

await main();

async function main(): Promise<void> {
  const cloudflare = await openCloudflareDouble();
  try {
    await scene(cloudflare, firewall);
    await scene(cloudflare, stoppedServer);
    await scene(cloudflare, plannedWork);
  } finally {
    await cloudflare.close();
  }
}

type Scene = { cloudflare: CloudflareDouble; ops: Ops; channel: TerminalChannel };

/** Each on a day of its own: two outages in one hour would count as flapping. */
async function scene(cloudflare: CloudflareDouble, play: (scene: Scene) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'genscene-demo-'));
  const monitoring = openDemo(cloudflare, dataDir);
  const channel = terminalChannel();
  const { ops } = monitoring;
  ops.attach(channel);
  monitoring.start();
  try {
    await until(() => ops.status().checks.every(({ phase }) => phase === 'up'));
    await play({ cloudflare, ops, channel });
  } finally {
    await monitoring.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function firewall(all: Scene): Promise<void> {
  say('all is well: the channel is quiet. Here it is looked every 2 s and told a second later;');
  say(
    'with the defaults it is every 30 s and 30 s, and Cloudflare takes 19 s to say 522: two minutes in all',
  );
  await breaks(
    'firewall drops Cloudflare',
    'a firewall rule drops Cloudflare’s addresses; the origin answers',
    all,
  );
  stage('Ana presses Acknowledge');
  all.ops.ack(undefined, ana);
  await until(() => all.channel.last().includes('Ana'));
  await breathe();
  await heals(all);
}

async function stoppedServer(all: Scene): Promise<void> {
  await breaks('origin stopped', 'another day: somebody stops the web server on the origin', all);
  stage('Ana asks /ops diagnose');
  const { finding } = await all.ops.diagnose(undefined, AbortSignal.timeout(30_000));
  for (const { name, value } of finding.facts) say(`${name[locale]}: ${value[locale]}`);
  await heals(all);
}

async function plannedWork({ cloudflare, ops, channel }: Scene): Promise<void> {
  stage('maintenance is announced, and the origin restarted within it');
  ops.mute({ kind: 'maintenance', matcher: '*', minutes: 1, why: 'new disk' }, ana);
  await cloudflare.play('origin stopped');
  await until(() => ops.status().checks.some(({ phase }) => phase === 'down'));
  await cloudflare.play('healthy');
  await until(() => ops.status().checks.every(({ phase }) => phase === 'up'));
  say(`messages sent: ${channel.count()}`);
}

async function breaks(row: CloudflareRow, words: string, { cloudflare, channel }: Scene): Promise<void> {
  stage(words);
  await cloudflare.play(row);
  await until(() => channel.count() > 0);
  await breathe();
}

async function heals({ cloudflare, channel }: Scene): Promise<void> {
  stage('it is mended');
  await cloudflare.play('healthy');
  await until(() => channel.isOver());
  await breathe();
}

function openDemo(cloudflare: CloudflareDouble, dataDir: string): Monitoring {
  const config = loadConfig({
    DATA_DIR: dataDir,
    CHAT_LOCALE: locale,
    MONITOR_HOSTS: cloudflare.url,
    MONITOR_ORIGIN: cloudflare.origin,
    MONITOR_CONTROL_URL: cloudflare.controlUrl,
    MONITOR_INTERVAL_S: '2',
    MONITOR_OFF: 'jobs,vps,tts,ffmpeg',
    ALERT_GROUP_S: '1',
  });
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  return openMonitoring({
    config,
    studio: noStudio(),
    children: async () => [],
    log: quiet,
    tuning: { resolve: (host) => cloudflare.resolve(host), pulseMs: 1000 },
  });
}

/** Its checks are off here: this is about the network. */
function noStudio(): StudioService {
  const queue = {} as JobStats;
  return {
    status: async () => ({ queue }),
    ready: async () => ({ ready: true, checks: [] }),
  } as unknown as StudioService;
}

type TerminalChannel = OpsChannel & { count(): number; isOver(): boolean; last(): string };

/** A channel as a person sees it: what is new below, what is edited named as such. */
function terminalChannel(): TerminalChannel {
  const posted: { tone: string; isReply: boolean }[] = [];
  let last = '';
  function show(kind: string, message: OpsMessage): void {
    last = textOf(message);
    const color = ({ good: 'green', bad: 'red', working: 'yellow', neutral: 'white' } as const)[message.tone];
    process.stdout.write(`\n${styleText('dim', `${elapsed()}  #ops, ${kind}`)}\n`);
    for (const line of last.split('\n')) process.stdout.write(`  ${styleText(color, '┃')} ${line}\n`);
  }
  const add = (kind: string, message: OpsMessage, isReply: boolean): number => {
    show(kind, message);
    return posted.push({ tone: message.tone, isReply });
  };
  return {
    id: 'demo:ops',
    locale: () => locale,
    post: async (message) => add('new message', message, false),
    reply: async (_posted, message) => add('in its thread', message, true),
    edit: async (ref, message) => {
      show('the message is edited', message);
      return ref;
    },
    find: async () => null,
    linkTo: () => null,
    count: () => posted.length,
    isOver: () => posted.some(({ isReply, tone }) => isReply && tone === 'good'),
    last: () => last,
  };
}

function textOf({ title, lines, fields, footer, buttons }: OpsMessage): string {
  return [
    styleText('bold', title),
    ...lines.map(({ text }) => text),
    ...fields.map(({ name, value }) => `${name}: ${value}`),
    styleText('dim', footer),
    buttons.map(({ label }) => `[${label}]`).join(' '),
  ]
    .filter((line) => line.trim() !== '')
    .join('\n');
}

function stage(words: string): void {
  process.stdout.write(`\n${styleText('cyan', `${elapsed()}  ── ${words}`)}\n`);
}

function say(words: string): void {
  process.stdout.write(`         ${words}\n`);
}

function elapsed(): string {
  return `${((Date.now() - startedAt) / 1000).toFixed(1).padStart(5)} s`;
}

async function breathe(): Promise<void> {
  if (!fast) await sleep(1500);
}

/** @throws {Error} when it never gets so: then the demonstration shows a fault of ours */
async function until(is: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 30_000;
  while (!is()) {
    if (Date.now() > giveUpAt) throw new Error('What should have been told was not.');
    await sleep(50);
  }
}
