import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { composeJob } from '../../helpers/job-samples.ts';
import { describeJobBackend } from '../../contract/jobs.ts';
import { openEmbeddedForTest } from '../../helpers/embedded-jobs.ts';

describeJobBackend('embedded', openEmbeddedForTest);

test('a job whose worker died with its process is queued again at the next start, not when its lease ends', async () => {
  const opened = await openEmbeddedForTest();
  onTestFinished(() => opened.dispose());
  const { backend: jobs } = opened;
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const worker = { host: hostname(), concurrency: 1, busy: 1, startedAt: 0 };
  await jobs.reportWorker({ ...worker, id: 'dead', pid: gone });
  await jobs.reportWorker({ ...worker, id: 'alive', pid: process.pid });
  await jobs.reportWorker({ ...worker, id: 'elsewhere', pid: gone, host: 'another-host' });
  const claimed: Record<string, string> = {};
  for (const id of ['dead', 'alive', 'elsewhere']) {
    await jobs.add(composeJob());
    claimed[id] = (await jobs.claim(id, { leaseMs: 60_000, timeoutMs: 60_000 }))!.id;
  }
  const again = await opened.another();
  expect(await again.record(claimed['dead']!)).toMatchObject({ status: 'queued', attempts: 1, lease: null });
  for (const id of ['alive', 'elsewhere']) expect((await again.record(claimed[id]!))?.lease?.owner).toBe(id);
  expect((await again.stats()).workers.map(({ id }) => id)).toEqual(['alive', 'elsewhere']);
});
