/**
 * The composition root: settings → drivers → studio → the services asked for, each started by a file
 * of app/. Nothing else wires parts together. What was started last is stopped first.
 */
import { keepAliveFile } from './app/alive-file.ts';
import { startApiService } from './app/api-service.ts';
import { startDiscordService, startSlackService } from './app/bot-services.ts';
import { localLinksWarning } from './app/local-links.ts';
import { openMonitoringService, openStatusSource } from './app/monitoring-service.ts';
import { AFTERMATH_MS, openParts, type AppOptions, type Service } from './app/parts.ts';
import { servicesOf } from './app/services.ts';
import { startWebhookService, startWorkerService } from './app/worker-service.ts';
import type { Config, ServiceName } from './core/config.ts';
import { firstOf } from './core/pause.ts';
import type { RunningStudioService } from './core/service/index.ts';

/** For `genscene key`. */
export { addKey, listKeys, removeKeys } from './core/keys.ts';
/** For `genscene usage forget`. */
export { forgetPerson } from './app/forget.ts';
export type { AppOptions } from './app/parts.ts';

export type RunningApp = {
  /** Where the API listens, e.g. `http://localhost:8000`; null if it does not run here. */
  address: string | null;
  services: readonly ServiceName[];
  studio: RunningStudioService;
  /**
   * Refuses new work at once, lets running jobs finish within `graceMs`, puts the others back in the
   * queue, and ends everything within two more seconds. Idempotent.
   */
  stop(graceMs: number): Promise<void>;
};

/**
 * Starts the services of the settings in this process.
 * @throws {StudioError} invalid_request for settings, not_ready for what cannot be opened; nothing is left running then
 */
export async function startApp(config: Config, options: AppOptions): Promise<RunningApp> {
  const { log } = options;
  const services = servicesOf(config);
  const opened: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse())
      await close().catch((error: unknown) => log.error({ error: String(error) }, 'a part did not close'));
  };
  try {
    let address: string | null = null;
    const localAddress = (): string => address ?? `http://localhost:${config.server.port}`;
    const parts = await openParts(config, options, localAddress, opened);
    const { studio, jobs } = parts;
    const worker = services.includes('worker') ? await startWorkerService(parts) : null;
    if (worker) opened.push(() => worker.stop(0));
    const doors: Service[] = [await startWebhookService(parts)];
    opened.push(...doors.map((door) => () => door.stop(0)));
    const addBot = async (starting: Promise<Service>): Promise<void> => {
      const bot = await starting;
      doors.push(bot);
      opened.push(() => bot.stop(0));
    };
    // Before the bots, who ask it and lend it their channels; it looks at nothing until all of them run.
    const monitoring = services.includes('monitoring') ? await openMonitoringService(parts) : null;
    if (monitoring) opened.push(() => monitoring.stop());
    const ops = monitoring?.ops;
    const slackCallsApi =
      services.includes('slack') && config.slack.mode === 'http' && services.includes('api');
    if (services.includes('discord')) await addBot(startDiscordService(parts, ops));
    if (services.includes('slack') && !slackCallsApi) await addBot(startSlackService(parts, ops));
    if (services.includes('api')) {
      const status = await openStatusSource(parts, monitoring);
      if (status) opened.push(async () => status.close());
      const secret = config.monitoring.uptimeKuma?.webhookSecret;
      const watching = {
        publicStatus: status?.read,
        ops,
        uptimeKumaHook: secret ? { secret, hear: monitoring?.hearUptimeKuma } : undefined,
      };
      const api = await startApiService(parts, options.onKeyCreated, watching, async (server) => {
        if (slackCallsApi) await addBot(startSlackService(parts, ops, server));
      });
      address = api.address;
      doors.push(api);
    }
    // Tried once now, so that the first who asks does not wait for it.
    void studio.ready();
    monitoring?.start();
    if (config.aliveFile) opened.push(keepAliveFile(config.aliveFile));
    log.info({ services, address, dataDir: config.dataDir, jobs: jobs.driver }, 'started');
    if (services.includes('discord') || services.includes('slack')) localLinksWarning(config, log)('bots');

    const stop = async (graceMs: number): Promise<void> => {
      log.info({ graceMs }, 'stopping: no new work is taken');
      studio.refuseWork();
      await monitoring?.stop();
      const workDone = worker?.stop(graceMs) ?? Promise.resolve();
      await firstOf(workDone, graceMs - AFTERMATH_MS);
      await Promise.all([workDone, ...doors.map((door) => door.stop(graceMs))]);
      await closeAll();
      log.info({}, 'stopped');
    };
    let stopped: Promise<void> | null = null;
    return { address, services, studio, stop: (graceMs) => (stopped ??= stop(graceMs)) };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
