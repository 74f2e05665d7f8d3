/** The queue of edits under any order of calls: spacing, coalescing, urgency, faults. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffMs } from '../../bot/clock.ts';
import { createEditQueue, type CallEnd } from '../../bot/edit-queue.ts';
import { MessengerError } from '../../bot/types.ts';
import { testClock, type TestClock } from '../helpers/chat.ts';

const EDIT_MS = 2000;
const LANE_MS = 1000;

type Sent = { key: string; lane: string; value: number; at: number; urgent: boolean };

/** A queue whose calls take as long as they are told to. */
function open(clock: TestClock, fails: (call: number) => MessengerError | null = () => null, takesMs = 0) {
  const queue = createEditQueue({ editIntervalMs: EDIT_MS, laneIntervalMs: LANE_MS, clock });
  const sent: Sent[] = [];
  const ends: { value: number; key: string; end: CallEnd | 'failed' }[] = [];
  let calls = 0;
  let value = 0;
  const put = (key: string, lane: string, urgent = false, retry = true): number => {
    const mine = ++value;
    queue
      .put({
        key,
        lane,
        urgent,
        retry,
        run: async (signal) => {
          sent.push({ key, lane, value: mine, at: clock.now(), urgent });
          const error = fails(++calls);
          if (takesMs > 0) await clock.wait(takesMs, signal);
          if (error) throw error;
        },
      })
      .then((end) => ends.push({ value: mine, key, end }))
      .catch(() => ends.push({ value: mine, key, end: 'failed' }));
    return mine;
  };
  return { queue, sent, ends, put };
}

async function turn(clock: TestClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    for (let rest = 0; rest < 6; rest++) await Promise.resolve();
    clock.advance(100);
  }
  for (let rest = 0; rest < 6; rest++) await Promise.resolve();
}

const step = fc.oneof(
  fc.record({
    do: fc.constant('put' as const),
    key: fc.integer({ min: 0, max: 5 }),
    urgent: fc.boolean(),
  }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 25 }) }),
);

describe('any order of calls', () => {
  test('lanes are spaced, messages too, the last state of each is sent, and every call ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 6 }),
        fc.constantFrom(0, 300, 1500),
        async (steps, failing, takesMs) => {
          const clock = testClock();
          const fails = (call: number) =>
            failing.includes(call) ? new MessengerError('unavailable', '500') : null;
          const { sent, ends, put, queue } = open(clock, fails, takesMs);
          const last = new Map<string, number>();
          for (const each of steps) {
            if (each.do === 'pass') await turn(clock, each.ms * 100);
            else last.set(`k${each.key}`, put(`k${each.key}`, `lane${each.key % 2}`, each.urgent));
          }
          await turn(clock, 600_000 / 2);
          expect(ends).toHaveLength(steps.filter((each) => each.do === 'put').length);
          for (const lane of ['lane0', 'lane1']) {
            const times = sent.filter((each) => each.lane === lane).map(({ at }) => at);
            for (let n = 1; n < times.length; n++)
              expect(times[n]! - times[n - 1]!).toBeGreaterThanOrEqual(LANE_MS);
          }
          for (const [key, value] of last) {
            const ofKey = sent.filter((each) => each.key === key);
            expect(ofKey.at(-1)!.value).toBe(value);
            expect(ends.find((each) => each.value === value)!.end).toBe('sent');
            // A state never goes back.
            expect(ofKey.map((each) => each.value)).toEqual(
              ofKey.map((each) => each.value).toSorted((a, b) => a - b),
            );
          }
          await queue.stop();
        },
      ),
      { numRuns: 60 },
    );
  }, 30_000);

  test('a message is not edited more often than its interval, unless it is urgent', async () => {
    const clock = testClock();
    const { sent, put } = open(clock);
    for (let n = 0; n < 100; n++) {
      put('k', 'lane');
      await turn(clock, 100);
    }
    await turn(clock, EDIT_MS);
    const gaps = sent.slice(1).map(({ at }, index) => at - sent[index]!.at);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(EDIT_MS);
    expect(sent.length).toBeLessThanOrEqual(7);
    expect(sent.at(-1)!.value).toBe(100);
    const before = sent.length;
    await turn(clock, LANE_MS);
    put('k', 'lane');
    put('k', 'lane', true);
    await turn(clock, 100);
    expect(sent).toHaveLength(before + 1);
  });

  test('what is urgent goes before all that waits', async () => {
    const clock = testClock();
    const { sent, put } = open(clock);
    for (const key of ['a', 'b', 'c', 'd', 'e']) put(key, 'lane');
    await turn(clock, 200);
    put('z', 'lane', true);
    await turn(clock, 20_000);
    expect(sent.map(({ key }) => key)).toEqual(['a', 'z', 'b', 'c', 'd', 'e']);
  });

  test('one lane does not wait for another', async () => {
    const clock = testClock();
    const { sent, put } = open(clock, () => null, 60_000);
    put('slow', 'one');
    put('other', 'two');
    await turn(clock, 100);
    expect(sent.map(({ key }) => key)).toEqual(['slow', 'other']);
  });
});

describe('faults', () => {
  test('a rate limit rests its lane as long as it says, and the call is made again', async () => {
    const clock = testClock();
    const { sent, put } = open(clock, (call) =>
      call === 1 ? new MessengerError('rate_limited', '429', { retryAfterMs: 7000 }) : null,
    );
    const from = clock.now();
    put('a', 'lane');
    await turn(clock, 200);
    put('b', 'lane', true);
    await turn(clock, 20_000);
    expect(sent.map(({ key }) => key)).toEqual(['a', 'b', 'a']);
    expect(sent[1]!.at - from).toBeGreaterThanOrEqual(7000);
  });

  test('a message that is gone is its caller’s to know, and rests nobody', async () => {
    const clock = testClock();
    const { ends, put, sent } = open(clock, (call) =>
      call === 1 ? new MessengerError('gone', '10008') : null,
    );
    const from = clock.now();
    put('a', 'lane');
    put('b', 'lane');
    await turn(clock, 3000);
    expect(ends[0]!.end).toBe('failed');
    expect(sent[1]!.at - from).toBeLessThan(LANE_MS + 200);
  });

  test('what may not be repeated is tried once', async () => {
    const clock = testClock();
    const { ends, put, sent } = open(clock, () => new MessengerError('unavailable', 'timeout'));
    put('post', 'lane', true, false);
    await turn(clock, 60_000);
    expect(sent).toHaveLength(1);
    expect(ends).toEqual([{ value: 1, key: 'post', end: 'failed' }]);
  });

  test('stopping ends everything', async () => {
    const clock = testClock();
    const { queue, ends, put, sent } = open(clock, () => null, 60_000);
    for (const key of ['a', 'b']) put(key, 'lane');
    await turn(clock, 100);
    await queue.stop();
    put('c', 'lane');
    await turn(clock, 5000);
    expect(sent).toHaveLength(1);
    expect(ends.map(({ key, end }) => `${key} ${end}`).toSorted()).toEqual([
      'a sent',
      'b stopped',
      'c stopped',
    ]);
  });

  test('pauses grow to half a minute', () => {
    expect([1, 2, 3, 6, 50].map(backoffMs)).toEqual([1000, 2000, 4000, 30_000, 30_000]);
  });
});
