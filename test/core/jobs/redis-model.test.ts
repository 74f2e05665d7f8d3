import { afterAll, beforeAll } from 'vitest';
import { testJobHistories } from '../../contract/job-histories.ts';
import { openRedisForTest } from '../../helpers/redis-jobs.ts';
import { startRedisServer, type RedisServer } from '../../helpers/redis-server.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer({ settings: { appendonly: 'no' } });
});
afterAll(() => server.dispose());

testJobHistories('redis', (options) => openRedisForTest(server, options), { runs: 40 });
