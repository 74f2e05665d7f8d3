/** The embedded job backend over a new folder, with a clock the test turns. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openJobs, type JobsOptions } from '../../core/jobs/index.ts';
import type { JobBackend } from '../../core/jobs/types.ts';
import { policyUnderTest, type BackendUnderTest } from '../contract/jobs.ts';

export async function openEmbeddedForTest(
  options: Partial<JobsOptions> = {},
): Promise<BackendUnderTest & { dataDir: string }> {
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'genscene-jobs-')));
  let time = Date.UTC(2031, 4, 6, 7, 8, 9);
  const clock = { now: () => time, advance: (ms: number) => void (time += ms) };
  const handles: JobBackend[] = [];
  const another = async (): Promise<JobBackend> => {
    const backend = await openJobs({
      reserveBytes: 64 * 1024,
      minFreeBytes: 0,
      pollMs: 20,
      now: clock.now,
      ...policyUnderTest,
      ...options,
      dataDir,
    });
    handles.push(backend);
    return backend;
  };
  return {
    backend: await another(),
    another,
    clock,
    dataDir,
    dispose: async () => {
      await Promise.all(handles.map((handle) => handle.close()));
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
