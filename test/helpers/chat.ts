/** A bot on an in-memory platform, over the real service and job store, with a clock the test turns. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { openChatStore } from '../../bot/chat-store.ts';
import type { Clock } from '../../bot/clock.ts';
import { startBot, type RunningBot } from '../../bot/index.ts';
import type { ChatHandlers, ChatStore, MessengerLimits } from '../../bot/types.ts';
import { createAssetsStore } from '../../core/assets-store.ts';
import { loadConfig, type Config } from '../../core/config.ts';
import { createDiskGuard } from '../../core/disk-guard.ts';
import { Ffmpeg, findFfmpeg } from '../../core/ffmpeg.ts';
import type { ClaimedJob, JobBackend, Outcome, ProgressUpdate } from '../../core/jobs/types.ts';
import { createStudioService, type RunningStudioService } from '../../core/service/index.ts';
import { openStorage } from '../../core/storage/index.ts';
import { publicFiles } from '../../core/storage/signed-links.ts';
import type { Storage } from '../../core/storage/types.ts';
import { createStudio } from '../../core/studio.ts';
import { openEmbeddedForTest } from './embedded-jobs.ts';
import { fakeMessenger, type FakeMessenger, type Posted } from './fake-messenger.ts';
import { filmResult, keepingLog, refOf } from './job-samples.ts';

export type TestClock = Clock & { advance(ms: number): void };

/** Waiting ends when the test turns the clock that far. */
export function testClock(): TestClock {
  let time = Date.UTC(2031, 4, 6, 7, 8, 9);
  const waiting = new Set<{ until: number; go: () => void }>();
  return {
    now: () => time,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted || ms <= 0) return resolve();
        const entry = {
          until: time + ms,
          go: (): void => {
            waiting.delete(entry);
            signal.removeEventListener('abort', entry.go);
            resolve();
          },
        };
        waiting.add(entry);
        signal.addEventListener('abort', entry.go, { once: true });
      }),
    advance(ms) {
      time += ms;
      for (const entry of [...waiting].sort((a, b) => a.until - b.until)) if (entry.until <= time) entry.go();
    },
  };
}

export type TestChat = {
  fake: FakeMessenger;
  handlers: ChatHandlers;
  bot: RunningBot;
  studio: RunningStudioService;
  jobs: JobBackend;
  store: ChatStore;
  storage: Storage;
  clock: TestClock;
  config: Config;
  lines: ReturnType<typeof keepingLog>['lines'];
  /** Takes the next job as a worker would. */
  work(): Promise<{
    job: ClaimedJob;
    report(update: ProgressUpdate): Promise<void>;
    end(outcome: Outcome): Promise<void>;
  }>;
  /** Takes the next job and ends it as a film. */
  makeFilm(): Promise<ClaimedJob>;
  /** Turns the clock until it is so; the test's own timeout ends what never gets so. */
  until(is: () => boolean | Promise<boolean>, stepMs?: number): Promise<void>;
  /** Turns the clock this far in small steps, so that all that is due happens. */
  pass(ms: number, stepMs?: number): Promise<void>;
  /** As kill -9: whatever the bot was about to do, it never does. */
  kill(): void;
  /** A new bot over the same stores and the same channels. */
  restart(): Promise<TestChat>;
};

type Shared = {
  clock: TestClock;
  jobs: JobBackend;
  another: () => Promise<JobBackend>;
  dataDir: string;
  config: Config;
  limits: Partial<MessengerLimits>;
  posts: Posted[];
};

const LEASE_MS = 40_000;

export async function openChat(
  options: { env?: Record<string, string>; limits?: Partial<MessengerLimits> } = {},
): Promise<TestChat> {
  const clock = testClock();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'genscene-chat-'));
  const fixture = await openEmbeddedForTest({ dataDir, now: clock.now, maxQueued: 500 });
  onTestFinished(async () => {
    await fixture.dispose();
    await rm(dataDir, { recursive: true, force: true });
  });
  const config = loadConfig({
    PATH: process.env['PATH'],
    DATA_DIR: dataDir,
    TTS_ENGINE: 'espeak',
    CHAT_JOBS_AT_ONCE: '100',
    CHAT_JOBS_PER_DAY: '1000',
    ...options.env,
  });
  return start({
    clock,
    jobs: fixture.backend,
    another: fixture.another,
    dataDir,
    config,
    limits: options.limits ?? {},
    posts: [],
  });
}

async function start(shared: Shared): Promise<TestChat> {
  const { clock, jobs, dataDir, config } = shared;
  const storage = await openStorage({
    driver: 'local',
    dataDir,
    baseUrl: () => 'https://files.example',
    signer: publicFiles,
  });
  const guard = createDiskGuard([dataDir]);
  const ffmpeg = (): Ffmpeg => new Ffmpeg(findFfmpeg(config.ffmpeg));
  const workshop = createStudio(config);
  const studio = createStudioService({
    jobs,
    storage,
    guard,
    workshop,
    assets: createAssetsStore({ folder: path.join(dataDir, 'assets'), ffmpeg, guard, keepMs: 1e9, maxBytes: 1e9 }),
    version: '1.2.3',
    probes: { ffmpeg: async () => 'x', speech: async () => 'x' },
  });
  const life = { dead: false };
  const fake = fakeMessenger(clock.now, shared.limits, shared.posts);
  const store = openChatStore(dataDir, 'discord', clock.now);
  const { log, lines } = keepingLog();
  const bot = await startBot({
    messenger: mortal(fake, life),
    studio: mortal(studio, life),
    store,
    config,
    log,
    tuning: { clock, leaseMs: LEASE_MS },
  });
  onTestFinished(async () => {
    studio.endWatches();
    if (!life.dead) await bot.stop();
    await workshop.close();
  });

  const pass: TestChat['pass'] = async (ms, stepMs = 500) => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await settle();
      clock.advance(Math.min(stepMs, ms - passed));
    }
    await settle();
  };
  const work: TestChat['work'] = async () => {
    const job = await jobs.claim('w1', { leaseMs: 1e9, timeoutMs: 1e9 });
    if (!job) throw new Error('nothing to claim');
    return {
      job,
      report: async (update) => void (await jobs.progress(refOf(job), update)),
      end: async (outcome) => void (await jobs.finish(refOf(job), outcome)),
    };
  };
  return {
    fake, handlers: fake.handlers!, bot, studio, jobs, store, storage, clock, config, lines, pass, work,
    async makeFilm() {
      const { job, end } = await work();
      await end({ status: 'done', result: filmResult });
      return job;
    },
    async until(is, stepMs = 500) {
      while (!(await is())) await pass(stepMs, stepMs);
    },
    kill() {
      life.dead = true;
    },
    async restart() {
      if (!life.dead) await bot.stop();
      return start(shared);
    },
  };
} // prettier-ignore

/** Lets everything run that needs no more time. Real pauses, because the store polls with a real clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  await sleep(4);
}

/** The same, until it dies: then every call hangs for ever, as if the process had gone. */
function mortal<T extends object>(target: T, life: { dead: boolean }): T {
  return new Proxy(target, {
    get(object, name, receiver) {
      const value: unknown = Reflect.get(object, name, receiver);
      if (name === 'announcements') return mortal(value as object, life);
      if (typeof value !== 'function') return value;
      return (...values: unknown[]): unknown => {
        if (life.dead) return new Promise(() => {});
        const answer: unknown = Reflect.apply(value, object, values);
        if (!(answer instanceof Promise)) return answer;
        return answer.then((result: unknown) => (life.dead ? new Promise(() => {}) : result));
      };
    },
  });
}
