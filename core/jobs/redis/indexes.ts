/** Which sorted sets a job is in, by its state: kept right by what differs between before and after. */
import { isFinal } from '../../schema/job.ts';
import { abandonedAt } from '../lifecycle.ts';
import type { JobRecord } from '../types.ts';
import { keys } from './keys.ts';

export type Command = string[];

/** Where a job stands in lists and in the queue; text, as Redis keeps it. */
export type Standing = { place: string; order: string };

/** Stands for what the script finds: see scripts.ts. */
export const found = {
  change: '\u0001change\u0001',
  place: '\u0001place\u0001',
  order: '\u0001order\u0001',
  turn: '\u0001turn\u0001',
} as const;

/** Commands that lead from one state to the next; null is a job that is not there. */
export function indexCommands(
  before: (Standing & { record: JobRecord }) | null,
  after: (Standing & { record: JobRecord }) | null,
): Command[] {
  const old = before ? entriesOf(before.record, before) : new Map<string, Entry>();
  const wanted = after ? entriesOf(after.record, after) : new Map<string, Entry>();
  const commands: Command[] = [];
  for (const [name, { key, member }] of old) if (!wanted.has(name)) commands.push(['ZREM', key, member]);
  for (const [name, { key, member, score }] of wanted)
    if (old.get(name)?.score !== score) commands.push(['ZADD', key, score, member]);
  return commands;
}

type Entry = { key: string; member: string; score: string };

function entriesOf(record: JobRecord, { place, order }: Standing): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  const put = (key: string, score: number | string, member = record.id): void =>
    void entries.set(`${key}\n${member}`, { key, member, score: String(score) });
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
