/** What monitoring of this process knows, as Prometheus metrics. */
import { Gauge, type Registry } from 'prom-client';
import type { CheckReport, Ops } from '../core/ops/types.ts';

/** Down as far as anyone was told; an unknown check has no sample. */
const UP: Readonly<Record<CheckReport['phase'], number | null>> = {
  unknown: null,
  up: 1,
  suspect: 1,
  down: 0,
  recovering: 0,
  flapping: 0,
};

/** @returns what brings them up to date, before each scrape */
export function opsMetrics(registry: Registry, ops: Pick<Ops, 'status'>, now: () => number): () => void {
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name: `genscene_${name}`, help, labelNames, registers: [registry] });
  const labels = ['check', 'kind'];
  const up = gauge('check_up', 'Whether a check is good: 1, or 0', labels);
  const quiet = gauge('check_muted', 'Whether it is under maintenance, silenced or cannot be judged', labels);
  const latency = gauge('check_latency_seconds', 'What the last good result measured', labels);
  const age = gauge('check_age_seconds', 'Since the last result', labels);
  const incidents = gauge('incidents_open', 'Incidents that are open');
  const unacked = gauge('incidents_unacknowledged', 'Open incidents that nobody has acknowledged');
  const undelivered = gauge('alerts_undelivered', 'Alerts that no channel has taken yet');
  const round = gauge('monitoring_round_age_seconds', 'Since the last complete round of checks');

  return () => {
    const status = ops.status();
    for (const each of [up, quiet, latency, age]) each.reset();
    for (const { id: check, kind, phase, overlay, result, checkedAt } of status.checks) {
      const of = { check, kind };
      const value = UP[phase];
      if (value !== null) up.set(of, value);
      quiet.set(of, overlay === null ? 0 : 1);
      const measured = result?.latencyMs ?? null;
      if (measured !== null) latency.set(of, measured / 1000);
      if (checkedAt !== null) age.set(of, Math.max(0, now() - checkedAt) / 1000);
    }
    incidents.set(status.incidents.length);
    unacked.set(status.incidents.filter(({ ack }) => ack === null).length);
    undelivered.set(status.undelivered);
    if (status.lastRoundAt !== null) round.set(Math.max(0, now() - status.lastRoundAt) / 1000);
  };
}
