/** The service's smaller parts, each on its own. */
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDiskGuard } from '../../../core/disk-guard.ts';
import { openJobs } from '../../../core/jobs/index.ts';
import { ttsRequestSchema } from '../../../core/schema/speech.ts';
import { storyboardSchema } from '../../../core/schema/storyboard.ts';
import { wantedAssets } from '../../../core/service/housekeeping.ts';
import { etaOf } from '../../../core/service/queue-outlook.ts';
import { createReadiness, type ReadinessProbes } from '../../../core/service/readiness.ts';
import { assetIds } from '../../../core/service/sources.ts';
import { sourcesOf } from '../../../core/storyboard-sources.ts';
import { speechRequestOf } from '../../../core/service/speech-request.ts';
import { trimFolder } from '../../../core/service/trim-folder.ts';
import type { Voice } from '../../../core/tts/types.ts';
import { createTurns } from '../../../core/turns.ts';
import { testDataDir } from '../../helpers/app.ts';

describe('the time a queued job will take', () => {
  const worker = (concurrency: number) => ({
    id: 'w',
    host: 'h',
    pid: 1,
    concurrency,
    busy: 0,
    startedAt: 0,
    seenAt: 0,
  });
  const stats = (mean: number | null, running: number, ...places: number[]) => ({
    lastHour: { done: 1, failed: 0, meanRenderSeconds: mean },
    running,
    workers: places.map(worker),
  });

  test('is not told while nobody works or nothing was made', () => {
    expect(etaOf(1, stats(null, 0, 2))).toBeNull();
    expect(etaOf(1, stats(10, 0))).toBeNull();
  });

  test('counts rounds of as many jobs as there are places', () => {
    expect(etaOf(1, stats(10, 0, 1))).toBe(10);
    expect(etaOf(1, stats(10, 1, 1))).toBe(15);
    expect(etaOf(3, stats(10, 1, 1))).toBe(35);
    expect(etaOf(2, stats(10, 2, 1, 1))).toBe(15);
    expect(etaOf(3, stats(10, 2, 1, 1))).toBe(25);
  });

  test('never falls with the place, nor rises with more places', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 0.1, max: 1000, noNaN: true }),
        (place, places, mean) => {
          const eta = etaOf(place, stats(mean, places, places))!;
          return (
            eta >= etaOf(1, stats(mean, places, places))! &&
            etaOf(place + 1, stats(mean, places, places))! >= eta &&
            etaOf(place, stats(mean, places, places + 1))! <= eta
          );
        },
      ),
    );
  });
});

describe('readiness', () => {
  const probes = (changes: Partial<ReadinessProbes> = {}): ReadinessProbes => ({
    jobs: { health: async () => ({ ok: true, reason: null, latencyMs: 1 }) },
    guard: createDiskGuard(['/']),
    ffmpeg: async () => '5.1',
    speech: async () => 'speaks',
    ...changes,
  });

  test('does not wait for a slow part, and tells when it is known', async () => {
    let finish = (_word: string): void => {};
    const readiness = createReadiness(
      probes({ speech: () => new Promise((resolve) => (finish = resolve)) }),
      300,
    );
    expect(await readiness.ready()).toMatchObject({
      ready: false,
      checks: [
        { ok: true },
        { ok: true },
        { ok: true },
        { name: 'speech', ok: false, detail: 'is being tried' },
      ],
    });
    expect(readiness.last('speech')).toBeNull();
    finish('speaks');
    await sleep(0);
    expect(await readiness.ready()).toMatchObject({ ready: true });
    expect(readiness.last('speech')).toEqual({ name: 'speech', ok: true, detail: 'speaks' });
  });

  test('tries a part once for all who ask at the same time, and not again soon', async () => {
    let tries = 0;
    const readiness = createReadiness(probes({ ffmpeg: async () => String((tries += 1)) }));
    await Promise.all([readiness.ready(), readiness.ready(), readiness.ready()]);
    await readiness.ready();
    expect(tries).toBe(1);
  });

  test('names what fails', async () => {
    const health = async () => ({ ok: false, reason: 'The store is locked.', latencyMs: 3 });
    const fail = async () => Promise.reject(new Error('no voice'));
    const { ready, checks } = await createReadiness(probes({ jobs: { health }, speech: fail })).ready();
    expect(ready).toBe(false);
    expect(checks[0]).toEqual({ name: 'jobs', ok: false, detail: 'The store is locked.' });
    expect(checks[3]).toEqual({ name: 'speech', ok: false, detail: 'no voice' });
  });
});

describe('sources of a storyboard', () => {
  const storyboard = storyboardSchema.parse({
    scenes: [
      { media: { type: 'image', src: 'asset:one' }, audio: 'ASSET:two' },
      { text: 'No media.' },
      { media: { type: 'color', color: '#fff' } },
    ],
    soundtrack: { src: 'https://example.com/asset:three.mp3' },
    brand: { watermark: { src: 'asset:four' } },
  });

  test('are found wherever one may be named', () => {
    expect(sourcesOf(storyboard).map(({ path: place }) => place)).toEqual([
      'scenes[0].media.src',
      'scenes[0].audio',
      'soundtrack.src',
      'brand.watermark.src',
    ]);
    expect(assetIds(storyboard)).toEqual(['one', 'two', 'four']);
  });

  test('of jobs that wait or run are wanted, of others not', async () => {
    const jobs = await openJobs({ dataDir: await testDataDir() });
    try {
      const add = (src: string) => {
        const parsed = storyboardSchema.parse({ scenes: [{ media: { type: 'image', src } }] });
        return jobs.add({
          request: { kind: 'compose', storyboard: parsed },
          owner: 'o',
          origin: { platform: 'api' },
        });
      };
      await add('asset:waits');
      const { job } = await add('asset:over');
      await jobs.cancel(job.id);
      expect(await wantedAssets(jobs)).toEqual(new Set(['waits']));
    } finally {
      await jobs.close();
    }
  });
});

describe('what a speech body means', () => {
  const voice = (name: string, language: string, engine: Voice['engine'] = 'espeak'): Voice => ({
    engine,
    name,
    language,
    gender: 'unknown',
    timing: 'engine',
    local: true,
    licence: '',
  });
  const voices = [voice('Anna', 'de'), voice('Anna', 'it', 'flite'), voice('silence', 'und', 'none')];
  const of = (body: object) => speechRequestOf(ttsRequestSchema.parse({ text: 'x', ...body }), voices);

  test('a voice named without a language speaks its own', () => {
    expect(of({ voice: { name: 'anna' } })).toMatchObject({ voice: 'anna', language: 'de' });
    expect(of({ voice: { name: 'Anna', engine: 'flite' } }).language).toBe('it');
    expect(of({ voice: { name: 'Anna' }, language: 'fr' }).language).toBe('fr');
    expect(of({ voice: { name: 'Anna', language: 'es' }, language: 'fr' }).language).toBe('es');
    expect(of({ voice: { name: 'silence' } }).language).toBe('en');
    expect(of({})).toEqual({ text: 'x', language: 'en' });
  });

  test('the speed of the request goes before that of the voice', () => {
    expect(of({ voice: { speed: 0.5 } }).speed).toBe(0.5);
    expect(of({ voice: { speed: 0.5 }, speed: 2 }).speed).toBe(2);
  });
});

describe('trimming a cache', () => {
  const file = async (folder: string, name: string, bytes: number, ageMs: number): Promise<void> => {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), Buffer.alloc(bytes));
    const then = new Date(Date.now() - ageMs);
    await utimes(path.join(folder, name), then, then);
  };

  test('takes what was used longest ago, until the tree fits; never what was used lately', async () => {
    const folder = await testDataDir();
    await file(folder, 'speech/ab/old.wav', 100, 9000);
    await file(folder, 'segments/older.mp4', 100, 10_000);
    await file(folder, 'media/young.png', 100, 10);
    expect(await trimFolder({ folder, maxBytes: 250, keepUsedMs: 1000 })).toBe(100);
    expect((await readdir(folder, { recursive: true })).filter((name) => path.extname(name)).sort()).toEqual([
      'media/young.png',
      'speech/ab/old.wav',
    ]);
    expect(await trimFolder({ folder, maxBytes: 0, keepUsedMs: 1000 })).toBe(100);
    expect(await trimFolder({ folder, maxBytes: 0, keepUsedMs: 1000 })).toBe(0);
    expect(await trimFolder({ folder: path.join(folder, 'nowhere'), maxBytes: 0, keepUsedMs: 0 })).toBe(0);
  });
});

describe('turns', () => {
  test('no more at once than allowed, in order, and those who leave take no place', async () => {
    const turns = createTurns(2);
    const stay = new AbortController().signal;
    let busy = 0;
    let most = 0;
    const order: number[] = [];
    const work = (id: number) => async () => {
      most = Math.max(most, (busy += 1));
      order.push(id);
      await sleep(5);
      busy -= 1;
      if (id === 1) throw new Error('failed');
    };
    const leaving = new AbortController();
    const all = [0, 1, 2].map((id) => turns.take(stay, work(id)));
    const left = turns.take(leaving.signal, work(99));
    all.push(turns.take(stay, work(3)));
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(order).toEqual([0, 1, 2, 3]);
    expect(most).toBe(2);
    await Promise.all([4, 5, 6, 7].map((id) => turns.take(stay, work(id))));
    expect(most).toBe(2);
    await expect(turns.take(leaving.signal, work(100))).rejects.toMatchObject({ code: 'cancelled' });
  });
});
