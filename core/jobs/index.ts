/** Opens the job backend that the settings ask for; drivers are loaded only when used. */
import path from 'node:path';
import { StudioError } from '../errors.ts';
import type { JobBackend } from './types.ts';

export type JobsOptions = {
  /** The data folder; the embedded store lives in `jobs/` below it. */
  dataDir: string;
  redisUrl?: string | undefined;
  /** Days a final job and its files are kept; 30 by default. */
  retentionDays?: number | undefined;
  /** Attempts before a retryable failure is final; 3 by default. */
  maxAttempts?: number | undefined;
  /** Wait after the first failure, ms, 2,000 by default; doubles with each. */
  retryBaseMs?: number | undefined;
  /** Longest such wait, ms; 5 minutes by default. */
  retryCapMs?: number | undefined;
  /** Queued jobs above which new ones are refused; 1,000 by default. */
  maxQueued?: number | undefined;
  /** Room kept for writing final states on a full disk, bytes; 4 MiB by default. */
  reserveBytes?: number | undefined;
  /** Free space below which new jobs are refused, bytes; 64 MiB by default. */
  minFreeBytes?: number | undefined;
  /** How often to look for what other processes did, ms; 500 by default. */
  pollMs?: number | undefined;
  /** The clock, epoch ms. */
  now?: (() => number) | undefined;
};

/** @throws {StudioError} not_ready, with what to do, if the store cannot be opened */
export async function openJobs(options: JobsOptions): Promise<JobBackend> {
  if (options.redisUrl !== undefined) {
    throw new StudioError(
      'not_ready',
      'REDIS_URL is set, but this version has only the embedded job store.',
      {
        hint: 'Remove REDIS_URL: jobs are then kept in DATA_DIR.',
      },
    );
  }
  const { openEmbeddedJobs } = await import('./embedded.ts');
  return openEmbeddedJobs({
    folder: path.join(options.dataDir, 'jobs'),
    maxAttempts: options.maxAttempts ?? 3,
    retryBaseMs: options.retryBaseMs ?? 2000,
    retryCapMs: options.retryCapMs ?? 5 * 60_000,
    retentionMs: (options.retentionDays ?? 30) * 24 * 3600_000,
    maxQueued: options.maxQueued ?? 1000,
    reserveBytes: options.reserveBytes ?? 4 * 1024 ** 2,
    minFreeBytes: options.minFreeBytes ?? 64 * 1024 ** 2,
    pollMs: options.pollMs ?? 500,
    now: options.now ?? Date.now,
  });
}
