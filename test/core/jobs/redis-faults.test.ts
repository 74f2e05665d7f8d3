/** What befalls a Redis and the way to it, with real servers: jobs are neither lost nor doubled, and no process needs a restart. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { loadConfig } from '../../../core/config.ts';
import { openJobs, type JobsOptions } from '../../../core/jobs/index.ts';
import type { RedisClient } from '../../../core/jobs/redis/connection.ts';
import { checkServer } from '../../../core/jobs/redis/server-check.ts';
import { Tickets } from '../../../core/jobs/redis/tickets.ts';
import type { JobBackend } from '../../../core/jobs/types.ts';
import { startWorker, type Worker } from '../../../core/worker.ts';
import { composeJob, failure, filmResult, keepingLog, refOf } from '../../helpers/job-samples.ts';
import { startRedisServer, type RedisServer, type RedisServerOptions } from '../../helpers/redis-server.ts';
import { startTcpProxy } from '../../helpers/tcp-proxy.ts';

const LEASE = { leaseMs: 30_000, timeoutMs: 600_000 };
/** Where patience is not what is tried: a busy machine may stand still for seconds. */
const PATIENT = { patienceMs: 30_000 };

async function server(options: RedisServerOptions = {}): Promise<RedisServer> {
  const redis = await startRedisServer(options);
  onTestFinished(() => redis.dispose());
  return redis;
}

async function open(redisUrl: string, options: Partial<JobsOptions> = {}): Promise<JobBackend> {
  const jobs = await openJobs({ dataDir: '', redisUrl, pollMs: 50, ...options });
  onTestFinished(() => jobs.close());
  return jobs;
}

/** A worker whose films take a moment; `made` is each run's job. */
function work(jobs: JobBackend): {
  worker: Worker;
  made: string[];
  lines: ReturnType<typeof keepingLog>['lines'];
} {
  const { log, lines } = keepingLog();
  const made: string[] = [];
  const worker = startWorker({
    jobs,
    run: async (job, { signal }) => {
      await sleep(20, undefined, { signal });
      made.push(job.id);
      return filmResult;
    },
    concurrency: 2,
    jobTimeoutMs: 60_000,
    leaseMs: 5000,
    heartbeatMs: 500,
    reconcileMs: 500,
    log,
  });
  onTestFinished(() => worker.stop({ graceMs: 0 }));
  return { worker, made, lines };
}

/** Asks until it is true, but not past the test's end. */
async function until(isTrue: () => Promise<boolean>): Promise<void> {
  let over = false;
  onTestFinished(() => void (over = true));
  while (!over && !(await isTrue().catch(() => false))) await sleep(20);
}

/** As a client does that was answered 503. */
async function addSurely(jobs: JobBackend, key: string): Promise<string> {
  for (;;) {
    try {
      const { job } = await jobs.add(composeJob({ title: key, idempotency: { key, hash: 'h' } }));
      return job.id;
    } catch (error) {
      expect(error).toMatchObject({ code: 'not_ready', retryable: true });
      await sleep(50);
    }
  }
}

type Away = { redis: RedisServer; jobs: JobBackend; worker: Worker; made: string[]; since: number };

/** A Redis that is away for a minute: from the first test on, so that the last one need not wait so long. */
const AWAY_MS = 60_000;
let away: Promise<Away>;

beforeAll(() => {
  away = goAway();
  // S07 hears of it.
  away.catch(() => {});
});
afterAll(async () => {
  const { worker, jobs, redis } = await away;
  await worker.stop({ graceMs: 0 });
  await jobs.close();
  await redis.dispose();
});

async function goAway(): Promise<Away> {
  const redis = await startRedisServer();
  const jobs = await openJobs({ dataDir: '', redisUrl: redis.url, pollMs: 50 });
  const made: string[] = [];
  const run = async ({ id }: { id: string }) => {
    made.push(id);
    return filmResult;
  };
  const worker = startWorker({ jobs, run, concurrency: 2, jobTimeoutMs: 60_000, log: keepingLog().log });
  await addSurely(jobs, 'before');
  while ((await jobs.stats().catch(() => null))?.done !== 1) await sleep(50);
  await redis.kill('SIGKILL');
  return { redis, jobs, worker, made, since: performance.now() };
}

for (const appendfsync of ['always', 'everysec']) {
  test(`S05: kill -9 of Redis (appendfsync ${appendfsync}) and back: all jobs are made once, nothing needs a restart`, async () => {
    const redis = await server({ settings: { appendfsync } });
    const jobs = await open(redis.url);
    const { made, lines } = work(jobs);
    const ids = await Promise.all(Array.from({ length: 10 }, (_, i) => addSurely(jobs, `before ${i}`)));
    // What everysec may lose is its last second.
    if (appendfsync === 'everysec') await sleep(1100);
    await redis.kill('SIGKILL');
    const during = Promise.all(Array.from({ length: 10 }, (_, i) => addSurely(jobs, `during ${i}`)));
    await sleep(1000);
    await redis.start();
    ids.push(...(await during));
    ids.push(...(await Promise.all(Array.from({ length: 10 }, (_, i) => addSurely(jobs, `after ${i}`)))));
    await until(async () => (await jobs.stats()).done === 30);
    expect(new Set(ids).size).toBe(30);
    for (const id of ids) expect(await jobs.record(id)).toMatchObject({ status: 'done' });
    const done = await Promise.all(ids.map((id) => jobs.record(id)));
    for (const job of done)
      expect(job!.attemptLog.filter(({ outcome }) => outcome === 'done')).toHaveLength(1);
    expect(new Set(made).size).toBe(30);
    expect(JSON.stringify(lines)).not.toContain('NOSCRIPT');
    // Delivery is alive again too: a new job is started by its message, without anyone looking.
    const { id } = (await jobs.add(composeJob())).job;
    await until(async () => (await jobs.record(id))?.status === 'done');
  });
}

test('S06: opened while Redis is not there: not ready, then ready, and jobs run', async () => {
  const redis = await server({ running: false });
  const jobs = await open(redis.url);
  const { made } = work(jobs);
  expect(await jobs.health()).toMatchObject({
    ok: false,
    reason: expect.stringContaining('Redis') as string,
  });
  await expect(jobs.add(composeJob())).rejects.toMatchObject({ code: 'not_ready', retryable: true });
  await redis.start();
  await until(async () => (await jobs.health()).ok);
  const { id } = (await jobs.add(composeJob())).job;
  await until(async () => (await jobs.record(id))?.status === 'done');
  expect(made).toEqual([id]);
});

test('S08: a frozen Redis is answered for within seconds; what was refused never happens later', async () => {
  const redis = await server();
  const jobs = await open(redis.url);
  const first = await jobs.add(composeJob({ title: 'first' }));
  await redis.kill('SIGSTOP');
  const asked = await Promise.allSettled(
    Array.from({ length: 5 }, (_, i) => jobs.add(composeJob({ title: `frozen ${i}` }))),
  );
  for (const answer of asked) {
    expect(answer.status).toBe('rejected');
    expect((answer as PromiseRejectedResult).reason).toMatchObject({ code: 'not_ready' });
  }
  await sleep(300);
  await redis.kill('SIGCONT');
  await until(async () => (await jobs.health()).ok);
  const second = await jobs.add(composeJob({ title: 'second' }));
  expect((await jobs.list()).jobs.map(({ id }) => id)).toEqual([second.job.id, first.job.id]);
});

test('S18: the messages of the queue deleted: every job is made', async () => {
  const redis = await server();
  const jobs = await open(redis.url, PATIENT);
  const waiting = (): Promise<unknown> => redis.command('LLEN', 'genscene:bq:tickets:waiting');
  for (let i = 0; i < 10; i += 1) await jobs.add(composeJob());
  // One message, or a second that was asked for meanwhile, tells of them all.
  await until(async () => (await waiting()) !== 0);
  expect(await waiting()).toBeLessThan(4);
  const forget = async (): Promise<unknown> =>
    redis.command('DEL', ...((await redis.command('KEYS', 'genscene:bq:*')) as string[]));
  await forget();
  await jobs.reconcile();
  await until(async () => (await waiting()) !== 0);
  for (let i = 0; i < 10; i += 1) await jobs.reconcile();
  expect(await waiting()).toBeLessThan(4);
  await forget();
  const { made } = work(jobs);
  await until(async () => (await jobs.stats()).done === 10);
  expect(made).toHaveLength(10);
});

test('one message for a burst wakes as many workers as there is work for', async () => {
  const redis = await server();
  const api = await open(redis.url, PATIENT);
  const busy = new Set<number>();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  for (let n = 0; n < 3; n += 1) {
    const worker = startWorker({
      jobs: await open(redis.url, PATIENT),
      run: async () => {
        busy.add(n);
        await held;
        return filmResult;
      },
      concurrency: 2,
      jobTimeoutMs: 60_000,
      log: keepingLog().log,
    });
    onTestFinished(() => worker.stop({ graceMs: 0 }));
  }
  await Promise.all(Array.from({ length: 7 }, () => api.add(composeJob())));
  await until(async () => (await api.stats()).running === 6);
  expect(busy.size).toBe(3);
  release();
  await until(async () => (await api.stats()).done === 7);
  // What is left of the messages is one at most, and idle workers take it.
  await until(async () => (await redis.command('LLEN', 'genscene:bq:tickets:waiting')) === 0);
});

test('messages do not pile up, also for jobs cancelled or taken otherwise', async () => {
  const redis = await server();
  const api = await open(redis.url, PATIENT);
  for (let i = 0; i < 20; i += 1) await api.add(composeJob({ title: `${i}` }));
  const [one] = (await api.list()).jobs;
  await api.cancel(one!.id);
  const workers = [work(await open(redis.url, PATIENT)), work(await open(redis.url, PATIENT))];
  await until(async () => (await api.stats()).done === 19);
  expect(workers.flatMap(({ made }) => made)).toHaveLength(19);
  await until(async () => (await redis.command('LLEN', 'genscene:bq:tickets:waiting')) === 0);
});

test('READONLY, as after a failover: refused, then everything goes on', async () => {
  const redis = await server();
  const jobs = await open(redis.url, PATIENT);
  const { job } = await jobs.add(composeJob());
  await redis.command('REPLICAOF', '127.0.0.1', '1');
  await expect(jobs.add(composeJob())).rejects.toMatchObject({
    code: 'not_ready',
    message: expect.stringContaining('replica') as string,
  });
  expect(await jobs.health()).toMatchObject({ ok: false });
  await redis.command('REPLICAOF', 'NO', 'ONE');
  await until(async () => (await jobs.health()).ok);
  expect((await jobs.claim('w1', LEASE))!.id).toBe(job.id);
});

test('full memory: no new jobs, but those there are go to their end', async () => {
  const redis = await server({ settings: { 'maxmemory-policy': 'noeviction' } });
  const jobs = await open(redis.url, PATIENT);
  await jobs.add(composeJob({ webhookUrl: 'https://example.com/hook' }));
  const queued = await jobs.add(composeJob());
  const running = (await jobs.claim('w1', LEASE))!;
  await redis.command('CONFIG', 'SET', 'maxmemory', '1');
  await expect(jobs.add(composeJob())).rejects.toMatchObject({ code: 'no_space', retryable: true });
  expect(await jobs.health()).toMatchObject({
    ok: false,
    reason: expect.stringContaining('memory') as string,
  });
  expect(await jobs.heartbeat(refOf(running), LEASE.leaseMs)).toBe('held');
  await jobs.finish(refOf(running), { status: 'done', result: filmResult });
  const [told] = await jobs.announcements.claim('webhook', 's1', { leaseMs: 1000 });
  expect(await jobs.announcements.ack(told!.id, 's1')).toBe(true);
  expect(await jobs.claim('w1', LEASE)).toMatchObject({ id: queued.job.id });
  await redis.command('CONFIG', 'SET', 'maxmemory', '0');
  await expect(jobs.add(composeJob())).resolves.toMatchObject({ created: true });
});

test('a slow network, a cut one and one that swallows everything', async () => {
  const redis = await server();
  const proxy = await startTcpProxy(redis.port);
  onTestFinished(() => proxy.close());
  const jobs = await open(`redis://127.0.0.1:${proxy.port}`);
  const watcher = await open(`redis://127.0.0.1:${proxy.port}`);
  const { made } = work(jobs);
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const ended = new Set<string>();
  const watching = (async () => {
    for await (const event of watcher.watch({}, stop.signal))
      if (event.type === 'done') ended.add(event.jobId);
  })();
  const ids: string[] = [];
  const addThree = async (name: string): Promise<void> => {
    for (let i = 0; i < 3; i += 1) ids.push(await addSurely(watcher, `${name} ${i}`));
    await until(async () => ids.every((id) => ended.has(id)));
  };
  proxy.delay(60);
  await addThree('slow');
  proxy.delay(0);
  proxy.cut();
  await addThree('cut');
  proxy.swallow();
  await addThree('swallowed');
  expect(new Set(made)).toEqual(new Set(ids));
  stop.abort();
  await watching;
});

test('connections that end before they are of use cost no time: bee-queue would spin for ever', async () => {
  const redis = await server();
  const refusing = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(refusing, 'listening');
  onTestFinished(() => void refusing.close());
  const { port } = refusing.address() as AddressInfo;
  const tickets = new Tickets({
    url: `redis://127.0.0.1:${port}`,
    log: keepingLog().log,
    wake: () => true,
    waiting: async () => 0,
  });
  onTestFinished(() => tickets.close());
  tickets.connected();
  tickets.wait();
  // With the event loop starved this would never come back.
  await sleep(300);
  const jobs = await open(redis.url, PATIENT);
  expect(await jobs.health()).toMatchObject({ ok: true });
});

test('a delayed retry is started when it is due', async () => {
  const redis = await server();
  const jobs = await open(redis.url, { retryBaseMs: 300, ...PATIENT });
  const { job } = await jobs.add(composeJob());
  const claimed = (await jobs.claim('w1', LEASE))!;
  await jobs.finish(refOf(claimed), { status: 'failed', error: failure(true) });
  expect(await jobs.claim('w1', LEASE)).toBeNull();
  work(jobs);
  await until(async () => (await jobs.record(job.id))?.status === 'done');
  expect((await jobs.record(job.id))!.attemptLog.map(({ outcome }) => outcome)).toEqual(['retried', 'done']);
});

test('hosts whose clocks are an hour off agree on leases, for Redis’s clock counts', async () => {
  const redis = await server();
  const real = Date.now.bind(Date);
  const clock = vi.spyOn(Date, 'now');
  onTestFinished(() => clock.mockRestore());
  clock.mockImplementation(() => real() + 3600_000);
  const ahead = await open(redis.url, PATIENT);
  await ahead.add(composeJob());
  clock.mockImplementation(() => real() - 3600_000);
  const behind = await open(redis.url, PATIENT);
  const claimed = (await behind.claim('behind', LEASE))!;
  const [seconds] = (await redis.command('TIME')) as [string];
  expect(Math.abs(claimed.lease.expiresAt - LEASE.leaseMs - Number(seconds) * 1000)).toBeLessThan(60_000);
  clock.mockImplementation(() => real() + 3600_000);
  expect(await ahead.reconcile()).toEqual({ requeued: [], failed: [], cancelled: [] });
  expect(await ahead.claim('ahead', LEASE)).toBeNull();
  expect(await behind.heartbeat(refOf(claimed), LEASE.leaseMs)).toBe('held');
});

test('settings under which jobs may be lost are named, at the start and in readiness', async () => {
  const redis = await server({ settings: { appendonly: 'no', 'maxmemory-policy': 'allkeys-lru' } });
  const { log, lines } = keepingLog();
  const jobs = await open(redis.url, { log, ...PATIENT });
  const { ok, warnings } = await jobs.health();
  expect(ok).toBe(true);
  expect(warnings).toEqual([
    expect.stringContaining('appendonly yes'),
    expect.stringContaining('noeviction'),
  ]);
  expect(lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual(warnings);
  const safe = await open((await server()).url, PATIENT);
  expect((await safe.health()).warnings).toEqual([]);
});

test('a Redis that is too old is refused with what to use instead; Valkey tells a version of Redis', async () => {
  const answering = (version: string) => {
    const info = `redis_version:${version}\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\n`;
    const configGet = async () => ({ appendfsync: 'always' });
    return { sendCommand: async () => info, configGet } as unknown as RedisClient;
  };
  await expect(checkServer(answering('6.2.14'))).rejects.toMatchObject({
    code: 'not_ready',
    message: 'Redis 6.2.14 is too old.',
    hint: expect.stringContaining('7') as string,
  });
  expect(await checkServer(answering('7.2.4'))).toEqual([]);
  expect(await checkServer(answering('10.0.0'))).toEqual([]);
});

test('an address of Redis that its clients would read differently, or not at all, stops the start', () => {
  const read = (REDIS_URL: string) => loadConfig({ REDIS_URL }).redisUrl;
  for (const url of [
    'redis://redis',
    'redis://redis:6379/',
    'rediss://user:p%40ss%2Fw%3Ard@redis.example.com:6380/12',
    'redis://:secret@[::1]:6379/0',
  ])
    expect(read(url)).toBe(url);
  for (const url of [
    'localhost:6379',
    'http://redis:6379',
    'redis://',
    'redis://redis/jobs',
    'redis://redis/1/',
    'redis://redis/1.5',
    'redis://redis?db=1',
    'redis://:100%@redis',
    'redis://:a/b@redis',
  ])
    expect(() => read(url), url).toThrow(/^These settings are wrong:\n {2}REDIS_URL: must be redis:[^\n]*$/);
});

test.each([
  ['a password is wanted', '', /wants a password/, /redis:\/\/:password@/],
  ['the password is wrong', ':some-wrong-password@', /refuses the user or password/, /REDIS_URL/],
])(
  '%s: the first line of the log and every answer say so and what to do, never the password',
  async (_, who, message, hint) => {
    const redis = await server({ settings: { requirepass: 'the-right-password' } });
    const { log, lines } = keepingLog();
    const jobs = await open(`redis://${who}127.0.0.1:${redis.port}`, { log });
    let said: unknown;
    await until(async () => {
      said = await jobs.add(composeJob()).catch((error: unknown) => error);
      return message.test(String(said));
    });
    expect(said).toMatchObject({ code: 'not_ready', hint: expect.stringMatching(hint) as string });
    expect(JSON.stringify(lines)).toMatch(message);
    expect(JSON.stringify(lines)).not.toContain('wrong-password');
  },
);

test('S07: Redis away for 60 s: what was taken on is there, and the same processes go on', async () => {
  const { redis, jobs, made, since } = await away;
  await sleep(Math.max(0, AWAY_MS - (performance.now() - since)));
  await expect(jobs.add(composeJob())).rejects.toMatchObject({ code: 'not_ready', retryable: true });
  await redis.start();
  await until(async () => (await jobs.health()).ok);
  const id = await addSurely(jobs, 'after');
  await until(async () => (await jobs.record(id))?.status === 'done');
  expect((await jobs.stats()).done).toBe(2);
  expect(made).toHaveLength(2);
}, 180_000);
