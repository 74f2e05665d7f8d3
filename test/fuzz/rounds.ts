/**
 * Fuzzing with a clock: as many rounds as fit into some seconds (GENSCENE_FUZZ_SECONDS, 4 by default),
 * each bounded by itself, their outcomes counted and printed.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { listChildren } from '../../core/children.ts';
import { StudioError, type ErrorCode } from '../../core/errors.ts';

const seconds = Number(process.env['GENSCENE_FUZZ_SECONDS'] ?? 4);
/** A round that takes longer hangs, ms: far above what a busy machine needs for these small cases. */
const ROUND_MS = 60_000;

/** Time a test needs that fuzzes `times` times, ms. */
export const fuzzTimeout = (times = 1): number => times * seconds * 1000 + 2 * ROUND_MS;

/**
 * Tries cases until time is up. `round` says how each ended, e.g. `taken` or an error's code.
 * Afterwards no child of this process may be left.
 */
export async function fuzz<Case>(
  name: string,
  cases: fc.Arbitrary<Case>,
  round: (value: Case) => Promise<string> | string,
): Promise<void> {
  const outcomes = new Map<string, number>();
  let rounds = 0;
  let last: Promise<string> = Promise.resolve('');
  await fc.assert(
    fc.asyncProperty(cases, async (value) => {
      last = inTime(round(value));
      const outcome = await last;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      rounds += 1;
    }),
    { numRuns: 1_000_000, interruptAfterTimeLimit: seconds * 1000, endOnFailure: true },
  );
  // fast-check does not wait for the round that it interrupts.
  await last;
  expect(await listChildren(process.pid)).toEqual([]);
  const counts = [...outcomes].sort((a, b) => b[1] - a[1]).map(([outcome, count]) => `${outcome} ${count}`);
  process.stdout.write(`fuzz ${name}: ${rounds} rounds (${counts.join(', ')})\n`);
  expect(rounds).toBeGreaterThan(0);
}

/**
 * How something ended: `taken`, or the code of a refusal for people. Anything else is a fault of ours.
 * @param expected codes that such an input may be refused with
 */
export async function outcomeOf(
  work: () => Promise<unknown>,
  expected: readonly ErrorCode[],
): Promise<string> {
  try {
    await work();
    return 'taken';
  } catch (error) {
    expect(error).toBeInstanceOf(StudioError);
    const { code, message } = error as StudioError;
    expect(expected, `${code}: ${message}`).toContain(code);
    expect(message.trim()).not.toBe('');
    return code;
  }
}

async function inTime<Result>(work: Promise<Result> | Result): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`This round takes longer than ${ROUND_MS} ms.`)), ROUND_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
