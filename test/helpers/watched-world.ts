/** Monitor, alerts and memory together, over checks whose results the test gives and a clock it turns. */
import type { Actor, Mute } from '../../core/ops/types.ts';
import { createAlerts, type Alerts } from '../../monitoring/alerts.ts';
import { createMonitor, type Monitor } from '../../monitoring/monitor.ts';
import { openMonitorStore, type MonitorStore } from '../../monitoring/store.ts';
import type { Check, CheckResult } from '../../monitoring/types.ts';
import type { OpsChannel } from '../../core/ops/types.ts';
import { keepingLog } from './job-samples.ts';

export const ana: Actor = { platform: 'discord', id: 'u1', name: 'Ana' };
export const SECOND = 1000;
export const MINUTE = 60_000;

export type WatchedWorld = {
  monitor: Monitor;
  alerts: Alerts;
  store: MonitorStore;
  now(): number;
  /** Time passes; what is due is told every 5 s. */
  pass(ms: number): Promise<void>;
  /** A result of one check, and what is due is told. */
  result(check: string, ok: boolean, changes?: Partial<CheckResult>): Promise<void>;
  /** Results of one check, 30 s apart. */
  results(check: string, series: string, changes?: Partial<CheckResult>): Promise<void>;
  mute(kind: Mute['kind'], matcher: string, minutes: number): void;
  /** As after a kill: everything in memory is gone, what was written down is there. */
  restart(): void;
};

export function check(id: string, changes: Partial<Check> = {}): Check {
  return {
    id,
    kind: id.split(':')[0]!,
    intervalMs: 30 * SECOND,
    timeoutMs: 20 * SECOND,
    party: 'own',
    run: () => Promise.reject(new Error('results are given')),
    ...changes,
  };
}

export function finding(ok: boolean, changes: Partial<CheckResult> = {}): CheckResult {
  return {
    ok,
    verdict: ok ? 'ok' : 'broken',
    summary: ok ? { en: 'It works', es: 'Funciona' } : { en: 'It is broken', es: 'Está roto' },
    cure: ok ? null : { en: 'Mend it.', es: 'Arréglalo.' },
    facts: [],
    latencyMs: ok ? 12 : null,
    ...changes,
  };
}

export function watchedWorld(options: {
  checks: readonly Check[];
  channels: readonly OpsChannel[];
  clock: { now: number };
  fallback?: OpsChannel | null;
  groupMs?: number;
  dataDir?: string;
}): WatchedWorld {
  const { checks, channels, clock, fallback = null, groupMs = 30 * SECOND, dataDir = ':memory:' } = options;
  const store = openMonitorStore(dataDir);
  const now = (): number => clock.now;
  const { log } = keepingLog();
  let ids = 0;
  const newId = (): string => `i${clock.now.toString(36)}${(ids += 1)}`;
  const open = () => ({
    monitor: createMonitor({ checks, store, now, groupMs, newId }),
    alerts: createAlerts({ store, channels: () => channels, fallback, log, now }),
  });
  const never = new AbortController().signal;

  async function pulse(): Promise<void> {
    world.monitor.tick();
    world.alerts.plan();
    await world.alerts.deliver(never);
  }
  const world: WatchedWorld = {
    ...open(),
    store,
    now,
    async pass(ms) {
      for (let left = ms; left > 0; left -= 5 * SECOND) {
        clock.now += Math.min(left, 5 * SECOND);
        await pulse();
      }
    },
    async result(id, ok, changes) {
      world.monitor.take(id, finding(ok, changes));
      await pulse();
    },
    async results(id, series, changes) {
      for (const letter of series) {
        await world.pass(30 * SECOND);
        if (letter !== '.') await world.result(id, letter === '+', letter === '+' ? {} : changes);
      }
    },
    mute(kind, matcher, minutes) {
      const mute = {
        id: newId(),
        kind,
        matcher,
        from: now(),
        until: now() + minutes * MINUTE,
        by: ana,
        why: '',
      };
      store.saveMute(mute);
    },
    restart() {
      Object.assign(world, open());
    },
  };
  return world;
}
