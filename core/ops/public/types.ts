/**
 * What anyone may know of how the service does: names that are public anyway, states and figures; no
 * addresses, no paths, no reasons. Monitoring writes it, the status page shows it. Times are epoch ms.
 */
import type { OpsTexts } from '../types.ts';

export type PublicState = 'up' | 'down' | 'unsteady' | 'maintenance' | 'unknown';

/** A host, or a part of the service. */
export type PublicPart = {
  /** The kind of its check, e.g. `edge-origin`. */
  kind: string;
  name: OpsTexts;
  state: PublicState;
  /** Since when. */
  since: number;
  /** Mean of the last 24 h, ms; null where nothing is measured. */
  latencyMs: number | null;
  /** Mean of each hour of the last 24 that has any, oldest first. */
  latency: { at: number; ms: number }[];
  /** Share of good results over all `days`, 0 to 1; null without any. */
  share: number | null;
  /** Results it is made of. */
  samples: number;
  /** Each day (UTC, YYYY-MM-DD) of the last 90, oldest first; none is left out. */
  days: { day: string; good: number; bad: number }[];
};

export type PublicIncident = {
  /** Names of what failed. */
  parts: OpsTexts[];
  began: number;
  /** Null while it lasts. */
  ended: number | null;
};

export type PublicStatus = {
  /** When anything was looked at last; null before that. */
  checkedAt: number | null;
  parts: PublicPart[];
  /** Newest first. */
  incidents: PublicIncident[];
  maintenance: { parts: OpsTexts[]; from: number; until: number }[];
};

/** Null where nothing is known: monitoring never ran on this data folder. */
export type PublicStatusSource = () => PublicStatus | null;
