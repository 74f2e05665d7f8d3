/** From results to messages in channels: each rule, and the promises over random worlds with faults and restarts. */
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  keepingChannel,
  readMessage,
  type KeepingChannel,
  type KeptMessage,
} from '../helpers/ops-channels.ts';
import { ana, check, finding, MINUTE, watchedWorld, type WatchedWorld } from '../helpers/watched-world.ts';

const START = Date.UTC(2031, 4, 6, 7, 0, 0);

function open(options: Partial<Parameters<typeof watchedWorld>[0]> = {}) {
  const clock = { now: START };
  const discord = keepingChannel('discord:c1', () => clock.now);
  const slack = keepingChannel('slack:c2', () => clock.now);
  const world = watchedWorld({
    checks: [check('web:a'), check('web:b'), check('db:x')],
    channels: [discord, slack],
    clock,
    ...options,
  });
  return { clock, discord, slack, world };
}

const titles = (channel: KeepingChannel): string[] => channel.kept.map(({ message }) => message.title);

describe('one message an incident and channel', () => {
  test('down, edited when more fails by the same cause, recovered with its duration', async () => {
    const { world, discord, slack } = open();
    const cause = { cause: 'origin_down@1' };
    await world.results('web:a', '+---', cause);
    expect(discord.kept).toHaveLength(0);
    await world.pass(30_000);
    expect(titles(discord)).toEqual(['It is broken']);
    expect(readMessage(discord.kept[0]!.message)).toMatch(
      /Mend it\.[\s\S]*\[Acknowledge\] \[Silence 1 h\] \[Diagnose\]/,
    );
    await world.results('web:b', '---', cause);
    expect(discord.kept).toHaveLength(1);
    expect(readMessage(discord.kept[0]!.message)).toContain('It also fails: web:b');
    await world.results('web:a', '+++');
    expect(discord.kept).toHaveLength(1);
    await world.results('web:b', '+++');
    expect(titles(discord)).toEqual(['Recovered: It is broken', 'Recovered after 6 min.']);
    expect(discord.kept[1]!.parent).toBe(discord.kept[0]!.id);
    expect(readMessage(discord.kept[0]!.message)).toMatch(/It lasted 6 min, 07:\d\d to 07:\d\d UTC\./);
    expect(discord.kept[0]!.message.buttons).toEqual([]);
    expect(titles(slack)).toEqual(titles(discord));
  });

  test('what is over before it was told is not told', async () => {
    const { world, discord } = open({ groupMs: 5 * MINUTE });
    await world.results('web:a', '+---+++');
    await world.pass(10 * MINUTE);
    expect(discord.kept).toHaveLength(0);
    expect(world.store.incidents(5)).toHaveLength(1);
  });

  test('another cause is another incident', async () => {
    const { world, discord } = open();
    await world.results('web:a', '---');
    await world.results('db:x', '---', { summary: { en: 'No database', es: 'Sin base' } });
    await world.pass(MINUTE);
    expect(titles(discord)).toEqual(['It is broken', 'No database']);
  });

  test('when the fault turns out to be another, the message says so', async () => {
    const { world, discord } = open();
    await world.results('web:a', '---');
    await world.pass(MINUTE);
    await world.result('web:a', false, {
      verdict: 'other',
      summary: { en: 'A firewall', es: 'Un cortafuegos' },
    });
    expect(titles(discord)).toEqual(['A firewall']);
    expect(discord.kept[0]!.states.length).toBeGreaterThan(1);
  });

  test('a message that was deleted or is too old to edit goes on in a new one that leads back', async () => {
    const { world, discord } = open();
    await world.results('web:a', '---');
    await world.pass(MINUTE);
    discord.kept[0]!.deleted = true;
    await world.results('web:a', '+++');
    expect(titles(discord)).toEqual(['It is broken', 'Recovered: It is broken', 'Recovered after 4 min.']);
    expect(readMessage(discord.kept[1]!.message)).toContain(`<https://chat.example/${discord.kept[0]!.id}>`);
  });

  test('flapping is one message, one change and one end', async () => {
    const { world, discord } = open();
    await world.results('web:a', `+${'---+++'.repeat(60)}`);
    expect(titles(discord)).toEqual([
      'Recovered: It is broken',
      'Recovered after 3 min.',
      'Unsteady: It is broken',
    ]);
    await world.results('web:a', '+'.repeat(22));
    expect(discord.kept).toHaveLength(4);
    expect(titles(discord).at(-1)).toMatch(/^Recovered after /);
  });

  test('a notice is told once, and never again for the same key', async () => {
    const { world, discord } = open();
    const end = (days: number) => ({ key: `tls:x:${days}`, finding: { ...finding(true), summary: { en: `ends in ${days} days`, es: '' } } }); // prettier-ignore
    for (const days of [14, 14, 7, 7]) await world.result('web:a', true, { notices: [end(days)] });
    world.restart();
    await world.result('web:a', true, { notices: [end(7)] });
    expect(titles(discord)).toEqual(['ends in 14 days', 'ends in 7 days']);
    expect(discord.kept[0]!.message.buttons).toEqual([]);
  });
});

describe('reminders, ack, silence', () => {
  test('reminders after 15 minutes, then hourly, below the message; none after an ack', async () => {
    const { world, discord } = open();
    await world.results('web:a', '---');
    await world.results('web:a', '-'.repeat(2 * 60 * 2.5));
    const reminders = discord.kept.filter(({ message }) => /^Still failing/.test(message.title));
    expect(reminders.map(({ message }) => message.title)).toEqual([
      'Still failing after 17 min: It is broken',
      'Still failing after 1 h 17 min: It is broken',
      'Still failing after 2 h 17 min: It is broken',
    ]);
    expect(reminders.every(({ parent }) => parent === discord.kept[0]!.id)).toBe(true);
    const { id } = world.store.openIncidents()[0]!;
    world.monitor.change(id, (incident) => ({ ...incident, ack: { by: ana, at: world.now() } }));
    const before = discord.kept.length;
    await world.results('web:a', '-'.repeat(240));
    expect(discord.kept).toHaveLength(before);
    expect(readMessage(discord.kept[0]!.message)).toContain('Acknowledged by Ana');
    expect(discord.kept[0]!.message.buttons.map(({ does }) => does)).toEqual(['silence', 'diagnose']);
  });

  test.each(['silence', 'maintenance'] as const)(
    'in %s nothing is sent; after it what is still true is',
    async (kind) => {
      const { world, discord } = open();
      world.mute(kind, 'web:*', 60);
      await world.results('web:a', '-'.repeat(60));
      await world.results('web:b', `${'-'.repeat(20)}+++`);
      expect(discord.kept).toHaveLength(0);
      await world.results('web:a', '-'.repeat(60));
      expect(titles(discord)).toContain('It is broken');
      expect(discord.kept.filter(({ parent }) => parent === null)).toHaveLength(1);
    },
  );

  test('a silence put over an incident holds back its reminders and its end, not the end for ever', async () => {
    const { world, discord } = open();
    await world.results('web:a', '---');
    await world.pass(MINUTE);
    world.mute('silence', 'web:a', 60);
    await world.results('web:a', '-'.repeat(60));
    await world.results('web:a', '+++');
    expect(discord.kept).toHaveLength(1);
    await world.results('web:a', '+'.repeat(70));
    expect(titles(discord)).toEqual(['Recovered: It is broken', 'Recovered after 34 min.']);
  });
});

test('while what it depends on fails, its faults are not its own, and its good results count', async () => {
  const { world, discord } = open({ checks: [check('net:x'), check('web:a', { dependsOn: ['net:x'] })] });
  await world.results('web:a', '+');
  for (let look = 0; look < 8; look += 1) {
    await world.result('net:x', false);
    await world.results('web:a', '-');
  }
  await world.pass(MINUTE);
  expect(discord.kept.map(({ message }) => message.footer.split(' ')[0])).toEqual(['net:x']);
  expect(world.monitor.report('web:a')).toMatchObject({ overlay: 'inhibited' });
  await world.results('web:a', '+');
  expect(world.monitor.report('web:a')).toMatchObject({ overlay: null, phase: 'up' });
  await world.results('net:x', '+++');
  await world.results('web:a', '---');
  await world.pass(MINUTE);
  expect(discord.kept.at(-1)!.message.footer).toContain('web:a');
});

test('while nothing changes, time that passes writes nothing', async () => {
  const { world } = open();
  await world.results('web:a', '+');
  await world.pass(10 * MINUTE);
  let writes = 0;
  for (const name of ['saveWatched', 'saveIncident', 'saveDelivery'] as const) {
    const save = world.store[name] as (...values: unknown[]) => void;
    Object.assign(world.store, { [name]: (...values: unknown[]) => ((writes += 1), save(...values)) });
  }
  await world.pass(10 * MINUTE);
  expect(writes).toBe(0);
  await world.results('web:a', '+');
  expect(writes).toBe(1);
});

describe('delivery', () => {
  test('what could not be delivered before a silence waits for its end', async () => {
    const { world, discord } = open();
    discord.trouble = () => 'down';
    await world.results('web:a', '---');
    await world.pass(MINUTE);
    world.mute('silence', '*', 30);
    discord.trouble = () => null;
    await world.results('web:a', '-'.repeat(40));
    expect(discord.kept).toHaveLength(0);
    await world.results('web:a', '-'.repeat(30));
    expect(titles(discord)).toContain('It is broken');
  });

  test('one platform away: the other tells, and the first catches up in one message', async () => {
    const { world, discord, slack } = open();
    discord.trouble = () => 'down';
    await world.results('web:a', '---');
    await world.pass(MINUTE);
    expect([discord.kept.length, slack.kept.length]).toEqual([0, 1]);
    await world.results('web:a', '+++');
    discord.trouble = () => null;
    await world.pass(10 * MINUTE);
    expect(titles(discord)).toEqual(['Recovered: It is broken']);
    expect(titles(slack)).toEqual(['Recovered: It is broken', 'Recovered after 4 min.']);
  });

  test('no chat at all: a webhook gets beginning and end', async () => {
    const clock = { now: START };
    const fallback = keepingChannel('webhook:alerts', () => clock.now);
    const discord = keepingChannel('discord:c1', () => clock.now);
    discord.trouble = () => 'down';
    const world = watchedWorld({ checks: [check('web:a')], channels: [discord], clock, fallback });
    await world.results('web:a', '---');
    await world.pass(MINUTE);
    expect(fallback.kept).toHaveLength(0);
    expect(world.alerts.isWorking()).toBe(true);
    await world.pass(MINUTE);
    expect(titles(fallback)).toEqual(['It is broken']);
    await world.results('web:a', '+++');
    expect(titles(fallback)).toEqual(['Recovered: It is broken', 'Recovered after 5 min.']);
  });

  test('a message nobody took for five minutes: alerting does not work', async () => {
    const { world, discord, slack } = open();
    discord.trouble = slack.trouble = () => 'down';
    await world.results('web:a', '---');
    await world.pass(10 * MINUTE);
    expect(world.alerts.isWorking()).toBe(false);
    slack.trouble = () => null;
    await world.pass(10 * MINUTE);
    expect(world.alerts.isWorking()).toBe(true);
  });

  test('nobody to tell at all: alerting does not work while something should be told', async () => {
    const { world } = open({ channels: [] });
    await world.results('web:a', '---');
    expect(world.alerts.isWorking()).toBe(true);
    await world.pass(10 * MINUTE);
    expect(world.alerts.isWorking()).toBe(false);
    world.mute('silence', 'web', 30);
    expect(world.alerts.isWorking()).toBe(true);
    await world.results('web:a', `${'-'.repeat(70)}+++`);
    expect(world.alerts.isWorking()).toBe(true);
  });

  test('an answer that is lost is no second message', async () => {
    const { world, discord } = open();
    let calls = 0;
    discord.trouble = () => ((calls += 1) % 2 === 1 ? 'deaf' : null);
    await world.results('web:a', '---');
    await world.results('web:a', `${'-'.repeat(40)}+++`);
    await world.pass(10 * MINUTE);
    const keys = discord.kept.map(({ states }) => states[0]!.key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(titles(discord)).toEqual(['Recovered: It is broken', 'Still failing after 17 min: It is broken', 'Recovered after 23 min.']); // prettier-ignore
  });

  test('a restart in mid-incident, from the file, sends nothing twice', async () => {
    const dataDir = mkdtempSync(path.join(tmpdir(), 'genscene-watch-'));
    onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
    const clock = { now: START };
    const kept: KeptMessage[] = [];
    const life = (): WatchedWorld =>
      watchedWorld({ checks: [check('web:a')], channels: [keepingChannel('discord:c1', () => clock.now, kept)], clock, dataDir }); // prettier-ignore
    const first = life();
    await first.results('web:a', '+---');
    await first.pass(MINUTE);
    first.store.close();
    const second = life();
    onTestFinished(() => second.store.close());
    await second.results('web:a', '---+++');
    expect(kept.map(({ message }) => message.title)).toEqual([
      'Recovered: It is broken',
      'Recovered after 5 min.',
    ]);
    expect(second.store.slots('web:a', { stepMs: 86_400_000, keepMs: 1 }, 0)).toMatchObject([
      { good: 4, bad: 6 },
    ]);
  });
});

// ------------------------------------------------------------------------------------------ promises

type Turn =
  | { kind: 'results'; check: number; series: boolean[] }
  | { kind: 'pass'; minutes: number }
  | { kind: 'mute'; what: 'silence' | 'maintenance'; matcher: string; minutes: number }
  | { kind: 'trouble'; channel: number; trouble: 'down' | 'deaf' | null }
  | { kind: 'restart' };

const turns: fc.Arbitrary<Turn[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('results' as const), check: fc.nat(2), series: fc.oneof(fc.constant<boolean[]>([false, false, false]), fc.constant<boolean[]>([true, true, true]), fc.array(fc.boolean(), { minLength: 1, maxLength: 6 })) }) }, // prettier-ignore
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), minutes: fc.constantFrom(1, 3, 20, 70) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('mute' as const), what: fc.constantFrom('silence' as const, 'maintenance' as const), matcher: fc.constantFrom('web:a', 'web', '*'), minutes: fc.constantFrom(2, 30) }) }, // prettier-ignore
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('trouble' as const), channel: fc.nat(1), trouble: fc.constantFrom('down' as const, 'deaf' as const, null) }) }, // prettier-ignore
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  ),
  { minLength: 3, maxLength: 14 },
);

test('over random worlds: nothing twice, every message its end, nothing while muted', async () => {
  await fc.assert(
    fc.asyncProperty(turns, async (played) => {
      const { world, discord, slack, clock } = open();
      const channels = [discord, slack];
      const ids = ['web:a', 'web:b', 'db:x'];
      const muted: { from: number; until: number }[] = [];
      for (const turn of played) {
        if (turn.kind === 'results')
          for (const ok of turn.series)
            await world.results(ids[turn.check]!, ok ? '+' : '-', { cause: 'shared' });
        else if (turn.kind === 'pass') {
          for (let minute = 0; minute < turn.minutes; minute += 1) {
            clock.now += 55_000;
            await world.pass(5000);
          }
        } else if (turn.kind === 'mute') {
          world.mute(turn.what, turn.matcher, turn.minutes);
          if (turn.matcher === '*') muted.push({ from: clock.now, until: clock.now + turn.minutes * MINUTE });
        } else if (turn.kind === 'trouble') channels[turn.channel]!.trouble = () => turn.trouble;
        else world.restart();
      }
      for (const channel of channels) channel.trouble = () => null;
      // All heals, and every back-off and mute comes to its end.
      for (let step = 0; step < 90; step += 1) {
        clock.now += 25_000;
        for (const id of ids) world.monitor.take(id, finding(true));
        await world.pass(5000);
      }
      expect(world.store.openIncidents()).toEqual([]);
      for (const { kept } of channels) {
        const keys = kept.map(({ states }) => states[0]!.key);
        expect(new Set(keys).size).toBe(keys.length);
        const cards = kept.filter(({ parent }) => parent === null);
        for (const card of cards) {
          expect(card.message.tone).toBe('good');
          const ends = kept.filter(({ parent, message }) => parent === card.id && message.tone === 'good');
          expect(ends).toHaveLength(card.states[0]!.tone === 'good' ? 0 : 1);
        }
        for (const { at } of kept)
          expect(muted.some(({ from, until }) => from < at && at < until)).toBe(false);
      }
      world.store.close();
    }),
    { numRuns: 100 },
  );
}, 240_000);
