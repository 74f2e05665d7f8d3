/** The embedded store on a disk that fills up: a small tmpfs where mounting is permitted. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openJobs } from '../../../core/jobs/index.ts';
import type { JobBackend } from '../../../core/jobs/types.ts';
import { composeJob, filmResult, refOf } from '../../helpers/job-samples.ts';

const MEBIBYTE = 1024 ** 2;
const canMount = tryMount();
if (!canMount)
  process.stderr.write('S14, S15 skipped: this user may not mount a tmpfs (needs root or CAP_SYS_ADMIN)\n');

function tryMount(): boolean {
  try {
    unmount(mountSmallDisk(MEBIBYTE));
    return true;
  } catch {
    return false;
  }
}

function mountSmallDisk(bytes: number): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'genscene-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
}

/** Lazily: libsql lets go of a closed file only when its statements are garbage-collected. */
function unmount(folder: string): void {
  execFileSync('umount', ['-l', folder]);
  rmSync(folder, { recursive: true });
}

describe.skipIf(!canMount)('a full disk', () => {
  const lease = { leaseMs: 30_000, timeoutMs: 60_000 };
  let disk: string;
  let dataDir: string;
  let filler: string;
  let jobs: JobBackend;
  const open = (minFreeBytes = 0) =>
    openJobs({ dataDir, reserveBytes: MEBIBYTE, minFreeBytes, maxQueued: 100_000, pollMs: 20 });

  beforeEach(async () => {
    disk = mountSmallDisk(6 * MEBIBYTE);
    dataDir = path.join(disk, 'data');
    filler = path.join(disk, 'filler');
    jobs = await open();
  });
  afterEach(async () => {
    await jobs.close();
    unmount(disk);
  });

  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(disk);
    return bavail * bsize;
  };
  const fillUp = (): void => writeFileSync(filler, Buffer.alloc(freeBytes()));
  /** Adds until it is refused. */
  const addUntilRefused = async (): Promise<{ ids: string[]; refusal: unknown }> => {
    const ids: string[] = [];
    for (;;) {
      try {
        ids.push((await jobs.add(composeJob({ scenes: 100 }))).job.id);
      } catch (refusal) {
        return { ids, refusal };
      }
    }
  };

  test('S14: new jobs are refused with a code, those accepted stay; with space again it works on without restart', async () => {
    writeFileSync(filler, Buffer.alloc(2 * MEBIBYTE));
    const { ids, refusal } = await addUntilRefused();
    expect(ids.length).toBeGreaterThan(50);
    expect(refusal).toMatchObject({ code: 'no_space', retryable: true });
    await expect(jobs.add(composeJob())).rejects.toMatchObject({ code: 'no_space' });
    expect(await jobs.health()).toMatchObject({ ok: false });
    for (const id of ids) expect(await jobs.get(id)).toMatchObject({ id, status: 'queued' });
    expect((await jobs.stats()).queued).toBe(ids.length);
    // Nothing new is begun on a full disk; what people decide is still written.
    await expect(jobs.claim('w', lease)).rejects.toMatchObject({ code: 'no_space' });
    await expect(jobs.cancel(ids.pop()!)).resolves.toMatchObject({ status: 'cancelled' });
    rmSync(filler);
    for (const id of ids.slice(0, 20)) {
      const claimed = (await jobs.claim('w', lease))!;
      expect(claimed.id).toBe(id);
      await jobs.finish(refOf(claimed), { status: 'done', result: filmResult });
    }
    await jobs.reconcile();
    await expect(jobs.add(composeJob())).resolves.toMatchObject({ created: true });
    expect(await jobs.health()).toMatchObject({ ok: true });
  });

  test('S14: a disk with room for a pulse and none for a job is not told as sound', async () => {
    writeFileSync(filler, Buffer.alloc(2 * MEBIBYTE));
    await addUntilRefused();
    truncateSync(filler, statSync(filler).size - 128 * 1024);
    expect(await jobs.health()).toMatchObject({ ok: false, reason: expect.stringContaining('full') });
    rmSync(filler);
    expect(await jobs.health()).toMatchObject({ ok: true });
  });

  test('S15: on a disk without a byte left the end of a running job is still written', async () => {
    const { job } = await jobs.add(composeJob());
    const waiting = await jobs.add(composeJob());
    const ref = refOf((await jobs.claim('w', lease))!);
    fillUp();
    expect(freeBytes()).toBe(0);
    await expect(jobs.add(composeJob())).rejects.toMatchObject({ code: 'no_space' });
    // Enough changes to use up all that the log has allocated already.
    for (let beat = 0; beat < 400; beat += 1) expect(await jobs.heartbeat(ref, lease.leaseMs)).toBe('held');
    const error = {
      code: 'no_space',
      stage: 'saving',
      scene: null,
      retryable: false,
      message: 'The disk is full.',
      hint: null,
    };
    await jobs.finish(ref, { status: 'failed', error });
    expect(await jobs.get(job.id)).toMatchObject({ status: 'failed', error });
    await jobs.cancel(waiting.job.id);
    expect(existsSync(path.join(dataDir, 'jobs', 'jobs.reserve'))).toBe(false);
    expect(await jobs.health()).toMatchObject({ ok: false });
    rmSync(filler);
    await jobs.reconcile();
    expect(existsSync(path.join(dataDir, 'jobs', 'jobs.reserve'))).toBe(true);
    await expect(jobs.add(composeJob())).resolves.toMatchObject({ created: true });
  });

  test('a store on a full disk opens, so that what it holds can be read', async () => {
    const { job } = await jobs.add(composeJob());
    await jobs.close();
    fillUp();
    jobs = await open();
    expect(await jobs.get(job.id)).toMatchObject({ status: 'queued' });
    await expect(jobs.add(composeJob())).rejects.toMatchObject({ code: 'no_space' });
  });

  test('work is refused before the disk is full', async () => {
    await jobs.close();
    jobs = await open(3 * MEBIBYTE);
    const { ids, refusal } = await addUntilRefused();
    expect(refusal).toMatchObject({
      code: 'no_space',
      message: expect.stringContaining('almost full') as string,
    });
    expect(ids.length).toBeGreaterThan(0);
    expect(freeBytes()).toBeGreaterThan(2 * MEBIBYTE);
    // Folding in the log may just have made some room again.
    writeFileSync(filler, Buffer.alloc(MEBIBYTE));
    expect((await jobs.health()).reason).toContain('almost full');
  });
});
