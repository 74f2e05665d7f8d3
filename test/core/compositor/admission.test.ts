/** Tasks run beside each other only as far as they fit into memory; one alone always runs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { renderMemory, taskBytes } from '../../../core/compositor/admission.ts';
import { openCompositor } from '../../../core/compositor/pool.ts';
import type { SegmentPlan } from '../../../core/compositor/plan.ts';
import type { Task } from '../../../core/compositor/thread.ts';
import { findFfmpeg } from '../../../core/ffmpeg.ts';

const MIB = 1024 ** 2;
const paths = findFfmpeg({ searchPath: '/usr/local/bin:/usr/bin' });

function plan(width: number, height: number, frames = 6): SegmentPlan {
  const picture = { colors: ['#103050', '#e0a040'] };
  const base = { kind: 'still', picture, fit: 'cover', background: '#000000', effect: 'panRight' } as const;
  return {
    ...{ width, height, fps: 30, frames, incoming: null, transition: null, overlays: [] },
    base: { ...base, sceneFrames: frames, offset: 0 },
  };
}

type Segments = Extract<Task, { kind: 'segments' }>;
const segment = (width: number, height: number, file = '/tmp/x.mp4', frames = 6): Segments => ({
  kind: 'segments',
  parts: [{ plan: plan(width, height, frames), file }],
  encoding: { format: 'mp4', quality: 'standard' },
});

test('an estimate grows with the picture, and is what was measured at 1080p: an encoder of 250 MiB, and some', () => {
  expect(taskBytes(segment(1920, 1080)) / MIB).toBeGreaterThan(250);
  expect(taskBytes(segment(1920, 1080)) / MIB).toBeLessThan(450);
  const sides = fc.integer({ min: 64, max: 4096 });
  fc.assert(
    fc.property(sides, sides, sides, sides, (w, h, w2, h2) => {
      const [small, large] =
        w * h <= w2 * h2 ? [segment(w, h), segment(w2, h2)] : [segment(w2, h2), segment(w, h)];
      return taskBytes(small) <= taskBytes(large);
    }),
  );
  expect(renderMemory()).toBeGreaterThan(0);
});

test.each([
  ['enough for two', 2.2, 2],
  ['enough for one', 1.5, 1],
  ['not even enough for one', 0.5, 1],
])('%s: so many at once, and all of them in the end', async (_, share, atOnce) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'genscene-admission-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const compositor = openCompositor({ paths, threads: 4, memoryBytes: taskBytes(segment(640, 360)) * share });
  onTestFinished(() => compositor.close());
  let running = new Set<number>();
  let most = 0;
  const ended: number[] = [];
  await Promise.all(
    Array.from({ length: 5 }, async (_each, index) => {
      const task = segment(640, 360, path.join(folder, `${index}.mp4`), 12);
      await compositor.run(task, {
        onProgress: () => {
          running.add(index);
          most = Math.max(most, running.size);
        },
      });
      running = new Set([...running].filter((each) => each !== index));
      ended.push(index);
    }),
  );
  expect(most).toBeLessThanOrEqual(atOnce);
  expect(ended).toHaveLength(5);
});
