/** What is known of an API key: whose it is, what it may, and its digest. */
import { hash } from 'node:crypto';
import { HIGHEST_PRIORITY } from '../schema/priority.ts';

/** Whose key it is. `admin` sees everyone's jobs; `mostPriority` is the highest they may ask for. */
export type KeyHolder = { name: string; admin: boolean; mostPriority: number };

export type KeyEntry = KeyHolder & { digest: Buffer };

export const KEY_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
export const LONGEST_KEY = 1024;

/** Where a key says nothing: only operators' jobs overtake those of others. */
export function usualMostPriority(admin: boolean): number {
  return admin ? HIGHEST_PRIORITY : 0;
}

/** SHA-256 */
export function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
