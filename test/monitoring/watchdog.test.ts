/** The state machine: each of its rules, and its promises over thousands of random series. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  initialState,
  next,
  nextDelayMs,
  policyOf,
  type Policy,
  type WatchEvent,
  type WatchState,
} from '../../monitoring/watchdog.ts';

const INTERVAL_MS = 30_000;
const own = policyOf('own', INTERVAL_MS);

/** Feeds results (`+` good, `-` bad, `.` none) one interval apart. */
function feed(series: string, policy: Policy = own, from: WatchState = initialState(0), start = 0) {
  let state = from;
  const events: WatchEvent[] = [];
  let now = start;
  for (const letter of series) {
    now += INTERVAL_MS;
    const result = letter === '.' ? null : { ok: letter === '+' };
    const after = next(state, result, policy, now);
    state = after.state;
    events.push(...after.events);
  }
  return { state, events, types: events.map(({ type }) => type), now };
}

describe('the rules', () => {
  test('what is not known becomes up without a word', () => {
    const { state, types } = feed('+');
    expect(state.phase).toBe('up');
    expect(types).toEqual([]);
  });

  test('one bad result is a suspicion, looked at again soon', () => {
    const { state, types } = feed('+-');
    expect(state.phase).toBe('suspect');
    expect(types).toEqual([]);
    expect(nextDelayMs(state, INTERVAL_MS)).toBeLessThan(INTERVAL_MS / 2);
    expect(feed('+-++++').state.phase).toBe('suspect');
    expect(feed('+-+++++').state.phase).toBe('up');
  });

  test('own hosts are down at 3 bad of the last 5', () => {
    expect(feed('+-+-+').state.phase).toBe('suspect');
    expect(feed('+-+-+-').types).toEqual(['down']);
    expect(feed('+-++-+-').types).toEqual([]);
    expect(feed('---').types).toEqual(['down']);
  });

  test('third parties are down at 3 in a row', () => {
    const third = policyOf('third', INTERVAL_MS);
    expect(feed('+-+-+-', third).types).toEqual([]);
    expect(feed('+---', third).types).toEqual(['down']);
  });

  test('up again after 3 good in a row, with the time of the first bad result', () => {
    const { events, state } = feed('+---++-+++');
    expect(events.map(({ type }) => type)).toEqual(['down', 'up']);
    expect(events[1]).toMatchObject({ since: 2 * INTERVAL_MS, until: 10 * INTERVAL_MS });
    expect(state).toMatchObject({ phase: 'up', told: 'up' });
  });

  test('four changes within an hour are flapping: one message, until it was steady for ten minutes', () => {
    const cycle = '---+++';
    const slow = feed(cycle.repeat(100));
    expect(slow.types).toEqual(['down', 'up', 'down', 'flapping']);
    const steady = feed('+'.repeat(21), own, slow.state, slow.now);
    expect(steady.types).toEqual(['up']);
    const down = feed('-'.repeat(22), own, slow.state, slow.now);
    expect(down.types).toEqual(['settled']);
    expect(down.state.phase).toBe('down');
  });

  test('however slowly: four changes within the hour count, four in more than it do not', () => {
    const quarter = (letter: string) => letter.repeat(30);
    const within = feed(`${'-'.repeat(18)}${'+'.repeat(18)}`.repeat(3));
    expect(within.types).toEqual(['down', 'up', 'down', 'flapping']);
    const slower = `${quarter('-')}${quarter('-')}${quarter('+')}${quarter('+')}`;
    expect(feed(slower.repeat(3)).types).toEqual(['down', 'up', 'down', 'up', 'down', 'up']);
  });

  test('in maintenance nothing is told; what is still down after it is', () => {
    const muted = { ...own, muted: true };
    const during = feed('+---------', muted);
    expect(during).toMatchObject({ types: [], state: { phase: 'down' } });
    expect(feed('.', own, during.state, during.now).types).toEqual(['down']);
    const healed = feed('+++', muted, during.state, during.now);
    expect(feed('.', own, healed.state, healed.now).types).toEqual([]);
  });

  test('a recovery in a silence is told after it, with the time it really took', () => {
    const down = feed('+---');
    const silent = feed('+++......', { ...own, muted: true }, down.state, down.now);
    expect(silent.types).toEqual([]);
    const told = feed('.', own, silent.state, silent.now);
    expect(told.events).toMatchObject([{ type: 'up', since: 2 * INTERVAL_MS, until: 7 * INTERVAL_MS }]);
  });

  test('while something it depends on fails, it is not judged, and starts afresh after', () => {
    const inhibited = { ...own, inhibited: true };
    const during = feed('+--', own);
    const set = feed('--------', inhibited, during.state, during.now);
    expect(set).toMatchObject({ types: [], state: { inhibited: true, phase: 'unknown' } });
    expect(feed('--+', own, set.state, set.now).types).toEqual([]);
    expect(feed('---', own, set.state, set.now).types).toEqual(['down']);
  });

  test('no result for 3 intervals is stale, and what was before counts no more', () => {
    const before = feed('+--');
    const quiet = feed('....', own, before.state, before.now);
    expect(quiet.state).toMatchObject({ stale: true, recent: [] });
    expect(feed('-', own, quiet.state, quiet.now)).toMatchObject({
      types: [],
      state: { stale: false, phase: 'suspect' },
    });
  });
});

// ------------------------------------------------------------------------------------------ promises

type Step = { ok: boolean | null; afterMs: number; muted: boolean; inhibited: boolean; restart: boolean };

/** Calm, storms and everything between: long stretches of one state matter more than coin tosses. */
const series: fc.Arbitrary<Step[]> = fc
  .array(
    fc.record({
      length: fc.integer({ min: 1, max: 30 }),
      goodness: fc.constantFrom(0, 0.1, 0.5, 0.9, 1),
      dice: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 30, maxLength: 30 }),
      afterMs: fc.constantFrom(10_000, 30_000, 60_000, 400_000),
      missing: fc.constantFrom(0, 0, 0.3, 1),
      muted: fc.constantFrom(false, false, false, true),
      inhibited: fc.constantFrom(false, false, false, true),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((stretches) =>
    stretches.flatMap(({ length, goodness, dice, afterMs, missing, muted, inhibited }) =>
      dice.slice(0, length).map((die, index) => ({
        ok: (die * 7919) % 1 < missing ? null : die < goodness,
        afterMs,
        muted,
        inhibited,
        restart: index === 0,
      })),
    ),
  );

/** Good and bad by turns, for seconds or for a quarter of an hour, always watched and never muted. */
const storms: fc.Arbitrary<Step[]> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.constantFrom(10_000, 30_000)), {
    minLength: 4,
    maxLength: 24,
  })
  .map((stretches) =>
    stretches.flatMap(
      ([length, afterMs], index) =>
      Array.from({ length }, () => ({ ok: index % 2 === 1, afterMs, muted: false, inhibited: false, restart: false })), // prettier-ignore
    ),
  );
const HOUR_MS = 3600_000;
const STEADY_MS = 600_000;

function play(steps: readonly Step[], party: 'own' | 'third') {
  let state = initialState(0);
  let now = 0;
  const results: { ok: boolean; at: number }[] = [];
  const told: (WatchEvent & { muted: boolean })[] = [];
  for (const { ok, afterMs, muted, inhibited, restart } of steps) {
    now += afterMs;
    // A restart keeps exactly what was written down.
    if (restart) state = JSON.parse(JSON.stringify(state)) as WatchState;
    const policy = { ...policyOf(party, INTERVAL_MS), muted, inhibited };
    const after = next(state, ok === null ? null : { ok }, policy, now);
    state = after.state;
    told.push(...after.events.map((event) => ({ ...event, muted: muted || inhibited })));
    if (ok !== null) results.push({ ok, at: now });
  }
  return { state, told, now, results };
}

describe('promises, over random series', () => {
  const runs = { numRuns: 2000 };
  const parties = fc.constantFrom('own' as const, 'third' as const);

  test('never two DOWN without an UP between, each DOWN one recovery, nothing in silence', () => {
    fc.assert(
      fc.property(series, parties, (steps, party) => {
        const { told, now } = play(steps, party);
        let open = false;
        for (const { type, muted, since, until, at } of told) {
          expect(muted).toBe(false);
          expect(since).toBeLessThanOrEqual(until);
          expect(until).toBeLessThanOrEqual(at);
          expect(at).toBeLessThanOrEqual(now);
          if (type === 'down') expect(open).toBe(false);
          if (type === 'up' || type === 'settled') expect(open).toBe(true);
          open = type !== 'up';
        }
      }),
      runs,
    );
  });

  test('whatever was, 20 minutes of good results end in UP, told once; of bad ones in DOWN', () => {
    fc.assert(
      fc.property(series, parties, fc.boolean(), (steps, party, ok) => {
        const before = play(steps, party);
        const calm = Array.from({ length: 45 }, () => ({ ok, afterMs: 30_000, muted: false, inhibited: false, restart: false })); // prettier-ignore
        const after = play([...steps, ...calm], party);
        expect(after.state.told).toBe(ok ? 'up' : 'down');
        const news = after.told.slice(before.told.length).map(({ type }) => type);
        expect(news.filter((type) => type === 'up').length).toBeLessThanOrEqual(1);
        expect(news.filter((type) => type === 'down').length).toBeLessThanOrEqual(1);
      }),
      runs,
    );
  });

  test('a restart changes nothing of what is told', () => {
    fc.assert(
      fc.property(series, parties, (steps, party) => {
        const without = play(
          steps.map((step) => ({ ...step, restart: false })),
          party,
        );
        const everywhere = play(
          steps.map((step) => ({ ...step, restart: true })),
          party,
        );
        expect(everywhere.told).toEqual(without.told);
      }),
      { numRuns: 1000 },
    );
  });

  test('down is told twice in any hour at most, however it flaps, and flapping ends only after ten steady minutes', () => {
    fc.assert(
      fc.property(storms, parties, (steps, party) => {
        const { told } = play(steps, party);
        for (const [index, { at, type }] of told.entries()) {
          const earlier = told.slice(0, index).filter((each) => at - each.at < HOUR_MS);
          if (type === 'down') expect(earlier.filter((each) => each.type === 'down').length).toBeLessThan(2);
          // The results by which it came to flap are the first of the steady ones.
          const before = told[index - 1];
          if (before?.type === 'flapping') expect(at - before.at).toBeGreaterThanOrEqual(STEADY_MS - 2 * INTERVAL_MS); // prettier-ignore
        }
      }),
      { numRuns: 700 },
    );
  });

  test('down is told of three bad results among the last five (three in a row of third parties), and not before', () => {
    fc.assert(
      fc.property(storms, parties, (steps, party) => {
        const { told, results } = play(steps, party);
        for (const { type, at } of told) {
          const last = results.filter((each) => each.at <= at).slice(party === 'own' ? -5 : -3);
          if (type === 'down') expect(last.filter(({ ok }) => !ok).length).toBe(3);
          if (type === 'up') expect(results.filter((each) => each.at <= at).slice(-3).every(({ ok }) => ok)).toBe(true); // prettier-ignore
        }
      }),
      { numRuns: 700 },
    );
  });
});
