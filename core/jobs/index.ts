/** Opens the job backend that the settings ask for; drivers are loaded only when used. */
import path from 'node:path';
import type { Logger } from '../log.ts';
import type { JobBackend } from './types.ts';

export type JobsOptions = {
  /** The data folder; the embedded store lives in `jobs/` below it. */
  dataDir: string;
  /** redis:// or rediss://: jobs are kept there, for workers on many hosts. */
  redisUrl?: string | undefined;
  /** Hears of a Redis that is away, or set so that it may lose jobs. */
  log?: Logger | undefined;
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
  /** With Redis: longest that a call may take, ms; 3,000 by default. */
  patienceMs?: number | undefined;
  /** How often to look for what other processes did, ms; 500 by default. */
  pollMs?: number | undefined;
  /** The clock, epoch ms; else this host's, or with Redis that of Redis. */
  now?: (() => number) | undefined;
};

/**
 * The embedded store is open when this resolves; Redis may still be away, see `health`.
 * @throws {StudioError} not_ready, with what to do, if the embedded store cannot be opened
 */
export async function openJobs(options: JobsOptions): Promise<JobBackend> {
  const policy = {
    maxAttempts: options.maxAttempts ?? 3,
    retryBaseMs: options.retryBaseMs ?? 2000,
    retryCapMs: options.retryCapMs ?? 5 * 60_000,
    retentionMs: (options.retentionDays ?? 30) * 24 * 3600_000,
    maxQueued: options.maxQueued ?? 1000,
    pollMs: options.pollMs ?? 500,
  };
  if (options.redisUrl !== undefined) {
    const { openRedisJobs } = await import('./redis.ts');
    return openRedisJobs({
      ...policy,
      url: options.redisUrl,
      log: options.log ?? silent,
      patienceMs: options.patienceMs,
      now: options.now,
    });
  }
  const { openEmbeddedJobs } = await import('./embedded.ts');
  return openEmbeddedJobs({
    ...policy,
    folder: path.join(options.dataDir, 'jobs'),
    reserveBytes: options.reserveBytes ?? 4 * 1024 ** 2,
    minFreeBytes: options.minFreeBytes ?? 64 * 1024 ** 2,
    now: options.now ?? Date.now,
  });
}

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
