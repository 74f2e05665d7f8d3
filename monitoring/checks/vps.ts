/**
 * The machine: disk, inodes, memory. A render box's CPU at 100 % is its normal work and no alert; it is
 * shown, as are load, pressure, the container's limits and our own ffmpeg children.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fact } from '../../core/ops/types.ts';
import {
  readCpuTimes,
  readHost,
  type CpuTimes,
  type HostPlaces,
  type HostReading,
} from '../host-readings.ts';
import { same } from '../texts.ts';
import type { Check, CheckResult } from '../types.ts';

export type VpsSettings = {
  dataDir: string;
  /** Of ffmpeg and its like that we started. */
  children: () => Promise<readonly { rssBytes: number }[]>;
  /** Below these it is an alert, percent. */
  diskFreePercent: number;
  memoryFreePercent: number;
  intervalMs: number;
  places?: HostPlaces;
  /** Between the two samples of the first reading; later ones compare with the one before, ms. */
  sampleMs?: number;
};

const INODES_FREE = 0.05;
/** Of the last minute in which nothing could go on for want of memory: it is swapping itself to death. */
const MEMORY_PRESSURE = 0.4;

/** All is read in milliseconds; a machine at its normal work, every core taken, may be a hundred times as slow. */
const TIMEOUT_MS = 20_000;

export function vpsCheck(settings: VpsSettings): Check {
  const { intervalMs, dataDir, children, places = {}, sampleMs = 200 } = settings;
  const timeoutMs = Math.min(TIMEOUT_MS, intervalMs * 0.8);
  let before: CpuTimes | null = null;
  return {
    id: 'vps:local',
    kind: 'vps',
    intervalMs,
    timeoutMs,
    party: 'own',
    async run(signal) {
      if (!before) {
        before = await readCpuTimes(places.proc);
        await sleep(sampleMs, undefined, { signal });
      }
      const { reading, times } = await readHost(dataDir, before, places);
      before = times;
      // Only shown: counting them must not fail what is judged.
      const counted = await Promise.race([children(), sleep(timeoutMs / 2, null, { signal, ref: false })]);
      return judgeHost(reading, counted, settings);
    },
  };
}

/** @param children null where they could not be counted in time */
export function judgeHost(
  reading: HostReading,
  children: readonly { rssBytes: number }[] | null,
  { diskFreePercent, memoryFreePercent }: Pick<VpsSettings, 'diskFreePercent' | 'memoryFreePercent'>,
): CheckResult {
  const { disk, pressure, cgroup } = reading;
  const facts = hostFacts(reading, children);
  const bad = (verdict: string, summary: CheckResult['summary'], cure: CheckResult['cure']): CheckResult => ({
    ok: false, verdict, summary, cure, facts, latencyMs: null, cause: `vps:${verdict}`,
  }); // prettier-ignore
  const { memoryLimit, memoryUsed } = cgroup;
  const shares = [
    reading.memory && reading.memory.available / reading.memory.total,
    memoryLimit !== null && memoryUsed !== null ? 1 - memoryUsed / memoryLimit : null,
  ].filter((share) => share !== null);
  // Whichever ends first: of the machine, or of the container.
  const memory = shares.length === 0 ? null : Math.min(...shares);
  if (disk.free / disk.total < diskFreePercent / 100)
    return bad(
      'disk_low',
      {
        en: `The disk of the data folder has ${percent(disk.free / disk.total)} left (${size(disk.free)})`,
        es: `Al disco de datos le queda un ${percent(disk.free / disk.total)} (${size(disk.free)})`,
      },
      {
        en: 'Free some: lower CACHE_MAX_GB or RETENTION_DAYS, or remove what else grows (du -xh / | sort -h | tail).',
        es: 'Libera espacio: baja CACHE_MAX_GB o RETENTION_DAYS, o borra lo que más crece (du -xh / | sort -h | tail).',
      },
    );
  if (disk.freeInodes !== null && disk.freeInodes / disk.totalInodes! < INODES_FREE)
    return bad(
      'inodes_low',
      {
        en: `The disk has only ${disk.freeInodes} inodes left: soon no file can be made, however much space there is`,
        es: `Al disco solo le quedan ${disk.freeInodes} inodos: pronto no se podrá crear ningún archivo aunque haya espacio`,
      },
      {
        en: 'Find the folder with very many small files (du --inodes -x / | sort -n | tail) and clear it.',
        es: 'Busca la carpeta con muchísimos archivos pequeños (du --inodes -x / | sort -n | tail) y vacíala.',
      },
    );
  if (memory !== null && memory < memoryFreePercent / 100)
    return bad(
      'memory_low',
      {
        en: `Only ${percent(memory)} of the memory is left`,
        es: `Solo queda un ${percent(memory)} de memoria`,
      },
      {
        en: 'Lower WORKER_CONCURRENCY or RENDER_THREADS, or end what else runs here (ps aux --sort=-rss | head).',
        es: 'Baja WORKER_CONCURRENCY o RENDER_THREADS, o cierra lo demás que corre aquí (ps aux --sort=-rss | head).',
      },
    );
  if (pressure.memoryFull !== null && pressure.memoryFull > MEMORY_PRESSURE)
    return bad(
      'memory_pressure',
      {
        en: `Everything stood still for want of memory in ${percent(pressure.memoryFull)} of the last minute`,
        es: `Todo estuvo parado por falta de memoria el ${percent(pressure.memoryFull)} del último minuto`,
      },
      { en: 'Lower WORKER_CONCURRENCY or add memory.', es: 'Baja WORKER_CONCURRENCY o añade memoria.' },
    );
  return {
    ok: true,
    verdict: 'ok',
    summary: { en: 'The machine has room', es: 'La máquina tiene margen' },
    cure: null,
    facts,
    latencyMs: null,
  };
}

function hostFacts(
  { cpu, processors, load1, memory, disk, pressure, cgroup }: HostReading,
  children: readonly { rssBytes: number }[] | null,
): Fact[] {
  const fact = (en: string, es: string, value: string | null): Fact[] =>
    value === null ? [] : [{ name: { en, es }, value: same(value) }];
  return [
    ...fact(
      'CPU',
      'CPU',
      cpu && `${percent(cpu.busy)} · iowait ${percent(cpu.iowait)} · steal ${percent(cpu.steal)}`,
    ),
    ...fact(
      'Load per processor',
      'Carga por procesador',
      load1 === null ? null : (load1 / processors).toFixed(2),
    ),
    ...fact('Memory free', 'Memoria libre', memory && `${size(memory.available)} / ${size(memory.total)}`),
    ...fact('Disk free', 'Disco libre', `${size(disk.free)} / ${size(disk.total)}`),
    ...fact(
      'Inodes free',
      'Inodos libres',
      disk.freeInodes === null ? null : percent(disk.freeInodes / disk.totalInodes!),
    ),
    ...fact(
      'Pressure cpu/memory/io',
      'Presión cpu/memoria/io',
      pressure.cpu === null ? null : [pressure.cpu, pressure.memoryFull, pressure.ioFull].map((share) => (share === null ? '–' : percent(share))).join(' / '), // prettier-ignore
    ),
    ...fact(
      'Container limit',
      'Límite del contenedor',
      cgroup.memoryLimit === null && cgroup.processors === null
        ? null
        : [cgroup.memoryLimit !== null && `${size(cgroup.memoryUsed ?? 0)} / ${size(cgroup.memoryLimit)}`, cgroup.processors !== null && `${cgroup.processors} CPU`].filter(Boolean).join(' · '), // prettier-ignore
    ),
    ...fact(
      'ffmpeg',
      'ffmpeg',
      children && `${children.length} · ${size(children.reduce((sum, { rssBytes }) => sum + rssBytes, 0))}`,
    ),
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function size(bytes: number): string {
  return bytes >= 1024 ** 3
    ? `${(bytes / 1024 ** 3).toFixed(1)} GiB`
    : `${Math.round(bytes / 1024 ** 2)} MiB`;
}
