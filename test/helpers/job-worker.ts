/**
 * A process that works on a job store (the embedded one, or Redis if REDIS_URL is given), to be killed by tests.
 *   job-worker.ts work DATA_DIR N LEASE_MS REDIS_URL   runs jobs of about 100 ms, appending to DATA_DIR/journal
 *   job-worker.ts add DATA_DIR N  adds N jobs, prints each id when it was accepted, then kills itself
 */
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJobs } from '../../core/jobs/index.ts';
import type { ClaimedJob, JobResult } from '../../core/jobs/types.ts';
import { startWorker, type RunContext } from '../../core/worker.ts';
import { composeJob, filmResult } from './job-samples.ts';

const [, , mode, dataDir = '', count = '1', leaseMs = '4000', redisUrl] = process.argv;
const note = (line: string): void => appendFileSync(path.join(dataDir, 'journal'), `${line}\n`);
const jobs = await openJobs({
  dataDir,
  redisUrl,
  maxAttempts: redisUrl ? 3 : 60,
  retryBaseMs: 50,
  pollMs: 20,
  reserveBytes: 65_536,
  minFreeBytes: 0,
});

if (mode === 'add') {
  for (let i = 0; i < Number(count); i += 1) {
    const { job } = await jobs.add(composeJob({ title: `job ${i}` }));
    writeSync(1, `${job.id}\n`);
  }
  process.kill(process.pid, 'SIGKILL');
}

/** Two of the same at once would find each other's mark with a living process behind it. */
async function film(job: ClaimedJob, { signal, report, assertLease }: RunContext): Promise<JobResult> {
  const mark = path.join(dataDir, `running-${job.id}`);
  const other = existsSync(mark) ? Number(readFileSync(mark, 'utf8')) : 0;
  if (other && other !== process.pid && isAlive(other)) note(`overlap ${job.id} ${other} ${process.pid}`);
  writeFileSync(mark, String(process.pid));
  note(`start ${job.id} ${job.lease.attempt} ${process.pid}`);
  if (job.title === 'poison') process.kill(process.pid, 'SIGKILL');
  const steps = job.title === 'slow' ? 1000 : 5;
  for (let step = 1; step <= steps; step += 1) {
    await sleep(20, undefined, { signal });
    report({ stage: 'rendering', progress: (step * 100) / steps });
  }
  await assertLease();
  rmSync(mark, { force: true });
  note(`publish ${job.id} ${job.lease.attempt} ${process.pid}`);
  return { ...filmResult, metrics: { pid: process.pid } };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const line = (level: string) => (facts: object, message: string) =>
  note(`${level} ${message} ${JSON.stringify(facts)}`);
const worker = startWorker({
  jobs,
  run: film,
  concurrency: 2,
  jobTimeoutMs: 60_000,
  leaseMs: Number(leaseMs),
  heartbeatMs: Number(leaseMs) / 10,
  reconcileMs: 500,
  log: { debug: line('debug'), info: () => {}, warn: line('warn'), error: line('error') },
});
process.once('SIGTERM', () => {
  void worker
    .stop({ graceMs: 1000 })
    .then(() => jobs.close())
    .then(() => process.exit(0));
});
note(`ready ${worker.id}`);
