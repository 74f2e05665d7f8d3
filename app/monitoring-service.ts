/** Monitoring in this process, opened before the bots and started after everything else. */
import { listChildren } from '../core/doors.ts';
import type { PublicStatusSource } from '../core/ops/public/types.ts';
import type { Monitoring } from '../monitoring/index.ts';
import type { Parts } from './parts.ts';

export async function openMonitoringService({ config, log, studio, tuning }: Parts): Promise<Monitoring> {
  const { openMonitoring } = await import('../monitoring/index.ts');
  return openMonitoring({
    config,
    studio,
    log,
    children: () => listChildren(process.pid),
    tuning: tuning.monitoring ?? {},
  });
}

/**
 * What the status page shows: of the monitoring of this process, or of one on the same data folder.
 * Undefined where there is to be none.
 */
export async function openStatusSource(
  { config }: Parts,
  monitoring: Monitoring | null,
): Promise<{ read: PublicStatusSource; close(): void } | undefined> {
  if (!config.monitoring.statusPage) return undefined;
  if (monitoring) return { read: monitoring.publicStatus, close: () => undefined };
  const { openPublicStatus } = await import('../monitoring/public-status.ts');
  return openPublicStatus(config.dataDir);
}
