import { readdir, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createCache, type Cache } from '../../../core/ingest/cache.ts';
import { createSharedWork } from '../../../core/ingest/shared-work.ts';
import { testFolder } from '../../helpers/samples.ts';

const HOUR_S = 3600;

async function put(cache: Cache, name: string, bytes: number, ageS = 0): Promise<void> {
  const temp = await cache.temp('.part');
  await writeFile(temp, Buffer.alloc(bytes));
  await cache.publish(temp, name);
  await age(cache.path(name), ageS);
}

async function age(file: string, seconds: number): Promise<void> {
  const then = Date.now() / 1000 - seconds;
  await utimes(file, then, then);
}

describe('cache', () => {
  it('removes the least recently used first, and only as many as needed', async () => {
    const dir = await testFolder();
    const cache = createCache({ dir, maxBytes: 1000, keepUsedMs: 1000 });
    await put(cache, 'old', 400, 3 * HOUR_S);
    await put(cache, 'older', 400, 4 * HOUR_S);
    await put(cache, 'older-but-used', 100, 5 * HOUR_S);
    expect(await cache.use('older-but-used')).toBe(true);
    await put(cache, 'new', 300);
    expect((await readdir(dir)).toSorted()).toEqual(['new', 'old', 'older-but-used']);
    expect(await cache.use('older')).toBe(false);
  });

  it('never removes what was used lately, however full it is', async () => {
    const dir = await testFolder();
    const cache = createCache({ dir, maxBytes: 100, keepUsedMs: HOUR_S * 1000 });
    await put(cache, 'one', 400, 60);
    await put(cache, 'two', 400);
    expect((await readdir(dir)).toSorted()).toEqual(['one', 'two']);
  });

  it('sees the files of other processes and removes what a dead one left half written', async () => {
    const dir = await testFolder();
    const other = createCache({ dir, maxBytes: 1e9, keepUsedMs: 1000 });
    await put(other, 'theirs', 500, HOUR_S);
    const left = await other.temp('.part');
    await writeFile(left, 'half');
    await age(left, HOUR_S);
    const cache = createCache({ dir, maxBytes: 600, keepUsedMs: 1000 });
    await put(cache, 'ours', 300);
    expect(await readdir(dir)).toEqual(['ours']);
  });

  it('takes half a record for none', async () => {
    const cache = createCache({ dir: await testFolder(), maxBytes: 1e6, keepUsedMs: 0 });
    await cache.writeRecord('record.json', { width: 5 });
    expect(await cache.readRecord('record.json')).toEqual({ width: 5 });
    await writeFile(cache.path('record.json'), '{"width":');
    expect(await cache.readRecord('record.json')).toBeNull();
  });
});

describe('shared work', () => {
  it('runs once for all who ask, and again after it ended', async () => {
    const shared = createSharedWork();
    let runs = 0;
    const work = async (): Promise<number> => {
      await new Promise(setImmediate);
      return (runs += 1);
    };
    expect(
      await Promise.all([shared.run('a', {}, work), shared.run('a', {}, work), shared.run('b', {}, work)]),
    ).toEqual([1, 1, 2]);
    expect(await shared.run('a', {}, work)).toBe(3);
  });

  it('goes on while anybody waits, and is stopped with the last', async () => {
    const shared = createSharedWork();
    const stops = [new AbortController(), new AbortController()];
    let stopped = false;
    const work = (signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          stopped = true;
          reject(signal.reason as Error);
        });
      });
    const waiting = stops.map((stop) => shared.run('a', { signal: stop.signal }, work));
    stops[0]!.abort();
    await expect(waiting[0]).rejects.toMatchObject({ code: 'cancelled' });
    expect(stopped).toBe(false);
    stops[1]!.abort();
    await expect(waiting[1]).rejects.toMatchObject({ code: 'cancelled' });
    expect(stopped).toBe(true);
    // Who comes after that starts anew and does not inherit the end.
    expect(await shared.run('a', {}, async () => 'fresh')).toBe('fresh');
  });

  it('gives every caller the failure, and does not start for one who has left already', async () => {
    const shared = createSharedWork();
    const fail = async (): Promise<never> => {
      throw new Error('broken');
    };
    const results = await Promise.allSettled([shared.run('a', {}, fail), shared.run('a', {}, fail)]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    let ran = false;
    await expect(
      shared.run('b', { signal: AbortSignal.abort() }, async () => (ran = true)),
    ).rejects.toMatchObject({ code: 'cancelled' });
    expect(ran).toBe(false);
  });
});
