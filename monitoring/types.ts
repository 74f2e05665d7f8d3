/**
 * The contract of checks. A check is one file in checks/: a function that takes its settings and answers
 * null where they are missing, else Check. The rounds run it, the watchdog judges its results over time.
 */
import type { Finding } from '../core/ops/types.ts';

export type Check = {
  /** `kind:target`, unique and the same over restarts, e.g. `edge-origin:api.example.com`. */
  id: string;
  kind: string;
  /** ms between two results; checks of one interval make a round. */
  intervalMs: number;
  /** ms after which a run counts as failed; below the interval. */
  timeoutMs: number;
  /** Whose it is: own ones are down at 3 bad of the last 5, those of third parties at 3 in a row. */
  party: 'own' | 'third';
  /** While one of these checks (by id) fails, this one is not judged. */
  dependsOn?: readonly string[];
  /** Shown, but never alerted: context. */
  quiet?: boolean;
  /** Ends by the signal. What it throws counts as a failure. */
  run(signal: AbortSignal): Promise<CheckResult>;
};

export type CheckResult = Finding & {
  /** Checks that fail by one cause become one incident. Default: the check's id and verdict. */
  cause?: string;
  /** To be told once each, whatever the state: e.g. that a certificate ends in 14 days. */
  notices?: readonly Notice[];
};

/** `key` is told once, ever. */
export type Notice = { key: string; finding: Omit<Finding, 'ok' | 'latencyMs'> };
