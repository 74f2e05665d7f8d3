/** Runs a command and measures all of its processes: time on the wall, of processors, and memory at its most. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

export type Cost = {
  /** s */
  wall: number;
  /** User and system, of the whole tree, s. */
  cpu: number;
  /** Memory of the whole tree at its most, shared pages counted once, MiB. */
  memory: number;
};

const LOOK_MS = 100;

/**
 * bash's `time` adds up what a process and all it waited for have used: our own children and theirs.
 * Memory is the sum of proportional set sizes, looked at ten times a second.
 * @throws {Error} with the command's last words if it fails
 */
export async function measured(command: string, args: readonly string[], cwd?: string): Promise<Cost> {
  const began = performance.now();
  const child = spawn('bash', ['-c', 'TIMEFORMAT="TIMES %U %S"; time "$@"', 'bash', command, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(cwd ? { cwd } : {}),
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)));
  let memory = 0;
  const looking = setInterval(() => (memory = Math.max(memory, memoryOfTree(child.pid!))), LOOK_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(looking);
  const wall = (performance.now() - began) / 1000;
  const times = /TIMES ([\d.]+) ([\d.]+)/.exec(said);
  if (code !== 0 || !times) throw new Error(`${command} ${args.join(' ').slice(0, 200)} failed:\n${said}`);
  return { wall, cpu: Number(times[1]) + Number(times[2]), memory };
}

/** MiB of a process and all below it. */
function memoryOfTree(root: number): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    const parent = / [A-Z] (\d+) /.exec(stat.slice(stat.lastIndexOf(')')))?.[1];
    if (parent) parents.set(Number(name), Number(parent));
  }
  const isBelow = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at))
      if (at === root) return true;
    return false;
  };
  let kib = 0;
  for (const pid of parents.keys())
    if (isBelow(pid)) kib += Number(/^Pss: +(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
  return kib / 1024;
}

/** A process may be gone by the time it is looked at. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
