/** Monitoring in this process, opened before the bots and started after everything else. */
import { listChildren } from '../core/doors.ts';
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
