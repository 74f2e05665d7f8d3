/** A public host: edge and origin compared, so that the alert says which of them to mend. */
import { diagnose } from '../diagnosis.ts';
import type { Resolve } from '../probe.ts';
import type { Check } from '../types.ts';

export type EdgeOriginSettings = {
  /** What to ask for at the host. */
  url: string;
  /** Public address of the origin: over loopback a firewall's faults would not show. */
  origin?: string | undefined;
  controlUrl: string;
  statusUrl: string;
  intervalMs: number;
  resolve?: Resolve | undefined;
  dependsOn?: readonly string[];
};

/** Enough to see a 522, which takes the edge 19 s. */
const TIMEOUT_MS = 28_000;

export function edgeOriginId(host: string): string {
  return `edge-origin:${host}`;
}

export function edgeOriginCheck(settings: EdgeOriginSettings): Check {
  const url = new URL(settings.url);
  const timeoutMs = Math.min(TIMEOUT_MS, settings.intervalMs * 0.94);
  return {
    id: edgeOriginId(url.hostname),
    kind: 'edge-origin',
    intervalMs: settings.intervalMs,
    timeoutMs,
    party: 'own',
    dependsOn: settings.dependsOn ?? [],
    async run(signal) {
      const { evidence: _evidence, ...result } = await diagnose(url, {
        ...settings,
        timeoutMs: timeoutMs - 100,
        signal,
      });
      return result;
    },
  };
}
