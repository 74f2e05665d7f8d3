/** Everything a job goes through but the render: record, message, claim, lease, worker, end, usage. */
import { openJobs } from '../../core/jobs/index.ts';
import { startWorker } from '../../core/worker.ts';
import { composeJob, filmResult, keepingLog } from '../../test/helpers/job-samples.ts';
import { addAll } from './adding.ts';

const job = composeJob();

/** Jobs/s from the first add to the last end. */
export async function wholePath(url: string, count: number, slots: number): Promise<number> {
  const jobs = await openJobs({ dataDir: '', redisUrl: url, maxQueued: count });
  await jobs.health();
  let ended = 0;
  let allEnded = (): void => {};
  const all = new Promise<void>((resolve) => (allEnded = resolve));
  const log = {
    ...keepingLog().log,
    // Said once the end is written.
    info: (_: object, message: string) => {
      if (message === 'job ended' && ++ended === count) allEnded();
    },
  };
  const terms = { jobs, log, concurrency: slots, jobTimeoutMs: 60_000 };
  const worker = startWorker({ ...terms, run: async () => filmResult });
  const started = performance.now();
  await Promise.all([all, addAll(count, () => jobs.add(job))]);
  const seconds = (performance.now() - started) / 1000;
  await worker.stop({ graceMs: 1000 });
  await jobs.close();
  return count / seconds;
}

/** ms from add to start, sorted; API and worker each with their own connections. */
export async function wholePathLatency(url: string, count: number): Promise<number[]> {
  const [api, jobs] = await Promise.all([
    openJobs({ dataDir: '', redisUrl: url }),
    openJobs({ dataDir: '', redisUrl: url }),
  ]);
  await Promise.all([api.health(), jobs.health()]);
  let begun = (): void => {};
  const run = async () => {
    begun();
    return filmResult;
  };
  const worker = startWorker({ jobs, log: keepingLog().log, concurrency: 1, jobTimeoutMs: 60_000, run });
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const start = new Promise<void>((resolve) => (begun = resolve));
    const at = performance.now();
    await api.add(job);
    await start;
    times.push(performance.now() - at);
    // Idle again: what is measured is waking up.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await worker.stop({ graceMs: 1000 });
  await Promise.all([api.close(), jobs.close()]);
  return times.sort((a, b) => a - b);
}
