/** Engine children: killed, hung, aborted, orphaned; the studio goes on and leaves none behind. */
import { fork } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { ChildPool, type PoolOptions } from '../../../core/tts/children/pool.ts';
import { programFile } from '../../helpers/program.ts';
import { isAlive, until, untilBusy } from './engine-children.ts';

const pools: ChildPool[] = [];
const poolOf = (options: Partial<PoolOptions> = {}): ChildPool => {
  const pool = new ChildPool({ engine: 'espeak', size: 1, ...options });
  pools.push(pool);
  return pool;
};
afterAll(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

const job = { text: 'Hola.', voice: 'es+f2', speed: 1 };
/** Minutes of speech: work for many seconds. */
const longJob = { ...job, text: 'palabra larga '.repeat(20_000), speed: 0.5 };
const run = (pool: ChildPool, what = job, signal = new AbortController().signal, timeoutMs = 30_000) =>
  pool.run(what, { signal, timeoutMs });

describe('a pool of engine children', () => {
  const pool = poolOf();

  it('speaks, and reuses its child', async () => {
    const first = await run(pool);
    expect(first.samples.length).toBeGreaterThan(first.sampleRate / 5);
    const pids = pool.pids();
    await run(pool);
    expect(pool.pids()).toEqual(pids);
  });

  it('fails the job of a child killed from outside, and speaks again', async () => {
    await run(pool);
    const [pid] = pool.pids();
    const work = expect(run(pool, longJob)).rejects.toMatchObject({ code: 'speech_failed', retryable: true });
    await untilBusy(pid!);
    process.kill(pid!, 'SIGKILL');
    await work;
    expect((await run(pool)).samples.length).toBeGreaterThan(0);
    expect(pool.pids()).not.toContain(pid);
  });

  it('does the job with another child if the idle one had just died', async () => {
    await run(pool);
    const [pid] = pool.pids();
    process.kill(pid!, 'SIGKILL');
    expect((await run(pool)).samples.length).toBeGreaterThan(0);
    expect(pool.pids()).not.toContain(pid);
  });

  it('kills a child at once when its job is aborted, also one in the queue', async () => {
    await run(pool);
    const [pid] = pool.pids();
    const controller = new AbortController();
    const works = [run(pool, longJob, controller.signal), run(pool, longJob, controller.signal)];
    controller.abort();
    for (const work of works) await expect(work).rejects.toMatchObject({ code: 'cancelled' });
    await until('the child is gone', () => !isAlive(pid!));
    expect((await run(pool)).samples.length).toBeGreaterThan(0);
  });

  it('kills a child that takes too long', async () => {
    await run(pool);
    const [pid] = pool.pids();
    await expect(run(pool, longJob, undefined, 100)).rejects.toMatchObject({
      code: 'timeout',
      retryable: true,
    });
    await until('the child is gone', () => !isAlive(pid!));
  });

  it('replaces a child after so many jobs, or when it has grown', async () => {
    for (const limits of [{ maxJobs: 1 }, { maxRssBytes: 1 }]) {
      const limited = poolOf(limits);
      const first = run(limited);
      const pids = limited.pids();
      await Promise.all([first, run(limited)]);
      expect(limited.pids()).not.toContain(pids[0]);
    }
  });

  it('speaks 100 times in a row with flite, in one child', async () => {
    const flite = poolOf({ engine: 'flite' });
    const lengths = new Set<number>();
    for (let turn = 0; turn < 100; turn++)
      lengths.add((await run(flite, { text: 'Again and again.', voice: 'kal16', speed: 1 })).samples.length);
    expect(lengths.size).toBe(1);
    expect(flite.pids()).toHaveLength(1);
  });

  it('starts another child only when there is work for longer than a few starts', async () => {
    const growing = poolOf({ size: 2 });
    await Promise.all([run(growing), run(growing)]);
    expect(growing.pids()).toHaveLength(1);
    const controller = new AbortController();
    const long = run(growing, longJob, controller.signal, 600_000).catch((error: unknown) => error);
    const waiting: Promise<unknown>[] = [];
    await until('another child is there', () => {
      waiting.push(run(growing));
      return growing.pids().length === 2;
    });
    // The first is still at its long text.
    await Promise.all(waiting);
    controller.abort();
    expect(await long).toMatchObject({ code: 'cancelled' });
  });

  it('ends a child that has nothing to do', async () => {
    const idle = poolOf({ idleMs: 50 });
    await run(idle);
    await until('the idle child is gone', () => idle.pids().length === 0);
  });

  it('reports what an engine throws, and an engine that never gets ready', async () => {
    await expect(
      run(poolOf({ engine: 'flite' }), { ...job, text: null as unknown as string }),
    ).rejects.toMatchObject({
      code: 'speech_failed',
    });
    await expect(run(poolOf({ startMs: 1 }))).rejects.toMatchObject({ code: 'speech_failed' });
    await expect(run(poolOf({ engine: 'nonsense' as 'flite' }))).rejects.toMatchObject({
      code: 'speech_failed',
    });
  });

  it('ends all on close, in the middle of work, and takes no more', async () => {
    const closing = poolOf({ size: 2 });
    await Promise.all([run(closing), run(closing)]);
    const pids = closing.pids();
    const work = run(closing, longJob);
    await Promise.all([expect(work).rejects.toMatchObject({ code: 'not_ready' }), closing.close()]);
    expect(pids.filter(isAlive)).toEqual([]);
    await expect(run(closing)).rejects.toMatchObject({ code: 'not_ready' });
  });

  it('dies with its parent, even when killed with kill -9 in the middle of a sentence', async () => {
    const parent = fork(programFile('test/core/tts/orphaning-parent.ts'), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const pids = await new Promise<number[]>((resolve) =>
      parent.once('message', (message) => resolve(message as number[])),
    );
    expect(pids).toHaveLength(2);
    expect(pids.every(isAlive)).toBe(true);
    parent.kill('SIGKILL');
    await until('busy and idle children are gone', () => !pids.some(isAlive));
  });
});
