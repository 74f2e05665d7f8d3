/** What operators may ask and do, over the monitor and its memory. */
import { StudioError } from '../core/errors.ts';
import type { Mute, Ops, OpsChannel } from '../core/ops/types.ts';
import type { StoredIncident } from './incidents.ts';
import { addressOf, diagnose, originFor } from './diagnosis.ts';
import type { Monitor } from './monitor.ts';
import { covers, matches, muteOf } from './mutes.ts';
import type { Resolve } from './probe.ts';
import { tierFor, uptimeOf } from './rings.ts';
import type { Rounds } from './rounds.ts';
import type { MonitorStore } from './store.ts';

export type OpsOptions = {
  monitor: Monitor;
  store: MonitorStore;
  rounds: () => Rounds;
  channels: Set<OpsChannel>;
  /** Addresses of watched hosts. */
  hosts: readonly string[];
  origin?: string | undefined;
  controlUrl: string;
  statusUrl: string;
  resolve?: Resolve | undefined;
  now: () => number;
  newId: () => string;
  /** Told of maintenance that begins or ends. */
  announce?: (mute: Mute) => void;
};

/** A 522 takes the edge 19 s. */
const DIAGNOSE_MS = 28_000;
const LONGEST_MUTE_MINUTES = 30 * 24 * 60;
/** A finding this young need not be looked for again, ms. */
const FRESH_MS = 60_000;

export function createOps(options: OpsOptions): Ops {
  const { monitor, store, rounds, channels, hosts, now, newId } = options;

  function addMute(mute: Omit<Mute, 'id'>, action: string): Mute {
    const kept: Mute = { ...mute, id: newId() };
    store.saveMute(kept);
    monitor.audit(action, mute.matcher, `${mute.why} (until ${new Date(mute.until).toISOString()})`, mute.by);
    if (kept.kind === 'maintenance') options.announce?.(kept);
    return kept;
  }

  const ops: Ops = {
    status: () => ({
      checks: monitor.reports(),
      incidents: store.openIncidents().filter(({ kind }) => kind === 'incident'),
      mutes: store.mutes(now()),
      lastRoundAt: rounds().lastRoundAt(),
      undelivered: store.pending().filter(({ what, done }) => what === 'card' && done === 0).length,
    }),
    async check(matcher, signal) {
      const wanted = monitor.checks.filter(({ id }) => matcher === undefined || matches(matcher, id));
      if (wanted.length === 0) throw noCheck(matcher ?? '');
      await Promise.all(wanted.map((check) => rounds().run(check, signal)));
      rounds().pulse();
      return wanted.map(({ id }) => monitor.report(id)!);
    },
    async diagnose(host, signal) {
      const url = addressOf(host, hosts);
      const {
        evidence: _evidence,
        cause: _cause,
        ...finding
      } = await diagnose(url, {
        ...options,
        origin: originFor(url, hosts, options.origin),
        timeoutMs: DIAGNOSE_MS,
        signal,
      });
      return { host: url.hostname, finding };
    },
    incidents: (limit) =>
      store
        .incidents(limit * 2)
        .filter(({ kind }) => kind === 'incident')
        .slice(0, limit),
    incident: (id) => store.incident(id),
    ack(id, by) {
      const wanted = store.openIncidents().filter((incident) => id === undefined || incident.id === id);
      const acked = wanted.flatMap((incident) => {
        if (incident.ack) return [incident];
        monitor.audit('ack', incident.id, '', by);
        return monitor.change(incident.id, (each) => ({ ...each, ack: { by, at: now() } })) ?? [];
      });
      rounds().pulse();
      return acked;
    },
    mute({ kind, matcher, minutes, from, why }, by) {
      if (!monitor.checks.some(({ id }) => matches(matcher, id))) throw noCheck(matcher);
      if (!(minutes > 0 && minutes <= LONGEST_MUTE_MINUTES))
        throw new StudioError('invalid_request', 'The time must be between a minute and 30 days.');
      const begins = Math.max(from ?? now(), now());
      return addMute({ kind, matcher, from: begins, until: begins + minutes * 60_000, by, why }, kind);
    },
    silenceIncident(id, minutes, by) {
      const incident = store.incident(id);
      if (!incident) throw new StudioError('not_found', 'There is no such incident.');
      const matcher = incident.members.map(({ check }) => check).join(',');
      const until = now() + minutes * 60_000;
      const mute = addMute(
        { kind: 'silence', matcher, from: now(), until, by, why: `incident ${id}` },
        'silence',
      );
      monitor.change(id, (each: StoredIncident) => ({ ...each, silence: { by, until } }));
      rounds().pulse();
      return mute;
    },
    unmute(kind, matcher, by) {
      const ended = store
        .mutes(now())
        .filter((mute) => mute.kind === kind && (matcher === undefined || covers(matcher, mute.matcher)));
      for (const mute of ended) {
        const over = { ...mute, until: now() };
        store.saveMute(over);
        if (kind === 'maintenance') options.announce?.(over);
        monitor.audit(`end of ${kind}`, mute.matcher, '', by);
      }
      // What their cards say of a silence is no longer true.
      const left = store.mutes(now());
      for (const { id, silence, members } of store.openIncidents())
        if (silence && !members.some(({ check }) => muteOf(check, left, now())))
          monitor.change(id, (each) => ({ ...each, silence: null }));
      rounds().pulse();
      return ended.length;
    },
    uptime: (windows) =>
      monitor.checks.flatMap(({ id }) =>
        windows.map((ms) => uptimeOf(id, ms, store.slots(id, tierFor(ms), now() - ms))),
      ),
    checkIds: () => monitor.checks.map(({ id }) => id),
    hosts: () => hosts.map((url) => new URL(url).hostname),
    async finding(kind, signal) {
      const check = monitor.checks.find((each) => each.kind === kind);
      if (!check) return null;
      const known = monitor.report(check.id);
      if (!known?.result || now() - (known.checkedAt ?? 0) > FRESH_MS) await rounds().run(check, signal);
      return monitor.report(check.id)?.result ?? null;
    },
    attach(channel) {
      channels.add(channel);
      return () => void channels.delete(channel);
    },
  };
  return ops;
}

function noCheck(matcher: string): StudioError {
  return new StudioError('invalid_request', `No check is called "${matcher.slice(0, 80)}".`, {
    hint: '/ops status lists them; * stands for any letters.',
  });
}
