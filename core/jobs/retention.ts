/**
 * Keeps the data folder from growing for ever: finished jobs past their time with their files,
 * caches over their size, temporary files of workers that died. Never touches a running job.
 */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../log.ts';
import { pause } from '../pause.ts';
import type { JobBackend, JobRecord } from './types.ts';

export type RetentionOptions = {
  jobs: JobBackend;
  /** Removes a job's published files; must also succeed when they are gone already. */
  removeFiles: (job: JobRecord) => Promise<void>;
  /** Caches and the like that keep themselves within bounds; each answers with the bytes it freed. */
  trims?: readonly { name: string; trim: () => Promise<number> }[];
  /** Folders where running jobs keep entries named by `temporaryName`. */
  temporaryFolders?: readonly string[];
  log: Logger;
};

export type Swept = { jobs: number; temporary: number; trimmedBytes: number };
export type Retention = { sweep(): Promise<Swept>; /** Idempotent. */ stop(): Promise<void> };

const BATCH = 50;
const TEMPORARY = /^\.([a-z0-9]{8,64})\.(\d{1,9})\.tmp$/;

/** Name of the temporary file or folder of one attempt at a job; of no use once that attempt is over. */
export function temporaryName(claim: { id: string; attempt: number }): string {
  return `.${claim.id}.${claim.attempt}.tmp`;
}

/** Sweeps at once and then regularly. */
export function startRetention(options: RetentionOptions & { everyMs: number }): Retention {
  const stopping = new AbortController();
  const rounds = (async () => {
    while (!stopping.signal.aborted) {
      await sweep(options, stopping.signal).catch((error: unknown) =>
        options.log.error({ error: String(error) }, 'the retention sweep failed'),
      );
      await pause(options.everyMs, stopping.signal);
    }
  })();
  return {
    sweep: () => sweep(options, stopping.signal),
    stop: async () => {
      stopping.abort();
      await rounds;
    },
  };
}

/** One round. What fails is logged and left to the next one. */
export async function sweep(options: RetentionOptions, signal: AbortSignal): Promise<Swept> {
  const jobs = await removeExpired(options, signal);
  let temporary = 0;
  for (const folder of options.temporaryFolders ?? [])
    temporary += await removeTemporary(folder, options, signal);
  let trimmedBytes = 0;
  for (const { name, trim } of options.trims ?? []) {
    if (signal.aborted) break;
    trimmedBytes += await trim().catch((error: unknown) => {
      options.log.error({ cache: name, error: String(error) }, 'a cache could not be trimmed');
      return 0;
    });
  }
  const swept = { jobs, temporary, trimmedBytes };
  if (jobs + temporary + trimmedBytes > 0) options.log.info(swept, 'removed what was past its time');
  return swept;
}

/** Files first, then the record: after a crash in between the record still knows what is to be removed. */
async function removeExpired(
  { jobs, removeFiles, log }: RetentionOptions,
  signal: AbortSignal,
): Promise<number> {
  let removed = 0;
  const failed = new Set<string>();
  while (!signal.aborted) {
    // Those that failed stay at the front, so look past them.
    const due = (await jobs.expired(BATCH + failed.size)).filter((job) => !failed.has(job.id));
    if (due.length === 0) break;
    for (const job of due) {
      if (signal.aborted) break;
      try {
        await removeFiles(job);
        if (await jobs.remove(job.id)) removed += 1;
      } catch (error) {
        failed.add(job.id);
        log.error({ job: job.id, error: String(error) }, 'a job past its time could not be removed');
      }
    }
  }
  return removed;
}

async function removeTemporary(
  folder: string,
  { jobs, log }: RetentionOptions,
  signal: AbortSignal,
): Promise<number> {
  let removed = 0;
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    const [, id, attempt] = TEMPORARY.exec(name) ?? [];
    if (id === undefined || signal.aborted) continue;
    try {
      const job = await jobs.get(id);
      if (job?.lease?.attempt === Number(attempt)) continue;
      await rm(path.join(folder, name), { recursive: true, force: true });
      removed += 1;
    } catch (error) {
      log.error({ name, error: String(error) }, 'a temporary file could not be removed');
    }
  }
  return removed;
}
