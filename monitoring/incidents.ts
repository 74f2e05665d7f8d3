/** Pure: what the watchdogs tell becomes incidents, one for each root cause, with everything that fails by it. */
import type { Finding, Incident, IncidentMember } from '../core/ops/types.ts';
import type { WatchEvent } from './watchdog.ts';

/** As it is kept. */
export type StoredIncident = Incident & {
  kind: 'incident' | 'notice';
  /** Grows whenever what is shown of it changes. */
  version: number;
  /** Before this nothing is told, so that what fails together is told together. */
  tellAt: number;
  /** When the next reminder is due; null before it was told. */
  remindAt: number | null;
  reminders: number;
};

/** What a watchdog told, of which check, with what was found last. */
export type Told = { check: string; event: WatchEvent; finding: Finding; cause: string };

export const REMIND_FIRST_MS = 15 * 60_000;
export const REMIND_AGAIN_MS = 3600_000;

/**
 * The incident that changes by this, changed; a new one for a cause nothing else fails by.
 * Null for the recovery of what no open incident knows.
 */
export function incidentAfter(
  open: readonly StoredIncident[],
  told: Told,
  { now, groupMs, newId }: { now: number; groupMs: number; newId: () => string },
): StoredIncident | null {
  const { check, event } = told;
  const own = open.find(({ members }) => members.some((member) => member.check === check && !member.endedAt));
  if (event.type === 'up') return own ? withRecovery(own, check, event) : null;
  const incident =
    own ?? open.find(({ cause }) => cause === told.cause) ?? begun(told, now, groupMs, newId());
  return withMember(incident, {
    check,
    since: event.since,
    endedAt: null,
    flapping: event.type === 'flapping',
    finding: told.finding,
  });
}

/** The same with what was found since, if that is another fault. */
export function withFinding(
  incident: StoredIncident,
  check: string,
  finding: Finding,
): StoredIncident | null {
  const member = incident.members.find((each) => each.check === check && each.endedAt === null);
  if (!member || finding.ok || member.finding.verdict === finding.verdict) return null;
  return withMember(incident, { ...member, finding });
}

/** A message that is told once; it is over as soon as some channel is to tell it. */
export function noticeOf(check: string, key: string, finding: Finding, now: number): StoredIncident {
  return {
    ...begun({ check, cause: key, finding, event: { since: now } }, now, 0, `n-${key}`),
    kind: 'notice',
    version: 1,
    members: [{ check, since: now, endedAt: now, flapping: false, finding }],
  };
}

/** The member that says most about the cause: what compares edge and origin, else what failed first. */
export function leadOf({ members }: Pick<Incident, 'members'>): IncidentMember {
  const active = members.filter(({ endedAt }) => endedAt === null);
  const rank = ({ check, since }: IncidentMember): number => (check.startsWith('edge-origin:') ? 0 : since);
  return (active.length > 0 ? active : [...members]).reduce((best, each) =>
    rank(each) < rank(best) ? each : best,
  );
}

function begun(
  { cause, event }: { cause: string; event: Pick<WatchEvent, 'since'>; check: string; finding: Finding },
  now: number,
  groupMs: number,
  id: string,
): StoredIncident {
  return {
    id,
    kind: 'incident',
    cause,
    openedAt: event.since,
    closedAt: null,
    members: [],
    ack: null,
    silence: null,
    version: 0,
    tellAt: now + groupMs,
    remindAt: null,
    reminders: 0,
  };
}

function withMember(incident: StoredIncident, member: IncidentMember): StoredIncident {
  const others = incident.members.filter(({ check }) => check !== member.check);
  return {
    ...incident,
    members: [...others, member],
    openedAt: Math.min(incident.openedAt, member.since),
    version: incident.version + 1,
  };
}

function withRecovery(incident: StoredIncident, check: string, { until }: WatchEvent): StoredIncident {
  const members = incident.members.map((each) =>
    each.check === check ? { ...each, endedAt: until, flapping: false } : each,
  );
  const isOver = members.every(({ endedAt }) => endedAt !== null);
  const closedAt = isOver ? Math.max(...members.map(({ endedAt }) => endedAt!)) : null;
  return { ...incident, members, closedAt, version: incident.version + 1 };
}
