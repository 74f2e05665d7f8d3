/** The engine children a process has, as the kernel sees them. */
import { readdirSync, readFileSync } from 'node:fs';

/** Pids of living engine children of `parent`, optionally of one engine only. */
export function engineChildren(parent = process.pid, engine = ''): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const state = stateOf(pid);
      return (
        state !== null &&
        state.parent === parent &&
        state.letter !== 'Z' &&
        state.command.includes(`children/child.js ${engine}`)
      );
    });
}

/** Whether a process is there and not merely waiting to be reaped. */
export function isAlive(pid: number): boolean {
  const state = stateOf(pid);
  return state !== null && state.letter !== 'Z';
}

/** CPU time a process has used, in clock ticks (10 ms); 0 if it is gone. */
export function cpuTicks(pid: number): number {
  return stateOf(pid)?.ticks ?? 0;
}

/** Waits until a process that was idle is hard at work. */
export async function untilBusy(pid: number): Promise<void> {
  const before = cpuTicks(pid);
  await until('the child is at work', () => cpuTicks(pid) > before + 10);
}

/** Waits until something is so, looking again every 20 ms; throws after 20 s. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited 20 s in vain: ${what}`);
}

function stateOf(pid: number): { letter: string; parent: number; command: string; ticks: number } | null {
  try {
    const [letter = '', parent = '', ...rest] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return {
      letter,
      parent: Number(parent),
      ticks: Number(rest[9]) + Number(rest[10]),
      command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '),
    };
  } catch {
    return null;
  }
}
