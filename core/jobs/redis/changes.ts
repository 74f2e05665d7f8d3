/** What changed since a number: what watchers missed, or resume from. */
import type { LiveProgress } from '../live-progress.ts';
import type { JobRecord } from '../types.ts';
import { EVENTS_PER_CHANGE } from '../watchers.ts';
import type { Connection } from './connection.ts';
import { keys } from './keys.ts';
import type { Store } from './store.ts';

const AT_ONCE = 500;

/** Jobs saved after a change, in the order of theirs, the first of them if there are many; one job if named. */
export async function changedSince(
  { connection, store, live }: { connection: Connection; store: Store; live: LiveProgress },
  change: number,
  id?: string,
): Promise<{ change: number; record: JobRecord }[]> {
  const limit = { LIMIT: { offset: 0, count: AT_ONCE } };
  const ids =
    id === undefined
      ? await connection.call((client) => client.zRangeByScore(keys.changes, `(${change}`, '+inf', limit))
      : [id];
  const loaded = await store.loadAll(ids);
  return loaded
    .map(({ record }) => ({
      change: Math.floor(record.eventId / EVENTS_PER_CHANGE),
      record: live.overlay(record),
    }))
    .filter((one) => one.change > change || one.record.eventId > change * EVENTS_PER_CHANGE)
    .sort((a, b) => a.change - b.change);
}
