import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
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

test('a record that is kept in memory is read anew once another process has changed it', async () => {
  const opened = await openEmbeddedForTest();
  onTestFinished(() => opened.dispose());
  const { backend: jobs, dataDir } = opened;
  const { id } = (await jobs.add(composeJob({ title: 'before' }))).job;
  const libsql = fileURLToPath(import.meta.resolve('libsql'));
  // Changes the title with every line it gets, and says so when that is committed.
  const script = `
    const db = new (require(${JSON.stringify(libsql)}))(${JSON.stringify(path.join(dataDir, 'jobs/jobs.db'))}, { timeout: 5000 });
    require('readline').createInterface({ input: process.stdin }).on('line', (title) => {
      db.prepare("UPDATE jobs SET record = json_set(record, '$.title', ?)").run(title);
      console.log('written');
    });`;
  const other = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void other.kill());
  for (let round = 0; round < 20; round += 1) {
    expect(await jobs.record(id)).toBe(await jobs.record(id));
    other.stdin.write(`title ${round}\n`);
    await once(other.stdout, 'data');
    expect((await jobs.record(id))!.title).toBe(`title ${round}`);
  }
});

test('a store that was closed and opened again tells nothing of before', async () => {
  const opened = await openEmbeddedForTest();
  onTestFinished(() => opened.dispose());
  const { id } = (await opened.backend.add(composeJob())).job;
  await opened.backend.record(id);
  await opened.backend.close();
  await expect(opened.backend.record(id)).rejects.toMatchObject({ code: 'not_ready' });
  const again = await opened.another();
  expect(await again.record(id)).toMatchObject({ id, status: 'queued' });
  await again.cancel(id);
  expect(await again.record(id)).toMatchObject({ id, status: 'cancelled' });
  expect(await again.remove(id)).toBe(true);
  expect(await again.record(id)).toBeNull();
});
