/** Starts the process an engine runs in, and says whether ours must wait for it. */
import { fork, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { childMarks } from '../../children.ts';
import { moduleArguments, programFile } from '../../program-files.ts';
import type { ChildEngine } from './messages.ts';

/** Starts child.ts. Of the environment it gets only what it is found by: engines need none, and ours holds keys. */
export function forkChild(engine: ChildEngine): ChildProcess {
  const file = fileURLToPath(programFile('tts/children/child'));
  const child = fork(file, [engine, String(process.pid)], {
    execArgv: moduleArguments(),
    env: childMarks(`speaking with ${engine}`, process.pid),
    cwd: path.dirname(file),
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
