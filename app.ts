/**
 * The composition root: settings → drivers → studio → the services asked for. Nothing else wires
 * parts together. What was started last is stopped first.
 */
import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Logger } from 'pino';
import type { buildServer } from './api/server.ts';
import { assetsDirOf, createAssetsStore } from './core/assets-store.ts';
import type { Config, ServiceName } from './core/config.ts';
import { createDiskGuard, reserveOf, spaceOf } from './core/disk-guard.ts';
import { StudioError } from './core/errors.ts';
import { Ffmpeg, findFfmpeg } from './core/ffmpeg.ts';
import { openJobs, type JobsOptions } from './core/jobs/index.ts';
import { toJob } from './core/jobs/present.ts';
import type { JobBackend } from './core/jobs/types.ts';
import { openKeys, type NewKey } from './core/keys.ts';
import { pause } from './core/pause.ts';
import { createProduction, workDirOf } from './core/production.ts';
import { keepSecret } from './core/secrets.ts';
import { startHousekeeping } from './core/service/housekeeping.ts';
import { createStudioService, type RunningStudioService } from './core/service/index.ts';
import { openWebhookGuard } from './core/service/webhook-guard.ts';
import { openStorage } from './core/storage/index.ts';
import { openFileSigner, publicFiles } from './core/storage/signed-links.ts';
import type { FileSigner, Storage } from './core/storage/types.ts';
import { createStudio, type Studio } from './core/studio.ts';
import type { WorkerOptions } from './core/worker.ts';

/** For `genscene key`. */
export { addKey, listKeys, removeKeys } from './core/keys.ts';

export type AppOptions = {
  log: Logger;
  /** Of this program. */
  version: string;
  /** Called with the API key that was made because there was none: show it now, it is kept nowhere. */
  onKeyCreated?: (key: NewKey) => void;
  /** For tests, whose faults should not take half a minute to be noticed. */
  tuning?: Partial<
    Pick<JobsOptions, 'maxAttempts' | 'retryBaseMs' | 'pollMs'> &
      Pick<WorkerOptions, 'leaseMs' | 'heartbeatMs' | 'reconcileMs'> & {
        /** How long chat may take to tell an end before another process may, ms. */
        announceLeaseMs: number;
      }
  >;
};

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

/** What services are made of. */
type Parts = {
  config: Config;
  log: Logger;
  jobs: JobBackend;
  storage: Storage;
  workshop: Studio;
  ffmpeg: () => Ffmpeg;
  studio: RunningStudioService;
  signer: FileSigner;
  tuning: NonNullable<AppOptions['tuning']>;
};
type ApiServer = Awaited<ReturnType<typeof buildServer>>;
type Service = { stop(graceMs: number): Promise<void> };

/** Of a stop: kept for parking jobs and ending connections and deliveries, ms. */
const AFTERMATH_MS = 1000;
/** How long requests under way may take to end once the jobs have, ms. */
const LAST_REQUESTS_MS = 1000;

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
    const slackCallsApi =
      services.includes('slack') && config.slack.mode === 'http' && services.includes('api');
    if (services.includes('discord')) await addBot(startDiscordService(parts));
    if (services.includes('slack') && !slackCallsApi) await addBot(startSlackService(parts));
    if (services.includes('api')) {
      const api = await startApiService(parts, options.onKeyCreated, async (server) => {
        if (slackCallsApi) await addBot(startSlackService(parts, server));
      });
      address = api.address;
      doors.push(api);
    }
    // Tried once now, so that the first who asks does not wait for it.
    void studio.ready();
    log.info({ services, address, dataDir: config.dataDir, jobs: jobs.driver }, 'started');

    const stop = async (graceMs: number): Promise<void> => {
      log.info({ graceMs }, 'stopping: no new work is taken');
      studio.refuseWork();
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

/** The default set grows with the services whose tokens are set. */
function servicesOf(config: Config): readonly ServiceName[] {
  const known: readonly ServiceName[] = ['api', 'worker', 'discord', 'slack'];
  const bots: ServiceName[] = [];
  if (config.discord.token) bots.push('discord');
  if (config.slack.botToken) bots.push('slack');
  const wanted = config.services ?? ['api', 'worker', ...bots];
  const unknown = wanted.filter((service) => !known.includes(service));
  if (unknown.length === 0 && wanted.length > 0) return wanted;
  throw new StudioError(
    'invalid_request',
    unknown.length > 0 ? `This version has no service "${unknown.join('", "')}".` : 'SERVICES is empty.',
    {
      hint: `Set SERVICES to some of: ${known.join(', ')}.`,
    },
  );
}

/** Drivers and the studio over them; `opened` collects how each is closed. */
async function openParts(
  config: Config,
  { log, version, tuning = {} }: AppOptions,
  localAddress: () => string,
  opened: (() => Promise<void>)[],
): Promise<Parts> {
  const { dataDir } = config;
  const assetsDir = assetsDirOf(dataDir);
  await makeFolders([dataDir, assetsDir, workDirOf(dataDir), path.join(dataDir, 'files')]);
  const { totalBytes } = await spaceOf(dataDir);
  const guard = createDiskGuard([dataDir, path.join(dataDir, 'files')]);
  const signer = config.server.filesAccess === 'signed' ? await openFileSigner(dataDir) : publicFiles;
  const baseUrl = (): string => config.server.filesBaseUrl ?? config.server.publicBaseUrl ?? localAddress();
  const storage = await openStorage({ driver: config.storage, dataDir, baseUrl, signer });
  const jobs = await openJobs({
    dataDir,
    redisUrl: config.redisUrl,
    retentionDays: config.retention.days,
    // The store stops last: well after the guard does, on any size of disk.
    minFreeBytes: Math.round(reserveOf(totalBytes) / 8),
    reserveBytes: Math.round(Math.min(4 * 1024 ** 2, totalBytes / 20)),
    ...tuning,
  });
  opened.push(() => jobs.close());
  const workshop = createStudio(config);
  opened.push(() => workshop.close());
  const ffmpeg = (): Ffmpeg => new Ffmpeg(findFfmpeg(config.ffmpeg));
  const assets = createAssetsStore({
    folder: assetsDir,
    ffmpeg,
    guard,
    keepMs: config.retention.days * 24 * 3600_000,
    maxBytes: config.retention.cacheMaxBytes,
  });
  const speaks = servicesOf(config).includes('worker');
  const studio = createStudioService({
    jobs,
    storage,
    assets,
    guard,
    workshop,
    version,
    probes: {
      ffmpeg: async () => (await ffmpeg().capabilities()).version,
      speech: () => trySpeech(workshop, config, speaks),
    },
  });
  const housekeeping = startHousekeeping({ config, jobs, storage, assets, workDir: workDirOf(dataDir), log });
  opened.push(() => housekeeping.stop());
  return { config, log, jobs, storage, workshop, ffmpeg, studio, signer, tuning };
}

async function makeFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw new StudioError('not_ready', `The folder ${folder} cannot be made.`, {
        hint: 'Point DATA_DIR at a folder this user may write to.',
        cause: error,
      });
    });
  }
}

/** Says a number that was hardly said before, so that the cache does not answer for the engine. */
async function trySpeech(workshop: Studio, config: Config, speaks: boolean): Promise<string> {
  if (!speaks) return `${workshop.voices().length} voices`;
  const { engine, voice } = await workshop.speak({
    text: `Ready, ${randomInt(10_000)}.`,
    language: 'en',
    engine: config.speech.engine,
  });
  return `${engine} speaks (${voice})`;
}

async function startWorkerService({
  config,
  log,
  jobs,
  storage,
  workshop,
  ffmpeg,
  tuning,
}: Parts): Promise<Service> {
  const { startWorker } = await import('./core/worker.ts');
  const worker = startWorker({
    jobs,
    run: createProduction({ workshop, ffmpeg, storage, workDir: workDirOf(config.dataDir) }),
    concurrency: config.worker.concurrency,
    jobTimeoutMs: config.worker.jobTimeoutS * 1000,
    log,
    ...tuning,
  });
  return { stop: (graceMs) => worker.stop({ graceMs: Math.max(0, graceMs - AFTERMATH_MS) }) };
}

/** Beside any other service: leases see to it that each webhook is sent by one. */
async function startWebhookService({ config, log, jobs, storage }: Parts): Promise<Service> {
  const { startWebhooks } = await import('./core/jobs/webhooks.ts');
  const guard = openWebhookGuard(config.media.allowHosts);
  const sender = startWebhooks({
    jobs,
    guard,
    secret: await keepSecret(path.join(config.dataDir, 'webhook-secret')),
    present: (record) => toJob(record, { fileUrl: (id, name) => storage.url(id, name) }),
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

async function startDiscordService({ config, log, studio, tuning }: Parts): Promise<Service> {
  const { startDiscord } = await import('./bot/discord/index.ts');
  const { announceLeaseMs: leaseMs } = tuning;
  return startDiscord({ config, studio, log, ...(leaseMs ? { tuning: { leaseMs } } : {}) });
}

/** @param server the API's, where Slack calls us over HTTP */
async function startSlackService({ config, log, studio }: Parts, server?: ApiServer): Promise<Service> {
  const [{ startSlack }, { openChatStore }] = await Promise.all([
    import('./bot/slack/index.ts'),
    import('./bot/chat-store.ts'),
  ]);
  const store = openChatStore(config.dataDir, 'slack');
  try {
    return await startSlack({ config, studio, store, log, ...(server ? { server } : {}) });
  } catch (error) {
    store.close();
    throw error;
  }
}

/** @param extend adds to the server before it listens */
async function startApiService(
  { config, log, studio, signer }: Parts,
  onKeyCreated: AppOptions['onKeyCreated'],
  extend: (server: ApiServer) => Promise<void>,
): Promise<Service & { address: string }> {
  const api = await import('./api/server.ts');
  const { ring, created, warnings } = await openKeys({
    configured: config.server.apiKeys,
    dataDir: config.dataDir,
  });
  for (const warning of warnings) log.warn({}, warning);
  if (created) onKeyCreated?.(created);
  const server = await api.buildServer({ studio, keys: ring, config, log, signer });
  try {
    await extend(server);
  } catch (error) {
    await server.close();
    throw error;
  }
  try {
    await server.listen({ host: config.server.host, port: config.server.port });
  } catch (error) {
    await server.close();
    throw listenError(error, config.server);
  }
  return {
    address: addressOf(server.server.address(), config.server),
    async stop() {
      studio.endWatches();
      const closed = server.close().then(() => undefined);
      await firstOf(closed, LAST_REQUESTS_MS);
      server.server.closeAllConnections();
      await closed;
    },
  };
}

function listenError(error: unknown, { host, port }: Config['server']): StudioError {
  const { code } = error as NodeJS.ErrnoException;
  const why =
    code === 'EADDRINUSE'
      ? 'is used by another program'
      : code === 'EACCES'
        ? 'needs more rights than this user has'
        : `cannot be listened on (${code ?? String(error)})`;
  return new StudioError('not_ready', `Port ${port} on ${host} ${why}.`, {
    hint: 'End the other program, or set PORT to a free port.',
    cause: error,
  });
}

/** A wildcard is no address to call. */
function addressOf(bound: AddressInfo | string | null, { host }: Config['server']): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${(bound as AddressInfo).port}`;
}

/** Resolves with the work or when the time is up, whichever is first. */
async function firstOf(work: Promise<void>, ms: number): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, pause(Math.max(0, ms), done.signal)]).finally(() => done.abort());
}
