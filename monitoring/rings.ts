/** Rings of results: how finely what age is kept, and the uptime read from them. */
import type { Uptime } from '../core/ops/types.ts';
import type { Slot } from './store.ts';

export type Tier = { stepMs: number; keepMs: number };

const DAY_MS = 24 * 3600_000;

/** 1 min × 24 h, 1 h × 30 d, 1 day × 400 d. */
export const TIERS: readonly Tier[] = [
  { stepMs: 60_000, keepMs: DAY_MS },
  { stepMs: 3600_000, keepMs: 30 * DAY_MS },
  { stepMs: DAY_MS, keepMs: 400 * DAY_MS },
];

/** The finest ring that reaches back so far. */
export function tierFor(windowMs: number): Tier {
  return TIERS.find(({ keepMs }) => keepMs >= windowMs) ?? TIERS.at(-1)!;
}

/** Share of good results; time without results counts neither way, which is why the samples are said. */
export function uptimeOf(check: string, windowMs: number, slots: readonly Slot[]): Uptime {
  const good = slots.reduce((sum, slot) => sum + slot.good, 0);
  const samples = slots.reduce((sum, slot) => sum + slot.good + slot.bad, 0);
  const latency = slots.reduce((sum, slot) => sum + slot.latencyMs, 0);
  return {
    check,
    windowMs,
    share: samples === 0 ? null : good / samples,
    samples,
    latencyMs: good === 0 ? null : latency / good,
  };
}
