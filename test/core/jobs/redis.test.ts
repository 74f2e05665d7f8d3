import { afterAll, beforeAll } from 'vitest';
import { describeJobBackend } from '../../contract/jobs.ts';
import { openRedisForTest } from '../../helpers/redis-jobs.ts';
import { startRedisServer, type RedisServer } from '../../helpers/redis-server.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer({ settings: { appendonly: 'no' } });
});
afterAll(() => server.dispose());

describeJobBackend('redis', () => openRedisForTest(server));
