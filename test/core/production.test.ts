/** An attempt at a film: the sheet that is shown early never outlives it. */
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { StudioError } from '../../core/errors.ts';
import type { ClaimedJob } from '../../core/jobs/types.ts';
import { createProduction, type ProductionOptions } from '../../core/production.ts';
import type { Storage } from '../../core/storage/types.ts';
import { testDataDir } from '../helpers/app.ts';

const job = {
  id: 'a'.repeat(24),
  lease: { attempt: 1, owner: 'worker' },
  request: { kind: 'compose', storyboard: {} },
} as ClaimedJob;

test('a render that fails ends only when the sheet that is being published has ended', async () => {
  const workDir = await testDataDir();
  const happened: string[] = [];
  let onEnd = (): void => undefined;
  const over = new Promise<void>((resolve) => (onEnd = resolve));
  let onPublish = (): void => undefined;
  const publishing = new Promise<void>((resolve) => (onPublish = resolve));

  const run = createProduction({
    workshop: {
      async render(_storyboard, { outDir, onSheet }) {
        const sheet = path.join(outDir, 'sheet.png');
        await writeFile(sheet, 'a sheet');
        onSheet?.(sheet);
        await publishing;
        throw new StudioError('render_failed', 'No.');
      },
    } as Partial<ProductionOptions['workshop']> as ProductionOptions['workshop'],
    ffmpeg: () => expect.unreachable(),
    storage: {
      async publish(_id, _files, signal) {
        onPublish();
        // A slow store: it goes on until it is told to stop, and longest for a second.
        const told = signal ? once(signal, 'abort') : new Promise(() => undefined);
        await Promise.race([over, sleep(1000), told]);
        happened.push('published');
      },
    } as Partial<Storage> as Storage,
    workDir,
  });
  const context = {
    signal: new AbortController().signal,
    report: () => undefined,
    assertLease: () => Promise.resolve(),
  };
  await expect(run(job, context)).rejects.toMatchObject({ code: 'render_failed' });
  happened.push('ended');
  onEnd();
  expect(happened).toEqual(['published', 'ended']);
  expect(await readdir(workDir)).toEqual([]);
});
