/** Which sorted sets a job is in, by its state: kept right by what differs between before and after. */
import { isFinal } from '../../schema/job.ts';
import { abandonedAt } from '../lifecycle.ts';
import type { JobRecord } from '../types.ts';
import { keys } from './keys.ts';

export type Command = string[];

/** Where a job stands in lists and in the queue; text, as Redis keeps it. */
export type Standing = { place: string; order: string };

/** Stand for what the script finds or was given: see apply-script.ts. */
export const found = {
  change: '\u0001change',
  place: '\u0001place',
  order: '\u0001order',
  turn: '\u0001turn',
  record: '\u0001record',
  request: '\u0001request',
  /** The change's number, then `|` and a name. */
  after: (name: string) => `\u0001change|${name}`,
} as const;

/** What moves in sorted sets: removals are key, member, key, member, …; additions key, score, member, … */
export type Moves = { removals: string[]; additions: string[] };

/** What leads from one state to the next; null is a job that is not there. */
export function movesBetween(
  before: (Standing & { record: JobRecord }) | null,
  after: (Standing & { record: JobRecord }) | null,
): Moves {
  const old = before ? entriesOf(before.record, before) : [];
  const wanted = after ? entriesOf(after.record, after) : [];
  const moves: Moves = { removals: [], additions: [] };
  for (const { key, member } of old) if (!find(wanted, key, member)) moves.removals.push(key, member);
  for (const { key, score, member } of wanted)
    if (find(old, key, member)?.score !== score) moves.additions.push(key, score, member);
  return moves;
}

type Entry = { key: string; score: string; member: string };

function find(entries: readonly Entry[], key: string, member: string): Entry | undefined {
  return entries.find((entry) => entry.key === key && entry.member === member);
}

function entriesOf(record: JobRecord, { place, order }: Standing): Entry[] {
  const entries: Entry[] = [];
  const put = (key: string, score: number | string, member = record.id): void =>
    void entries.push({ key, score: String(score), member });
  put(keys.list, order);
  put(keys.listOf('owner', record.owner), order);
  if (record.origin.user !== undefined) put(keys.listOf('user', record.origin.user), order);
  if (record.origin.channel !== undefined) put(keys.listOf('channel', record.origin.channel), order);
  if (!isFinal(record.status)) put(keys.active, order);
  if (record.status === 'queued') {
    put(keys.queue, 0, place);
    put(keys.waiting, record.retryAt ?? record.queuedAt);
    put(keys.turnsOf(record.priority, record.owner), turnOf(place));
  }
  const abandoned = abandonedAt(record);
  if (abandoned !== null) put(keys.running, abandoned);
  if (isFinal(record.status)) {
    put(keys.ended(record.status), record.finishedAt ?? 0);
    put(keys.expiry, record.expiresAt ?? 0);
  }
  return entries;
}

/** The turn within a place, `priority:turn:order:id`. */
export function turnOf(place: string): string {
  return place === found.place ? found.turn : String(Number(place.split(':')[1]));
}
