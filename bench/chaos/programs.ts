/** The program's processes under chaos: an API and workers, each started again a moment after it died. */
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { appProcess, makeProgram } from '../../test/helpers/program.ts';
import { freePort } from '../../test/helpers/redis-server.ts';

export type ProgramsOptions = {
  dataDir: string;
  redisUrl: string;
  workers: number;
  /** host:port that webhooks may go to. */
  receiver: string;
};

export type Programs = {
  /** Asks for film number `index` until it is accepted; its id. */
  compose(index: number, webhookUrl: string): Promise<string>;
  /** kill -9; `which` from 0 to 1 chooses among equals. */
  kill(kind: 'api' | 'worker', which: number): void;
  stop(): Promise<void>;
};

const KEY = 'chaos-key-for-loopback-only';
const RESTART_MS = 500;
/** Shorter than in service, so that a run of minutes sees many leases end. */
const tuning = { leaseMs: 6000, heartbeatMs: 1000, reconcileMs: 3000, retryBaseMs: 500 };

export async function startPrograms(options: ProgramsOptions): Promise<Programs> {
  await makeProgram();
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  let stopping = false;
  const running: Record<'api' | 'worker', Set<ChildProcess>> = { api: new Set(), worker: new Set() };

  function start(kind: 'api' | 'worker'): void {
    if (stopping) return;
    const env = {
      DATA_DIR: options.dataDir,
      REDIS_URL: options.redisUrl,
      SERVICES: kind,
      HOST: '127.0.0.1',
      PORT: String(port),
      API_KEYS: `chaos:${KEY}`,
      RATE_LIMIT_PER_MINUTE: '100000',
      MEDIA_ALLOW_HOSTS: options.receiver,
      RENDER_THREADS: '1',
      LOG_LEVEL: 'fatal',
    };
    const child = spawn(process.execPath, [appProcess, JSON.stringify({ env, tuning })], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    running[kind].add(child);
    child.once('exit', () => {
      running[kind].delete(child);
      setTimeout(() => start(kind), RESTART_MS);
    });
  }

  start('api');
  for (let i = 0; i < options.workers; i += 1) start('worker');

  return {
    async compose(index, webhookUrl) {
      for (;;) {
        const id = await ask(address, index, webhookUrl);
        if (id !== null) return id;
        await sleep(300);
      }
    },
    kill(kind, which) {
      const living = [...running[kind]];
      living[Math.floor(which * living.length)]?.kill('SIGKILL');
    },
    async stop() {
      stopping = true;
      for (const child of [...running.api, ...running.worker]) child.kill('SIGKILL');
      while (running.api.size + running.worker.size > 0) await sleep(20);
    },
  };
}

async function ask(address: string, index: number, webhookUrl: string): Promise<string | null> {
  try {
    const answer = await fetch(`${address}/api/compose`, {
      method: 'POST',
      headers: {
        'x-api-key': KEY,
        'content-type': 'application/json',
        'idempotency-key': `film-${index}`,
      },
      body: JSON.stringify(film(index, webhookUrl)),
      signal: AbortSignal.timeout(10_000),
    });
    const body = (await answer.json()) as { id?: string; job?: { id: string } };
    if (answer.status === 202 || answer.status === 200) return body.id ?? body.job?.id ?? null;
    if (answer.status < 500 && answer.status !== 429)
      throw new TypeError(`The API refused a film of the run: ${JSON.stringify(body)}`);
    return null;
  } catch (error) {
    // Killed, or not up yet. A refusal is a fault of this script.
    if (error instanceof TypeError && error.message.startsWith('The API refused')) throw error;
    return null;
  }
}

/** One second of two colours that no other film has. */
function film(index: number, webhookUrl: string): object {
  const color = (salt: number): string =>
    `#${(((index + 1) * 7919 + salt * 104_729) % 0xffffff).toString(16).padStart(6, '0')}`;
  return {
    title: `Film ${index}`,
    webhookUrl,
    scenes: [{ duration: 1, media: { type: 'gradient', colors: [color(1), color(2)] } }],
    output: { resolution: 'preview', quality: 'draft', fps: 24 },
    captions: { mode: 'off' },
  };
}
