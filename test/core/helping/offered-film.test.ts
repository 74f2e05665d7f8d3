/** The worker's own side of a film on the board: what it takes while others hold, deliver and lose, or the board is away. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openCache, type ContentCache } from '../../../core/cache.ts';
import { newToken, offerFilms } from '../../../core/helping/offered-film.ts';
import { openJobs } from '../../../core/jobs/index.ts';
import type { HelpBoard, JobBackend } from '../../../core/jobs/types.ts';
import type { SharedFilm } from '../../../core/pipeline/shared-film.ts';
import { keepingLog } from '../../helpers/job-samples.ts';
import { startRedisServer, type RedisServer } from '../../helpers/redis-server.ts';
import { testFolder } from '../../helpers/samples.ts';
import { until } from '../../helpers/app.ts';

const keys = ['a', 'b', 'c', 'd'];
const hold = { jobId: 'film', attempt: 1, worker: 'maker' };
const helper = { ...hold, worker: 'helper' };
const never = new AbortController().signal;
const all = (free: ReadonlySet<string>): string[] => [...free];
const one = (free: ReadonlySet<string>): string[] => [...free].slice(0, 1);
let redis: RedisServer;
let jobs: JobBackend;
let board: HelpBoard;
let cache: ContentCache;
let film: SharedFilm | null = null;

beforeEach(async () => {
  redis = await startRedisServer();
  jobs = await openJobs({ dataDir: '/nowhere', redisUrl: redis.url });
  board = jobs.help!;
  cache = await openCache(await testFolder(), 1e9);
});
afterEach(async () => {
  await film?.close();
  await jobs.close();
  await redis.dispose();
});

function offer(leaseMs = 60_000): SharedFilm {
  const times = { lookMs: 20, beatMs: 20, leaseMs, offerMs: 60_000 };
  const terms = { board, hold, fromS: 10, token: newToken(), times, log: keepingLog().log };
  film = offerFilms(terms)({ keys, expectedS: 10, cache });
  return film!;
}

const offered = async (): Promise<void> => void (await until(async () => (await board.offers()).length > 0));

test('light films, and those of one segment, are not offered', async () => {
  const terms = { board, hold, fromS: 10, token: newToken(), times: { lookMs: 1, beatMs: 1, leaseMs: 1, offerMs: 1 }, log: keepingLog().log }; // prettier-ignore
  expect(offerFilms(terms)({ keys, expectedS: 9.9, cache })).toBeNull();
  expect(offerFilms(terms)({ keys: ['a'], expectedS: 1000, cache })).toBeNull();
});

test('what a helper has is not taken, what it delivers is heard of, what is taken over is taken from it', async () => {
  const mine = offer();
  await offered();
  expect(await board.take(helper, ['c', 'd'], 60_000)).toMatchObject({ taken: ['c', 'd'] });
  expect((await mine.take(all)).toSorted()).toEqual(['a', 'b']);
  expect(await mine.take(all)).toEqual([]);
  await board.deliver(helper, 'c');
  await until(() => mine.elsewhere().get('c')?.delivered);
  expect(mine.elsewhere().get('d')).toMatchObject({ worker: 'helper', delivered: false });
  mine.takeOver('d');
  expect(await mine.take(one)).toEqual(['d']);
  await until(async () => (await board.beat(helper, [{ key: 'd', frames: 5 }], 60_000)).includes('d'));
  for (const key of keys) mine.settle(key, key === 'c');
  await mine.close();
  expect((await jobs.stats()).segmentsHelped).toBe(1);
  expect(await redis.command('KEYS', 'genscene:film*')).toEqual([]);
});

test('while Redis is away all is ours, at last what others had too; and when it is back, so is the offer', async () => {
  const mine = offer(300);
  await offered();
  await board.take(helper, ['d'], 60_000);
  await until(() => mine.elsewhere().has('d'));
  await redis.kill('SIGKILL');
  const taken: string[] = [];
  while (taken.length < keys.length) {
    taken.push(...(await mine.take(one)));
    if (taken.length === 3) await mine.news(never);
  }
  expect(taken.toSorted()).toEqual(keys);
  expect(await mine.take(all)).toEqual([]);
  mine.settle('a', false);
  await redis.start();
  await until(async () => (await redis.command('HEXISTS', 'genscene:film:film:1', 'b')) === 1 && (await redis.command('HEXISTS', 'genscene:film:film:1', 'a')) === 0); // prettier-ignore
}, 30_000);

test('ending does not wait for a Redis that hangs', async () => {
  const mine = offer();
  await offered();
  await redis.kill('SIGSTOP');
  const call = board.offers().then(
    () => 'answered',
    () => 'given up',
  );
  expect(await Promise.race([call, mine.close().then(() => 'closed')])).toBe('closed');
  film = null;
  await redis.kill('SIGCONT');
}, 15_000);
