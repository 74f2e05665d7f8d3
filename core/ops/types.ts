/**
 * What monitoring offers to those who operate the service, and the channels it tells them by. The bots
 * ask through Ops and lend their platforms as OpsChannel; app.ts brings the two together, so that
 * neither door knows the other. Times are epoch ms.
 */

export type OpsLocale = 'en' | 'es';
/** The same sentence in each language. */
export type OpsTexts = Readonly<Record<OpsLocale, string>>;
/** A row of what was found, e.g. `Edge: 522 after 19 s`. */
export type Fact = { name: OpsTexts; value: OpsTexts };

/** `recovering` is still down and `suspect` still up as far as anyone was told. */
export type Phase = 'unknown' | 'up' | 'suspect' | 'down' | 'recovering' | 'flapping';
/** What lies over the phase: told to be quiet, not to be judged, or not heard of. */
export type Overlay = 'maintenance' | 'silence' | 'inhibited' | 'stale';

/** What is known of one check. */
export type CheckReport = {
  /** `kind:target`, e.g. `edge-origin:api.example.com`. */
  id: string;
  kind: string;
  phase: Phase;
  overlay: Overlay | null;
  /** Since when it is in this phase. */
  since: number;
  /** The last result; null before the first. */
  result: Finding | null;
  checkedAt: number | null;
};

/** What a check found, in words for people. */
export type Finding = {
  ok: boolean;
  /** A word for machines, e.g. `origin_down`. */
  verdict: string;
  summary: OpsTexts;
  /** What to do about it; null where there is nothing to do. */
  cure: OpsTexts | null;
  facts: readonly Fact[];
  latencyMs: number | null;
};

export type Actor = { platform: string; id: string; name: string };

export type IncidentMember = {
  check: string;
  since: number;
  endedAt: number | null;
  flapping: boolean;
  finding: Finding;
};

/** One root cause and everything that fails by it. */
export type Incident = {
  id: string;
  /** What groups its checks, e.g. `origin_down@203.0.113.7`. */
  cause: string;
  /** When the trouble began. */
  openedAt: number;
  closedAt: number | null;
  members: readonly IncidentMember[];
  ack: { by: Actor; at: number } | null;
  silence: { by: Actor; until: number } | null;
};

/** A time in which nothing is sent about the checks it matches. */
export type Mute = {
  id: string;
  kind: 'silence' | 'maintenance';
  /** Ids of checks with `*` for any letters, separated by commas. */
  matcher: string;
  from: number;
  until: number;
  by: Actor;
  why: string;
};

export type Uptime = {
  check: string;
  windowMs: number;
  /** Share of good results, 0 to 1; null without any. */
  share: number | null;
  /** Results it is made of. */
  samples: number;
  /** Mean of the good ones, ms. */
  latencyMs: number | null;
};

export type OpsStatus = {
  checks: CheckReport[];
  incidents: Incident[];
  mutes: Mute[];
  /** When the last complete round ended. */
  lastRoundAt: number | null;
  /** Messages that no channel has taken yet. */
  undelivered: number;
};

/** What operators may ask and do. Whoever calls has checked their right to it. */
export interface Ops {
  status(): OpsStatus;
  /** Runs checks now whose id matches; all without a matcher. Their results count. */
  check(matcher: string | undefined, signal: AbortSignal): Promise<CheckReport[]>;
  /**
   * Edge, origin and control of a host, and what follows from them; the first watched host without one.
   * @throws {StudioError} invalid_request for what is no host, not_found where none is watched
   */
  diagnose(host: string | undefined, signal: AbortSignal): Promise<{ host: string; finding: Finding }>;
  /** Newest first. */
  incidents(limit: number): Incident[];
  incident(id: string): Incident | null;
  /** Ends the reminders of an incident; of all open ones without an id. @returns those acknowledged */
  ack(id: string | undefined, by: Actor): Incident[];
  /** Nothing is sent about what matches until the time is over. @throws {StudioError} invalid_request */
  mute(
    what: { kind: Mute['kind']; matcher: string; minutes: number; from?: number; why: string },
    by: Actor,
  ): Mute;
  /** Silences the checks of one incident. @throws {StudioError} not_found */
  silenceIncident(id: string, minutes: number, by: Actor): Mute;
  /** Ends mutes of a kind that are now in force or still to come. @returns how many */
  unmute(kind: Mute['kind'], matcher: string | undefined, by: Actor): number;
  /** For each check, over each window (ms). */
  uptime(windows: readonly number[]): Uptime[];
  /** Ids and kinds, for completing what someone types. */
  checkIds(): string[];
  hosts(): string[];
  /** The last finding of a kind of check, or a fresh one; null where that check is off. */
  finding(kind: string, signal: AbortSignal): Promise<Finding | null>;
  /** Lends a channel for alerts, from now on. @returns how to take it back */
  attach(channel: OpsChannel): () => void;
}

// ---------------------------------------------------------------- how alerts go out

export type OpsButton = 'ack' | 'silence' | 'diagnose';

/** A message to operators, in the words every platform can show. All strings are plain text. */
export type OpsMessage = {
  /** By which it can be found again after an answer was lost. */
  key: string;
  tone: 'neutral' | 'working' | 'good' | 'bad';
  title: string;
  lines: { text: string; style?: 'plain' | 'strong' | 'small' | 'quote' }[];
  fields: { name: string; value: string }[];
  links: { label: string; url: string }[];
  footer: string;
  /** Each for this incident. */
  buttons: { does: OpsButton; label: string; incident: string }[];
};

/** Where a message was posted; plain data of the platform's own, kept over restarts. */
export type PostedMessage = object | string | number;

/**
 * One channel that operators read. Every call is tried once and ends with the signal; what it throws may
 * carry `fault` (`gone` and `too_old`: post a new one) and `retryAfterMs`.
 */
export interface OpsChannel {
  /** `platform:channel`; the same over restarts. */
  readonly id: string;
  locale(): OpsLocale;
  post(message: OpsMessage, signal: AbortSignal): Promise<PostedMessage>;
  edit(posted: PostedMessage, message: OpsMessage, signal: AbortSignal): Promise<PostedMessage>;
  /** Below a message, in its thread. */
  reply(posted: PostedMessage, message: OpsMessage, signal: AbortSignal): Promise<PostedMessage>;
  /** The message with this key, or null; looks below `parent` where one is given. */
  find(
    key: string,
    since: number,
    parent: PostedMessage | null,
    signal: AbortSignal,
  ): Promise<PostedMessage | null>;
  linkTo(posted: PostedMessage): string | null;
}

/** Takes a report of a watcher elsewhere, as its webhook brought it; false where it is not understood. */
export type ReportSink = (report: Readonly<Record<string, unknown>>) => boolean;
