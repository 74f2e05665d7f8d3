/** The whole program, in processes of its own, killed with -9 again and again: none lost, none doubled. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { openJobs } from '../../core/jobs/index.ts';
import type { JobRecord } from '../../core/jobs/types.ts';
import { isFinal } from '../../core/schema/job.ts';
import type { AppProcessSettings } from '../helpers/app-process.ts';
import { testDataDir, tinyFilm, until } from '../helpers/app.ts';
import { appProcess } from '../helpers/program.ts';
import { testFfmpeg } from '../helpers/samples.ts';

const KEY = 'test-key-test-key';
const KILLS = 50;
const MOST_ATTEMPTS = 15;
const children = new Set<ChildProcess>();

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});

type AppProcess = { child: ChildProcess; address: Promise<string | null>; gone: Promise<unknown> };

function start(dataDir: string, settings: Partial<AppProcessSettings> = {}): AppProcess {
  const { env, ...rest } = settings;
  const all: AppProcessSettings = {
    tuning: { leaseMs: 700, heartbeatMs: 150, reconcileMs: 200, retryBaseMs: 20, pollMs: 50 },
    ...rest,
    env: {
      DATA_DIR: dataDir,
      HOST: '127.0.0.1',
      PORT: '0',
      API_KEYS: `test:${KEY}`,
      LOG_LEVEL: 'error',
      RENDER_THREADS: '1',
      TTS_ENGINE: 'none',
      // Monitoring begins with every check it has, which costs a start as much again as all the rest.
      SERVICES: 'api,worker',
      ...env,
    },
  };
  const child = spawn(process.execPath, [appProcess, JSON.stringify(all)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  const gone = once(child, 'exit').then(() => children.delete(child));
  const said = once(child.stdout!, 'data').then(([line]) => String(line).trim());
  return { child, gone, address: Promise.race([said, gone.then(() => null)]) };
}

/** Null if there was no whole answer: then nothing was promised. */
async function post(address: string, body: object, idempotencyKey: string): Promise<string | null> {
  try {
    const response = await fetch(`${address}/api/compose`, {
      method: 'POST',
      headers: { 'x-api-key': KEY, 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as { id: string };
    return response.status === 202 ? answer.id : null;
  } catch {
    return null;
  }
}

async function withJobs<T>(
  dataDir: string,
  look: (jobs: Awaited<ReturnType<typeof openJobs>>) => Promise<T>,
): Promise<T> {
  const jobs = await openJobs({ dataDir });
  try {
    return await look(jobs);
  } finally {
    await jobs.close();
  }
}

/** Claims of one job never run at the same time, and it ends once. */
function expectOneAtATime({ attemptLog, status }: JobRecord): void {
  const before = attemptLog.slice(0, -1).map(({ outcome }) => outcome);
  expect(before.filter((outcome) => outcome !== 'lost' && outcome !== 'retried')).toEqual([]);
  // With no attempt left, a lost one is the end.
  expect(status === 'failed' ? ['failed', 'lost'] : ['done']).toContain(attemptLog.at(-1)!.outcome);
  for (const [index, later] of attemptLog.entries()) {
    const earlier = attemptLog[index - 1];
    if (earlier) expect(later.startedAt).toBeGreaterThanOrEqual(earlier.endedAt!);
  }
}

/** Long enough for a film or two, or to be killed while starting; `slowness` is 1 where a start takes 0.6 s. */
function lifetimeMs(slowness: number): number {
  return slowness * (Math.random() < 0.3 ? Math.random() * 600 : 600 + Math.random() * 1900);
}

test('50 random kills over 20 jobs: none lost, none doubled, none announced as two', async () => {
  const dataDir = await testDataDir();
  const announced = new Map<string, Set<string>>();
  const receiver = createServer((request, response) => {
    void (request.toArray() as Promise<Buffer[]>).then((chunks) => {
      const { job } = JSON.parse(Buffer.concat(chunks).toString()) as { job: { id: string } };
      const deliveries = announced.get(job.id) ?? new Set();
      announced.set(job.id, deliveries.add(String(request.headers['x-genscene-delivery'])));
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const host = `127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const settings: Partial<AppProcessSettings> = {
    env: { MEDIA_ALLOW_HOSTS: host },
    tuning: {
      leaseMs: 700,
      heartbeatMs: 150,
      reconcileMs: 200,
      retryBaseMs: 20,
      pollMs: 50,
      maxAttempts: 15,
    },
  };

  let kills = 0;
  /** Of this machine, as seen so far; grows where processes die before they have started. */
  let slowness = 1;
  let early = 0;
  // When this test is given up, its processes must not go on beside the next.
  let isGivenUp = false;
  onTestFinished(() => void (isGivenUp = true));
  const wanted = Array.from({ length: 20 }, (_, index) => ({
    key: randomUUID(),
    title: `film ${index}`,
    id: null as string | null,
  }));
  const accepted = new Map<string, string>();
  const isOver = (): boolean => isGivenUp || (kills >= KILLS && accepted.size === wanted.length);

  /** One process after the other, each killed at a random moment of its life, start included. */
  const live = async (): Promise<void> => {
    while (!isOver()) {
      const running = start(dataDir, settings);
      const dies = sleep(lifetimeMs(slowness)).then(() => running.child.kill('SIGKILL'));
      const address = await running.address;
      // A third of them are meant to; only many in a row tell of a slow machine.
      early = address === null ? early + 1 : 0;
      const seen = early > 2 ? slowness * 1.2 : 1;
      slowness = Math.min(4, Math.max(slowness, seen));
      for (const wish of wanted) {
        if (address === null || accepted.has(wish.key)) continue;
        const colors = [`#${String(wanted.indexOf(wish) * 11 + 100000)}`, '#808080'];
        const body = tinyFilm({
          title: wish.title,
          webhookUrl: `http://${host}/`,
          scenes: [{ duration: 0.5, media: { type: 'gradient', colors } }, { duration: 0.4 }],
        });
        const id = await post(address, body, wish.key);
        if (id === null) break;
        accepted.set(wish.key, id);
        // A few at a time: jobs are to arrive all along.
        if (accepted.size % 4 === 0 && accepted.size > kills / 2) break;
      }
      await dies;
      await running.gone;
      kills += 1;
    }
  };
  await Promise.all([live(), live()]);
  expect(kills).toBeGreaterThanOrEqual(KILLS);

  const last = start(dataDir, settings);
  const ids = [...accepted.values()];
  expect(new Set(ids).size).toBe(wanted.length);
  await last.address;
  const records = await withJobs(dataDir, async (jobs) => {
    await until(async () =>
      (await Promise.all(ids.map((id) => jobs.get(id)))).every((job) => job && isFinal(job.status)),
    );
    await until(async () => (await jobs.stats()).announcementsPending === 0);
    return (await jobs.list({ limit: 200 })).jobs;
  });
  // A wish whose answer was cut off was sent again under the same key: still one job.
  expect(records.map(({ id }) => id).sort()).toEqual(ids.toSorted());
  for (const record of records) {
    if (record.status !== 'done')
      expect(record.error, record.title!).toMatchObject({ message: expect.stringMatching(/.+/) });
    expectOneAtATime(record);
    expect(announced.get(record.id)?.size, record.title!).toBe(1);
  }
  // Each kill costs one attempt at most.
  const done = records.filter(({ status }) => status === 'done');
  expect(done.length).toBeGreaterThanOrEqual(wanted.length - Math.floor(kills / MOST_ATTEMPTS));
  const ffmpeg = testFfmpeg();
  for (const { id, result } of done) {
    const film = await ffmpeg.probe(path.join(dataDir, 'files', id, 'film.mp4'), { format: 'mov' });
    expect(Number(film.format['duration'])).toBeCloseTo(result!.duration!, 1);
  }
  last.child.kill('SIGTERM');
  await last.gone;
  const unfinished = (await readdir(path.join(dataDir, 'files'))).filter((name) => !ids.includes(name));
  expect(unfinished.every((name) => name.startsWith('.'))).toBe(true);
  receiver.closeAllConnections();
  receiver.close();
}, 900_000);

test('S02: every one of 100 jobs that were answered 202 is known after the API was killed at once', async () => {
  const dataDir = await testDataDir();
  const ids: string[] = [];
  while (ids.length < 100) {
    const api = start(dataDir, { env: { SERVICES: 'api' } });
    const address = await api.address;
    // Twenty at once; the kill comes with the tenth answer, whatever became of the others.
    let answered = 0;
    const answers = Array.from({ length: 20 }, async () => {
      const id = await post(address!, tinyFilm(), randomUUID());
      if (id !== null && (answered += 1) === 10) api.child.kill('SIGKILL');
      if (id !== null) ids.push(id);
    });
    await Promise.all(answers);
    await api.gone;
  }
  const again = start(dataDir, { env: { SERVICES: 'api' } });
  const address = await again.address;
  for (const id of ids) {
    const response = await fetch(`${address}/api/status/${id}`, { headers: { 'x-api-key': KEY } });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id, status: 'queued' });
  }
}, 180_000);

test('S09: a job that kills its worker fails after three attempts, with the reason; the others are done', async () => {
  const dataDir = await testDataDir();
  let running = start(dataDir, { killedBy: 'poison' });
  const address = (await running.address)!;
  const ids: string[] = [];
  for (const title of ['one', 'two', 'poison', 'three', 'four', 'five'])
    ids.push((await post(address, tinyFilm({ title, scenes: [{ duration: 0.3 }] }), randomUUID()))!);
  const records = await withJobs(dataDir, async (jobs) => {
    for (;;) {
      if (running.child.exitCode !== null || running.child.signalCode !== null)
        running = start(dataDir, { killedBy: 'poison' });
      const now = await Promise.all(ids.map((id) => jobs.get(id)));
      if (now.every((job) => job && isFinal(job.status))) return now;
      await sleep(30);
    }
  });
  for (const record of records) {
    if (record!.title !== 'poison') expect(record).toMatchObject({ status: 'done' });
    else
      expect(record).toMatchObject({
        status: 'failed',
        attempts: 3,
        error: { message: expect.stringMatching(/.+/) },
      });
  }
}, 180_000);
