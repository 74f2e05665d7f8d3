/** The whole service as a process of its own: API, worker and both bots. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GenScene, type Job } from '../../clients/genscene.ts';

const KEY = 'bench-key-for-loopback-only';
const root = path.resolve(import.meta.dirname, '../..');

export type Service = {
  client: GenScene;
  /**
   * Waits until all jobs asked for since are done or the time is up, cancels the rest, and gives those
   * that were done by then. @throws {Error} if one failed
   */
  finishedWithin(sinceMs: number, windowMs: number): Promise<Job[]>;
  /** Waits until all that is to be told in chat was told. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
};

export async function openService(env: Record<string, string>): Promise<Service> {
  const settings = {
    env: {
      SERVICES: 'api,worker,discord,slack',
      HOST: '127.0.0.1',
      PORT: '0',
      API_KEYS: `bench:${KEY}:admin`,
      RATE_LIMIT_PER_MINUTE: '1000000',
      CHAT_JOBS_AT_ONCE: '10000',
      CHAT_JOBS_PER_DAY: '100000',
      FILES_BASE_URL: 'https://films.example.org',
      TTS_ENGINE: 'none',
      LOG_LEVEL: 'error',
      ...env,
    },
  };
  const file = path.join(root, 'test/helpers/app-process.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', file, JSON.stringify(settings)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const baseUrl = String(line).trim();
  const client = new GenScene({ baseUrl, apiKey: KEY });

  async function allSince(sinceMs: number): Promise<Job[]> {
    const jobs: Job[] = [];
    for (let cursor = ''; ;) {
      const query = new URLSearchParams({ limit: '200', ...(cursor ? { cursor } : {}) });
      const response = await fetch(`${baseUrl}/api/jobs?${query}`, { headers: { 'x-api-key': KEY } });
      const page = (await response.json()) as { jobs: Job[]; nextCursor: string | null };
      const fresh = page.jobs.filter(({ createdAt }) => Date.parse(createdAt) >= sinceMs);
      jobs.push(...fresh);
      if (fresh.length < page.jobs.length || page.nextCursor === null) return jobs;
      cursor = page.nextCursor;
    }
  }

  return {
    client,
    async finishedWithin(sinceMs, windowMs) {
      const isBusy = async (): Promise<boolean> => {
        const { queue } = await client.service();
        return queue.queued + queue.running > 0;
      };
      // Seldom: asking is work for the service, too.
      while (Date.now() < sinceMs + windowMs && (await isBusy())) await sleep(1000);
      const jobs = await allSince(sinceMs);
      const bad = jobs.find(({ status }) => status === 'failed');
      if (bad) throw new Error(`A film failed: ${bad.error?.message ?? bad.status}`);
      const open = jobs.filter(({ finishedAt }) => finishedAt === null);
      for (const { id } of open) await client.cancel(id).catch(() => undefined);
      while (await isBusy()) await sleep(200);
      return jobs.filter(({ status }) => status === 'done');
    },
    async quiet() {
      for (;;) {
        const { queue } = await client.service();
        if (queue.announcementsPending === 0) return sleep(500);
        await sleep(300);
      }
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}
