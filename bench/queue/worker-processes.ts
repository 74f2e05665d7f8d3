/** Real worker processes of one rendering thread each, over one Redis and one data folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJobs } from '../../core/jobs/index.ts';
import type { JobBackend } from '../../core/jobs/types.ts';
import { appProcess, makeProgram } from '../../test/helpers/program.ts';

export type Workers = { jobs: JobBackend; pids: number[] };

export type WorkersTerms = {
  env?: Record<string, string>;
  /** Each gets one processor and no other, as on a host of its own (Linux's taskset). */
  pinned?: boolean;
};

/** Starts them, waits until all are there, does the work, and ends them. */
export async function withWorkers<T>(
  url: string,
  count: number,
  { env = {}, pinned = false }: WorkersTerms,
  work: (workers: Workers) => Promise<T>,
): Promise<T> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'genscene-bench-'));
  await makeProgram();
  const jobs = await openJobs({ dataDir, redisUrl: url });
  const children: ChildProcess[] = [];
  try {
    const all = { REDIS_URL: url, DATA_DIR: dataDir, ...env };
    for (let i = 0; i < count; i += 1) children.push(startWorker(all, pinned ? i : null));
    while ((await jobs.stats()).workers.length < count) await sleep(50);
    return await work({ jobs, pids: children.map(({ pid }) => pid!) });
  } finally {
    await Promise.all(children.map((child) => end(child)));
    await jobs.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function startWorker(env: Record<string, string>, processor: number | null): ChildProcess {
  const all = { SERVICES: 'worker', RENDER_THREADS: '1', TTS_ENGINE: 'none', LOG_LEVEL: 'error', ...env };
  const settings = JSON.stringify({ env: all });
  const command = [process.execPath, appProcess, settings];
  if (processor !== null) command.unshift('taskset', '-c', String(processor % availableParallelism()));
  return spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await exited;
  clearTimeout(timer);
}
