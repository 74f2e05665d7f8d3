/** Usage rows: one for each job that ended, kept when the job is removed, summed up when asked for. */
import { nobody, ownerOfKey } from '../forgetting.ts';
import type { JobRecord, Person, UsageGrouping, UsageQuery, UsageRow } from '../types.ts';
import type { Connection } from './connection.ts';
import { keys } from './keys.ts';

/** Short names: there are many, and Redis keeps them in memory. */
type StoredUsage = {
  at: number;
  id: string;
  out: 'done' | 'failed' | 'cancelled';
  own: string;
  pf: string;
  us?: string;
  ch?: string;
  /** Film and render seconds, scenes, scenes reused, bytes. */
  n: [number, number, number, number, number];
  /** Makes equal ends of one job two rows. */
  x: string;
};

const BATCH = 5000;

export function usageRow(job: JobRecord, unique: string): StoredUsage {
  const made = job.status === 'done' ? job.result : null;
  return {
    at: job.finishedAt ?? job.updatedAt,
    id: job.id,
    out: job.status as StoredUsage['out'],
    own: job.owner,
    pf: job.origin.platform,
    ...(job.origin.user === undefined ? {} : { us: job.origin.user }),
    ...(job.origin.channel === undefined ? {} : { ch: job.origin.channel }),
    n: [
      made?.duration ?? 0,
      job.workedMs / 1000,
      made ? job.scenesTotal : 0,
      made?.scenesReused ?? 0,
      made?.size ?? 0,
    ],
    x: unique,
  };
}

/** Grouped sums, largest group first, days in their order. */
export async function readUsage(connection: Connection, query: UsageQuery): Promise<UsageRow[]> {
  const groups = new Map<string, UsageRow>();
  for await (const row of rowsBetween(connection, query.from ?? 0, query.to ?? Number.MAX_SAFE_INTEGER)) {
    if (query.owner !== undefined && row.own !== query.owner) continue;
    const key = groupings[query.by](row);
    const sum = groups.get(key) ?? { key, jobs: 0, done: 0, failed: 0, cancelled: 0, filmSeconds: 0, renderSeconds: 0, scenes: 0, scenesReused: 0, bytes: 0 }; // prettier-ignore
    const [film, render, scenes, reused, bytes] = row.n;
    sum.jobs += 1;
    sum[row.out] += 1;
    sum.filmSeconds += film;
    sum.renderSeconds += render;
    sum.scenes += scenes;
    sum.scenesReused += reused;
    sum.bytes += bytes;
    groups.set(key, sum);
  }
  const byKey = (a: UsageRow, b: UsageRow): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
  return [...groups.values()].sort(query.by === 'day' ? byKey : (a, b) => b.jobs - a.jobs || byKey(a, b));
}

/** Takes a person out of the rows, whose sums stay. @returns rows changed */
export async function forgetUsage(connection: Connection, person: Person): Promise<number> {
  const isTheirs = (row: StoredUsage): boolean =>
    row.pf === person.platform &&
    (person.platform === 'api' ? row.own === ownerOfKey(person) : row.us === person.user);
  const theirs: { text: string; row: StoredUsage }[] = [];
  for await (const found of textsBetween(connection, 0, Number.MAX_SAFE_INTEGER)) {
    const row = JSON.parse(found) as StoredUsage;
    if (isTheirs(row)) theirs.push({ text: found, row });
  }
  for (const { text, row } of theirs) {
    const { us: _user, ch: _channel, ...rest } = row;
    const value = JSON.stringify({ ...rest, own: nobody(person) });
    await connection.call((client) =>
      client.multi().zRem(keys.usage, text).zAdd(keys.usage, { score: row.at, value }).exec(),
    );
  }
  return theirs.length;
}

/** Ends since a time: how many were done and failed, and how long the done ones took. */
export async function readRecent(
  connection: Connection,
  from: number,
): Promise<{ done: number; failed: number; meanRenderSeconds: number | null }> {
  const recent = { done: 0, failed: 0 };
  let seconds = 0;
  for await (const row of rowsBetween(connection, from + 1, Number.MAX_SAFE_INTEGER)) {
    if (row.out === 'done') {
      recent.done += 1;
      seconds += row.n[1];
    }
    if (row.out === 'failed') recent.failed += 1;
  }
  return { ...recent, meanRenderSeconds: recent.done > 0 ? seconds / recent.done : null };
}

const groupings: Record<UsageGrouping, (row: StoredUsage) => string> = {
  day: (row) => new Date(row.at).toISOString().slice(0, 10),
  user: (row) => row.us ?? row.own,
  channel: (row) => row.ch ?? row.pf,
  platform: (row) => row.pf,
  owner: (row) => row.own,
};

/** From inclusive, to exclusive, epoch ms. */
async function* rowsBetween(connection: Connection, from: number, to: number): AsyncGenerator<StoredUsage> {
  for await (const text of textsBetween(connection, from, to)) yield JSON.parse(text) as StoredUsage;
}

async function* textsBetween(connection: Connection, from: number, to: number): AsyncGenerator<string> {
  for (let offset = 0; ; offset += BATCH) {
    const texts = await connection.call((client) =>
      client.zRangeByScore(keys.usage, from, `(${to}`, { LIMIT: { offset, count: BATCH } }),
    );
    yield* texts;
    if (texts.length < BATCH) return;
  }
}
