/** Films/minute of real worker processes over one Redis and one data folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJobs } from '../../core/jobs/index.ts';
import type { NewJob } from '../../core/jobs/types.ts';
import { storyboardSchema } from '../../core/schema/storyboard.ts';
import { compileApp } from '../../test/helpers/compile-app.ts';

/** From the moment all workers are there and the films are added to the last film's end. */
export async function filmsPerMinute(
  url: string,
  { films, workers }: { films: number; workers: number },
): Promise<number> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'genscene-bench-'));
  const program = await compileApp();
  const jobs = await openJobs({ dataDir, redisUrl: url });
  const children: ChildProcess[] = [];
  try {
    for (let i = 0; i < workers; i += 1) children.push(startWorkerProcess(program.file, url, dataDir));
    while ((await jobs.stats()).workers.length < workers) await sleep(50);
    const started = performance.now();
    for (let i = 0; i < films; i += 1) await jobs.add(film(i));
    for (;;) {
      const { done, failed } = await jobs.stats();
      if (failed > 0) throw new Error('A film of the bench failed.');
      if (done === films) break;
      await sleep(50);
    }
    return films / ((performance.now() - started) / 60_000);
  } finally {
    await Promise.all(children.map((child) => end(child)));
    await jobs.close();
    await program.dispose();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function startWorkerProcess(file: string, url: string, dataDir: string): ChildProcess {
  const env = {
    DATA_DIR: dataDir,
    REDIS_URL: url,
    SERVICES: 'worker',
    RENDER_THREADS: '1',
    TTS_ENGINE: 'none',
    LOG_LEVEL: 'error',
  };
  return spawn(process.execPath, [file, JSON.stringify({ env })], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await exited;
  clearTimeout(timer);
}

/** Pictures differ from film to film, so that no segment is reused. */
function film(index: number): NewJob {
  const color = (salt: number): string =>
    `#${(((index + 1) * 7919 + salt * 104_729) % 0xffffff).toString(16).padStart(6, '0')}`;
  const storyboard = storyboardSchema.parse({
    title: `Film ${index}`,
    scenes: [
      { duration: 2, media: { type: 'gradient', colors: [color(1), color(2)] } },
      { duration: 2, media: { type: 'gradient', colors: [color(3), color(4)] } },
    ],
    output: { resolution: 'preview', quality: 'draft' },
    captions: { mode: 'off' },
  });
  return { request: { kind: 'compose', storyboard }, owner: `key:${index % 3}`, origin: { platform: 'api' } };
}
