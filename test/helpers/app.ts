/** The program within the test's own process, with settings as an environment has them. */
import { rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { startApp, type AppOptions, type RunningApp } from '../../app.ts';
import { loadConfig } from '../../core/config.ts';
import type { Job } from '../../core/schema/job.ts';
import type { Caller } from '../../core/studio-service.ts';

/** Faults are noticed quickly, failures tried again at once. */
export const quick: NonNullable<AppOptions['tuning']> = {
  leaseMs: 2000,
  heartbeatMs: 300,
  reconcileMs: 300,
  retryBaseMs: 20,
  pollMs: 50,
};

export type AppSettings = { env?: Record<string, string>; dataDir?: string } & Partial<
  Pick<AppOptions, 'tuning' | 'onKeyCreated'>
>;

/** An empty data folder that goes away with the running test. */
export async function testDataDir(): Promise<string> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'genscene-app-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}

/** Stopped with the running test. `lines` is what it logged. */
export async function openApp(
  settings: AppSettings = {},
): Promise<RunningApp & { dataDir: string; lines: Record<string, unknown>[] }> {
  const { env = {}, tuning = quick, onKeyCreated } = settings;
  const dataDir = settings.dataDir ?? (await testDataDir());
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'debug' },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const config = loadConfig({
    PATH: process.env['PATH'],
    DATA_DIR: dataDir,
    HOST: '127.0.0.1',
    PORT: '0',
    TTS_ENGINE: 'auto',
    ...env,
  });
  const app = await startApp(config, {
    log,
    version: '1.2.3',
    tuning,
    ...(onKeyCreated ? { onKeyCreated } : {}),
  });
  onTestFinished(() => app.stop(0));
  return { ...app, dataDir, lines };
}

export function caller(name: string, sees: Caller['sees'] = 'own'): Caller {
  return { owner: `key:${name}`, sees, origin: { platform: 'api', keyName: name } };
}

/** One second of colours: as little as a film can be. */
export function tinyFilm(changes: Record<string, unknown> = {}) {
  return {
    title: 'Tiny',
    scenes: [{ duration: 1, media: { type: 'gradient', colors: ['#203040', '#a0b0c0'] } }],
    output: { resolution: 'preview', quality: 'draft', fps: 24 },
    captions: { mode: 'off' },
    ...changes,
  };
}

/** Scenes whose pictures all differ, so that each is rendered. */
export function longFilm(scenes: number, seconds: number, changes: Record<string, unknown> = {}) {
  const color = (index: number): string => `#${(index * 997).toString(16).padStart(6, '0').slice(-6)}`;
  return tinyFilm({
    title: 'Long',
    scenes: Array.from({ length: scenes }, (_, index) => ({
      duration: seconds,
      media: { type: 'gradient', colors: [color(index + 1), '#808080'] },
    })),
    ...changes,
  });
}

/** Asks until it is true; the test's own timeout ends what never gets so. */
export async function until<T>(
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    await sleep(20);
  }
}

/** Waits until the job is over. */
export function finished(app: Pick<RunningApp, 'studio'>, id: string): Promise<Job> {
  const operator = caller('operator', 'all');
  return until(async () => {
    const job = await app.studio.job(id, operator);
    return job && ['done', 'failed', 'cancelled'].includes(job.status) ? job : null;
  });
}
