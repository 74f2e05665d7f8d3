/** The rules of the service, over the real job store; nobody works on the jobs here. */
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openJobs } from '../../../core/jobs/index.ts';
import type { StudioEvent } from '../../../core/studio-service.ts';
import { caller, openApp, testDataDir, tinyFilm, until } from '../../helpers/app.ts';
import { quarters } from '../../helpers/samples.ts';
import { canMount, fillDisk, mountSmallDisk } from '../../helpers/small-disk.ts';

const alice = caller('alice');
const bob = caller('bob');
const operator = caller('operator', 'all');
const open = (env: Record<string, string> = {}) =>
  openApp({ env: { SERVICES: 'api', API_KEYS: 'test:test-key-test-key', ...env } });
const issuePaths = (error: unknown): string[] =>
  (error as { issues?: { path: string }[] }).issues?.map(({ path: place }) => place) ?? [];

describe('taking work', () => {
  test('a film is taken on, queued, and known at once', async () => {
    const { studio } = await open();
    const { job, created } = await studio.compose(tinyFilm({ metadata: { order: 7 } }), alice);
    expect(created).toBe(true);
    expect(job).toMatchObject({
      kind: 'compose',
      status: 'queued',
      title: 'Tiny',
      queuePosition: 1,
      etaSeconds: null,
      scenesTotal: 1,
      metadata: { order: 7 },
      url: null,
    });
    expect(job.id).toMatch(/^[a-z0-9]{24}$/);
    expect(await studio.job(job.id, alice)).toMatchObject({ id: job.id, status: 'queued' });
  });

  test('every fault of a storyboard is told at once, and no job is made', async () => {
    const { studio } = await open();
    const bad = { scenes: [{ duration: -1 }, { media: { type: 'image' } }], output: { fps: 31 }, colour: 1 };
    const error = await studio.compose(bad, alice).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'StudioError', code: 'invalid_storyboard' });
    expect(issuePaths(error)).toEqual(
      expect.arrayContaining(['scenes[0].duration', 'scenes[1].media.src', 'output.fps', 'colour']),
    );
    await expect(
      studio.compose(tinyFilm({ voice: { name: 'nobody' }, scenes: [{ text: 'Hello.' }] }), alice),
    ).rejects.toMatchObject({ code: 'invalid_storyboard', issues: [{ path: 'voice' }] });
    for (const input of [undefined, null, 'x', 7, [], { scenes: [] }])
      await expect(studio.compose(input, alice)).rejects.toMatchObject({ code: 'invalid_storyboard' });
    expect((await studio.jobs({}, operator)).jobs).toEqual([]);
  });

  test('paths of this machine mean nothing to a service', async () => {
    const { studio } = await open();
    const film = tinyFilm({
      scenes: [
        { media: { type: 'image', src: '/etc/passwd' } },
        { media: { type: 'video', src: 'file:///etc/passwd' }, audio: '../a.wav' },
        { media: { type: 'image', src: 'https://example.com/a.jpg' } },
      ],
      soundtrack: { src: 'music.mp3' },
      brand: { logo: 'C:\\logo.png', watermark: { src: 'concat:a|b' } },
    });
    const paths = [
      'scenes[0].media.src',
      'scenes[1].media.src',
      'scenes[1].audio',
      'soundtrack.src',
      'brand.logo',
      'brand.watermark.src',
    ];
    const error = await studio.compose(film, alice).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'url_not_allowed' });
    expect(issuePaths(error)).toEqual(paths);
    const checked = studio.validate(film, alice);
    expect(checked.ok ? [] : checked.issues.map((issue) => issue.path)).toEqual(paths);
  });

  test('a priority above what the caller may ask for is told by its field; the same below it is taken', async () => {
    const { studio } = await open();
    const issues = [{ path: 'priority', message: 'may be 0 at most for you; got 1' }];
    const urgent = tinyFilm({ priority: 1 });
    await expect(studio.compose(urgent, alice)).rejects.toMatchObject({ code: 'forbidden', issues });
    await expect(studio.speak({ text: 'Hello.', priority: 1 }, alice)).rejects.toMatchObject({
      code: 'forbidden',
      issues,
    });
    expect(studio.validate(urgent, alice)).toMatchObject({ ok: false, issues });
    // Together with other faults it is one of them.
    const error = await studio
      .compose({ ...urgent, soundtrack: { src: 'music.mp3' } }, alice)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid_storyboard' });
    expect(issuePaths(error)).toEqual(['soundtrack.src', 'priority']);
    expect((await studio.jobs({}, operator)).jobs).toEqual([]);

    const trusted = { ...alice, mostPriority: 1 };
    expect(studio.validate(urgent, trusted)).toMatchObject({ ok: true });
    const { job } = await studio.compose(urgent, trusted);
    expect((await studio.speak({ text: 'Hello.', priority: -10 }, alice)).created).toBe(true);
    // What was taken on as urgent may be tried again by others who may steer it.
    await studio.cancel(job.id, operator);
    expect(await studio.retry(job.id, alice)).toMatchObject({ status: 'queued' });
  });

  test('uploads that are not there are told before the job is made; those that are may be used', async () => {
    const { studio } = await open();
    const withAsset = (src: string) => tinyFilm({ scenes: [{ media: { type: 'image', src } }] });
    for (const src of [`asset:${'0'.repeat(64)}`, 'asset:', 'asset:../../etc/passwd']) {
      const error = await studio.compose(withAsset(src), alice).catch((thrown: unknown) => thrown);
      expect(error, src).toMatchObject({ code: 'invalid_storyboard' });
      expect(issuePaths(error)).toEqual(['scenes[0].media.src']);
    }
    const png = await quarters(32, 32).png().toBuffer();
    const { src } = await studio.saveAsset(Readable.from([png]), alice, new AbortController().signal);
    expect((await studio.compose(withAsset(src), alice)).created).toBe(true);
  });

  test('speech is checked like a film: text, voice, language', async () => {
    const { studio } = await open();
    const { job } = await studio.speak({ text: 'Hello there.', format: 'wav' }, alice);
    expect(job).toMatchObject({ kind: 'tts', status: 'queued', title: 'Hello there.', scenesTotal: 0 });
    const error = await studio
      .speak({ text: ' ', format: 'flac', volume: 3 }, alice)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid_request' });
    expect(issuePaths(error)).toEqual(expect.arrayContaining(['text', 'format', 'volume']));
    await expect(studio.speak({ text: 'Hello.', voice: { name: 'nobody' } }, alice)).rejects.toMatchObject({
      code: 'invalid_request',
      issues: [{ path: 'voice' }],
    });
    await expect(studio.speak({ text: 'Hello.', language: 'xx' }, alice)).rejects.toMatchObject({
      code: 'invalid_request',
    });
    const spanish = studio.voices('es')[0]!;
    expect((await studio.speak({ text: 'Hola.', voice: { name: spanish.name } }, alice)).created).toBe(true);
  });

  test('S03: the same key and body are one job, however often and at once; another body is a conflict', async () => {
    const { studio } = await open();
    const idempotencyKey = 'order-7';
    const takes = await Promise.all(
      Array.from({ length: 5 }, () => studio.compose(tinyFilm(), alice, { idempotencyKey })),
    );
    expect(new Set(takes.map(({ job }) => job.id)).size).toBe(1);
    expect(takes.filter(({ created }) => created)).toHaveLength(1);
    // Defaults written down are the same wish.
    const spelled = tinyFilm({
      language: 'en',
      priority: 0,
      output: { quality: 'draft', fps: 24, resolution: 'preview', format: 'mp4' },
    });
    expect((await studio.compose(spelled, alice, { idempotencyKey })).job.id).toBe(takes[0]!.job.id);
    await expect(
      studio.compose(tinyFilm({ title: 'Other' }), alice, { idempotencyKey }),
    ).rejects.toMatchObject({ code: 'conflict' });
    await expect(studio.speak({ text: 'Hello.' }, alice, { idempotencyKey })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect((await studio.compose(tinyFilm(), bob, { idempotencyKey })).created).toBe(true);
    for (const key of ['', 'a b', 'ä', 'k'.repeat(256), 'a\n'])
      await expect(studio.compose(tinyFilm(), alice, { idempotencyKey: key }), key).rejects.toMatchObject({
        code: 'invalid_request',
      });
    expect((await studio.jobs({}, operator)).jobs).toHaveLength(2);
  });

  test('S04: while stopping nothing new is taken, and all that is there can be asked for', async () => {
    const { studio } = await open();
    const { job } = await studio.compose(tinyFilm(), alice);
    await studio.cancel(job.id, alice);
    studio.refuseWork();
    const refusal = { code: 'not_ready', retryable: true, hint: expect.any(String) };
    await expect(studio.compose(tinyFilm(), alice)).rejects.toMatchObject(refusal);
    await expect(studio.speak({ text: 'Hello.' }, alice)).rejects.toMatchObject(refusal);
    await expect(studio.retry(job.id, alice)).rejects.toMatchObject(refusal);
    const upload = Readable.from([Buffer.alloc(10)]);
    await expect(studio.saveAsset(upload, alice, new AbortController().signal)).rejects.toMatchObject(
      refusal,
    );
    expect(upload.destroyed).toBe(true);
    expect(await studio.job(job.id, alice)).toMatchObject({ status: 'cancelled' });
    expect(await studio.status()).toMatchObject({ accepting: false });
    expect((await studio.ready()).ready).toBe(false);
  });

  test.runIf(canMount)(
    'S14: a disk that is nearly full refuses work, shows what is there, and takes work again by itself',
    async () => {
      const disk = mountSmallDisk(6 * 1024 ** 2, mkdtempSync(path.join(tmpdir(), 'genscene-full-')));
      try {
        const app = await openApp({
          dataDir: disk.folder,
          env: { SERVICES: 'api', API_KEYS: 'test:test-key-test-key' },
        });
        const { job } = await app.studio.compose(tinyFilm(), alice);
        const free = fillDisk(disk.folder, 200 * 1024);
        await until(async () => !(await app.studio.status()).accepting);
        await expect(app.studio.compose(tinyFilm(), alice)).rejects.toMatchObject({
          code: 'no_space',
          retryable: true,
        });
        const upload = Readable.from([Buffer.alloc(9)]);
        await expect(app.studio.saveAsset(upload, alice, new AbortController().signal)).rejects.toMatchObject(
          { code: 'no_space' },
        );
        expect(await app.studio.job(job.id, alice)).toMatchObject({ status: 'queued' });
        await until(async () => !(await app.studio.ready()).ready);
        free();
        await until(() =>
          app.studio.compose(tinyFilm(), alice).then(
            () => true,
            () => false,
          ),
        );
        expect(await app.studio.status()).toMatchObject({ accepting: true });
        await app.stop(0);
      } finally {
        disk.unmount();
      }
    },
  );
});

describe('who sees what', () => {
  test('others’ jobs do not exist, except for operators', async () => {
    const { studio } = await open();
    const { job } = await studio.compose(tinyFilm(), alice);
    expect(await studio.job(job.id, bob)).toBeNull();
    await expect(studio.cancel(job.id, bob)).rejects.toMatchObject({ code: 'not_found' });
    await expect(studio.retry(job.id, bob)).rejects.toMatchObject({ code: 'not_found' });
    expect((await studio.jobs({}, bob)).jobs).toEqual([]);
    expect((await studio.jobs({ owner: 'key:alice' }, bob)).jobs).toEqual([]);
    expect((await studio.jobs({}, operator)).jobs).toHaveLength(1);
    expect((await studio.jobs({ owner: 'key:bob' }, operator)).jobs).toEqual([]);
    expect((await studio.cancel(job.id, operator)).status).toBe('cancelled');
    expect(await studio.usage({ by: 'owner' }, bob)).toEqual([]);
    expect(await studio.usage({ by: 'owner', owner: 'key:alice' }, bob)).toEqual([]);
    expect(await studio.usage({ by: 'owner' }, operator)).toMatchObject([{ key: 'key:alice', cancelled: 1 }]);
    for (const id of ['', 'nothing', '../x', 'a'.repeat(5000)])
      expect(await studio.job(id, operator)).toBeNull();
  });

  test('watchers get their own jobs only, with their addresses and places', async () => {
    const { studio } = await open();
    const seen: StudioEvent[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const event of studio.watch({}, bob, stop.signal)) seen.push(event);
    })();
    await studio.compose(tinyFilm({ title: 'Of Alice' }), alice);
    const { job } = await studio.compose(tinyFilm({ title: 'Of Bob' }), bob);
    await studio.cancel(job.id, bob);
    await until(() => seen.some(({ type }) => type === 'cancelled'));
    stop.abort();
    await watching;
    expect(new Set(seen.map((event) => event.job.title))).toEqual(new Set(['Of Bob']));
    expect(seen.at(-1)).toMatchObject({ type: 'cancelled', job: { id: job.id, status: 'cancelled' } });
  });

  test('a watcher that comes late resumes where it was, and all end when the service does', async () => {
    const { studio } = await open();
    const { job } = await studio.compose(tinyFilm(), alice);
    await studio.cancel(job.id, alice);
    const events: StudioEvent[] = [];
    const watching = (async () => {
      for await (const event of studio.watch({ id: job.id }, alice, new AbortController().signal, {
        after: 0,
      }))
        events.push(event);
    })();
    await until(() => events.length > 0);
    studio.endWatches();
    await watching;
    expect(events.at(-1)).toMatchObject({ type: 'cancelled' });
  });
});

describe('the queue', () => {
  test('places move up, and times are told once someone works and jobs have been done', async () => {
    const dataDir = await testDataDir();
    const { studio } = await openApp({
      dataDir,
      env: { SERVICES: 'api', API_KEYS: 'test:test-key-test-key' },
    });
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1)
      ids.push((await studio.compose(tinyFilm({ title: String(i) }), alice)).job.id);
    const urgent = (await studio.compose(tinyFilm({ priority: 5 }), { ...alice, mostPriority: 5 })).job;
    const places = async () =>
      Promise.all([...ids, urgent.id].map(async (id) => (await studio.job(id, alice))?.queuePosition));
    expect(await places()).toEqual([2, 3, 4, 1]);
    await studio.cancel(ids[0]!, alice);
    expect(await places()).toEqual([null, 2, 3, 1]);

    const jobs = await openJobs({ dataDir, pollMs: 20 });
    try {
      await jobs.reportWorker({ id: 'w', host: 'h', pid: 1, concurrency: 1, busy: 1, startedAt: Date.now() });
      const claimed = (await jobs.claim('w', { leaseMs: 60_000, timeoutMs: 60_000 }))!;
      const result = {
        files: { main: 'film.mp4' },
        duration: 1,
        width: 640,
        height: 360,
        size: 1,
        loudness: null,
        warnings: [],
        scenesReused: 0,
      };
      await new Promise((resolve) => setTimeout(resolve, 30));
      await jobs.finish({ id: claimed.id, owner: 'w', attempt: 1 }, { status: 'done', result });
      const eta = await until(async () => (await studio.job(ids[1]!, alice))?.etaSeconds);
      expect(eta).toBeGreaterThanOrEqual(1);
      expect(await studio.job(urgent.id, alice)).toMatchObject({
        status: 'done',
        url: expect.stringMatching(/\/files\/.*\/film\.mp4$/),
      });
    } finally {
      await jobs.close();
    }
  });

  test('jobs are listed newest first, a page at a time', async () => {
    const { studio } = await open();
    for (let i = 0; i < 5; i += 1) await studio.compose(tinyFilm({ title: String(i) }), alice);
    const first = await studio.jobs({ limit: 3 }, alice);
    expect(first.jobs.map(({ title }) => title)).toEqual(['4', '3', '2']);
    expect(first.jobs.map(({ queuePosition }) => queuePosition)).toEqual([5, 4, 3]);
    const second = await studio.jobs({ limit: 3, cursor: first.nextCursor! }, alice);
    expect(second.jobs.map(({ title }) => title)).toEqual(['1', '0']);
    expect(second.nextCursor).toBeNull();
    await expect(studio.jobs({ cursor: 'made up' }, alice)).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

describe('how it is', () => {
  test('ready when the store, the disk, ffmpeg and the voice are', async () => {
    const { studio } = await open();
    const { ready, checks } = await until(async () => {
      const now = await studio.ready();
      return now.ready ? now : null;
    });
    expect(ready).toBe(true);
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual([['jobs', true], ['disk', true], ['ffmpeg', true], ['speech', true]]); // prettier-ignore
    const status = await studio.status();
    expect(status).toMatchObject({ accepting: true, version: '1.2.3', queue: { queued: 0 } });
    expect(status.versions.ffmpeg).toMatch(/\d/);
    expect(status.disk!.freeBytes).toBeGreaterThan(0);
  });

  test('a missing ffmpeg is told, and the rest still answers', async () => {
    const { studio } = await open({ FFMPEG_PATH: '/nowhere/ffmpeg' });
    const { ready, checks } = await studio.ready();
    expect(ready).toBe(false);
    expect(checks.find(({ name }) => name === 'ffmpeg')).toMatchObject({ ok: false });
    expect(checks.find(({ name }) => name === 'jobs')).toMatchObject({ ok: true });
    expect((await studio.compose(tinyFilm(), alice)).created).toBe(true);
  });
});
