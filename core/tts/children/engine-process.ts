/** Starts the process an engine runs in, and says whether ours must wait for it. */
import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { childMarks } from '../../children.ts';
import type { ChildEngine } from './messages.ts';

/**
 * Starts child.ts (under tsx) or child.js (built), whichever this file is. Of the environment it gets
 * only what it is found by: engines need none, and ours holds keys.
 */
export function forkChild(engine: ChildEngine): ChildProcess {
  const here = fileURLToPath(import.meta.url);
  const extension = path.extname(here);
  const file = path.join(path.dirname(here), `child${extension}`);
  const child = fork(file, [engine, String(process.pid)], {
    execArgv:
      extension === '.ts'
        ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href]
        : [],
    env: childMarks(`speaking with ${engine}`, process.pid),
    cwd: path.dirname(here),
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return child;
}

/** A busy or dying child keeps our process alive until it has answered or is gone. */
export function hold(child: ChildProcess): void {
  child.ref();
  child.channel?.ref();
  (child.stderr as Socket | null)?.ref();
}

/** An idle child does not: when we end, its pipe closes and it ends too. */
export function release(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  (child.stderr as Socket | null)?.unref();
}
