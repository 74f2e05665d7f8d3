/** The Redis job backend over an emptied server, with a clock the test turns. */
import { openRedisJobs } from '../../core/jobs/redis.ts';
import type { JobBackend } from '../../core/jobs/types.ts';
import { policyUnderTest, type BackendUnderTest } from '../contract/jobs.ts';
import { keepingLog } from './job-samples.ts';
import type { RedisServer } from './redis-server.ts';

export async function openRedisForTest(
  server: RedisServer,
  options: Partial<typeof policyUnderTest> = {},
): Promise<BackendUnderTest> {
  await server.command('FLUSHALL');
  let time = Date.UTC(2031, 4, 6, 7, 8, 9);
  const clock = { now: () => time, advance: (ms: number) => void (time += ms) };
  const handles: JobBackend[] = [];
  const another = async (): Promise<JobBackend> => {
    const { retentionDays, ...policy } = { ...policyUnderTest, ...options };
    const backend = openRedisJobs({
      ...policy,
      url: server.url,
      pollMs: 20,
      retentionMs: retentionDays * 24 * 3600_000,
      now: clock.now,
      log: keepingLog().log,
      // What is tried here is not how long it waits, and a busy machine may stand still for seconds.
      patienceMs: 30_000,
    });
    handles.push(backend);
    return backend;
  };
  return {
    backend: await another(),
    another,
    clock,
    dispose: async () => {
      await Promise.all(handles.map((handle) => handle.close()));
    },
  };
}
