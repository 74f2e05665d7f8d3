/**
 * Every child process of this program on this host: ffmpeg, ffprobe and speech engines, of any of
 * its processes and threads. Read from /proc, where each child carries marks in its environment
 * (see `childMarks`), so that a running service is seen from another terminal, and orphans are too.
 */
import { readdir, readFile } from 'node:fs/promises';

export type RunningChild = {
  pid: number;
  /** Of the program it runs, e.g. `ffmpeg`. */
  program: string;
  /** What it does, e.g. `encoding segments`. */
  purpose: string;
  /** Since its start, seconds. */
  ageS: number;
  /** Memory it holds now, bytes. */
  rssBytes: number;
  /** The process that started it; `command` is null when that is gone. */
  owner: { pid: number; command: string | null };
};

const PURPOSE = 'GENSCENE_CHILD';
const OWNER = 'GENSCENE_OWNER';
/** Unit of times in /proc/…/stat, fixed for user space on Linux (man 5 proc, man 3 sysconf). */
const TICKS_PER_SECOND = 100;

/** What a child carries in its environment to be found by. Words and spaces only. */
export function childMarks(purpose: string, owner: number | string): Record<string, string> {
  return { [PURPOSE]: purpose.replaceAll(/[^\w .,-]/g, ''), [OWNER]: String(owner) };
}

/**
 * Children that run right now, oldest first. Those of other users are not seen; on systems without
 * /proc there are none to be seen.
 * @param owner only those that this process started, in any of its threads
 */
export async function listChildren(owner?: number): Promise<RunningChild[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => readChild(Number(pid))));
  return found
    .filter((child) => child !== null && (owner === undefined || child.owner.pid === owner))
    .sort((a, b) => b!.ageS - a!.ageS) as RunningChild[];
}

/** Null for what is no child of ours, may not be looked at, or has ended meanwhile. */
async function readChild(pid: number): Promise<RunningChild | null> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    if (!environment.includes(`${PURPOSE}=`)) return null;
    const marks = new Map(environment.split('\0').map((entry) => splitAt(entry, '=')));
    const [purpose, owner] = [marks.get(PURPOSE), Number(marks.get(OWNER))];
    if (purpose === undefined || !(owner > 0)) return null;
    const [{ program, state, rssBytes, startedS }, uptime] = await Promise.all([
      readStat(pid),
      readFile('/proc/uptime', 'utf8'),
    ]);
    // The guard that ends an ffprobe in time is not one more child.
    if (program === 'timeout' || state === 'Z') return null;
    const ageS = Math.max(0, Math.round((Number(uptime.split(' ')[0]) - startedS) * 10) / 10);
    return { pid, program, purpose, ageS, rssBytes, owner: { pid: owner, command: await commandOf(owner) } };
  } catch {
    return null;
  }
}

type Stat = { program: string; state: string; rssBytes: number; startedS: number };

/** man 5 proc: `pid (name) state …`; the name may hold anything, the start is field 22, pages are 24. */
async function readStat(pid: number): Promise<Stat> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const end = text.lastIndexOf(')');
  const rest = text.slice(end + 2).split(' ');
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return {
    program: text.slice(text.indexOf('(') + 1, end),
    state: rest[0] ?? '',
    rssBytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024,
    startedS: Number(rest[19]) / TICKS_PER_SECOND,
  };
}

/** Such as `cli.js start`: what was run and with what, without folders and options. */
async function commandOf(pid: number): Promise<string | null> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  // Empty for a process that has ended and for the kernel's own.
  if (line === '') return null;
  const words = line.split('\0').filter((word) => word !== '' && !word.startsWith('-'));
  const names = words.map((word) => word.replace(/^.*\//, ''));
  const entry = names.findIndex((name) => /^(cli\.[tj]s|genscene)$/.test(name));
  return (entry < 0 ? names.slice(0, 3) : names.slice(entry, entry + 2)).join(' ').slice(0, 60);
}

function splitAt(entry: string, mark: string): [string, string] {
  const at = entry.indexOf(mark);
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}
