import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDiskGuard, reserveOf } from '../../core/disk-guard.ts';
import { fillDisk, mountSmallDisk, canMount } from '../helpers/small-disk.ts';

test('the reserve is half a GiB, and less on small disks, but never nothing', () => {
  expect(reserveOf(100 * 1024 ** 3)).toBe(512 * 1024 ** 2);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 45 }), (totalBytes) => {
      const reserve = reserveOf(totalBytes);
      return reserve > 0 && reserve <= totalBytes * 0.05 + 1e-6 && reserve <= 512 * 1024 ** 2;
    }),
  );
});

test('a disk with room is taken', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'genscene-guard-'));
  const guard = createDiskGuard([folder]);
  const { freeBytes, totalBytes } = await guard.space();
  expect(freeBytes).toBeGreaterThan(0);
  expect(freeBytes).toBeLessThanOrEqual(totalBytes);
  await rm(folder, { recursive: true });
});

test('a folder that is gone is an error and not room', async () => {
  await expect(createDiskGuard(['/nowhere/at/all']).check()).rejects.toMatchObject({ code: 'ENOENT' });
});

test.runIf(canMount)(
  'the fullest disk decides; work is refused before it is full, and taken again after',
  async () => {
    const disk = mountSmallDisk(4 * 1024 ** 2);
    const other = await mkdtemp(path.join(tmpdir(), 'genscene-guard-'));
    try {
      await createDiskGuard([other, disk.folder]).check();
      const free = fillDisk(disk.folder, 100 * 1024);
      const guard = createDiskGuard([other, disk.folder]);
      await expect(guard.check()).rejects.toMatchObject({
        code: 'no_space',
        retryable: true,
        hint: expect.any(String),
      });
      expect(await guard.isLow()).toBe(true);
      expect((await guard.space()).totalBytes).toBe(4 * 1024 ** 2);
      free();
      await createDiskGuard([other, disk.folder]).check();
    } finally {
      disk.unmount();
      await rm(other, { recursive: true });
    }
  },
);
