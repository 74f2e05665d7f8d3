/** Pure: which checks a matcher means, and which are muted now. */
import type { Mute } from '../core/ops/types.ts';

/** `*` stands for any letters; several patterns are separated by commas. A kind alone means all of its checks. */
export function matches(matcher: string, check: string): boolean {
  return matcher.split(',').some((pattern) => {
    const wanted = pattern.trim();
    if (wanted === '') return false;
    if (!wanted.includes('*') && !wanted.includes(':'))
      return check === wanted || check.startsWith(`${wanted}:`);
    const escaped = wanted.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll(/\*+/g, '.*');
    return new RegExp(`^${escaped}$`, 'i').test(check);
  });
}

/** Whether all that one matcher names is meant by another: `edge-origin` covers `edge-origin:a.example`. */
export function covers(matcher: string, narrower: string): boolean {
  return matcher === narrower || narrower.split(',').every((pattern) => matches(matcher, pattern.trim()));
}

/** The mute in force over a check; maintenance before silence. */
export function muteOf(check: string, mutes: readonly Mute[], now: number): Mute | null {
  const inForce = mutes.filter(
    ({ matcher, from, until }) => from <= now && now < until && matches(matcher, check),
  );
  return inForce.find(({ kind }) => kind === 'maintenance') ?? inForce[0] ?? null;
}
