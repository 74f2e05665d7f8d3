/** Processes of job-worker.ts for tests that kill them, and what they wrote down of their work. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { programFile } from './program.ts';

const program = programFile('test/helpers/job-worker.ts');

export type JobProcesses = {
  /** Those that live. */
  readonly running: ReadonlySet<ChildProcess>;
  /** @param options as job-worker.ts takes them behind the folder */
  start(mode: 'work' | 'add', dataDir: string, ...options: string[]): ChildProcess;
  /** For the end of each test, before what they work on goes away. */
  killAll(): void;
};

export function useJobProcesses(): JobProcesses {
  const running = new Set<ChildProcess>();
  return {
    running,
    start(mode, dataDir, ...options) {
      const child = spawn(process.execPath, [program, mode, dataDir, ...options], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      running.add(child);
      child.once('exit', () => running.delete(child));
      return child;
    },
    killAll() {
      for (const child of running) child.kill('SIGKILL');
    },
  };
}

/** What the workers over a folder wrote, a line each, by words. */
export async function journalOf(dataDir: string): Promise<string[][]> {
  const text = await readFile(path.join(dataDir, 'journal'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' '));
}

/** Asks until it is true, but not past the test's end. */
export async function untilTrue(isTrue: () => Promise<boolean>): Promise<void> {
  let over = false;
  onTestFinished(() => void (over = true));
  while (!over && !(await isTrue())) await sleep(10);
}
