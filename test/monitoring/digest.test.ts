/** The monthly digest: its figures, told once over restarts, and people taken out of what is remembered. */
import { expect, test } from 'vitest';
import pino from 'pino';
import { forgetPerson } from '../../app/forget.ts';
import { loadConfig } from '../../core/config.ts';
import { openJobs } from '../../core/jobs/index.ts';
import type { UsageQuery } from '../../core/jobs/types.ts';
import { startDigest } from '../../monitoring/digest.ts';
import { openMonitorStore } from '../../monitoring/store.ts';
import { runCli } from '../cli/run-cli.ts';
import { testDataDir } from '../helpers/app.ts';
import { composeJob, filmResult, keepingLog, refOf } from '../helpers/job-samples.ts';
import { keepingChannel } from '../helpers/ops-channels.ts';
import { ana, finding, watchedWorld } from '../helpers/watched-world.ts';

const row = (key: string, jobs: number, filmSeconds: number) => ({ key, jobs, done: jobs - 1, failed: 1, cancelled: 0, filmSeconds, renderSeconds: 90, scenes: 10, scenesReused: 4, bytes: 5 }); // prettier-ignore
const OCTOBER = Date.UTC(2026, 9, 1);
const NOVEMBER = Date.UTC(2026, 10, 1);
const HOUR = 3600_000;

/** What a studio of some months knows. */
async function usage({ by, from = 0 }: UsageQuery) {
  if (from === OCTOBER && by === 'day') return [row('2026-10-02', 3, 1800), row('2026-10-09', 8, 3600)];
  if (from === OCTOBER) return [row('discord', 9, 5000), row('api', 2, 400)];
  return from < OCTOBER ? [row('2026-09-30', 4, 2700)] : [];
}

test('it is told once to each channel, at nine on the first, whatever is restarted', async () => {
  const clock = { now: NOVEMBER + HOUR };
  const channels = [
    keepingChannel('discord:c1', () => clock.now),
    keepingChannel('slack:c2', () => clock.now),
  ];
  const world = watchedWorld({ checks: [], channels, clock });
  const options = { studio: { usage }, store: world.store, log: keepingLog().log, now: () => clock.now };
  const first = startDigest(options);
  expect(await first.look()).toBe(false);
  clock.now = NOVEMBER + 9 * HOUR;
  expect(await first.look()).toBe(true);
  await first.stop();
  world.restart();
  await world.pass(10_000);
  const again = startDigest(options);
  expect(await again.look()).toBe(false);
  clock.now += 20 * 24 * HOUR;
  expect(await again.look()).toBe(false);
  await world.pass(10_000);
  await again.stop();
  for (const { kept } of channels) expect(kept).toHaveLength(1);
  const { message } = channels[0]!.kept[0]!;
  expect(message.title).toBe('2026-10: 9 made, 1 h 30 min of film and speech, 2 failed');
  expect(message.buttons).toEqual([]);
  const fields = Object.fromEntries(message.fields.map(({ name, value }) => [name, value]));
  expect(fields).toEqual({
    'Done, failed, cancelled': '9 · 2 · 0',
    Film: '1 h 30 min (+100 % on the month before)',
    'Render time': '3 min',
    'Scenes reused': '40 %',
    'People, channels': '2 · 2',
    'Asked by': 'discord 9, api 2',
    'Busiest day': '2026-10-09: 8',
  });
});

test('who was off on the first tells it later; a month without work is not told, nor a store that is away', async () => {
  const clock = { now: NOVEMBER + 12 * 24 * HOUR };
  const world = watchedWorld({ checks: [], channels: [], clock });
  const { log, lines } = keepingLog();
  const options = { store: world.store, log, now: () => clock.now };
  const away = startDigest({
    ...options,
    studio: { usage: () => Promise.reject(new Error('Redis is away')) },
  });
  expect(await away.look()).toBe(false);
  expect(JSON.stringify(lines)).toContain('has to wait');
  await away.stop();
  const late = startDigest({ ...options, studio: { usage } });
  await late.look();
  expect(world.store.incident('n-digest:2026-10')).not.toBeNull();
  await late.stop();
  clock.now = Date.UTC(2026, 11, 2);
  const idle = startDigest({ ...options, studio: { usage: async () => [] } });
  expect(await idle.look()).toBe(false);
  expect(world.store.incident('n-digest:2026-11')).toBeNull();
  await idle.stop();
});

test('a person is forgotten in jobs, usage and audit, while the service holds the files open', async () => {
  const dataDir = await testDataDir();
  const log = pino({ level: 'silent' });
  const jobs = await openJobs({ dataDir, log, retentionDays: 30 });
  const origin = { platform: 'discord', user: 'u1', userName: 'Ana', channel: 'dm7' } as const;
  await jobs.add(composeJob({ owner: 'discord:u1', origin }));
  const claimed = (await jobs.claim('w', { leaseMs: 60_000, timeoutMs: 60_000 }))!;
  await jobs.finish(refOf(claimed), { status: 'done', result: filmResult });
  const store = openMonitorStore(dataDir);
  store.audit({ at: 1, by: ana, action: 'ack', about: 'i1', why: 'seen' });
  store.audit({ at: 2, by: { ...ana, id: 'u2', name: 'Bea' }, action: 'ack', about: 'i1', why: '' });
  store.saveMute({ id: 'm1', kind: 'silence', matcher: '*', from: 0, until: 9e15, by: ana, why: '' });
  store.saveIncident({ id: 'i1', kind: 'incident', cause: 'x', openedAt: 1, closedAt: null, members: [{ check: 'a:b', since: 1, endedAt: null, flapping: false, finding: finding(false) }], ack: { by: ana, at: 2 }, silence: null, version: 1, tellAt: 1, remindAt: null, reminders: 0 }); // prettier-ignore

  const done = await runCli(['usage', 'forget', 'discord:u1', '--json'], {
    cwd: dataDir,
    env: { DATA_DIR: dataDir },
  });
  expect(JSON.parse(done.stdout)).toEqual({ jobs: 1, usage: 1, unfinished: 0, audit: 3 });
  expect(done.code).toBe(0);
  expect((await jobs.record(claimed.id))!.origin).toEqual({ platform: 'discord' });
  expect(await jobs.usage({ by: 'user' })).toMatchObject([{ key: 'discord:forgotten', done: 1 }]);
  expect(store.audits(9).map(({ by }) => by.name)).toEqual(['Bea', '–']);
  expect(store.incident('i1')!.ack).toEqual({
    by: { platform: 'discord', id: 'forgotten', name: '–' },
    at: 2,
  });
  expect(JSON.stringify(store.mutes(0))).not.toContain('Ana');
  store.close();
  await jobs.close();
  const config = loadConfig({ DATA_DIR: dataDir });
  await expect(forgetPerson(config, log, 'Ana')).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(forgetPerson(config, log, 'discord:u1')).resolves.toMatchObject({ jobs: 0, audit: 0 });
});
