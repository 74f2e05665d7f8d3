/** Runs a command and measures all of its processes: time on the wall, of processors, and memory at its most. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Tree } from './process-tree.ts';

export type Cost = {
  /** s */
  wall: number;
  /** User and system, of the whole tree, s. */
  cpu: number;
  /** Memory of the whole tree at its most, shared pages counted once, MiB. */
  memory: number;
};

export type MeasuredOptions = {
  cwd?: string;
  /** Added to our own environment. */
  env?: Record<string, string>;
  /** After which all its processes are killed, s. */
  atMostS?: number;
};

const LOOK_MS = 100;

/**
 * bash's `time` adds up what a process and all it waited for have used: our own children and theirs.
 * A browser that is killed takes its children's times with it; so the tree is looked at ten times a second
 * too, and the larger sum counts. Memory is the sum of proportional set sizes at those looks.
 * @throws {Error} with the command's last words if it fails or takes too long
 */
export async function measured(
  command: string,
  args: readonly string[],
  options: MeasuredOptions = {},
): Promise<Cost> {
  const mark = randomUUID();
  const began = performance.now();
  const child = spawn('bash', ['-c', 'TIMEFORMAT="TIMES %U %S"; time "$@"', 'bash', command, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: options.cwd,
    env: { ...process.env, ...options.env, MEASURED: mark },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)));
  const tree = new Tree(`MEASURED=${mark}`);
  const looking = setInterval(() => tree.look(), LOOK_MS);
  let late = false;
  const limit = options.atMostS
    ? setTimeout(() => {
        late = true;
        tree.kill();
      }, options.atMostS * 1000)
    : undefined;
  const closed = once(child, 'close');
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(limit);
  clearInterval(looking);
  const wall = (performance.now() - began) / 1000;
  // What a command leaves behind holds its pipe open.
  tree.kill();
  await Promise.race([closed, sleep(1000, undefined, { ref: false })]);
  const times = /TIMES ([\d.]+) ([\d.]+)/.exec(said);
  if (late) throw new Error(`${path.basename(command)} took longer than ${options.atMostS} s`);
  if (code !== 0 || !times) throw new Error(`${command} ${args.join(' ').slice(0, 200)} failed:\n${said}`);
  return { wall, cpu: Math.max(Number(times[1]) + Number(times[2]), tree.cpu()), memory: tree.memory };
}
