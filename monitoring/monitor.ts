/**
 * Results in, incidents out: keeps the watchdog of each check, its mutes and dependencies, and turns what
 * they tell into incidents, all written down before anything is sent. It asks nothing and sends nothing.
 */
import type { Actor, CheckReport, Finding, Mute, Overlay } from '../core/ops/types.ts';
import { incidentAfter, noticeOf, withFinding, type StoredIncident } from './incidents.ts';
import { muteOf } from './mutes.ts';
import type { Delivery, MonitorStore, Watched } from './store.ts';
import type { Check, CheckResult } from './types.ts';
import { initialState, next, policyOf, type Policy, type WatchEvent } from './watchdog.ts';

export type MonitorOptions = {
  checks: readonly Check[];
  store: MonitorStore;
  now: () => number;
  /** How long what fails together is gathered before it is told, ms. */
  groupMs: number;
  newId: () => string;
};

export type Monitor = {
  readonly checks: readonly Check[];
  /** A check's result. Those of checks it does not know are not for it. */
  take(check: string, result: CheckResult): void;
  /** Time has passed: mutes end, checks go stale. */
  tick(): void;
  report(check: string): CheckReport | null;
  reports(): CheckReport[];
  /** Changes an incident as a person asked, and says so on its card. */
  change(id: string, change: (incident: StoredIncident) => StoredIncident): StoredIncident | null;
  audit(action: string, about: string, why: string, by: Actor): void;
};

type LastBad = NonNullable<Watched['lastBad']>;

export function createMonitor({ checks, store, now, groupMs, newId }: MonitorOptions): Monitor {
  const byId = new Map(checks.map((check) => [check.id, check]));
  const watched = new Map(checks.map(({ id }) => [id, store.watched(id) ?? unwatched(now())]));

  function step(check: Check, result: CheckResult | null, mutes: readonly Mute[]): void {
    const before = watched.get(check.id)!;
    const policy = policyNow(check, before.state.inhibited, result, mutes);
    const { state, events } = next(before.state, result && { ok: result.ok }, policy, now());
    if (!result && state === before.state && events.length === 0) return;
    const after: Watched = {
      state,
      finding: result ? findingOf(result) : before.finding,
      lastBad: result && !result.ok ? lastBadOf(check, result) : before.lastBad,
      checkedAt: result ? now() : before.checkedAt,
    };
    store.together(() => {
      store.saveWatched(check.id, after);
      if (result && !policy.inhibited && muteOf(check.id, mutes, now())?.kind !== 'maintenance')
        store.addResult(check.id, result.ok, result.latencyMs, now());
      if (check.quiet) return;
      if (after.lastBad) for (const event of events) record(check, event, after.lastBad);
      if (result && !policy.muted) renew(check, result);
    });
    watched.set(check.id, after);
  }

  /** A good result is good whatever else fails; a bad one may be the fault of what it depends on. */
  function policyNow(
    check: Check,
    wasInhibited: boolean,
    result: CheckResult | null,
    mutes: readonly Mute[],
  ): Policy {
    const mayBeInhibited = result ? !result.ok : wasInhibited;
    return {
      ...policyOf(check.party, check.intervalMs),
      muted: muteOf(check.id, mutes, now()) !== null,
      inhibited: mayBeInhibited && (check.dependsOn ?? []).some((id) => isFailing(watched.get(id))),
    };
  }

  function record(check: Check, event: WatchEvent, { finding, cause }: LastBad): void {
    const told = { check: check.id, event, finding, cause };
    const incident = incidentAfter(store.openIncidents(), told, { now: now(), groupMs, newId });
    if (incident) save(incident);
  }

  /** The fault may turn out to be another; and what is told once, whatever the state. */
  function renew(check: Check, result: CheckResult): void {
    for (const incident of store.openIncidents()) {
      const changed = withFinding(incident, check.id, findingOf(result));
      if (changed) save(changed);
    }
    for (const { key, finding } of result.notices ?? []) {
      const notice = noticeOf(check.id, key, { ...finding, ok: true, latencyMs: null }, now());
      if (!store.incident(notice.id)) save(notice);
    }
  }

  /** What was told of it is brought up to date, and its end is told where its beginning was. */
  function save(incident: StoredIncident): void {
    store.saveIncident(incident);
    for (const card of store.deliveriesOf(incident.id).filter(({ what }) => what === 'card')) {
      store.saveDelivery({ ...card, want: incident.version, dueAt: Math.min(card.dueAt, now()) });
      if (incident.closedAt !== null) store.saveDelivery(endBelow(card, now()));
    }
  }

  function report(id: string): CheckReport | null {
    const check = byId.get(id);
    const known = watched.get(id);
    if (!check || !known) return null;
    const { state, finding, checkedAt } = known;
    const overlay = overlayOf(known, muteOf(id, store.mutes(now()), now()), check, now());
    return {
      id,
      kind: check.kind,
      phase: state.phase,
      overlay,
      since: state.since,
      result: finding,
      checkedAt,
    };
  }

  return {
    checks,
    take(id, result) {
      const check = byId.get(id);
      if (check) step(check, result, store.mutes(now()));
    },
    tick() {
      const mutes = store.mutes(now());
      for (const check of checks) step(check, null, mutes);
    },
    report,
    reports: () => checks.map(({ id }) => report(id)!),
    change(id, change) {
      const incident = store.incident(id);
      if (!incident) return null;
      const changed = change(incident);
      store.together(() => save({ ...changed, version: incident.version + 1 }));
      return store.incident(id);
    },
    audit: (action, about, why, by) => store.audit({ at: now(), by, action, about, why }),
  };
}

function unwatched(now: number): Watched {
  return { state: initialState(now), finding: null, lastBad: null, checkedAt: null };
}

/** Suspicion is enough: else what depends on it would be down first. */
function isFailing(watched: Watched | undefined): boolean {
  return watched !== undefined && ['suspect', 'down', 'recovering', 'flapping'].includes(watched.state.phase);
}

function findingOf({ ok, verdict, summary, cure, facts, latencyMs }: CheckResult): Finding {
  return { ok, verdict, summary, cure, facts, latencyMs };
}

function lastBadOf({ id }: Check, result: CheckResult): LastBad {
  return { finding: findingOf(result), cause: result.cause ?? `${id}:${result.verdict}` };
}

function endBelow(card: Delivery, now: number): Delivery {
  return {
    ...card,
    key: card.key.replace(/:card$/, ':recovered'),
    what: 'recovered',
    want: 1,
    done: 0,
    posted: null,
    attempts: 0,
    dueAt: now,
    createdAt: now,
  };
}

function overlayOf(
  { state, checkedAt }: Watched,
  mute: Mute | null,
  { intervalMs }: Check,
  now: number,
): Overlay | null {
  if (mute) return mute.kind;
  if (state.inhibited) return 'inhibited';
  return state.stale || (checkedAt !== null && now - checkedAt > 3 * intervalMs) ? 'stale' : null;
}
