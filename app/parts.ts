/** Drivers and the studio over them: what every service of this process is made of. */
import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { assetsDirOf, createAssetsStore } from '../core/assets-store.ts';
import type { Config } from '../core/config.ts';
import { createDiskGuard, reserveOf, spaceOf } from '../core/disk-guard.ts';
import { StudioError } from '../core/errors.ts';
import { Ffmpeg, findFfmpeg } from '../core/ffmpeg.ts';
import type { HelpTimes } from '../core/helping/times.ts';
import { openJobs, type JobsOptions } from '../core/jobs/index.ts';
import type { JobBackend } from '../core/jobs/types.ts';
import type { NewKey } from '../core/keys.ts';
import { workDirOf } from '../core/production.ts';
import { startHousekeeping } from '../core/service/housekeeping.ts';
import { createStudioService, type RunningStudioService } from '../core/service/index.ts';
import { openStorage } from '../core/storage/index.ts';
import { openFileSigner, publicFiles, signerOfStore } from '../core/storage/signed-links.ts';
import type { FileSigner, Storage } from '../core/storage/types.ts';
import { createStudio, type Studio } from '../core/studio.ts';
import type { WorkerOptions } from '../core/worker.ts';
import type { MonitoringOptions } from '../monitoring/index.ts';
import { servicesOf } from './services.ts';

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
        helpTimes: Partial<HelpTimes>;
        monitoring: NonNullable<MonitoringOptions['tuning']>;
      }
  >;
};

/** What services are made of. */
export type Parts = {
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
/** Of a stop: kept for parking jobs and ending connections and deliveries, ms. */
export const AFTERMATH_MS = 1000;

/** What was started and ends with the program. */
export type Service = { stop(graceMs: number): Promise<void> };

/** Drivers and the studio over them; `opened` collects how each is closed. */
export async function openParts(
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
  const signer = await openSigner(config);
  const baseUrl = (): string => config.server.filesBaseUrl ?? config.server.publicBaseUrl ?? localAddress();
  const storage = await openStorage({ driver: config.storage, s3: config.s3, dataDir, baseUrl, signer });
  const jobs = await openJobs({
    dataDir,
    redisUrl: config.redisUrl,
    log,
    retentionDays: config.retention.days,
    // The store stops last: well after the guard does, on any size of disk.
    minFreeBytes: Math.round(reserveOf(totalBytes) / 8),
    reserveBytes: Math.round(Math.min(4 * 1024 ** 2, totalBytes / 20)),
    ...tuning,
  });
  opened.push(() => jobs.close());
  const ffmpeg = (): Ffmpeg => new Ffmpeg(findFfmpeg(config.ffmpeg));
  const assets = createAssetsStore({
    folder: assetsDir,
    ffmpeg,
    guard,
    shared: storage.shared,
    keepMs: config.retention.days * 24 * 3600_000,
    maxBytes: config.retention.cacheMaxBytes,
    limits: config.media.limits,
  });
  const workshop = createStudio(config, { shared: storage.shared, bringAsset: assets.bring, log });
  opened.push(() => workshop.close());
  const speaks = servicesOf(config).includes('worker');
  const studio = createStudioService({
    jobs,
    storage,
    assets,
    guard,
    workshop,
    pathsAllowed: config.media.roots.length > 0,
    version,
    probes: {
      ffmpeg: async () => ffmpeg().version(),
      speech: () => trySpeech(workshop, config, speaks),
    },
  });
  const housekeeping = startHousekeeping({ config, jobs, storage, assets, workDir: workDirOf(dataDir), log });
  opened.push(() => housekeeping.stop());
  return { config, log, jobs, storage, workshop, ffmpeg, studio, signer, tuning };
}

async function openSigner({ server, s3, dataDir }: Config): Promise<FileSigner> {
  if (server.filesAccess === 'public') return publicFiles;
  return s3 ? signerOfStore(s3) : openFileSigner(dataDir);
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

/**
 * Says a number that was hardly said before, so that the cache does not answer for the engine. A service
 * that may cost money is not called: this is asked again and again.
 */
async function trySpeech(workshop: Studio, config: Config, speaks: boolean): Promise<string> {
  if (!speaks) return `${workshop.voices().length} voices`;
  const wanted = config.speech.engine;
  const able = workshop.voices().filter(({ engine }) => (wanted === 'auto' ? engine !== 'none' && engine !== 'edge' : engine === wanted)); // prettier-ignore
  const first = able.find(({ language }) => /^(en|mul|und)\b/.test(language)) ?? able[0];
  if (first && !first.local) return `${first.engine} is set up; it is not called to find out`;
  const { engine, voice } = await workshop.speak({
    text: `Ready, ${randomInt(10_000)}.`,
    language: first && !/^(mul|und)$/.test(first.language) ? first.language : 'en',
    engine: wanted,
  });
  return `${engine} speaks (${voice})`;
}
