/**
 * What the kernel says of this machine, read natively: /proc, cgroups, statfs. All reads are small; one
 * reading takes about a millisecond. docs.kernel.org/filesystems/proc.html, admin-guide/cgroup-v2.html
 */
import { readFile, statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';

/** Jiffies since the start of the machine. */
export type CpuTimes = { busy: number; steal: number; iowait: number; total: number };

/** Shares are 0 to 1, sizes bytes. What this kernel does not say is null. */
export type HostReading = {
  cpu: { busy: number; steal: number; iowait: number } | null;
  processors: number;
  load1: number | null;
  memory: { available: number; total: number } | null;
  disk: { free: number; total: number; freeInodes: number | null; totalInodes: number | null };
  /** Share of the last 60 s in which something (`some`) or everything (`full`) waited. */
  pressure: { cpu: number | null; memoryFull: number | null; ioFull: number | null };
  /** Limits of the container we are in; `memoryUsed` without the caches, which would be given back. */
  cgroup: { memoryLimit: number | null; memoryUsed: number | null; processors: number | null };
};

export type HostPlaces = { proc?: string; cgroup?: string };

/** @param before what `cpuTimes` said some time ago; without it the CPU is not known */
export async function readHost(
  dataDir: string,
  before: CpuTimes | null,
  { proc = '/proc', cgroup = '/sys/fs/cgroup' }: HostPlaces = {},
): Promise<{ reading: HostReading; times: CpuTimes | null }> {
  const [times, load, memory, disk, cpuPressure, memoryPressure, ioPressure, limits] = await Promise.all([
    readCpuTimes(proc),
    read(proc, 'loadavg'),
    readMemory(proc),
    statfs(dataDir),
    readPressure(proc, 'cpu', 'some'),
    readPressure(proc, 'memory', 'full'),
    readPressure(proc, 'io', 'full'),
    readCgroup(cgroup),
  ]);
  const reading: HostReading = {
    cpu: times && before ? sharesBetween(before, times) : null,
    processors: availableParallelism(),
    load1: load === null ? null : Number(load.split(' ')[0]),
    memory,
    disk: {
      // What ordinary users may still write: `bfree` counts root's reserve too.
      free: disk.bavail * disk.bsize,
      total: disk.blocks * disk.bsize,
      // Some file systems (btrfs) have no fixed number of inodes and say 0.
      freeInodes: disk.files > 0 ? disk.ffree : null,
      totalInodes: disk.files > 0 ? disk.files : null,
    },
    pressure: { cpu: cpuPressure, memoryFull: memoryPressure, ioFull: ioPressure },
    cgroup: limits,
  };
  return { reading, times };
}

/** The first line of /proc/stat; guest time is within user time and is not counted twice. */
export async function readCpuTimes(proc = '/proc'): Promise<CpuTimes | null> {
  const line = /^cpu +(.+)$/m.exec((await read(proc, 'stat')) ?? '')?.[1];
  if (!line) return null;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .map(Number);
  const busy = user + nice + system + irq + softirq;
  return { busy, steal, iowait, total: busy + idle + iowait + steal };
}

function sharesBetween(before: CpuTimes, after: CpuTimes): HostReading['cpu'] {
  const total = after.total - before.total;
  if (total <= 0) return null;
  const share = (name: 'busy' | 'steal' | 'iowait'): number =>
    Math.min(1, Math.max(0, (after[name] - before[name]) / total));
  return { busy: share('busy'), steal: share('steal'), iowait: share('iowait') };
}

/** MemAvailable, which counts what the caches would give back; MemFree would always look like an emergency. */
async function readMemory(proc: string): Promise<HostReading['memory']> {
  const text = (await read(proc, 'meminfo')) ?? '';
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
  const [available, total] = [bytes('MemAvailable'), bytes('MemTotal')];
  return Number.isFinite(available) && Number.isFinite(total) ? { available, total } : null;
}

async function readPressure(proc: string, what: string, who: 'some' | 'full'): Promise<number | null> {
  const text = await read(path.join(proc, 'pressure'), what);
  const percent = new RegExp(`^${who} .*avg60=([\\d.]+)`, 'm').exec(text ?? '')?.[1];
  return percent === undefined ? null : Number(percent) / 100;
}

/** Version 2, else 1; a limit that is larger than any machine means none. */
async function readCgroup(root: string): Promise<HostReading['cgroup']> {
  const first = async (...names: string[]): Promise<string | null> => {
    for (const name of names) {
      const text = await read(root, name);
      if (text !== null) return text.trim();
    }
    return null;
  };
  const [limit, used, stat, cpu, quota, period] = await Promise.all([
    first('memory.max', 'memory/memory.limit_in_bytes'),
    first('memory.current', 'memory/memory.usage_in_bytes'),
    first('memory.stat', 'memory/memory.stat'),
    first('cpu.max'),
    first('cpu/cpu.cfs_quota_us'),
    first('cpu/cpu.cfs_period_us'),
  ]);
  const memoryLimit = limit === null || limit === 'max' || Number(limit) > 2 ** 50 ? null : Number(limit);
  const [share = '', each = ''] = cpu?.split(' ') ?? [quota ?? '', period ?? ''];
  const processors = Number(share) > 0 && Number(each) > 0 ? Number(share) / Number(each) : null;
  return {
    memoryLimit,
    memoryUsed: used === null ? null : Math.max(0, Number(used) - cachesOf(stat)),
    processors,
  };
}

/** Pages of files, in bytes; those of shared memory are not among them, for they cannot be given back. */
function cachesOf(stat: string | null): number {
  const read = (name: string) => new RegExp(`^${name} (\\d+)$`, 'm').exec(stat ?? '')?.[1];
  // Version 1 says beside it what the whole tree has, which is what its usage counts.
  const bytes = (name: string): number => Number(read(`total_${name}`) ?? read(name) ?? 0);
  return bytes('active_file') + bytes('inactive_file');
}

/** Null for what is not there, on this kernel or for us. */
async function read(folder: string, name: string): Promise<string | null> {
  return readFile(path.join(folder, name), 'utf8').catch(() => null);
}
