/** Children are found on the host: those of threads, of other processes, and those nobody waits for any more. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { childMarks, listChildren } from '../../core/children.ts';
import type { Layer } from '../../core/compositor/plan.ts';
import { openCompositor } from '../../core/compositor/pool.ts';

import { testFfmpeg, testFolder } from '../helpers/samples.ts';

/** Looks until there is one, or the test's own time is over. */
async function seen(purpose: string, owner?: number) {
  for (;;) {
    const child = (await listChildren(owner)).find((one) => one.purpose === purpose);
    if (child) return child;
    await sleep(20);
  }
}

async function gone(pid: number): Promise<void> {
  while ((await listChildren()).some((child) => child.pid === pid)) await sleep(20);
}

/** A child that waits, with the marks of one that `owner` started. */
async function waiting(purpose: string, owner: number): Promise<ChildProcess> {
  const child = spawn('sleep', ['60'], { env: childMarks(purpose, owner) });
  await once(child, 'spawn');
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

describe('listChildren', () => {
  it('sees what rendering threads started, and no more once they were stopped', async () => {
    const folder = await testFolder();
    const compositor = openCompositor({ paths: testFfmpeg().paths, threads: 1 });
    onTestFinished(() => compositor.close());
    const abort = new AbortController();
    const layer: Layer = {
      kind: 'still',
      picture: { colors: ['#000000', '#ffffff'] },
      fit: 'cover',
      background: '#000000',
      effect: 'panRight',
      sceneFrames: 100_000,
      offset: 0,
    };
    const rendering = compositor.run(
      {
        kind: 'segments',
        parts: [
          {
            plan: {
              ...{ width: 320, height: 180, fps: 30, frames: 100_000 },
              ...{ base: layer, incoming: null, transition: null, overlays: [] },
            },
            file: path.join(folder, 'long.mp4'),
          },
        ],
        encoding: { format: 'mp4', quality: 'high' },
      },
      { signal: abort.signal },
    );
    const child = await seen('encoding segments', process.pid);
    expect(child).toMatchObject({ owner: { pid: process.pid, command: expect.any(String) } });
    expect(child.ageS).toBeLessThan(60);
    abort.abort();
    await expect(rendering).rejects.toMatchObject({ code: 'cancelled' });
    await gone(child.pid);
  });

  it('tells what each runs, how much memory it holds, and whose it is', async () => {
    const own = await waiting('testing, patiently', process.pid);
    const [child] = (await listChildren(process.pid)).filter(({ pid }) => pid === own.pid);
    expect(child).toMatchObject({ program: 'sleep', purpose: 'testing, patiently' });
    expect(child!.rssBytes).toBeGreaterThan(50_000);
    expect(await listChildren(1)).toEqual([]);
  });

  it('says when nobody waits for a child any more', async () => {
    const former = spawn('true');
    await once(former, 'exit');
    const orphan = await waiting('left alone', former.pid!);
    const found = (await listChildren()).find(({ pid }) => pid === orphan.pid);
    expect(found?.owner).toEqual({ pid: former.pid, command: null });
  });

  it('lets no purpose become another variable or command', () => {
    expect(childMarks('a"; rm -rf $HOME\n`id`', 1)).toEqual({
      GENSCENE_CHILD: 'a rm -rf HOMEid',
      GENSCENE_OWNER: '1',
    });
  });
});
