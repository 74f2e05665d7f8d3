/** The real service as a process of its own, which the story kills with -9 and starts again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import path from 'node:path';

export type Service = {
  start(): Promise<void>;
  /** As a crash or the kernel does it: nothing is put in order. */
  kill(): Promise<void>;
  stop(): Promise<void>;
};

const root = path.resolve(import.meta.dirname, '../..');

/** Takes jobs back from a killed process within seconds, so that the tour stays short. */
const tuning = { leaseMs: 3000, heartbeatMs: 500, reconcileMs: 500, retryBaseMs: 300, pollMs: 100 };

/** @param logFile where its log goes */
export function createService(env: Record<string, string>, logFile: string): Service {
  const log = createWriteStream(logFile);
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    const settings = JSON.stringify({ env: { LOG_LEVEL: 'info', ...env }, tuning });
    const file = path.join(root, 'test/helpers/app-process.ts');
    const started = spawn(process.execPath, ['--import', 'tsx', file, settings], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    started.stderr.pipe(log, { end: false });
    const ended = once(started, 'exit').then(([code]) => {
      throw new Error(`The service ended with ${String(code)}; see ${logFile}`);
    });
    ended.catch(() => undefined);
    await Promise.race([once(started.stdout, 'data'), ended]);
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const ending = child;
    child = null;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const gone = once(ending, 'exit');
    ending.kill(signal);
    await gone;
  }

  return {
    start,
    kill: () => end('SIGKILL'),
    async stop() {
      await end('SIGTERM');
      log.end();
    },
  };
}
