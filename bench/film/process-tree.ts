/** A process and all that come of it, as /proc shows them: their time of processors, their memory, their end. */
import { readdirSync, readFileSync } from 'node:fs';

/** What /proc counts time in: USER_HZ, which is 100 on every Linux of today. */
const TICKS_A_SECOND = 100;

type Seen = { pid: number; parent: number; started: string; ticks: number };

export class Tree {
  /** MiB at its most. */
  memory = 0;
  readonly #mark: string;
  /** By pid and time of start, since pids are used again. */
  readonly #seen = new Map<string, Seen>();
  readonly #strangers = new Set<string>();

  /** @param mark a setting of the first process's environment, `NAME=value`, which all it starts inherit */
  constructor(mark: string) {
    this.#mark = mark;
  }

  /** Notes who is there now, what each has used so far, and how much memory all have together. */
  look(): void {
    this.memory = Math.max(this.memory, memoryOf(this.#living()));
  }

  /** User and system time of all that were ever seen, s. */
  cpu(): number {
    return [...this.#seen.values()].reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_A_SECOND;
  }

  /** Ends at once whatever is left. */
  kill(): void {
    for (const { pid } of this.#living())
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone meanwhile.
      }
  }

  #living(): Seen[] {
    const running = new Map<number, Seen>();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const found = parseStat(Number(name));
      if (found) running.set(found.pid, found);
    }
    // By parent, since browsers write over their environment; by mark, since a parent may be gone already.
    const belongs = (one: Seen): boolean => {
      if (this.#seen.has(key(one))) return true;
      const parent = running.get(one.parent);
      if (parent && belongs(parent)) return true;
      if (this.#strangers.has(key(one))) return false;
      if (read(`/proc/${one.pid}/environ`).split('\0').includes(this.#mark)) return true;
      this.#strangers.add(key(one));
      return false;
    };
    const living = [...running.values()].filter(belongs);
    for (const one of living) this.#seen.set(key(one), one);
    return living;
  }
}

function key({ pid, started }: Seen): string {
  return `${pid}:${started}`;
}

/** Fields 4, 14, 15 and 22 of proc(5): parent, user and system time, start. The name before them may hold anything. */
function parseStat(pid: number): Seen | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 20) return undefined;
  return {
    pid,
    parent: Number(fields[1]),
    started: fields[19]!,
    ticks: Number(fields[11]) + Number(fields[12]),
  };
}

/** MiB, pages shared between processes counted once. */
function memoryOf(processes: Seen[]): number {
  const kib = processes.map(({ pid }) =>
    Number(/^Pss: +(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0),
  );
  return kib.reduce((sum, one) => sum + one, 0) / 1024;
}

/** A process may be gone by the time it is looked at. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
