/** The board of films over a real Redis: who may take what, and when it is free again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openJobs } from '../../../core/jobs/index.ts';
import type { HelpBoard, JobBackend } from '../../../core/jobs/types.ts';
import { openEmbeddedForTest } from '../../helpers/embedded-jobs.ts';
import { composeJob } from '../../helpers/job-samples.ts';
import { startRedisServer, type RedisServer } from '../../helpers/redis-server.ts';

let redis: RedisServer;
let jobs: JobBackend;
let board: HelpBoard;
beforeAll(async () => {
  redis = await startRedisServer();
  jobs = await openJobs({ dataDir: '/nowhere', redisUrl: redis.url });
  board = jobs.help!;
});
afterAll(async () => {
  await jobs.close();
  await redis.dispose();
});
beforeEach(() => redis.command('FLUSHALL'));

const film = { jobId: 'film', attempt: 2, token: 'token' };
const by = (worker: string) => ({ jobId: film.jobId, attempt: film.attempt, worker });
const maker = { ...by('host:1 maker'), token: film.token };
const times = { ttlMs: 5000, leaseMs: 5000 };
const nothing = { settled: [], own: [], helped: 0 };

/** What was taken. */
const take = async (worker: string, keys: string[], leaseMs = 5000): Promise<string[] | 'over'> => {
  const reply = await board.take(by(worker), keys, leaseMs);
  return reply === 'over' ? reply : reply.taken;
};

test('a segment is given to one worker', async () => {
  await board.offer(film, ['a', 'b', 'c'], 5000);
  expect(await board.offers()).toEqual([{ ...film, free: 3 }]);
  expect(await board.take(by('looking'), [], 5000)).toEqual({
    taken: [],
    free: expect.any(Array),
    workers: 0,
  });
  const taken = await Promise.all([1, 2, 3, 4].map((each) => take(`w${each}`, ['c', 'b', 'z'])));
  expect(taken.flat().toSorted()).toEqual(['b', 'c']);
  expect(await board.take(by('w9'), ['b', 'a'], 5000)).toEqual({ taken: ['a'], free: [], workers: 2 });
  expect(await board.offers()).toEqual([]);
  expect(await board.take({ ...by('w1'), attempt: 1 }, ['a'], 5000)).toBe('over');
});

test('who makes the film hears who has what, how far it is, and what was delivered', async () => {
  await board.offer(film, ['a', 'b', 'c', 'd'], 5000);
  await board.take(by('helper'), ['a'], 5000);
  await board.take(by('helper'), ['b'], 5000);
  expect(await board.beat(by('helper'), [{ key: 'a', frames: 12 }], 5000)).toEqual([]);
  expect(await board.deliver(by('helper'), 'b')).toBe(true);
  const news = await board.exchange(maker, { ...nothing, own: ['c'] }, times);
  expect(news).toHaveLength(2);
  expect(news).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ key: 'a', worker: 'helper', delivered: false, frames: 12 }),
      expect.objectContaining({ key: 'b', worker: 'helper', delivered: true }),
    ]),
  );
  // What another has not delivered the maker may take from it.
  await board.exchange(maker, { ...nothing, own: ['a', 'b', 'c'] }, times);
  expect(await board.beat(by('helper'), [{ key: 'a', frames: 13 }], 5000)).toEqual(['a']);
  expect(await board.exchange(maker, nothing, times)).toEqual([
    expect.objectContaining({ key: 'b', worker: 'helper', delivered: true }),
  ]);
  // What the maker has is not given away, and settled segments are nobody's.
  expect(await take('other', ['c'])).toEqual([]);
  await board.exchange(maker, { settled: ['b', 'd'], own: ['c'], helped: 1 }, times);
  expect(await take('other', ['b', 'd'])).toEqual([]);
  expect((await jobs.stats()).segmentsHelped).toBe(1);
});

test('a silent worker loses its segments, a living one keeps them, and who gives back makes them free', async () => {
  await board.offer(film, ['a', 'b'], 5000);
  await board.take(by('dead'), ['a'], 40);
  await board.take(by('alive'), ['b'], 40);
  await board.beat(by('alive'), [{ key: 'b', frames: 1 }], 5000);
  await sleep(60);
  expect(await take('next', ['a', 'b'])).toEqual(['a']);
  expect(await board.beat(by('dead'), [{ key: 'a', frames: 9 }], 5000)).toEqual(['a']);
  await board.release(by('dead'), ['a']);
  expect(await board.deliver(by('dead'), 'a')).toBe(false);
  expect(await take('other', ['a'])).toEqual([]);
  await board.release(by('next'), ['a']);
  expect(await take('other', ['a'])).toEqual(['a']);
});

test('a film that is over, taken off or forgotten stops those who help with it', async () => {
  await board.offer(film, ['a'], 5000);
  await board.take(by('helper'), ['a'], 5000);
  await board.exchange(maker, { settled: ['a'], own: [], helped: 0 }, times);
  expect(await board.beat(by('helper'), [], 5000)).toBe('over');
  expect(await board.exchange(maker, nothing, times)).toBeNull();

  await board.offer(film, ['b'], 5000);
  await board.withdraw(film);
  expect(await board.take(by('helper'), ['b'], 5000)).toBe('over');
  expect(await board.offers()).toEqual([]);

  await board.offer(film, ['c'], 30);
  await sleep(50);
  expect(await board.beat(by('helper'), [{ key: 'c', frames: 1 }], 5000)).toBe('over');
  expect(await board.offers()).toEqual([]);
  // A delivery nobody waits for leaves nothing behind.
  expect(await board.deliver(by('helper'), 'c')).toBe(false);
  expect(await redis.command('KEYS', 'genscene:film*')).toEqual([]);
});

test('who helps hears of jobs that wait', async () => {
  expect(await board.jobsWait()).toBe(false);
  await jobs.add(composeJob());
  expect(await board.jobsWait()).toBe(true);
});

test('where one process is all there is, there is no board', async () => {
  const embedded = await openEmbeddedForTest();
  expect(embedded.backend.help).toBeNull();
  await embedded.dispose();
});
