/** The queue: whether films get made, which is what the service is for. */
import type { JobStats } from '../../core/jobs/types.ts';
import type { Fact } from '../../core/ops/types.ts';
import type { StudioService } from '../../core/studio-service.ts';
import { sayLength, same } from '../texts.ts';
import type { Check, CheckResult } from '../types.ts';

export type JobsSettings = {
  studio: Pick<StudioService, 'status'>;
  /** How long a job may wait, ms. */
  waitMs: number;
  intervalMs: number;
  dependsOn?: readonly string[];
};

/** Below these numbers failures are chance, or one person's broken script. */
const FAILED_LEAST = 4;
const FAILED_SHARE = 0.5;

export function jobsCheck({ studio, waitMs, intervalMs, dependsOn = [] }: JobsSettings): Check {
  return {
    id: 'jobs:queue',
    kind: 'jobs',
    intervalMs,
    timeoutMs: Math.min(15_000, intervalMs * 0.8),
    party: 'own',
    dependsOn,
    async run() {
      const { queue } = await studio.status();
      return judgeQueue(queue, waitMs);
    },
  };
}

export function judgeQueue(queue: JobStats, waitMs: number): CheckResult {
  const { queued, oldestWaitMs, workers, stalled, lastHour } = queue;
  const facts = queueFacts(queue);
  const bad = (verdict: string, summary: CheckResult['summary'], cure: CheckResult['cure']): CheckResult => ({
    ok: false, verdict, summary, cure, facts, latencyMs: null, cause: `jobs:${verdict}`,
  }); // prettier-ignore
  const waited = sayLength(oldestWaitMs ?? 0);
  if (queued > 0 && workers.length === 0)
    return bad(
      'no_worker',
      { en: `No worker runs while ${queued} jobs wait`, es: `No hay ningún worker y esperan ${queued} jobs` },
      {
        en: 'Start one: genscene start with SERVICES=worker, or docker compose up -d worker.',
        es: 'Arranca uno: genscene start con SERVICES=worker, o docker compose up -d worker.',
      },
    );
  if (stalled > 0)
    return bad(
      'stalled',
      {
        en: `${stalled} jobs are stalled: their worker went away`,
        es: `${stalled} jobs parados: su worker se fue`,
      },
      {
        en: 'They are taken back by themselves; if not, look at the workers’ log and memory (/ops vps).',
        es: 'Se recuperan solos; si no, mira el registro y la memoria de los workers (/ops vps).',
      },
    );
  if (oldestWaitMs !== null && oldestWaitMs > waitMs)
    return bad(
      'waits_long',
      { en: `A job has waited for ${waited}; ${queued} are in the queue`, es: `Un job lleva ${waited} esperando; hay ${queued} en la cola` }, // prettier-ignore
      {
        en: 'Add workers or raise WORKER_CONCURRENCY; /ops queue says who works.',
        es: 'Añade workers o sube WORKER_CONCURRENCY; /ops queue dice quién trabaja.',
      },
    );
  const ended = lastHour.done + lastHour.failed;
  if (lastHour.failed >= FAILED_LEAST && lastHour.failed / ended >= FAILED_SHARE)
    return bad(
      'many_failures',
      {
        en: `${lastHour.failed} of ${ended} jobs failed in the last hour (last: ${queue.lastFailed?.code ?? '–'})`,
        es: `${lastHour.failed} de ${ended} jobs fallaron en la última hora (último: ${queue.lastFailed?.code ?? '–'})`,
      },
      {
        en: 'Look at the last one: /video status with its id; “genscene doctor” says what is missing.',
        es: 'Mira el último: /video status con su id; «genscene doctor» dice qué falta.',
      },
    );
  return {
    ok: true,
    verdict: 'ok',
    summary: { en: 'Films are made', es: 'Se hacen vídeos' },
    cure: null,
    facts,
    latencyMs: null,
  };
}

/** Depth, waits, failures, throughput: what `/ops queue` shows. */
export function queueFacts(queue: JobStats): Fact[] {
  const { queued, running, oldestWaitMs, stalled, lastHour, workers, lastFailed } = queue;
  const ended = lastHour.done + lastHour.failed;
  const fact = (en: string, es: string, value: string): Fact => ({ name: { en, es }, value: same(value) });
  const busy = workers.reduce((sum, each) => sum + each.busy, 0);
  return [
    fact('Waiting', 'En espera', String(queued)),
    fact('Under way', 'En marcha', String(running)),
    fact('Longest wait', 'Espera más larga', oldestWaitMs === null ? '–' : sayLength(oldestWaitMs)),
    {
      name: same('Workers'),
      value: { en: `${workers.length} (${busy} busy)`, es: `${workers.length} (${busy} ocupados)` },
    },
    fact('Done last hour', 'Hechos última hora', String(lastHour.done)),
    fact('Failed last hour', 'Fallidos última hora', String(lastHour.failed)),
    fact('Success', 'Éxito', ended === 0 ? '–' : `${Math.round((lastHour.done / ended) * 100)} % (${ended})`),
    fact('Mean render', 'Render medio', lastHour.meanRenderSeconds === null ? '–' : sayLength(lastHour.meanRenderSeconds * 1000)), // prettier-ignore
    fact('Stalled', 'Parados', String(stalled)),
    ...(lastFailed ? [fact('Last failure', 'Último fallo', `${lastFailed.code} · ${lastFailed.id}`)] : []),
  ];
}
