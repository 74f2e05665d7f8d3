/** Retention over a real store and real folders. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startRetention, sweep, temporaryName } from '../../../core/jobs/retention.ts';
import type { JobRecord } from '../../../core/jobs/types.ts';
import { openEmbeddedForTest } from '../../helpers/embedded-jobs.ts';
import { composeJob, filmResult, keepingLog, refOf } from '../../helpers/job-samples.ts';

const MINUTE_MS = 60_000;
const lease = { leaseMs: 60 * MINUTE_MS, timeoutMs: 60 * MINUTE_MS };
let fixture: Awaited<ReturnType<typeof openEmbeddedForTest>>;
let films: string;
let work: string;
let kept: ReturnType<typeof keepingLog>;

beforeEach(async () => {
  fixture = await openEmbeddedForTest({ retentionDays: 1 / 24 / 60 });
  films = path.join(fixture.dataDir, 'films');
  work = path.join(fixture.dataDir, 'work');
  await mkdir(films);
  await mkdir(work);
  kept = keepingLog();
});
afterEach(() => fixture.dispose());

const removeFiles = (job: JobRecord): Promise<void> =>
  rm(path.join(films, job.id), { recursive: true, force: true });
const options = () => ({ jobs: fixture.backend, removeFiles, temporaryFolders: [work], log: kept.log });
const never = new AbortController().signal;

async function film(): Promise<string> {
  await fixture.backend.add(composeJob());
  const job = (await fixture.backend.claim('w', lease))!;
  await mkdir(path.join(films, job.id));
  await writeFile(path.join(films, job.id, 'film.mp4'), 'film');
  await fixture.backend.finish(refOf(job), { status: 'done', result: filmResult });
  return job.id;
}

test('S20: after a minute 20 films, their records and files are gone; a running job and a younger film stay', async () => {
  for (let i = 0; i < 20; i += 1) await film();
  await fixture.backend.add(composeJob());
  const running = (await fixture.backend.claim('w', lease))!;
  await mkdir(path.join(films, running.id));
  fixture.clock.advance(MINUTE_MS / 2);
  const younger = await film();
  expect(await sweep(options(), never)).toMatchObject({ jobs: 0 });
  fixture.clock.advance(MINUTE_MS / 2);
  expect(await sweep(options(), never)).toMatchObject({ jobs: 20 });
  expect((await readdir(films)).sort()).toEqual([running.id, younger].sort());
  expect((await fixture.backend.list()).jobs.map((job) => job.id).sort()).toEqual(
    [running.id, younger].sort(),
  );
  expect(await sweep(options(), never)).toMatchObject({ jobs: 0 });
});

test('a film that cannot be removed keeps its record, holds up no other, and is tried again', async () => {
  const ids = [await film(), await film(), await film()];
  fixture.clock.advance(MINUTE_MS);
  const failing = async (job: JobRecord): Promise<void> => {
    if (job.id === ids[0]) throw new Error('busy');
    await removeFiles(job);
  };
  expect(await sweep({ ...options(), removeFiles: failing }, never)).toMatchObject({ jobs: 2 });
  expect((await fixture.backend.list()).jobs.map((job) => job.id)).toEqual([ids[0]]);
  expect(kept.lines.filter((line) => line.level === 'error')).toHaveLength(1);
  expect(await sweep(options(), never)).toMatchObject({ jobs: 1 });
});

test('temporary files go with the attempt they belong to', async () => {
  await fixture.backend.add(composeJob());
  const running = (await fixture.backend.claim('w', lease))!;
  const ref = refOf(running);
  const live = temporaryName(ref);
  const dead = [
    temporaryName({ id: ref.id, attempt: ref.attempt + 1 }),
    temporaryName({ id: 'a'.repeat(24), attempt: 1 }),
  ];
  for (const name of [live, ...dead]) await mkdir(path.join(work, name));
  await writeFile(path.join(work, dead[0]!, 'segment.mp4'), 'x');
  await writeFile(path.join(work, 'something.tmp'), 'not ours');
  await writeFile(path.join(work, '.hidden'), 'not ours');
  expect(await sweep(options(), never)).toMatchObject({ temporary: 2 });
  expect((await readdir(work)).sort()).toEqual([live, '.hidden', 'something.tmp'].sort());
  await fixture.backend.finish(ref, { status: 'cancelled' });
  expect(await sweep(options(), never)).toMatchObject({ temporary: 1 });
});

test('caches are trimmed; one that fails is logged and the others go on', async () => {
  const trims = [
    { name: 'media', trim: () => Promise.reject(new Error('unreadable')) },
    { name: 'segments', trim: async () => 500 },
  ];
  expect(await sweep({ ...options(), trims }, never)).toEqual({ jobs: 0, temporary: 0, trimmedBytes: 500 });
  expect(kept.lines).toMatchObject([{ level: 'error', facts: { cache: 'media' } }, { level: 'info' }]);
});

test('a missing folder is nothing to sweep', async () => {
  expect(await sweep({ ...options(), temporaryFolders: [path.join(work, 'none')] }, never)).toMatchObject({
    temporary: 0,
  });
});

test('sweeps at start and regularly until stopped', async () => {
  let rounds = 0;
  const trim = async (): Promise<number> => (rounds += 1);
  const retention = startRetention({ ...options(), trims: [{ name: 'count', trim }], everyMs: 1 });
  while (rounds < 3) await sleep(1);
  await retention.stop();
  const then = rounds;
  await sleep(20);
  expect(rounds).toBe(then);
});
