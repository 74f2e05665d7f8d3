/** How long to wait before trying again. */

/**
 * Exponential back-off without jitter: `baseMs` after the first failure, `factor` times as long
 * after each further one, never more than `capMs`.
 * @param failures how many there were, from 1
 */
export function backoffMs(failures: number, baseMs: number, capMs: number, factor = 2): number {
  return Math.min(capMs, baseMs * factor ** Math.max(0, failures - 1));
}
