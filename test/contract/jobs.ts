/**
 * What every JobBackend must do. A driver runs it by
 *   describeJobBackend('embedded', openForTest)
 * with a backend over an empty store, a clock the test turns, and more handles to the same store.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClaimedJob, Delivery, JobBackend, JobEvent, NewJob } from '../../core/jobs/types.ts';
import { composeJob, failure, filmResult, refOf, speechJob } from '../helpers/job-samples.ts';

export type BackendUnderTest = {
  backend: JobBackend;
  /** Another process's handle to the same store; closed by the fixture. */
  another: () => Promise<JobBackend>;
  clock: { now: () => number; advance: (ms: number) => void };
  /** Closes every handle and removes the store. */
  dispose: () => Promise<void>;
};

/** The policy a backend under test must be opened with. */
export const policyUnderTest = {
  maxAttempts: 3,
  retryBaseMs: 1000,
  retryCapMs: 60_000,
  retentionDays: 1,
  maxQueued: 40,
};

const LEASE = { leaseMs: 30_000, timeoutMs: 600_000 };
const DAY_MS = 24 * 3600_000;

export function describeJobBackend(name: string, open: () => Promise<BackendUnderTest>): void {
  describe(`JobBackend: ${name}`, () => {
    let fixture: BackendUnderTest;
    let jobs: JobBackend;
    let clock: BackendUnderTest['clock'];
    const stops: AbortController[] = [];

    beforeEach(async () => {
      fixture = await open();
      jobs = fixture.backend;
      clock = fixture.clock;
    });
    afterEach(async () => {
      for (const stop of stops.splice(0)) stop.abort();
      await fixture.dispose();
    });

    const signal = (): AbortSignal => {
      const stop = new AbortController();
      stops.push(stop);
      return stop.signal;
    };
    const add = async (changes?: Parameters<typeof composeJob>[0]) =>
      (await jobs.add(composeJob(changes))).job;
    const claim = async (worker = 'w1', backend = jobs): Promise<ClaimedJob> => {
      const job = await backend.claim(worker, LEASE);
      if (!job) throw new Error('nothing to claim');
      return job;
    };
    const code = (value: string) => expect.objectContaining({ name: 'StudioError', code: value });

    describe('taking jobs on', () => {
      test('a new job is queued and keeps all it was given', async () => {
        const given = composeJob({
          title: 'Año ñandú 🎬',
          webhookUrl: 'https://example.com/hook',
          owner: 'key:a',
          origin: { platform: 'discord', user: 'u1', channel: 'c1', locale: 'es-ES' },
        });
        const { job, created } = await jobs.add(given);
        expect(created).toBe(true);
        expect(job).toMatchObject({
          kind: 'compose',
          status: 'queued',
          progress: 0,
          title: 'Año ñandú 🎬',
          attempts: 0,
          scenesTotal: 2,
          owner: 'key:a',
        });
        expect(job).toMatchObject({
          webhookUrl: 'https://example.com/hook',
          metadata: { order: 7 },
          createdAt: clock.now(),
          startedAt: null,
          expiresAt: null,
        });
        expect(job.origin).toEqual({ platform: 'discord', user: 'u1', channel: 'c1', locale: 'es-ES' });
        const { request, ...record } = (await jobs.get(job.id))!;
        expect(record).toEqual(job);
        expect(request).toEqual(given.request);
        expect(await jobs.record(job.id)).toEqual(job);
      });

      test('ids cannot be guessed and are safe as folder names', async () => {
        const ids = new Set<string>();
        for (let i = 0; i < 30; i += 1) ids.add((await add()).id);
        expect(ids.size).toBe(30);
        for (const id of ids) expect(id).toMatch(/^[a-z0-9]{24,}$/);
      });

      test('a speech job is titled by its text', async () => {
        const { job } = await jobs.add(speechJob(`Hello   there.\n${'word '.repeat(100)}`));
        expect(job.title).toMatch(/^Hello there\. word word .*…$/);
        expect(job.title!.length).toBeLessThanOrEqual(80);
        expect(job).toMatchObject({ kind: 'tts', scenesTotal: 0 });
      });

      test('text of any kind survives', async () => {
        const strange = `quote ' " \\ ; -- \u202e \ud83d\udc69\u200d\ud83d\ude80 <b> %s ${'x'.repeat(2000)}`;
        const { job } = await jobs.add(speechJob(strange));
        expect((await jobs.get(job.id))!.request).toMatchObject({ speech: { text: strange } });
      });

      test('an unknown job is null', async () => {
        expect(await jobs.get('nosuchjob')).toBeNull();
        expect(await jobs.get("' OR 1=1 --")).toBeNull();
        expect(await jobs.record('nosuchjob')).toBeNull();
      });

      test('a record is as new as whatever anyone has saved, however often it was read before', async () => {
        const other = await fixture.another();
        const { id } = await add();
        const both = async (): Promise<unknown[]> =>
          (await Promise.all([jobs.record(id), other.record(id)])).map((record) => record?.status ?? null);
        expect(await both()).toEqual(['queued', 'queued']);
        await other.cancel(id);
        expect(await both()).toEqual(['cancelled', 'cancelled']);
        await jobs.retry(id);
        expect(await both()).toEqual(['queued', 'queued']);
        await other.cancel(id);
        await jobs.remove(id);
        expect(await both()).toEqual([null, null]);
      });

      test('S03: five at once with one key give one job; another body conflicts', async () => {
        const other = await fixture.another();
        const job = composeJob({ idempotency: { key: 'k1', hash: 'h1' } });
        const answers = await Promise.all(
          [jobs, other, jobs, other, jobs].map((backend) => backend.add(job)),
        );
        expect(new Set(answers.map((answer) => answer.job.id)).size).toBe(1);
        expect(answers.filter((answer) => answer.created)).toHaveLength(1);
        await expect(jobs.add(composeJob({ idempotency: { key: 'k1', hash: 'h2' } }))).rejects.toEqual(
          code('conflict'),
        );
        expect((await jobs.list()).jobs).toHaveLength(1);
      });

      test('keys of two owners are two keys', async () => {
        const first = await jobs.add(composeJob({ owner: 'a', idempotency: { key: 'k', hash: 'h1' } }));
        const second = await jobs.add(composeJob({ owner: 'b', idempotency: { key: 'k', hash: 'h2' } }));
        expect(second.created).toBe(true);
        expect(second.job.id).not.toBe(first.job.id);
      });

      test('a repeat finds the job also when it is over, and is served when the queue is full', async () => {
        const given = composeJob({ idempotency: { key: 'k', hash: 'h' } });
        const { job } = await jobs.add(given);
        await jobs.finish(refOf(await claim()), { status: 'done', result: filmResult });
        for (let i = 0; i < policyUnderTest.maxQueued; i += 1) await add();
        const again = await jobs.add(given);
        expect(again).toMatchObject({ created: false, job: { id: job.id, status: 'done' } });
      });

      test('S19: a full queue refuses, says so, and keeps what it has', async () => {
        for (let i = 0; i < policyUnderTest.maxQueued; i += 1) await add();
        await expect(jobs.add(composeJob())).rejects.toMatchObject({ code: 'not_ready', retryable: true });
        expect((await jobs.stats()).queued).toBe(policyUnderTest.maxQueued);
        await claim();
        await expect(jobs.add(composeJob())).resolves.toMatchObject({ created: true });
      });
    });

    describe('order', () => {
      test('higher priority first, then longest waiting', async () => {
        const given = [
          await add({ title: 'a', priority: 0 }),
          await add({ title: 'b', priority: 5 }),
          await add({ title: 'c', priority: 0 }),
          await add({ title: 'd', priority: 5 }),
          await add({ title: 'e', priority: -3 }),
        ];
        const positions = await jobs.queuePositions([...given.map((job) => job.id), 'unknown']);
        expect(given.map((job) => positions.get(job.id))).toEqual([3, 1, 4, 2, 5]);
        expect(positions.size).toBe(5);
        const order: (string | null)[] = [];
        for (let i = 0; i < 5; i += 1) order.push((await claim()).title);
        expect(order).toEqual(['b', 'd', 'a', 'c', 'e']);
        expect(await jobs.claim('w1', LEASE)).toBeNull();
        expect((await jobs.queuePositions(given.map((job) => job.id))).size).toBe(0);
      });

      test('owners take turns: one’s batch does not keep another waiting', async () => {
        const titles = async (count: number): Promise<(string | null)[]> => {
          const order: (string | null)[] = [];
          for (let i = 0; i < count; i += 1) order.push((await claim()).title);
          return order;
        };
        for (let i = 1; i <= 6; i += 1) await add({ title: `a${i}`, owner: 'key:a' });
        expect(await titles(2)).toEqual(['a1', 'a2']);
        const b1 = await add({ title: 'b1', owner: 'key:b' });
        const b2 = await add({ title: 'b2', owner: 'key:b' });
        await add({ title: 'c1', owner: 'key:c' });
        const urgent = await add({ title: 'a7', owner: 'key:a', priority: 1 });
        const positions = await jobs.queuePositions([b1.id, b2.id, urgent.id]);
        expect([...positions.values()].sort((a, b) => a - b)).toEqual([1, 2, 5]);
        expect(await titles(8)).toEqual(['a7', 'b1', 'c1', 'a3', 'b2', 'a4', 'a5', 'a6']);
      });

      test('a place in the queue is kept over a stop, and given up by a retry by hand', async () => {
        for (let i = 1; i <= 3; i += 1) await add({ title: `a${i}`, owner: 'key:a' });
        const first = await claim();
        await add({ title: 'b1', owner: 'key:b' });
        await jobs.park(refOf(first));
        expect(await claim()).toMatchObject({ title: 'a1' });
        expect(await claim()).toMatchObject({ title: 'b1' });
        const waiting = await claim();
        expect(waiting).toMatchObject({ title: 'a2' });
        await jobs.cancel(waiting.id);
        await jobs.finish(refOf(waiting), { status: 'cancelled' });
        await jobs.retry(waiting.id);
        await add({ title: 'c1', owner: 'key:c' });
        expect(await claim()).toMatchObject({ title: 'c1' });
      });

      test('two workers never get the same job', async () => {
        const other = await fixture.another();
        for (let i = 0; i < 20; i += 1) await add();
        const taken = await Promise.all(
          Array.from({ length: 24 }, (_, i) => (i % 2 ? other : jobs).claim(`w${i}`, LEASE)),
        );
        const ids = taken.flatMap((job) => (job ? [job.id] : []));
        expect(ids).toHaveLength(20);
        expect(new Set(ids).size).toBe(20);
      });
    });

    describe('running', () => {
      test('a claim counts an attempt, starts the lease and sets the deadline', async () => {
        const job = await add();
        clock.advance(500);
        const claimed = await claim();
        expect(claimed).toMatchObject({
          id: job.id,
          status: 'fetching',
          stage: 'fetching',
          attempts: 1,
          startedAt: clock.now(),
        });
        expect(claimed.lease).toEqual({ owner: 'w1', attempt: 1, expiresAt: clock.now() + LEASE.leaseMs });
        expect(claimed.deadline).toBe(clock.now() + LEASE.timeoutMs);
        expect(claimed.request).toEqual(composeJob().request);
        expect(claimed.eventId).toBeGreaterThan(job.eventId);
        const { job: speech } = await jobs.add(speechJob('hi'));
        expect(await claim()).toMatchObject({ id: speech.id, status: 'voicing' });
      });

      test('done: result, time, expiry', async () => {
        await add();
        const claimed = await claim();
        clock.advance(4000);
        const done = await jobs.finish(refOf(claimed), { status: 'done', result: filmResult });
        expect(done).toMatchObject({
          status: 'done',
          progress: 100,
          result: filmResult,
          lease: null,
          error: null,
          stage: null,
          finishedAt: clock.now(),
        });
        expect(done).toMatchObject({
          workedMs: 4000,
          warnings: filmResult.warnings,
          scenesReused: 1,
          expiresAt: clock.now() + DAY_MS,
        });
        expect(done.attemptLog).toEqual([
          {
            attempt: 1,
            worker: 'w1',
            startedAt: clock.now() - 4000,
            endedAt: clock.now(),
            outcome: 'done',
            error: null,
          },
        ]);
        const { request: _, ...kept } = (await jobs.get(done.id))!;
        expect(kept).toEqual(done);
      });

      test('S12: progress never falls within an attempt, whoever reads it', async () => {
        const other = await fixture.another();
        await add();
        const ref = refOf(await claim());
        let last = 0;
        for (const told of [3, 10, 7, 40, Number.NaN, 39, 41]) {
          await jobs.progress(ref, { progress: told, stage: 'rendering', scene: 1 });
          const seen = (await jobs.get(ref.id))!.progress;
          expect(seen).toBeGreaterThanOrEqual(last);
          last = seen;
          clock.advance(1100);
        }
        expect(last).toBe(41);
        // Durable within a second or so: the last report was due for writing.
        await jobs.progress(ref, { etaSeconds: 9, sheet: 'sheet.png' });
        expect(await other.get(ref.id)).toMatchObject({
          progress: 41,
          status: 'rendering',
          scene: 1,
          etaSeconds: 9,
          sheet: 'sheet.png',
        });
        clock.advance(LEASE.leaseMs);
        expect(await claim('w2')).toMatchObject({ progress: 0, attempts: 2, scene: null });
      });

      test('quick reports are seen at once by readers of the same process and not lost by other changes', async () => {
        await add();
        const ref = refOf(await claim());
        await jobs.progress(ref, { progress: 10 });
        await jobs.progress(ref, { progress: 20, scenesReused: 1 });
        expect(await jobs.get(ref.id)).toMatchObject({ progress: 20, scenesReused: 1 });
        expect((await jobs.list()).jobs[0]).toMatchObject({ progress: 20 });
        await jobs.setOrigin(ref.id, { message: 'm1' });
        expect(await jobs.get(ref.id)).toMatchObject({
          progress: 20,
          origin: { platform: 'api', message: 'm1' },
        });
      });

      test('a finish keeps the last quick report of a failed attempt only in the past', async () => {
        await add();
        const ref = refOf(await claim());
        await jobs.progress(ref, { progress: 10 });
        await jobs.progress(ref, { progress: 20, stage: 'rendering' });
        expect(await jobs.finish(ref, { status: 'failed', error: failure(true) })).toMatchObject({
          status: 'queued',
          progress: 0,
          stage: null,
        });
      });
    });

    describe('leases', () => {
      test('heartbeats keep a job; without them another worker gets it', async () => {
        const job = await add();
        const first = refOf(await claim('w1'));
        for (let i = 0; i < 5; i += 1) {
          clock.advance(LEASE.leaseMs - 1);
          expect(await jobs.heartbeat(first, LEASE.leaseMs)).toBe('held');
          expect(await jobs.claim('w2', LEASE)).toBeNull();
        }
        clock.advance(LEASE.leaseMs);
        expect(await claim('w2')).toMatchObject({
          id: job.id,
          attempts: 2,
          lease: { owner: 'w2', attempt: 2 },
        });
      });

      test('S11: a late worker is refused everything, and changes nothing', async () => {
        await add();
        const late = refOf(await claim('w1'));
        await jobs.progress(late, { progress: 50 });
        clock.advance(LEASE.leaseMs);
        const other = await fixture.another();
        const next = refOf(await claim('w2', other));
        await other.progress(next, { progress: 5 });
        const before = await jobs.get(late.id);
        expect(await jobs.heartbeat(late, LEASE.leaseMs)).toBe('lost');
        clock.advance(2000);
        expect(await jobs.progress(late, { progress: 99 })).toBe('lost');
        await expect(jobs.finish(late, { status: 'done', result: filmResult })).rejects.toEqual(
          code('lease_lost'),
        );
        await expect(jobs.finish(late, { status: 'failed', error: failure(false) })).rejects.toEqual(
          code('lease_lost'),
        );
        await expect(jobs.park(late)).rejects.toEqual(code('lease_lost'));
        expect(await jobs.get(late.id)).toEqual(before);
        await expect(other.finish(next, { status: 'done', result: filmResult })).resolves.toMatchObject({
          status: 'done',
        });
      });

      test('the same worker is fenced off from its own earlier attempt', async () => {
        await add();
        const first = refOf(await claim('w1'));
        clock.advance(LEASE.leaseMs);
        const second = refOf(await claim('w1'));
        expect(second.attempt).toBe(2);
        expect(await jobs.heartbeat(first, LEASE.leaseMs)).toBe('lost');
        expect(await jobs.progress(first, { progress: 9 })).toBe('lost');
        expect(await jobs.heartbeat(second, LEASE.leaseMs)).toBe('held');
      });

      test('an expired lease nobody took can still be renewed', async () => {
        await add();
        const ref = refOf(await claim());
        clock.advance(LEASE.leaseMs * 3);
        expect((await jobs.stats()).stalled).toBe(1);
        expect(await jobs.heartbeat(ref, LEASE.leaseMs)).toBe('held');
        expect(await jobs.reconcile()).toEqual({ requeued: [], failed: [], cancelled: [] });
      });

      test('finishing twice is refused the second time', async () => {
        await add();
        const ref = refOf(await claim());
        await jobs.finish(ref, { status: 'done', result: filmResult });
        await expect(jobs.finish(ref, { status: 'done', result: filmResult })).rejects.toEqual(
          code('lease_lost'),
        );
      });

      test('claims about jobs that are not there are lost', async () => {
        const ref = { id: 'nosuchjob', owner: 'w', attempt: 1 };
        expect(await jobs.heartbeat(ref, 1000)).toBe('lost');
        expect(await jobs.progress(ref, { progress: 1 })).toBe('lost');
        await expect(jobs.finish(ref, { status: 'cancelled' })).rejects.toEqual(code('lease_lost'));
      });
    });

    describe('reconcile', () => {
      test('S01: jobs of dead workers go back to the queue in their old place', async () => {
        const first = await add({ title: 'first' });
        await add({ title: 'second' });
        await claim('dead');
        clock.advance(LEASE.leaseMs);
        expect(await jobs.reconcile()).toEqual({ requeued: [first.id], failed: [], cancelled: [] });
        expect(await jobs.get(first.id)).toMatchObject({
          status: 'queued',
          attempts: 1,
          lease: null,
          error: null,
        });
        expect((await jobs.queuePositions([first.id])).get(first.id)).toBe(1);
        expect(await claim('w2')).toMatchObject({ title: 'first', attempts: 2 });
      });

      test('running jobs with a living lease stay', async () => {
        await add();
        const job = await claim();
        clock.advance(LEASE.leaseMs - 1);
        expect(await jobs.reconcile()).toEqual({ requeued: [], failed: [], cancelled: [] });
        expect((await jobs.get(job.id))!.lease).toEqual(job.lease);
      });

      test('S09: a job that kills its worker fails after three, with the reason; the others are done', async () => {
        const poison = await add({ title: 'poison', priority: 5 });
        const others = [await add(), await add(), await add(), await add(), await add()];
        for (let kills = 1; kills <= 3; kills += 1) {
          expect(await claim(`w${kills}`)).toMatchObject({ id: poison.id, attempts: kills });
          clock.advance(LEASE.leaseMs);
        }
        for (const other of others) {
          const job = await claim('w9');
          expect(job.id).toBe(other.id);
          await jobs.finish(refOf(job), { status: 'done', result: filmResult });
        }
        const failed = await jobs.get(poison.id);
        expect(failed).toMatchObject({
          status: 'failed',
          attempts: 3,
          error: { code: 'internal', stage: 'fetching' },
        });
        expect(failed!.error!.message).toContain('died 3 times');
        expect(failed!.attemptLog.map((entry) => entry.outcome)).toEqual(['lost', 'lost', 'lost']);
        expect(await jobs.claim('w9', LEASE)).toBeNull();
      });

      test('a dead worker’s job that was to be cancelled is cancelled', async () => {
        const job = await add();
        await claim('dead');
        await jobs.cancel(job.id);
        clock.advance(LEASE.leaseMs);
        expect(await jobs.reconcile()).toEqual({ requeued: [], failed: [], cancelled: [job.id] });
        expect(await jobs.get(job.id)).toMatchObject({ status: 'cancelled' });
      });

      test('a job far past its deadline is failed although its worker beats', async () => {
        const job = await add();
        const ref = refOf(await claim());
        clock.advance(LEASE.timeoutMs);
        expect(await jobs.heartbeat(ref, LEASE.leaseMs)).toBe('held');
        for (let i = 0; i < 3; i += 1) {
          clock.advance(LEASE.leaseMs - 1000);
          await jobs.heartbeat(ref, LEASE.leaseMs);
        }
        expect(await jobs.reconcile()).toMatchObject({ failed: [job.id] });
        expect(await jobs.get(job.id)).toMatchObject({ status: 'failed', error: { code: 'timeout' } });
        expect(await jobs.heartbeat(ref, LEASE.leaseMs)).toBe('lost');
      });
    });

    describe('failing and retrying', () => {
      test('S13: retryable failures wait 1 s, then 2 s, and succeed on the third attempt', async () => {
        const { id } = await add();
        await jobs.finish(refOf(await claim()), { status: 'failed', error: failure(true) });
        expect(await jobs.get(id)).toMatchObject({
          status: 'queued',
          attempts: 1,
          error: null,
          retryAt: clock.now() + 1000,
        });
        clock.advance(999);
        expect(await jobs.claim('w1', LEASE)).toBeNull();
        clock.advance(1);
        await jobs.finish(refOf(await claim()), { status: 'failed', error: failure(true) });
        clock.advance(1999);
        expect(await jobs.claim('w1', LEASE)).toBeNull();
        clock.advance(1);
        const third = await claim();
        expect(third).toMatchObject({ attempts: 3, retryAt: null });
        const done = await jobs.finish(refOf(third), { status: 'done', result: filmResult });
        expect(done.attemptLog.map((entry) => entry.outcome)).toEqual(['retried', 'retried', 'done']);
        expect(done.attemptLog[0]!.error).toMatchObject({ code: 'render_failed' });
      });

      test('a waiting job does not hold up those behind it', async () => {
        await add({ title: 'first' });
        await add({ title: 'second' });
        await jobs.finish(refOf(await claim()), { status: 'failed', error: failure(true) });
        expect((await claim()).title).toBe('second');
      });

      test('the third retryable failure is final; one that is not retryable is so at once', async () => {
        const { id } = await add();
        for (let attempt = 1; attempt <= 3; attempt += 1) {
          await jobs.finish(refOf(await claim()), {
            status: 'failed',
            error: failure(true, `failure ${attempt}`),
          });
          clock.advance(60_000);
        }
        expect(await jobs.get(id)).toMatchObject({
          status: 'failed',
          attempts: 3,
          error: { message: 'failure 3', scene: 2 },
          result: null,
        });
        const other = await add();
        await jobs.finish(refOf(await claim()), { status: 'failed', error: failure(false) });
        expect(await jobs.get(other.id)).toMatchObject({
          status: 'failed',
          attempts: 1,
          expiresAt: clock.now() + DAY_MS,
        });
      });

      test('retry by hand: same id, fresh attempts, end of the queue, old claims fenced off', async () => {
        const { id } = await add({ title: 'old' });
        const first = refOf(await claim());
        await jobs.finish(first, { status: 'failed', error: failure(false) });
        await add({ title: 'waiting' });
        clock.advance(1000);
        const again = await jobs.retry(id);
        expect(again).toMatchObject({
          id,
          status: 'queued',
          error: null,
          finishedAt: null,
          expiresAt: null,
          progress: 0,
          attempts: 1,
          startedAt: null,
        });
        const waiting = await claim();
        expect(waiting.title).toBe('waiting');
        await jobs.finish(refOf(waiting), { status: 'done', result: filmResult });
        for (let attempt = 2; attempt <= 4; attempt += 1) {
          const job = await claim();
          expect(job).toMatchObject({ id, attempts: attempt, lease: { attempt } });
          expect(await jobs.heartbeat(first, 1000)).toBe('lost');
          const ended = await jobs.finish(refOf(job), { status: 'failed', error: failure(true) });
          expect(ended.status).toBe(attempt < 4 ? 'queued' : 'failed');
          if (attempt < 4) expect(ended.retryAt).toBe(clock.now() + 1000 * 2 ** (attempt - 2));
          clock.advance(60_000);
        }
      });

      test('only failed and cancelled jobs can be retried', async () => {
        await expect(jobs.retry('nosuchjob')).rejects.toEqual(code('not_found'));
        const { id } = await add();
        await expect(jobs.retry(id)).rejects.toEqual(code('conflict'));
        const ref = refOf(await claim());
        await expect(jobs.retry(id)).rejects.toEqual(code('conflict'));
        await jobs.finish(ref, { status: 'done', result: filmResult });
        await expect(jobs.retry(id)).rejects.toEqual(code('conflict'));
        const other = await add();
        await jobs.cancel(other.id);
        expect(await jobs.retry(other.id)).toMatchObject({ status: 'queued', cancelRequested: false });
        expect(await claim()).toMatchObject({ id: other.id });
      });

      test('S04: a parked job goes back to its place and loses no attempt, however often', async () => {
        const { id } = await add({ title: 'first' });
        await add({ title: 'second' });
        for (let stop = 1; stop <= 6; stop += 1) {
          const job = await claim();
          expect(job).toMatchObject({ title: 'first', attempts: 1, lease: { attempt: stop } });
          const parked = await jobs.park(refOf(job));
          expect(parked).toMatchObject({ status: 'queued', attempts: 0, lease: null, progress: 0 });
          expect(await jobs.heartbeat(refOf(job), 1000)).toBe('lost');
        }
        expect((await jobs.queuePositions([id])).get(id)).toBe(1);
      });
    });

    describe('cancelling', () => {
      test('queued: at once', async () => {
        const { id } = await add();
        expect(await jobs.cancel(id)).toMatchObject({
          status: 'cancelled',
          finishedAt: clock.now(),
          expiresAt: clock.now() + DAY_MS,
        });
        expect(await jobs.claim('w1', LEASE)).toBeNull();
        expect(await jobs.cancel(id)).toMatchObject({ status: 'cancelled' });
      });

      test('running: its worker is told, here and in another process', async () => {
        const other = await fixture.another();
        const { id } = await add();
        const ref = refOf(await claim());
        await jobs.progress(ref, { progress: 10 });
        expect(await other.cancel(id)).toMatchObject({ status: 'fetching', cancelRequested: true });
        expect(await jobs.heartbeat(ref, LEASE.leaseMs)).toBe('cancelRequested');
        clock.advance(1100);
        expect(await jobs.progress(ref, { progress: 11 })).toBe('cancelRequested');
        expect(await jobs.progress(ref, { progress: 12 })).toBe('cancelRequested');
        expect(await jobs.finish(ref, { status: 'cancelled' })).toMatchObject({
          status: 'cancelled',
          error: null,
          result: null,
        });
      });

      test('a failure or a stop of a job to be cancelled cancels it; a finished film stays', async () => {
        for (const end of ['fail', 'park', 'done'] as const) {
          const { id } = await add();
          const ref = refOf(await claim());
          await jobs.cancel(id);
          if (end === 'fail') await jobs.finish(ref, { status: 'failed', error: failure(true) });
          if (end === 'park') await jobs.park(ref);
          if (end === 'done') await jobs.finish(ref, { status: 'done', result: filmResult });
          expect((await jobs.get(id))!.status).toBe(end === 'done' ? 'done' : 'cancelled');
        }
      });

      test('a job that is over cannot be cancelled; an unknown one is not found', async () => {
        const { id } = await add();
        await jobs.finish(refOf(await claim()), { status: 'done', result: filmResult });
        await expect(jobs.cancel(id)).rejects.toEqual(code('conflict'));
        await expect(jobs.cancel('nosuchjob')).rejects.toEqual(code('not_found'));
      });
    });

    describe('listing', () => {
      test('newest first, in pages that stay stable while jobs come in', async () => {
        const ids: string[] = [];
        for (let i = 0; i < 25; i += 1) ids.unshift((await add()).id);
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await jobs.list({ limit: 7, cursor });
          seen.push(...page.jobs.map((job) => job.id));
          cursor = page.nextCursor ?? undefined;
          await add();
          if (seen.length === 7) await jobs.cancel(ids[0]!);
        } while (cursor !== undefined);
        expect(seen).toEqual(ids);
      });

      test('the page that ends exactly at the end says so', async () => {
        for (let i = 0; i < 4; i += 1) await add();
        const page = await jobs.list({ limit: 2 });
        expect((await jobs.list({ limit: 2, cursor: page.nextCursor! })).nextCursor).toBeNull();
        expect((await jobs.list({ limit: 4 })).nextCursor).toBeNull();
      });

      test('filters', async () => {
        await jobs.add(
          composeJob({ owner: 'a', origin: { platform: 'discord', user: 'u1', channel: 'c1' } }),
        );
        await jobs.add(speechJob('hi', { owner: 'a' }));
        await jobs.add(composeJob({ owner: 'b' }));
        await claim();
        const count = async (query: Parameters<JobBackend['list']>[0]) =>
          (await jobs.list(query)).jobs.length;
        expect(await count({ owner: 'a' })).toBe(2);
        expect(await count({ owner: 'a', kind: 'tts' })).toBe(1);
        expect(await count({ status: 'queued' })).toBe(2);
        expect(await count({ status: ['queued', 'fetching'] })).toBe(3);
        expect(await count({ status: [] })).toBe(0);
        expect(await count({ platform: 'discord', user: 'u1', channel: 'c1' })).toBe(1);
        expect(await count({ channel: 'c2' })).toBe(0);
        expect(await count({ owner: "a' OR '1'='1" })).toBe(0);
      });

      test('a cursor that is not ours is refused', async () => {
        for (const cursor of ['', 'x', 'c2VxOjE7RFJPUA', '../../etc']) {
          await expect(jobs.list({ cursor })).rejects.toEqual(code('invalid_request'));
        }
      });
    });

    describe('watching', () => {
      /** Reads events until one satisfies `until`. */
      const readUntil = async (
        events: AsyncIterable<JobEvent>,
        until: (event: JobEvent) => boolean,
      ): Promise<JobEvent[]> => {
        const seen: JobEvent[] = [];
        for await (const event of events) {
          seen.push(event);
          if (until(event)) break;
        }
        return seen;
      };
      const isOver = (event: JobEvent): boolean => ['done', 'failed', 'cancelled'].includes(event.type);

      test('from queued to done, each with the whole state and a growing number', async () => {
        const { id, eventId } = await add();
        const reading = readUntil(jobs.watch({ id }, signal()), isOver);
        const ref = refOf(await claim());
        for (const progress of [10, 20, 30]) {
          await jobs.progress(ref, { progress, stage: 'rendering' });
          await new Promise((resolve) => setImmediate(resolve));
        }
        await jobs.finish(ref, { status: 'done', result: filmResult });
        const seen = await reading;
        expect(seen.map((event) => event.type)).toEqual([
          'progress',
          'progress',
          'progress',
          'progress',
          'done',
        ]);
        expect(seen.map((event) => event.job.progress)).toEqual([0, 10, 20, 30, 100]);
        expect(seen.at(-1)!.job.result).toEqual(filmResult);
        const numbers = [eventId, ...seen.map((event) => event.id)];
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        expect(seen.every((event) => event.jobId === id && event.job.eventId === event.id)).toBe(true);
      });

      test('resuming gives the present state if anything changed, and nothing twice', async () => {
        const { id, eventId } = await add();
        const ref = refOf(await claim());
        await jobs.progress(ref, { progress: 10 });
        await jobs.progress(ref, { progress: 20 });
        const [now] = await readUntil(jobs.watch({ id }, signal(), { after: eventId }), () => true);
        expect(now!.job.progress).toBe(20);
        const rest = readUntil(jobs.watch({ id }, signal(), { after: now!.id }), isOver);
        await jobs.finish(ref, { status: 'failed', error: failure(false) });
        expect((await rest).map((event) => event.type)).toEqual(['failed']);
      });

      test('resuming in another process, after a crash of the one that gave the number', async () => {
        const { id } = await add();
        const ref = refOf(await claim());
        await jobs.progress(ref, { progress: 10 });
        const reading = readUntil(jobs.watch({ id }, signal()), (event) => event.job.progress === 30);
        await jobs.progress(ref, { progress: 20 });
        await new Promise((resolve) => setImmediate(resolve));
        await jobs.progress(ref, { progress: 30 });
        const last = (await reading).at(-1)!;
        const other = await fixture.another();
        const resumed = readUntil(other.watch({ id }, signal(), { after: last.id }), isOver);
        clock.advance(LEASE.leaseMs);
        await other.finish(refOf(await claim('w2', other)), { status: 'done', result: filmResult });
        const events = await resumed;
        expect(events.at(-1)!.type).toBe('done');
        expect(events.every((event) => event.id > last.id)).toBe(true);
      });

      test('what another process does is seen', async () => {
        const other = await fixture.another();
        const { id } = await add();
        const reading = readUntil(jobs.watch({ id }, signal()), isOver);
        await other.finish(refOf(await claim('w2', other)), { status: 'done', result: filmResult });
        expect((await reading).at(-1)).toMatchObject({ type: 'done', jobId: id });
      });

      test('everything of everyone, or by filter', async () => {
        const all = readUntil(jobs.watch({}, signal()), (event) => event.type === 'cancelled');
        const ofB = readUntil(jobs.watch({ owner: 'b' }, signal()), () => true);
        const speech = readUntil(jobs.watch({ kind: 'tts' }, signal()), () => true);
        const slack = readUntil(jobs.watch({ platform: 'slack' }, signal()), () => true);
        const a = await add({ owner: 'a' });
        const { job: s } = await jobs.add(speechJob('hi', { owner: 'a', origin: { platform: 'slack' } }));
        const b = await add({ owner: 'b' });
        await jobs.cancel(b.id);
        expect((await ofB)[0]!.jobId).toBe(b.id);
        expect((await speech)[0]!.jobId).toBe(s.id);
        expect((await slack)[0]!.jobId).toBe(s.id);
        expect(new Set((await all).map((event) => event.jobId))).toEqual(new Set([a.id, s.id, b.id]));
      });

      test('one number resumes over all jobs: each that changed since, once', async () => {
        const first = await add();
        const second = await add();
        const third = await add();
        await jobs.cancel(first.id);
        const events = await readUntil(
          jobs.watch({}, signal(), { after: second.eventId }),
          (event) => event.jobId === first.id,
        );
        expect(events.map((event) => [event.jobId, event.type])).toEqual([
          [third.id, 'queued'],
          [first.id, 'cancelled'],
        ]);
      });

      test('a slow reader gets the latest of each job and never an older one', async () => {
        const { id } = await add();
        const events = jobs.watch({ id }, signal())[Symbol.asyncIterator]();
        const ref = refOf(await claim());
        for (let i = 1; i <= 50; i += 1) await jobs.progress(ref, { progress: i });
        expect((await events.next()).value).toMatchObject({ job: { progress: 50 } });
        await jobs.finish(ref, { status: 'done', result: filmResult });
        expect((await events.next()).value).toMatchObject({ type: 'done' });
      });

      test('more reports in a second than there are numbers lose nothing in the end', async () => {
        const { id } = await add();
        const ref = refOf(await claim());
        const events = jobs.watch({ id }, signal())[Symbol.asyncIterator]();
        let last = 0;
        for (let i = 1; i <= 1500; i += 1) {
          await jobs.progress(ref, { progress: i / 20 });
          if (i > 990) continue;
          const { value } = (await events.next()) as { value: JobEvent };
          expect(value.id).toBeGreaterThan(last);
          last = value.id;
        }
        await jobs.finish(ref, { status: 'cancelled' });
        for (;;) {
          const { value } = (await events.next()) as { value: JobEvent };
          expect(value.id).toBeGreaterThan(last);
          last = value.id;
          if (value.type === 'cancelled') break;
        }
      });

      test('ends with its signal, with return, and with the backend', async () => {
        const stop = new AbortController();
        const ended = readUntil(jobs.watch({}, stop.signal), () => false);
        stop.abort();
        expect(await ended).toEqual([]);
        expect(await readUntil(jobs.watch({}, AbortSignal.abort()), () => false)).toEqual([]);
        const other = await fixture.another();
        const closing = readUntil(other.watch({}, signal()), () => false);
        await other.close();
        expect(await closing).toEqual([]);
      });
    });

    describe('announcements', () => {
      const options = { leaseMs: 10_000 };
      const delivery = (changes: Partial<Delivery> = {}): Delivery => ({
        at: clock.now(),
        event: 'done',
        attempt: 1,
        ok: true,
        status: 200,
        error: null,
        durationMs: 12,
        nextAt: null,
        ...changes,
      });
      const finish = async (changes: Partial<NewJob> & { webhookUrl?: string }, backend = jobs) => {
        await jobs.add(composeJob(changes));
        return backend.finish(refOf(await claim('w1', backend)), { status: 'done', result: filmResult });
      };
      const hook = { webhookUrl: 'https://example.com/hook' };

      test('one for each way to answer, with the state it tells of', async () => {
        const job = await finish({ ...hook, origin: { platform: 'discord', channel: 'c1', message: 'm1' } });
        const [webhook] = await jobs.announcements.claim('webhook', 's1', options);
        const [chat] = await jobs.announcements.claim('discord', 's1', options);
        expect(webhook).toMatchObject({ jobId: job.id, event: 'done', attempts: 1, createdAt: clock.now() });
        expect(webhook!.job).toEqual(job);
        expect(chat!.job.origin).toMatchObject({ channel: 'c1', message: 'm1' });
        expect(await jobs.announcements.claim('slack', 's1', options)).toEqual([]);
      });

      test('nothing to tell: no announcement', async () => {
        await finish({});
        expect((await jobs.stats()).announcementsPending).toBe(0);
      });

      test('also for failed, cancelled, given up by reconcile, and again after a retry', async () => {
        const { id } = await add({ ...hook, title: 'x' });
        await jobs.cancel(id);
        await jobs.retry(id);
        await jobs.finish(refOf(await claim()), { status: 'failed', error: failure(true) });
        clock.advance(1000);
        for (let i = 0; i < 2; i += 1) {
          await claim();
          clock.advance(LEASE.leaseMs);
        }
        await jobs.reconcile();
        const told = await jobs.announcements.claim('webhook', 's1', options);
        expect(told.map((one) => one.event)).toEqual(['cancelled', 'failed']);
        expect(told[1]!.job.error!.message).toContain('died');
        expect(new Set(told.map((one) => one.id)).size).toBe(2);
      });

      test('exactly one sender at a time, across processes; acknowledged ones never come back', async () => {
        const other = await fixture.another();
        for (let i = 0; i < 12; i += 1) await finish(hook);
        const taken = await Promise.all(
          [1, 2, 3, 4].map((n) =>
            (n % 2 ? jobs : other).announcements.claim('webhook', `s${n}`, { leaseMs: 10_000, limit: 4 }),
          ),
        );
        const ids = taken.flat().map((one) => one.id);
        expect(ids).toHaveLength(12);
        expect(new Set(ids).size).toBe(12);
        for (const [index, batch] of taken.entries()) {
          for (const one of batch) expect(await jobs.announcements.ack(one.id, `s${index + 1}`)).toBe(true);
        }
        clock.advance(DAY_MS);
        expect(await jobs.announcements.claim('webhook', 's9', options)).toEqual([]);
        expect((await jobs.stats()).announcementsPending).toBe(0);
      });

      test('a sender that died is replaced when its lease ends; late, it is refused', async () => {
        await finish(hook);
        const [first] = await jobs.announcements.claim('webhook', 'dead', options);
        clock.advance(options.leaseMs - 1);
        expect(await jobs.announcements.claim('webhook', 's2', options)).toEqual([]);
        clock.advance(1);
        const [again] = await jobs.announcements.claim('webhook', 's2', options);
        expect(again).toMatchObject({ id: first!.id, attempts: 2 });
        expect(await jobs.announcements.ack(first!.id, 'dead', delivery())).toBe(false);
        expect(await jobs.announcements.release(first!.id, 'dead', { retryAt: 0, reason: 'x' })).toBe(false);
        expect(await jobs.announcements.ack(again!.id, 's2')).toBe(true);
        expect(await jobs.announcements.ack(again!.id, 's2')).toBe(false);
      });

      test('retried when due, given up for good with null, each try logged on the job', async () => {
        const job = await finish(hook);
        const [one] = await jobs.announcements.claim('webhook', 's1', options);
        const retryAt = clock.now() + 5000;
        await jobs.announcements.release(one!.id, 's1', {
          retryAt,
          reason: 'answered 500',
          delivery: delivery({ ok: false, status: 500, error: 'answered 500', nextAt: retryAt }),
        });
        clock.advance(4999);
        expect(await jobs.announcements.claim('webhook', 's1', options)).toEqual([]);
        clock.advance(1);
        const [two] = await jobs.announcements.claim('webhook', 's1', options);
        expect(two!.attempts).toBe(2);
        await jobs.announcements.release(two!.id, 's1', {
          retryAt: null,
          reason: 'gone',
          delivery: delivery({ ok: false, status: 410, attempt: 2 }),
        });
        clock.advance(DAY_MS / 2);
        expect(await jobs.announcements.claim('webhook', 's1', options)).toEqual([]);
        const after = (await jobs.get(job.id))!;
        expect(after.deliveries.map((entry) => entry.status)).toEqual([500, 410]);
        expect(after.eventId).toBe(job.eventId);
      });

      test('waiting ends when there is something to send', async () => {
        const waiting = jobs.announcements.wait('webhook', 60_000, signal());
        await finish(hook);
        await waiting;
        expect(await jobs.announcements.claim('webhook', 's1', options)).toHaveLength(1);
      });
    });

    describe('waiting for work', () => {
      test('a new job, here or in another process, ends the wait', async () => {
        const other = await fixture.another();
        const here = jobs.waitForWork(60_000, signal());
        const there = other.waitForWork(60_000, signal());
        await add();
        await Promise.all([here, there]);
        await jobs.waitForWork(60_000, signal());
      });

      test('so do the time, the signal and closing', async () => {
        await jobs.waitForWork(5, signal());
        const stop = new AbortController();
        const waiting = jobs.waitForWork(60_000, stop.signal);
        stop.abort();
        await waiting;
        const other = await fixture.another();
        const closing = other.waitForWork(60_000, signal());
        await other.close();
        await closing;
      });
    });

    describe('numbers', () => {
      test('usage is counted once per ended job and outlives it', async () => {
        clock.advance(DAY_MS - (clock.now() % DAY_MS));
        const day = new Date(clock.now()).toISOString().slice(0, 10);
        const discord = { platform: 'discord', user: 'u1', channel: 'c1' } as const;
        await jobs.add(composeJob({ owner: 'd', origin: discord }));
        const done = await claim();
        clock.advance(3000);
        await jobs.finish(refOf(done), { status: 'done', result: filmResult });
        const { id } = await add({ owner: 'k' });
        await jobs.finish(refOf(await claim()), { status: 'failed', error: failure(true) });
        clock.advance(1000);
        const again = await claim();
        clock.advance(2000);
        await jobs.finish(refOf(again), { status: 'failed', error: failure(false) });
        await jobs.retry(id);
        await jobs.cancel(id);
        await jobs.remove(done.id);
        const film = {
          jobs: 1,
          done: 1,
          failed: 0,
          cancelled: 0,
          filmSeconds: 12.5,
          renderSeconds: 3,
          scenes: 2,
          scenesReused: 1,
          bytes: 1_234_567,
        };
        const other = {
          jobs: 2,
          done: 0,
          failed: 1,
          cancelled: 1,
          filmSeconds: 0,
          renderSeconds: 2,
          scenes: 0,
          scenesReused: 0,
          bytes: 0,
        };
        expect(await jobs.usage({ by: 'platform' })).toEqual([
          { key: 'api', ...other },
          { key: 'discord', ...film },
        ]);
        expect(await jobs.usage({ by: 'user', owner: 'd' })).toEqual([{ key: 'u1', ...film }]);
        expect(await jobs.usage({ by: 'channel', owner: 'd' })).toEqual([{ key: 'c1', ...film }]);
        expect(await jobs.usage({ by: 'owner', owner: 'k' })).toEqual([{ key: 'k', ...other }]);
        expect(await jobs.usage({ by: 'day' })).toMatchObject([{ key: day, jobs: 3, done: 1 }]);
        expect(await jobs.usage({ by: 'day', to: clock.now() - DAY_MS })).toEqual([]);
        expect(await jobs.usage({ by: 'day', from: clock.now() + 1 })).toEqual([]);
      });

      test('a person is taken out of jobs that are over and out of usage, whose sums stay', async () => {
        const of = (user: string, platform: 'discord' | 'slack' = 'discord') => ({
          owner: `${platform}:${user}`,
          origin: {
            platform,
            user,
            userName: `Name of ${user}`,
            channel: 'c1',
            message: 'm1',
            address: '192.0.2.1',
          },
        });
        const end = async (job: NewJob): Promise<string> => {
          await jobs.add(job);
          const claimed = await claim();
          await jobs.finish(refOf(claimed), { status: 'done', result: filmResult });
          return claimed.id;
        };
        const idempotency = { key: 'k1', hash: 'h1' };
        const mine = await end(composeJob({ ...of('u1'), idempotency }));
        const others = [await end(composeJob(of('u2'))), await end(composeJob(of('u1', 'slack')))];
        const ofKey = await end(
          composeJob({ owner: 'key:site', origin: { platform: 'api', keyName: 'site' } }),
        );
        const { id: open } = await add(of('u1'));
        const total = await jobs.usage({ by: 'platform' });

        expect(await jobs.forget({ platform: 'discord', user: 'u1' })).toEqual({
          jobs: 1,
          usage: 1,
          unfinished: 1,
        });
        const left = await jobs.get(mine);
        expect(left).toMatchObject({
          owner: 'discord:forgotten',
          origin: { platform: 'discord' },
          idempotency: null,
        });
        // Without its id: random letters may spell what is looked for.
        expect(JSON.stringify({ ...left, id: '' })).not.toMatch(/u1|Name of|192\.0\.2|c1|m1/);
        expect(left!.result).toEqual(filmResult);
        expect((await jobs.list({ user: 'u1', platform: 'discord' })).jobs.map(({ id }) => id)).toEqual([
          open,
        ]);
        expect((await jobs.list({ owner: 'discord:forgotten' })).jobs.map(({ id }) => id)).toEqual([mine]);
        for (const id of others) expect((await jobs.record(id))!.origin.userName).toBeDefined();
        expect(await jobs.usage({ by: 'platform' })).toEqual(total);
        expect((await jobs.usage({ by: 'user' })).map(({ key, jobs: count }) => [key, count])).toEqual(
          expect.arrayContaining([
            ['discord:forgotten', 1],
            ['u2', 1],
            ['u1', 1],
          ]),
        );
        // The same key again is a new job: whose it was is not known any more.
        expect((await jobs.add(composeJob({ ...of('u9'), idempotency }))).created).toBe(true);

        await jobs.cancel(open);
        expect(await jobs.forget({ platform: 'discord', user: 'u1' })).toEqual({
          jobs: 1,
          usage: 1,
          unfinished: 0,
        });
        expect(await jobs.forget({ platform: 'discord', user: 'u1' })).toEqual({
          jobs: 0,
          usage: 0,
          unfinished: 0,
        });
        expect(await jobs.forget({ platform: 'api', user: 'site' })).toEqual({
          jobs: 1,
          usage: 1,
          unfinished: 0,
        });
        expect((await jobs.record(ofKey))!.owner).toBe('api:forgotten');
      });

      test('usage is kept as long as it is wanted', async () => {
        await add();
        await jobs.finish(refOf(await claim()), { status: 'done', result: filmResult });
        const between = clock.now() + 1;
        clock.advance(DAY_MS);
        await add();
        await jobs.finish(refOf(await claim()), { status: 'done', result: filmResult });
        expect(await jobs.trimUsage(between)).toBe(1);
        expect(await jobs.usage({ by: 'platform' })).toMatchObject([{ jobs: 1 }]);
      });

      test('service status', async () => {
        expect(await jobs.stats()).toMatchObject({
          queued: 0,
          running: 0,
          oldestWaitMs: null,
          lastDone: null,
          lastFailed: null,
          workers: [],
        });
        await add();
        clock.advance(5000);
        await add();
        const ref = refOf(await claim());
        clock.advance(2000);
        expect(await jobs.stats()).toMatchObject({ queued: 1, running: 1, oldestWaitMs: 2000, stalled: 0 });
        await jobs.finish(ref, { status: 'done', result: filmResult });
        const failed = await jobs.finish(refOf(await claim()), { status: 'failed', error: failure(false) });
        expect(await jobs.stats()).toMatchObject({
          queued: 0,
          done: 1,
          failed: 1,
          lastHour: { done: 1, failed: 1, meanRenderSeconds: 2 },
          lastDone: { id: ref.id, at: clock.now() },
          lastFailed: { id: failed.id, code: 'render_failed' },
        });
      });

      test('workers are listed while they report', async () => {
        const other = await fixture.another();
        const worker = { id: 'h:1:a', host: 'h', pid: 1, concurrency: 2, busy: 1, startedAt: clock.now() };
        await jobs.reportWorker(worker);
        await other.reportWorker({ ...worker, id: 'h:2:b' });
        await jobs.reportWorker({ ...worker, busy: 2 });
        expect((await other.stats()).workers).toEqual([
          { ...worker, busy: 2, seenAt: clock.now() },
          { ...worker, id: 'h:2:b', seenAt: clock.now() },
        ]);
        await other.forgetWorker('h:2:b');
        expect((await jobs.stats()).workers).toHaveLength(1);
        clock.advance(61_000);
        expect((await jobs.stats()).workers).toEqual([]);
      });
    });

    describe('keeping and removing', () => {
      test('S20: final jobs expire, others never do', async () => {
        const running = await add();
        await claim();
        const done = await add();
        await jobs.finish(refOf(await claim()), { status: 'done', result: filmResult });
        const queued = await add();
        clock.advance(DAY_MS - 1);
        expect(await jobs.expired(10)).toEqual([]);
        clock.advance(1);
        expect((await jobs.expired(10)).map((job) => job.id)).toEqual([done.id]);
        await expect(jobs.remove(running.id)).rejects.toEqual(code('conflict'));
        await expect(jobs.remove(queued.id)).rejects.toEqual(code('conflict'));
        expect(await jobs.remove(done.id)).toBe(true);
        expect(await jobs.remove(done.id)).toBe(false);
        expect(await jobs.get(done.id)).toBeNull();
        expect((await jobs.list()).jobs.map((job) => job.id)).toEqual([queued.id, running.id]);
      });

      test('a retried job does not expire; its key is free once it is removed', async () => {
        const given = composeJob({ idempotency: { key: 'k', hash: 'h' } });
        const { job } = await jobs.add(given);
        await jobs.cancel(job.id);
        await jobs.retry(job.id);
        clock.advance(DAY_MS * 2);
        expect(await jobs.expired(10)).toEqual([]);
        await jobs.cancel(job.id);
        await jobs.remove(job.id);
        expect(await jobs.add({ ...given, idempotency: { key: 'k', hash: 'other' } })).toMatchObject({
          created: true,
        });
      });

      test('what a removed job still has to tell is told', async () => {
        const job = await add({ webhookUrl: 'https://example.com/hook' });
        await jobs.cancel(job.id);
        await jobs.remove(job.id);
        const [one] = await jobs.announcements.claim('webhook', 's1', { leaseMs: 1000 });
        expect(one).toMatchObject({ jobId: job.id, event: 'cancelled' });
        const delivery: Delivery = {
          at: clock.now(),
          event: 'cancelled',
          attempt: 1,
          ok: true,
          status: 200,
          error: null,
          durationMs: 1,
          nextAt: null,
        };
        expect(await jobs.announcements.ack(one!.id, 's1', delivery)).toBe(true);
        expect(await jobs.get(job.id)).toBeNull();
      });

      test('everything is there for a handle opened later', async () => {
        const job = await add({ idempotency: { key: 'k', hash: 'h' } });
        const ref = refOf(await claim());
        await jobs.progress(ref, { progress: 33, stage: 'rendering' });
        await jobs.close();
        const later = await fixture.another();
        expect(await later.get(job.id)).toMatchObject({ status: 'rendering', progress: 33 });
        expect(await later.heartbeat(ref, LEASE.leaseMs)).toBe('held');
        expect(await later.add(composeJob({ idempotency: { key: 'k', hash: 'h' } }))).toMatchObject({
          created: false,
        });
      });
    });

    describe('health and closing', () => {
      test('healthy: a write went through', async () => {
        expect(await jobs.health()).toMatchObject({ ok: true, reason: null });
      });

      test('closing twice is fine; a closed backend says so and reports it', async () => {
        const other = await fixture.another();
        await other.close();
        await other.close();
        await expect(other.add(composeJob())).rejects.toEqual(code('not_ready'));
        await expect(other.get('x')).rejects.toEqual(code('not_ready'));
        expect(await other.health()).toMatchObject({ ok: false });
      });
    });
  });
}
