/** What is removed when: films and uploads past their time, caches over their size, leavings of dead runs. */
import path from 'node:path';
import type { AssetsStore } from '../assets-store.ts';
import type { Config } from '../config.ts';
import { startRetention, type Retention } from '../jobs/retention.ts';
import type { JobBackend } from '../jobs/types.ts';
import type { Logger } from '../log.ts';
import type { Storage } from '../storage/types.ts';
import { assetIds } from './sources.ts';
import { trimFolder } from './trim-folder.ts';

export type HousekeepingOptions = {
  config: Config;
  jobs: JobBackend;
  storage: Storage;
  assets: AssetsStore;
  /** Where attempts keep their unfinished work. */
  workDir: string;
  log: Logger;
};

const DAY_MS = 24 * 3600_000;
/** Cached files of a job that runs are younger than this, unless jobs may take longer, ms. */
const KEEP_USED_MS = 2 * 3600_000;
const SWEEP_AT_LEAST_MS = 2000;
const SWEEP_AT_MOST_MS = 10 * 60_000;

/** Sweeps at once and then regularly, more often where things are kept only shortly. */
export function startHousekeeping({
  config,
  jobs,
  storage,
  assets,
  workDir,
  log,
}: HousekeepingOptions): Retention {
  const keepUsedMs = Math.max(KEEP_USED_MS, config.worker.jobTimeoutS * 1000);
  const cache = {
    folder: path.join(config.dataDir, 'cache'),
    maxBytes: config.retention.cacheMaxBytes,
    keepUsedMs,
  };
  return startRetention({
    jobs,
    removeFiles: async (job) => void (await storage.remove(job.id)),
    trims: [
      { name: 'cache', trim: () => trimFolder(cache) },
      { name: 'uploads', trim: async () => assets.trim(isAmong(await wantedAssets(jobs))) },
      { name: 'unfinished files', trim: () => storage.sweep() },
      {
        name: 'usage',
        trim: async () => {
          await jobs.trimUsage(Date.now() - config.retention.usageDays * DAY_MS);
          return 0;
        },
      },
    ],
    temporaryFolders: [workDir],
    log,
    everyMs: Math.min(SWEEP_AT_MOST_MS, Math.max(SWEEP_AT_LEAST_MS, (config.retention.days * DAY_MS) / 10)),
  });
}

/** Uploads of jobs that are not over: they stay, however old. */
export async function wantedAssets(jobs: Pick<JobBackend, 'list' | 'get'>): Promise<Set<string>> {
  const wanted = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await jobs.list({
      status: ['queued', 'fetching', 'voicing', 'rendering', 'saving'],
      kind: 'compose',
      limit: 200,
      cursor,
    });
    for (const { id } of page.jobs) {
      const request = (await jobs.get(id))?.request;
      if (request?.kind === 'compose') for (const asset of assetIds(request.storyboard)) wanted.add(asset);
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return wanted;
}

function isAmong(ids: ReadonlySet<string>): (id: string) => boolean {
  return (id) => ids.has(id);
}
