/** When a database counts as unchanged, and how often SQLite is asked for it. */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openChangeMark } from '../../../core/jobs/embedded/change-mark.ts';

/** A database others commit to, and two connections of this process. */
function twoMarks() {
  const state = { commits: 1, asked: 0 };
  const ask = (): number => {
    state.asked += 1;
    return state.commits;
  };
  return { state, one: openChangeMark('/a.db', ask), other: openChangeMark('/a.db', ask) };
}

test('SQLite is asked once in a turn of the event loop, and anew in the next', async () => {
  const { state, one } = twoMarks();
  expect(one.isUnchanged()).toBe(false);
  expect([one.isUnchanged(), one.isUnchanged()]).toEqual([true, true]);
  expect(state.asked).toBe(1);
  state.commits += 1;
  await setImmediate();
  expect(one.isUnchanged()).toBe(false);
  await setImmediate();
  expect(one.isUnchanged()).toBe(true);
  expect(state.asked).toBe(3);
});

test('what this process writes is seen at once, on whichever connection', () => {
  const { state, one, other } = twoMarks();
  one.isUnchanged();
  other.isUnchanged();
  expect([one.isUnchanged(), other.isUnchanged()]).toEqual([true, true]);
  state.commits += 1;
  other.written();
  expect([one.isUnchanged(), other.isUnchanged()]).toEqual([false, false]);
  expect([one.isUnchanged(), other.isUnchanged()]).toEqual([true, true]);
});

test('a write between two looks of one turn does not make the next turn forget to look', async () => {
  const { state, one } = twoMarks();
  for (let turn = 0; turn < 3; turn += 1) {
    one.isUnchanged();
    one.written();
    expect(one.isUnchanged()).toBe(false);
    await setImmediate();
    state.commits += 1;
    expect(one.isUnchanged()).toBe(false);
    await setImmediate();
  }
});
