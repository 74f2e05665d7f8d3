/** Changes of one moment go to Redis in one script: each must be as right as if it had come alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { ClaimedJob, JobBackend, JobEvent } from '../../../core/jobs/types.ts';
import { policyUnderTest, type BackendUnderTest } from '../../contract/jobs.ts';
import { composeJob, filmResult, refOf } from '../../helpers/job-samples.ts';
import { openRedisForTest } from '../../helpers/redis-jobs.ts';
import { startRedisServer, type RedisServer } from '../../helpers/redis-server.ts';

let server: RedisServer;
let fixture: BackendUnderTest;
let jobs: JobBackend;
beforeAll(async () => {
  server = await startRedisServer({ settings: { appendonly: 'no' } });
});
afterAll(() => server.dispose());
beforeEach(async () => {
  fixture = await openRedisForTest(server);
  jobs = fixture.backend;
});
afterEach(() => fixture.dispose());

const LEASE = { leaseMs: 30_000, timeoutMs: 600_000 };
const hook = { webhookUrl: 'https://example.com/hook' };

async function claimAll(count: number): Promise<ClaimedJob[]> {
  const claims = await Promise.all(Array.from({ length: count }, (_, i) => jobs.claim(`w${i}`, LEASE)));
  return claims.filter((job) => job !== null);
}

test('a queue takes what it has room for, and not one more', async () => {
  const { maxQueued } = policyUnderTest;
  const asked = await Promise.allSettled(
    Array.from({ length: maxQueued + 30 }, () => jobs.add(composeJob())),
  );
  const refused = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  expect(refused).toHaveLength(30);
  for (const reason of refused) expect(reason).toMatchObject({ code: 'not_ready', retryable: true });
  expect((await jobs.stats()).queued).toBe(maxQueued);
});

test('owners take turns', async () => {
  const owners = ['key:a', 'key:a', 'key:a', 'key:b', 'key:a', 'key:b', 'key:c'];
  const added = await Promise.all(owners.map((owner, i) => jobs.add(composeJob({ owner, title: `${i}` }))));
  const order: (string | null)[] = [];
  for (const _ of owners) order.push((await jobs.claim('w', LEASE))!.title);
  expect(order).toEqual(['0', '3', '6', '1', '5', '2', '4']);
  expect(new Set(added.map(({ job }) => job.eventId)).size).toBe(owners.length);
});

test('changes of one job do not overwrite each other, and one that is refused does not stop the rest', async () => {
  const { job } = await jobs.add(composeJob());
  const { job: other } = await jobs.add(composeJob());
  const [, , , cancelled] = await Promise.all([
    jobs.setOrigin(job.id, { channel: 'c1' }),
    jobs.setOrigin(job.id, { message: 'm1' }),
    jobs.setOrigin(job.id, { user: 'u1' }),
    jobs.cancel(other.id),
  ]);
  expect((await jobs.record(job.id))!.origin).toMatchObject({ channel: 'c1', message: 'm1', user: 'u1' });
  expect(cancelled.status).toBe('cancelled');
  // The lists follow too.
  expect((await jobs.list({ user: 'u1' })).jobs.map(({ id }) => id)).toEqual([job.id]);
  expect((await jobs.list({ channel: 'c1' })).jobs.map(({ id }) => id)).toEqual([job.id]);
});

test('each end is told and counted once, in the order of their numbers', async () => {
  await Promise.all(Array.from({ length: 8 }, () => jobs.add(composeJob(hook))));
  const claimed = await claimAll(12);
  expect(new Set(claimed.map(({ id }) => id)).size).toBe(8);
  const ended = await Promise.all(
    claimed.map((job) => jobs.finish(refOf(job), { status: 'done', result: filmResult })),
  );
  const told = await jobs.announcements.claim('webhook', 's', { leaseMs: 1000, limit: 20 });
  expect(told.map(({ job }) => job)).toEqual([...ended].sort((a, b) => a.eventId - b.eventId));
  expect(await jobs.usage({ by: 'owner' })).toMatchObject([{ jobs: 8, done: 8 }]);
  expect(await jobs.stats()).toMatchObject({ queued: 0, running: 0, done: 8 });
});

test('names with half a character in them harm nobody', async () => {
  const added = await Promise.all([
    jobs.add(composeJob({ owner: 'key:\ud83d' })),
    jobs.add(composeJob({ owner: 'key:ñ \\ud83d "🎬"', title: '\\ud83d' })),
    jobs.add(composeJob({ owner: 'key:plain' })),
  ]);
  for (const { job } of added) expect(await jobs.record(job.id)).toMatchObject({ id: job.id });
  expect((await jobs.list({ owner: 'key:ñ \\ud83d "🎬"' })).jobs).toMatchObject([{ title: '\\ud83d' }]);
  expect(await claimAll(3)).toHaveLength(3);
});

test('records are published only while someone watches, and a watcher misses nothing when it comes or goes', async () => {
  const listeners = async (): Promise<unknown> =>
    ((await server.command('PUBSUB', 'NUMSUB', 'genscene:0:changes')) as unknown[])[1];
  const other = await fixture.another();
  await jobs.add(composeJob({ title: 'before' }));
  expect(await listeners()).toBe(0);
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const seen: JobEvent[] = [];
  const last = await other.add(composeJob({ title: 'known' }));
  const reading = (async () => {
    for await (const event of jobs.watch({}, stop.signal, { after: last.job.eventId })) {
      seen.push(event);
      if (event.job.title === 'end') return;
    }
  })();
  const titles = Array.from({ length: 30 }, (_, i) => `film ${i}`);
  for (const title of titles) await other.add(composeJob({ title }));
  await other.add(composeJob({ title: 'end' }));
  await reading;
  expect(seen.map(({ job }) => job.title)).toEqual([...titles, 'end']);
  // As long as a watcher stays.
  const staying = jobs.watch({}, stop.signal)[Symbol.asyncIterator]();
  while ((await listeners()) === 0) await sleep(10);
  const { job: next } = await other.add(composeJob({ title: 'next' }));
  expect((await staying.next()).value).toMatchObject({ jobId: next.id, type: 'queued' });
});
