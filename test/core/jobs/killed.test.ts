/** The embedded store and its workers under kill -9 and SIGSTOP, with real processes. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openJobs } from '../../../core/jobs/index.ts';
import type { JobBackend } from '../../../core/jobs/types.ts';
import { startWorker } from '../../../core/worker.ts';
import { journalOf, untilTrue, useJobProcesses } from '../../helpers/job-processes.ts';
import { composeJob, filmResult, keepingLog } from '../../helpers/job-samples.ts';

const processes = useJobProcesses();
let dataDir: string;
let jobs: JobBackend;

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'genscene-kill-'));
  jobs = await openJobs({ dataDir, maxAttempts: 60, pollMs: 20, reserveBytes: 65_536, minFreeBytes: 0 });
});
afterEach(async () => {
  processes.killAll();
  await jobs.close();
  await rm(dataDir, { recursive: true, force: true });
});

const start = (mode: 'work' | 'add', ...options: string[]): ChildProcess =>
  processes.start(mode, dataDir, ...options);

test('S02: every job whose id was given out is known after kill -9 at once', async () => {
  const addThenDie = async (): Promise<string[]> => {
    const child = start('add', '9');
    let given = '';
    child.stdout!.on('data', (piece: Buffer) => (given += piece.toString()));
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    expect(signal).toBe('SIGKILL');
    return given.trim().split('\n');
  };
  const ids: string[] = [];
  // Three at a time also write beside each other.
  for (let round = 0; round < 4; round += 1)
    ids.push(...(await Promise.all([addThenDie(), addThenDie(), addThenDie()])).flat());
  expect(ids).toHaveLength(108);
  for (const id of ids) expect(await jobs.get(id)).toMatchObject({ id, status: 'queued' });
  expect((await jobs.stats()).queued).toBe(108);
}, 120_000);

test('processes that make a new store at the same time do not get in each other’s way', async () => {
  const fresh = path.join(dataDir, 'fresh');
  const adding = Array.from({ length: 6 }, () => processes.start('add', fresh, '3'));
  const ends = await Promise.all(adding.map((child) => once(child, 'exit')));
  expect(ends.map(([, signal]) => signal as string)).toEqual(Array(6).fill('SIGKILL'));
  const other = await openJobs({ dataDir: fresh, reserveBytes: 0, minFreeBytes: 0 });
  expect((await other.stats()).queued).toBe(18);
  await other.close();
});

test('50 kills of workers at work over 20 jobs: none lost, none made twice, none told twice', async () => {
  const ids: string[] = [];
  const add = async (): Promise<void> => {
    const { job } = await jobs.add(composeJob({ webhookUrl: 'https://example.com/hook' }));
    ids.push(job.id);
  };
  const workers = new Map<number, ChildProcess>();
  const startOne = (): void => {
    const child = start('work');
    workers.set(child.pid!, child);
  };
  for (let i = 0; i < 3; i += 1) startOne();
  for (let i = 0; i < 8; i += 1) await add();
  let kills = 0;
  let read = 0;
  while (kills < 50) {
    const lines = await journalOf(dataDir);
    const begun = lines
      .slice(read)
      .findLast(([what, , , pid]) => what === 'start' && workers.has(Number(pid)));
    read = lines.length;
    if (ids.length < 20 && (await jobs.stats()).queued < 2) await add();
    if (begun) {
      await sleep(Math.random() * 130);
      const pid = Number(begun[3]);
      workers.get(pid)!.kill('SIGKILL');
      workers.delete(pid);
      startOne();
      kills += 1;
    } else if (ids.length === 20 && (await jobs.list({ status: 'done' })).jobs.length === 20) {
      break;
    } else await sleep(20);
  }
  while (ids.length < 20) await add();
  await untilTrue(
    async () => (await jobs.list({ status: ['done', 'failed'], limit: 200 })).jobs.length === 20,
  );

  const lines = await journalOf(dataDir);
  expect(lines.filter(([what]) => what === 'overlap')).toEqual([]);
  expect(kills).toBeGreaterThan(20);
  for (const id of ids) {
    const job = (await jobs.get(id))!;
    expect(job.status).toBe('done');
    expect(job.attemptLog.filter((entry) => entry.outcome === 'done')).toHaveLength(1);
    expect(job.attemptLog.at(-1)!.outcome).toBe('done');
    const starts = lines
      .filter(([what, of]) => what === 'start' && of === id)
      .map(([, , attempt]) => Number(attempt));
    expect(new Set(starts).size).toBe(starts.length);
    expect(Math.max(...starts)).toBe(job.claims);
  }
  const told = await jobs.announcements.claim('webhook', 'test', { leaseMs: 60_000, limit: 100 });
  expect(told.map((one) => one.jobId).sort()).toEqual([...ids].sort());
}, 180_000);

test('S11: a worker that slept past its lease is refused; the other’s result stands, told once', async () => {
  const { job } = await jobs.add(composeJob({ title: 'slow', webhookUrl: 'https://example.com/hook' }));
  const sleeper = start('work', '1', '1000');
  await untilTrue(async () => (await journalOf(dataDir)).some(([what]) => what === 'start'));
  sleeper.kill('SIGSTOP');
  const { log } = keepingLog();
  const other = startWorker({
    jobs,
    run: async () => filmResult,
    concurrency: 1,
    jobTimeoutMs: 60_000,
    leaseMs: 30_000,
    heartbeatMs: 10_000,
    workerId: 'other',
    log,
  });
  await untilTrue(async () => (await jobs.get(job.id))!.status === 'done');
  sleeper.kill('SIGCONT');
  await untilTrue(async () =>
    (await readFile(path.join(dataDir, 'journal'), 'utf8')).includes('lost the lease'),
  );
  await other.stop({ graceMs: 0 });
  const after = (await jobs.get(job.id))!;
  expect(after).toMatchObject({ status: 'done', attempts: 2 });
  expect(after.attemptLog.map((entry) => entry.outcome)).toEqual(['lost', 'done']);
  expect(after.result!.metrics).toBeUndefined();
  expect((await journalOf(dataDir)).filter(([what]) => what === 'publish')).toEqual([]);
  expect(await jobs.announcements.claim('webhook', 'test', { leaseMs: 60_000 })).toHaveLength(1);
}, 60_000);

test('S04: SIGTERM lets short jobs end, parks the rest, and the process exits with 0', async () => {
  const slow = await jobs.add(composeJob({ title: 'slow' }));
  const worker = start('work');
  await untilTrue(async () => (await journalOf(dataDir)).some(([what]) => what === 'start'));
  const short = await jobs.add(composeJob());
  const waiting = [
    await jobs.add(composeJob({ title: 'slow' })),
    await jobs.add(composeJob({ title: 'slow' })),
  ];
  await untilTrue(
    async () =>
      (await jobs.get(short.job.id))!.lease !== null || (await jobs.get(short.job.id))!.status === 'done',
  );
  worker.kill('SIGTERM');
  const [exitCode] = (await once(worker, 'exit')) as [number | null];
  expect(exitCode).toBe(0);
  expect(await jobs.get(slow.job.id)).toMatchObject({ status: 'queued', attempts: 0, claims: 1 });
  expect(await jobs.get(short.job.id)).toMatchObject({ status: 'done' });
  for (const { job } of waiting)
    expect(await jobs.get(job.id)).toMatchObject({ status: 'queued', attempts: 0 });
  expect((await jobs.stats()).failed).toBe(0);
  expect((await jobs.stats()).workers).toEqual([]);
}, 60_000);
