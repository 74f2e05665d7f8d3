/**
 * The state machine of one check, pure: results over time become a phase, and changes of the phase become
 * what is told. What was told is kept apart from what is true, so that a silence only puts telling off:
 * nothing is told twice, and every DOWN that was told gets its recovery.
 */
import type { Phase } from '../core/ops/types.ts';

export type WatchState = {
  phase: Phase;
  /** Since when it is in this phase, epoch ms. */
  since: number;
  /** What the channels were told last. */
  told: 'up' | 'down' | 'flapping';
  /** When the trouble that was told began. */
  toldSince: number | null;
  /** When the present trouble began (its first bad result); null while there is none. */
  troubleSince: number | null;
  /** When it last went up for certain. */
  upAt: number | null;
  /** The last results that are judged, oldest first. */
  recent: readonly boolean[];
  /** Equal results in a row, up to the last one. */
  run: { ok: boolean; count: number; since: number } | null;
  /** When it went down or up, within the time that counts for flapping. */
  changes: readonly number[];
  lastResultAt: number | null;
  stale: boolean;
  inhibited: boolean;
};

export type Policy = {
  /** Down at `bad` of the last `of` results. */
  down: { bad: number; of: number };
  /** Up again after so many good results in a row. */
  goodInARow: number;
  /** So many changes within the time make it flapping, until it is steady for so long, ms. */
  flapping: { changes: number; withinMs: number; steadyMs: number };
  intervalMs: number;
  /** Silence or maintenance: nothing is told now. */
  muted: boolean;
  /** Something it depends on fails: its results say nothing of itself. */
  inhibited: boolean;
};

/** - `settled`: what flapped is steadily down now; the message about it is changed, not sent again */
export type WatchEvent = {
  type: 'down' | 'up' | 'flapping' | 'settled';
  at: number;
  /** When the trouble began. */
  since: number;
  /** Of `up`: when it ended, which may be before it could be told. */
  until: number;
};

/** Own hosts: 3 of 5 finds partial outages. Third parties: 3 in a row, since their blips are not ours to mend. */
const DOWN = { own: { bad: 3, of: 5 }, third: { bad: 3, of: 3 } } as const;
const STALE_INTERVALS = 3;

export function policyOf(party: 'own' | 'third', intervalMs: number): Policy {
  return {
    down: DOWN[party],
    goodInARow: 3,
    flapping: { changes: 4, withinMs: 3600_000, steadyMs: 600_000 },
    intervalMs,
    muted: false,
    inhibited: false,
  };
}

export function initialState(now: number): WatchState {
  return {
    phase: 'unknown',
    since: now,
    told: 'up',
    toldSince: null,
    troubleSince: null,
    upAt: null,
    recent: [],
    run: null,
    changes: [],
    lastResultAt: null,
    stale: false,
    inhibited: false,
  };
}

/**
 * The next state, and what is to be told of it. Without a result only time has passed.
 * @param now epoch ms, never before that of an earlier call
 */
export function next(
  state: WatchState,
  result: { ok: boolean } | null,
  policy: Policy,
  now: number,
): { state: WatchState; events: WatchEvent[] } {
  let after = forgetStale(state, policy, now);
  if (policy.inhibited) after = setAside(after, result, now);
  else if (result) after = judge({ ...after, inhibited: false, stale: false }, result.ok, policy, now);
  else if (after.inhibited) after = { ...after, inhibited: false };
  if (policy.muted || policy.inhibited) return { state: after, events: [] };
  return tell(after, now);
}

/** When the next result is wanted: soon, while it is in doubt. */
export function nextDelayMs({ phase }: Pick<WatchState, 'phase'>, intervalMs: number): number {
  return phase === 'suspect' ? Math.min(intervalMs, Math.max(1000, intervalMs / 3)) : intervalMs;
}

/** Results from before a long gap say nothing about now. */
function forgetStale(state: WatchState, { intervalMs }: Policy, now: number): WatchState {
  const { lastResultAt } = state;
  const isHeardOf = lastResultAt === null || now - lastResultAt <= STALE_INTERVALS * intervalMs;
  if (isHeardOf || state.stale) return state;
  return { ...undecided(state, now), stale: true };
}

function setAside(state: WatchState, result: { ok: boolean } | null, now: number): WatchState {
  if (!result) return state.inhibited ? state : { ...undecided(state, now), inhibited: true };
  return { ...undecided(state, now), inhibited: true, lastResultAt: now, stale: false };
}

/** What was being found out is to be found out anew; what is certain stays. */
function undecided(state: WatchState, now: number): WatchState {
  const cleared = { ...state, recent: [], run: null };
  if (state.phase === 'suspect') return { ...enter(cleared, 'unknown', now), troubleSince: null };
  if (state.phase === 'recovering') return enter(cleared, 'down', now);
  return cleared;
}

function judge(state: WatchState, ok: boolean, policy: Policy, now: number): WatchState {
  const run =
    state.run?.ok === ok ? { ...state.run, count: state.run.count + 1 } : { ok, count: 1, since: now };
  const seen: WatchState = {
    ...state,
    run,
    recent: [...state.recent, ok].slice(-policy.down.of),
    lastResultAt: now,
    changes: state.changes.filter((at) => now - at < policy.flapping.withinMs),
  };
  switch (state.phase) {
    case 'unknown':
    case 'up':
    case 'suspect':
      return judgeUp(seen, policy, now);
    case 'down':
    case 'recovering':
      return judgeDown(seen, run, policy, now);
    case 'flapping':
      return judgeFlapping(seen, run, policy, now);
  }
}

function judgeUp(state: WatchState, policy: Policy, now: number): WatchState {
  const bad = state.recent.filter((ok) => !ok).length;
  if (bad === 0) return { ...enter(state, 'up', now), troubleSince: null };
  const troubled = { ...state, troubleSince: state.troubleSince ?? now };
  return bad >= policy.down.bad ? change(troubled, 'down', policy, now) : enter(troubled, 'suspect', now);
}

function judgeDown(
  state: WatchState,
  { ok, count }: NonNullable<WatchState['run']>,
  policy: Policy,
  now: number,
): WatchState {
  if (!ok) return enter(state, 'down', now);
  if (count < policy.goodInARow) return enter(state, 'recovering', now);
  return change(calm(state, now), 'up', policy, now);
}

function judgeFlapping(
  state: WatchState,
  { ok, since }: NonNullable<WatchState['run']>,
  { flapping }: Policy,
  now: number,
): WatchState {
  if (now - since < flapping.steadyMs) return state;
  return ok ? enter(calm(state, now), 'up', now) : enter(state, 'down', now);
}

/** What was bad before counts no more. */
function calm(state: WatchState, now: number): WatchState {
  return { ...state, recent: [], troubleSince: null, upAt: now };
}

/** Down or up for certain: too many of these are flapping. */
function change(state: WatchState, phase: 'down' | 'up', { flapping }: Policy, now: number): WatchState {
  const changes = [...state.changes, now];
  return enter({ ...state, changes }, changes.length >= flapping.changes ? 'flapping' : phase, now);
}

function enter(state: WatchState, phase: Phase, now: number): WatchState {
  return phase === state.phase ? state : { ...state, phase, since: now };
}

/** Brings what was told to what is true. */
function tell(state: WatchState, now: number): { state: WatchState; events: WatchEvent[] } {
  const truth = truthOf(state);
  if (truth === null || truth === state.told) return { state, events: [] };
  const since = state.toldSince ?? state.troubleSince ?? now;
  const type = state.told === 'flapping' && truth === 'down' ? 'settled' : truth;
  const event: WatchEvent = { type, at: now, since, until: (truth === 'up' && state.upAt) || now };
  return { state: { ...state, told: truth, toldSince: truth === 'up' ? null : since }, events: [event] };
}

/** Null while it is not certain. */
function truthOf({ phase }: WatchState): WatchState['told'] | null {
  switch (phase) {
    case 'up':
    case 'suspect':
      return 'up';
    case 'down':
    case 'recovering':
      return 'down';
    case 'flapping':
      return 'flapping';
    case 'unknown':
      return null;
  }
}
