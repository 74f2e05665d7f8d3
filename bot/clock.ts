/** Time as an argument, so that tests turn it. */
import { pause } from '../core/doors.ts';

export type Clock = {
  /** Epoch ms. */
  now(): number;
  /** Resolves after `ms` or when the signal aborts; never rejects. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
};

export const systemClock: Clock = {
  now: Date.now,
  wait: pause,
};

/** Pause before try `failures + 1`, ms: 1 s, 2 s, 4 s … at most half a minute. */
export function backoffMs(failures: number): number {
  return Math.min(30_000, 1000 * 2 ** Math.min(10, Math.max(0, failures - 1)));
}
