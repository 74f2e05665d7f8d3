/** Settings of jobs and what they leave: where records and files are kept, how they are worked on, for how long. */
import { z } from 'zod';
import { wholeNumber, type Parsed } from './fields.ts';
import { redisAddress } from './redis-address.ts';

export const jobSettings = {
  DATA_DIR: z.string().default('./data'),
  REDIS_URL: redisAddress.optional(),
  STORAGE: z.enum(['local', 's3']).default('local'),
  WORKER_CONCURRENCY: wholeNumber(1, 64).default(1),
  RENDER_THREADS: wholeNumber(1, 64).optional(),
  RENDER_MEMORY_MB: wholeNumber(64, 10_000_000).optional(),
  SPLIT_FILMS_FROM_S: z.coerce.number().min(0).max(86_400).default(20),
  JOB_TIMEOUT_S: wholeNumber(5, 86_400).default(3600),
  RETENTION_DAYS: z.coerce.number().min(0.0001).max(3650).default(30),
  USAGE_RETENTION_DAYS: wholeNumber(1, 36_500).default(800),
  CACHE_MAX_GB: z.coerce.number().min(0.01).max(10_000).default(5),
};

export type WorkerConfig = Readonly<{
  /** Jobs worked on at once. */
  concurrency: number;
  /** Segments rendered at once; absent: by cores. */
  renderThreads?: number;
  /** What segments rendered at once may take together; absent: a share of what is free. */
  renderMemoryBytes?: number;
  jobTimeoutS: number;
  /** Films whose rendering would take one worker this long are offered to idle ones, s; 0: none, and no help. */
  splitFilmsFromS: number;
}>;
/** `usageDays`: how long it is known who asked for what; the films themselves are kept `days`. */
export type RetentionConfig = Readonly<{ days: number; cacheMaxBytes: number; usageDays: number }>;

export function workerConfig(env: Parsed<typeof jobSettings>): WorkerConfig {
  return {
    concurrency: env.WORKER_CONCURRENCY,
    renderThreads: env.RENDER_THREADS,
    renderMemoryBytes: env.RENDER_MEMORY_MB === undefined ? undefined : env.RENDER_MEMORY_MB * 1024 ** 2,
    jobTimeoutS: env.JOB_TIMEOUT_S,
    splitFilmsFromS: env.SPLIT_FILMS_FROM_S,
  };
}

export function retentionConfig(env: Parsed<typeof jobSettings>): RetentionConfig {
  return {
    days: env.RETENTION_DAYS,
    cacheMaxBytes: env.CACHE_MAX_GB * 1024 ** 3,
    usageDays: env.USAGE_RETENTION_DAYS,
  };
}
