/** Workers over Redis under kill -9 and SIGSTOP, with real processes; and what many jobs and old records ask of it. */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { openJobs } from '../../../core/jobs/index.ts';
import { openRedisJobs } from '../../../core/jobs/redis.ts';
import type { JobBackend } from '../../../core/jobs/types.ts';
import { startWorker } from '../../../core/worker.ts';
import { journalOf, untilTrue, useJobProcesses } from '../../helpers/job-processes.ts';
import { composeJob, filmResult, keepingLog, refOf } from '../../helpers/job-samples.ts';
import { startRedisServer, type RedisServer } from '../../helpers/redis-server.ts';

const processes = useJobProcesses();
let redis: RedisServer;
let dataDir: string;
let jobs: JobBackend;

beforeAll(async () => {
  // What is tried here is the death of workers, not of Redis.
  redis = await startRedisServer({ settings: { appendonly: 'no' } });
});
afterAll(() => redis.dispose());
beforeEach(async () => {
  await redis.command('FLUSHALL');
  dataDir = await mkdtemp(path.join(tmpdir(), 'genscene-kill-'));
  jobs = await openJobs({ dataDir, redisUrl: redis.url, maxQueued: 20_000 });
});
afterEach(async () => {
  processes.killAll();
  await jobs.close();
  await rm(dataDir, { recursive: true, force: true });
});

const startProcess = (leaseMs: number): ChildProcess =>
  processes.start('work', dataDir, '1', String(leaseMs), redis.url);

test('kills of workers at work: none lost, none made twice, none told twice; poison is given up with the reason', async () => {
  const webhookUrl = 'https://example.com/hook';
  const poison = (await jobs.add(composeJob({ title: 'poison', priority: 5 }))).job;
  const ids: string[] = [];
  for (let i = 0; i < 12; i += 1)
    ids.push((await jobs.add(composeJob({ webhookUrl, owner: `key:${i % 3}` }))).job.id);
  let kills = 0;
  startProcess(1000);
  startProcess(1000);
  // Each may die twice of us at most, or a job would rightly be given up.
  const struck = new Map<string, number>();
  await untilTrue(async () => {
    // Poison kills its worker by itself.
    while (processes.running.size < 2) startProcess(1000);
    const running = (await journalOf(dataDir)).findLast(
      ([what, id]) => what === 'start' && (struck.get(id!) ?? 0) < 2,
    );
    const worker = [...processes.running].find(({ pid }) => String(pid) === running?.[3]);
    if (worker && kills < 8 && running?.[1] !== poison.id) {
      struck.set(running![1]!, (struck.get(running![1]!) ?? 0) + 1);
      worker.kill('SIGKILL');
      kills += 1;
      await sleep(100);
    }
    const { done, failed, queued, running: busy } = await jobs.stats();
    return queued + busy === 0 && done + failed === 13;
  });
  expect(kills).toBeGreaterThan(2);
  expect((await journalOf(dataDir)).filter(([what]) => what === 'overlap')).toEqual([]);
  const given = (await jobs.record(poison.id))!;
  expect(given).toMatchObject({ status: 'failed', attempts: 3, error: { code: 'internal' } });
  expect(given.error!.message).toContain('died 3 times');
  for (const id of ids) {
    const job = (await jobs.record(id))!;
    // Two jobs run in a process: who dies with the one that was struck may be struck thrice.
    expect(['done', 'failed']).toContain(job.status);
    if (job.status === 'failed') expect(job.attempts).toBe(3);
    expect(job.attemptLog.filter(({ outcome }) => outcome === 'done').length).toBe(
      job.status === 'done' ? 1 : 0,
    );
  }
  const told = await jobs.announcements.claim('webhook', 'test', { leaseMs: 60_000, limit: 100 });
  expect(told.map(({ jobId }) => jobId).sort()).toEqual([...ids].sort());
});

test('S11: a worker that slept past its lease is refused; the other’s result stands, told once', async () => {
  const { job } = await jobs.add(composeJob({ title: 'slow', webhookUrl: 'https://example.com/hook' }));
  const sleeper = startProcess(1000);
  await untilTrue(async () => (await journalOf(dataDir)).some(([what]) => what === 'start'));
  sleeper.kill('SIGSTOP');
  const { log } = keepingLog();
  const other = startWorker({
    jobs,
    run: async () => filmResult,
    concurrency: 1,
    jobTimeoutMs: 60_000,
    workerId: 'other',
    log,
  });
  await untilTrue(async () => (await jobs.record(job.id))!.status === 'done');
  sleeper.kill('SIGCONT');
  await untilTrue(async () =>
    (await readFile(path.join(dataDir, 'journal'), 'utf8')).includes('lost the lease'),
  );
  await other.stop({ graceMs: 0 });
  const after = (await jobs.record(job.id))!;
  expect(after.attemptLog.map(({ outcome }) => outcome)).toEqual(['lost', 'done']);
  expect(after.result!.metrics).toBeUndefined();
  expect((await journalOf(dataDir)).filter(([what]) => what === 'publish')).toEqual([]);
  expect(await jobs.announcements.claim('webhook', 'test', { leaseMs: 60_000 })).toHaveLength(1);
});

test('10,000 queued jobs of 100 owners: in their order, in pages, with their places', async () => {
  const many = composeJob();
  for (let i = 0; i < 100; i += 1)
    await Promise.all(Array.from({ length: 100 }, (_, n) => jobs.add({ ...many, owner: `key:${n}` })));
  const late = (await jobs.add({ ...many, owner: 'key:late' })).job;
  expect((await jobs.stats()).queued).toBe(10_001);
  // All others have a hundred; who comes last with one waits for one turn, not for all.
  expect((await jobs.queuePositions([late.id])).get(late.id)).toBe(101);
  const owners: string[] = [];
  for (let i = 0; i < 100; i += 1) {
    const job = (await jobs.claim('w', { leaseMs: 60_000, timeoutMs: 60_000 }))!;
    owners.push(job.owner);
    await jobs.finish(refOf(job), { status: 'done', result: filmResult });
  }
  expect(new Set(owners).size).toBe(100);
  const { jobs: page } = await jobs.list({ owner: 'key:7', status: 'queued', limit: 200 });
  expect(page).toHaveLength(99);
  await jobs.reconcile();
  expect(await redis.command('LLEN', 'genscene:bq:tickets:waiting')).toBeGreaterThan(0);
});

test('records of an older version are brought up to date, those of a newer one are refused', async () => {
  const policy = {
    maxAttempts: 3,
    retryBaseMs: 1,
    retryCapMs: 1,
    retentionMs: 1000,
    maxQueued: 10,
    pollMs: 50,
  };
  const { log } = keepingLog();
  const renamed = (record: Record<string, unknown>) => ({
    ...record,
    title: `${String(record['title'])} (new)`,
  });
  const { job } = await jobs.add(composeJob({ title: 'Old' }));
  const newer = openRedisJobs({ ...policy, url: redis.url, log, migrations: [renamed] });
  onTestFinished(() => newer.close());
  expect(await newer.record(job.id)).toMatchObject({ title: 'Old (new)' });
  // Written back with its next change, once.
  await newer.setOrigin(job.id, { message: 'm1' });
  expect(await newer.record(job.id)).toMatchObject({ title: 'Old (new)', origin: { message: 'm1' } });
  await expect(jobs.record(job.id)).rejects.toMatchObject({
    code: 'not_ready',
    message: expect.stringContaining('newer version') as string,
  });
});
