/**
 * Runs the checks: those of one interval together in a round, by node-cron in UTC, none over the end of
 * the one before. What is in doubt is looked at again soon. After each round what is due is told, and
 * while all of it works the dead man's switch is pushed.
 */
import cron from 'node-cron';
import { setTimeout as sleep } from 'node:timers/promises';
import { StudioError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Alerts } from './alerts.ts';
import type { Monitor } from './monitor.ts';
import { endAfter } from './probe.ts';
import { same, sayLength } from './texts.ts';
import type { Check, CheckResult } from './types.ts';
import { nextDelayMs } from './watchdog.ts';

export type RoundsOptions = {
  monitor: Monitor;
  alerts: Alerts;
  /** Keeps the rings and other memory within their time. */
  trim: () => void;
  log: Logger;
  now: () => number;
  /** Asked for each time: some become known later. */
  heartbeat: { urls: () => readonly string[]; intervalMs: number };
  /** Between two looks at what is due to be told, ms. */
  pulseMs?: number;
};

export type Rounds = {
  /** Runs one check now; its result counts. */
  run(check: Check, signal?: AbortSignal): Promise<void>;
  lastRoundAt(): number | null;
  /** Begins to send what is due now. */
  pulse(): void;
  /** Aborts what is under way. Idempotent. */
  stop(): Promise<void>;
};

const TRIM_EVERY_MS = 3600_000;
const HEARTBEAT_MS = 10_000;
const PULSE_MS = 5000;

/** Starts at once, without waiting for the first full minute. */
export function startRounds(options: RoundsOptions): Rounds {
  const { monitor, alerts, log, now, heartbeat } = options;
  const stopping = new AbortController();
  const underWay = new Map<string, Promise<void>>();
  const rechecks = new Map<string, NodeJS.Timeout>();
  const sending = new Set<Promise<void>>();
  const tasks: { destroy(): void | Promise<void> }[] = [];
  let lastRoundAt: number | null = null;
  let lastBeatAt = -Infinity;

  /** One at a time for each check: who asks meanwhile gets the run that is under way. */
  function run(check: Check, signal = stopping.signal): Promise<void> {
    const running = underWay.get(check.id);
    if (running) return running;
    const work = runOnce(check, AbortSignal.any([stopping.signal, signal])).finally(() =>
      underWay.delete(check.id),
    );
    underWay.set(check.id, work);
    return work;
  }

  async function runOnce(check: Check, signal: AbortSignal): Promise<void> {
    const result = await resultOf(check, signal);
    if (!result) return;
    try {
      monitor.take(check.id, result);
      recheckSoon(check);
    } catch (error) {
      log.error({ check: check.id, error: String(error) }, 'a result could not be kept');
    }
  }

  function recheckSoon(check: Check): void {
    const delayMs = nextDelayMs(monitor.report(check.id)!, check.intervalMs);
    if (delayMs >= check.intervalMs || rechecks.has(check.id) || stopping.signal.aborted) return;
    const timer = setTimeout(() => {
      rechecks.delete(check.id);
      void run(check).then(pulse);
    }, delayMs);
    rechecks.set(check.id, timer.unref());
  }

  async function round(checks: readonly Check[]): Promise<void> {
    if (stopping.signal.aborted) return;
    await Promise.all(checks.map((check) => run(check)));
    if (stopping.signal.aborted) return;
    lastRoundAt = now();
    pulse();
    keep(beat());
  }

  /** What is sent is waited for at the end only: a chat that hangs would stop all watching. */
  function keep(work: Promise<void>): void {
    const kept = work.finally(() => sending.delete(kept));
    sending.add(kept);
  }

  function pulse(): void {
    if (stopping.signal.aborted) return;
    try {
      monitor.tick();
      alerts.plan();
      keep(alerts.deliver(stopping.signal).catch(notSent));
    } catch (error) {
      notSent(error);
    }
  }

  function notSent(error: unknown): void {
    log.error({ error: String(error) }, 'alerts could not be sent');
  }

  /** Silence is the alarm: nothing is pushed unless every check is heard of and messages get through. */
  async function beat(): Promise<void> {
    const { intervalMs } = heartbeat;
    const urls = heartbeat.urls();
    if (urls.length === 0 || now() - lastBeatAt < intervalMs * 0.9) return;
    const isComplete = monitor
      .reports()
      .every(({ overlay, checkedAt }) => overlay !== 'stale' && checkedAt !== null);
    if (!isComplete || !alerts.isWorking())
      return log.warn({}, 'no heartbeat: not everything is watched or told');
    lastBeatAt = now();
    await Promise.all(urls.map(push));
  }

  async function push(url: string): Promise<void> {
    try {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(HEARTBEAT_MS)]);
      const answer = await fetch(url, { signal });
      await answer.body?.cancel();
      if (!answer.ok) log.warn({ status: answer.status }, 'the heartbeat was refused');
    } catch (error) {
      log.warn({ error: String((error as Error).cause ?? error) }, 'the heartbeat did not get through');
    }
  }

  function every(ms: number, name: string, work: () => void | Promise<void>): void {
    tasks.push(cron.schedule(cronOf(ms), work, { name, noOverlap: true, timezone: 'Etc/UTC', suppressMissedWarning: true, logger: quiet(log) })); // prettier-ignore
  }

  const first = (async () => {
    // The first round finds out how things are; nothing has to wait for it.
    for (const checks of byInterval(monitor.checks).values()) await round(checks);
  })();
  for (const [intervalMs, checks] of byInterval(monitor.checks)) every(intervalMs, `checks every ${intervalMs} ms`, () => round(checks)); // prettier-ignore
  every(options.pulseMs ?? PULSE_MS, 'alerts', pulse);
  every(TRIM_EVERY_MS, 'trim', options.trim);

  return {
    run,
    lastRoundAt: () => lastRoundAt,
    pulse,
    async stop() {
      stopping.abort();
      for (const timer of rechecks.values()) clearTimeout(timer);
      await Promise.all(tasks.splice(0).map((task) => task.destroy()));
      await Promise.all([first, ...underWay.values(), ...sending]);
    },
  };
}

/** Null when it was stopped: that says nothing of what it checks. */
async function resultOf(check: Check, signal: AbortSignal): Promise<CheckResult | null> {
  const done = new AbortController();
  const late = endAfter(check.timeoutMs);
  const ends = AbortSignal.any([signal, late]);
  try {
    // A check that does not heed its signal is given up all the same.
    const overdue = sleep(check.timeoutMs + 100, null, {
      signal: AbortSignal.any([done.signal, signal]),
    }).then(() => failed(check, 'timeout'));
    overdue.catch(() => undefined);
    return await Promise.race([check.run(ends), overdue]);
  } catch (error) {
    if (signal.aborted) return null;
    return late.aborted ? failed(check, 'timeout') : failedBy(check, error);
  } finally {
    done.abort();
  }
}

/** Our own errors say what is wrong and what to do; the system's have a code. */
function failedBy(check: Check, error: unknown): CheckResult {
  if (error instanceof StudioError) return failed(check, error.message, error.hint ? same(error.hint) : null);
  const { code, message } = error as NodeJS.ErrnoException;
  // `fetch failed` alone says nothing; why is below it.
  const { code: below } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  return failed(check, code ?? below ?? message ?? String(error));
}

function failed({ id, timeoutMs }: Check, reason: string, cure: CheckResult['cure'] = null): CheckResult {
  const why =
    reason === 'timeout'
      ? {
          en: `no answer in ${sayLength(Math.max(1000, timeoutMs))}`,
          es: `sin respuesta en ${sayLength(Math.max(1000, timeoutMs))}`,
        }
      : same(reason.slice(0, 200));
  return {
    ok: false,
    verdict: reason === 'timeout' ? 'timeout' : 'check_failed',
    summary: { en: `${id} fails: ${why.en}`, es: `${id} falla: ${why.es}` },
    cure,
    facts: [],
    latencyMs: null,
  };
}

function byInterval(checks: readonly Check[]): Map<number, Check[]> {
  const groups = new Map<number, Check[]>();
  for (const check of checks) groups.set(check.intervalMs, [...(groups.get(check.intervalMs) ?? []), check]);
  return new Map([...groups].sort(([a], [b]) => a - b));
}

/** The nearest interval that divides a minute, an hour or a day evenly, and is no longer. */
export function cronOf(ms: number): string {
  const below = (most: number, of: number): number => {
    let step = Math.max(1, Math.min(of, Math.floor(most)));
    while (of % step !== 0) step -= 1;
    return step;
  };
  const seconds = ms / 1000;
  if (seconds < 60) return `*/${below(seconds, 60)} * * * * *`;
  if (seconds < 3600) return `0 */${below(seconds / 60, 60)} * * * *`;
  return `0 0 */${below(seconds / 3600, 24)} * * *`;
}

/** node-cron's own words go into our log. */
function quiet(log: Logger) {
  return {
    info: (text: string) => log.debug({}, text),
    debug: (text: string | Error) => log.debug({}, String(text)),
    warn: (text: string) => log.debug({}, text),
    error: (text: string | Error) => log.error({}, String(text)),
  };
}
