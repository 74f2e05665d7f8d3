/**
 * The whole program with the real discord.js client, in a process of its own, killed with -9 whatever it
 * is doing: every film that was taken on is shown in one card, and its end is told exactly once.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { openJobs } from '../../core/jobs/index.ts';
import { isFinal } from '../../core/schema/job.ts';
import { testDataDir, tinyFilm, until } from '../helpers/app.ts';
import { appProcess } from '../helpers/program.ts';
import { discordEnvironment, openDouble } from '../helpers/discord-bot.ts';
import type { DoubleMessage } from '../helpers/discord-double.ts';

const KILLS = 6;
const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});

test(`${KILLS} kills: no film is lost, no card doubled, no end told twice`, async () => {
  const dataDir = await testDataDir();
  const discord = await openDouble();
  const channel = discord.channel();
  const person = discord.person();
  const start = () => {
    const settings = {
      tuning: {
        leaseMs: 1500,
        heartbeatMs: 300,
        reconcileMs: 300,
        retryBaseMs: 20,
        pollMs: 50,
      },
      env: {
        ...discordEnvironment(discord),
        SERVICES: 'worker,discord',
        DATA_DIR: dataDir,
        TTS_ENGINE: 'none',
        RENDER_THREADS: '1',
        CHAT_JOBS_AT_ONCE: '100',
        LOG_LEVEL: 'error',
      },
    };
    const child = spawn(process.execPath, [appProcess, JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.add(child);
    const gone = once(child, 'exit').then(() => children.delete(child));
    return { child, gone, started: once(child.stdout, 'data') };
  };
  const film = (title: string) => ({
    filename: 'film.json',
    contentType: 'application/json',
    bytes: Buffer.from(JSON.stringify(tinyFilm({ title }))),
  });
  const jobs = await openJobs({
    dataDir,
    pollMs: 50,
    retentionDays: 1,
    reserveBytes: 64 * 1024,
    minFreeBytes: 0,
  });
  try {
    let asked = 0;
    const ask = async (): Promise<void> =>
      person.slash(channel, 'video new', { file: film(`Film ${++asked}`) }).acked.catch(() => undefined);
    for (let kill = 0; kill < KILLS; kill++) {
      const { child, gone, started } = start();
      await Promise.race([started, gone]);
      await until(
        () => discord.gateway.connected() && discord.requests.some(({ path }) => path.endsWith('/commands')),
      );
      await ask();
      // Anywhere between the answer and the end of this film or of the one before.
      await sleep(50 + ((kill * 613) % 2200));
      child.kill('SIGKILL');
      await gone;
    }
    const { child, gone } = start();
    await until(async () => {
      await sleep(200);
      const all = (await jobs.list({ limit: 200 })).jobs;
      return (
        all.length > 0 &&
        all.every(({ status }) => isFinal(status)) &&
        (await jobs.stats()).announcementsPending === 0
      );
    });
    const all = (await jobs.list({ limit: 200 })).jobs;
    const shown = [...discord.state.messages.values()].filter(
      (message) => !message.deleted && message.ephemeralFor === null,
    );
    const of = (id: string): DoubleMessage[] => shown.filter(({ body }) => JSON.stringify(body).includes(id));
    expect(all.length).toBeGreaterThanOrEqual(KILLS / 2);
    for (const { id, status, title, attempts } of all) {
      // A film that was being made at three of the kills rightly fails; its end is told once like any other.
      const ends = attempts >= 3 ? ['done', 'failed'] : ['done'];
      expect(ends, `${title} after ${attempts} attempts`).toContain(status);
      const cards = of(id).filter(({ pings }) => pings.length === 0);
      // A failure has no film to link to, but its card.
      const leadsTo = [id, ...cards.map((card) => card.id)];
      const closings = shown.filter(
        ({ body, pings }) => pings.length > 0 && leadsTo.some((end) => JSON.stringify(body).includes(end)),
      );
      expect({ title, closings: closings.length, cards: cards.length }).toEqual({
        title,
        closings: 1,
        cards: 1,
      });
      expect(JSON.stringify(cards[0]!.body)).toContain(status === 'done' ? 'Watch the film' : 'Retry');
    }
    child.kill('SIGTERM');
    await gone;
  } finally {
    await jobs.close();
  }
}, 240_000);
