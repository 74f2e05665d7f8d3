/** Takes jobs and renders them; and tells webhooks how they ended. */
import path from 'node:path';
import { newToken } from '../core/helping/offered-film.ts';
import { helpTimes } from '../core/helping/times.ts';
import { toJob } from '../core/jobs/present.ts';
import { createProduction, workDirOf } from '../core/production.ts';
import { keepSecret } from '../core/secrets.ts';
import { openWebhookGuard } from '../core/service/webhook-guard.ts';
import { localLinksWarning } from './local-links.ts';
import { AFTERMATH_MS, type Parts, type Service } from './parts.ts';

export async function startWorkerService({
  config,
  log,
  jobs,
  storage,
  workshop,
  ffmpeg,
  tuning,
}: Parts): Promise<Service> {
  const { startWorker } = await import('../core/worker.ts');
  const fromS = config.worker.splitFilmsFromS;
  const times = { ...helpTimes, ...tuning.helpTimes };
  const sharing = jobs.help && fromS > 0 ? { board: jobs.help, fromS, token: newToken(), times, log } : null;
  const worker = startWorker({
    jobs,
    run: createProduction({ workshop, ffmpeg, storage, workDir: workDirOf(config.dataDir), sharing }),
    help: sharing ? { run: workshop.help, times } : null,
    concurrency: config.worker.concurrency,
    jobTimeoutMs: config.worker.jobTimeoutS * 1000,
    log,
    ...tuning,
  });
  return { stop: (graceMs) => worker.stop({ graceMs: Math.max(0, graceMs - AFTERMATH_MS) }) };
}

/** Beside any other service: leases see to it that each webhook is sent by one. */
export async function startWebhookService({ config, log, jobs, storage }: Parts): Promise<Service> {
  const { startWebhooks } = await import('../core/jobs/webhooks.ts');
  const guard = openWebhookGuard(config.media.allowHosts);
  const warn = localLinksWarning(config, log);
  const sender = startWebhooks({
    jobs,
    guard,
    secret: await keepSecret(path.join(config.dataDir, 'webhook-secret')),
    present: (record) => {
      warn('webhooks');
      return toJob(record, { fileUrl: (id, name) => storage.url(id, name) });
    },
    log,
  });
  return {
    async stop() {
      try {
        await sender.stop();
      } finally {
        await guard.close();
      }
    },
  };
}
