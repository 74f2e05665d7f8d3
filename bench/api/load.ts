/** A small load loop: so many connections, each asking again as soon as it is answered. */
import { Pool } from 'undici';

export type Load = {
  perSecond: number;
  p50: number;
  p99: number;
  worst: number;
  /** Time of a processor that the server spent on each request, µs: less at the mercy of the machine's mood. */
  cpu: number | null;
};
export type Ask = { method?: 'GET' | 'POST'; path: string; headers?: Record<string, string>; body?: string };

/**
 * @param seconds to ask for, after a tenth of it unmeasured
 * @throws {Error} for an answer of another status: what is refused is fast, and no measure
 */
export async function load(
  address: string,
  ask: () => Ask,
  options: { connections: number; seconds: number; status: number; cpu?: () => Promise<number> },
): Promise<Load> {
  const pool = new Pool(address, { connections: options.connections, pipelining: 1 });
  const times: number[] = [];
  let answered = 0;
  const cpuBefore = await options.cpu?.();
  const begin = performance.now() + options.seconds * 100;
  const end = begin + options.seconds * 1000;
  const asker = async (): Promise<void> => {
    for (;;) {
      const asked = performance.now();
      if (asked >= end) return;
      const { statusCode, body } = await pool.request({ method: 'GET', ...ask() });
      await body.dump({ limit: Number.MAX_SAFE_INTEGER });
      if (statusCode !== options.status)
        throw new Error(`Answered ${statusCode} instead of ${options.status}.`);
      answered++;
      if (asked >= begin) times.push(performance.now() - asked);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.connections }, asker));
  } finally {
    await pool.destroy();
  }
  const cpuAfter = await options.cpu?.();
  const cpu = cpuBefore === undefined || cpuAfter === undefined ? null : (cpuAfter - cpuBefore) / answered;
  return { perSecond: times.length / options.seconds, cpu, ...spread(times) };
}

/** ms */
export function spread(times: number[]): { p50: number; p99: number; worst: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), worst: at(1) };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
