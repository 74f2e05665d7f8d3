/** The Redis job backend over an emptied server, with a clock the test turns. */
import { openJobs, type JobsOptions } from '../../core/jobs/index.ts';
import type { JobBackend } from '../../core/jobs/types.ts';
import { policyUnderTest, type BackendUnderTest } from '../contract/jobs.ts';
import type { RedisServer } from './redis-server.ts';

export async function openRedisForTest(
  server: RedisServer,
  options: Partial<JobsOptions> = {},
): Promise<BackendUnderTest> {
  await server.command('FLUSHALL');
  let time = Date.UTC(2031, 4, 6, 7, 8, 9);
  const clock = { now: () => time, advance: (ms: number) => void (time += ms) };
  const handles: JobBackend[] = [];
  const another = async (): Promise<JobBackend> => {
    const backend = await openJobs({
      dataDir: '/nowhere',
      redisUrl: server.url,
      pollMs: 20,
      now: clock.now,
      ...policyUnderTest,
      ...options,
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
