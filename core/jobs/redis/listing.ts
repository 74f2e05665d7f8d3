/** Jobs by page: newest first, by the narrowest list there is for the filter. */
import { StudioError } from '../../errors.ts';
import type { JobFilter, JobPage, JobQuery, JobRecord } from '../types.ts';
import type { Connection } from './connection.ts';
import { keys } from './keys.ts';
import type { Store } from './store.ts';

const MAX_PAGE = 200;
const BATCH = 200;
const RUNNING = ['queued', 'fetching', 'voicing', 'rendering', 'saving'];

/** @throws {StudioError} invalid_request for a cursor that is not ours */
export async function listJobs(connection: Connection, store: Store, query: JobQuery): Promise<JobPage> {
  const limit = Math.min(MAX_PAGE, Math.max(1, Math.trunc(query.limit ?? 50)));
  let before = query.cursor === undefined ? '+inf' : `(${readCursor(query.cursor)}`;
  const list = await narrowestList(connection, query);
  const jobs: JobRecord[] = [];
  let last = '';
  for (;;) {
    const range = {
      BY: 'SCORE',
      REV: true,
      LIMIT: { offset: 0, count: Math.min(BATCH, limit + 1) },
    } as const;
    const page = await connection.call((client) =>
      client.zRangeWithScores(list, before as never, '-inf', range),
    );
    const found = new Map(
      (await store.loadAll(page.map(({ value }) => value))).map((one) => [one.record.id, one]),
    );
    for (const { value, score } of page) {
      before = `(${score}`;
      const record = found.get(value)?.record;
      if (!record || !matches(query, record)) continue;
      if (jobs.length === limit) return { jobs, nextCursor: makeCursor(last) };
      jobs.push(record);
      last = String(score);
    }
    if (page.length < range.LIMIT.count) return { jobs, nextCursor: null };
  }
}

async function narrowestList(connection: Connection, query: JobFilter): Promise<string> {
  const lists: string[] = [keys.list];
  for (const what of ['owner', 'user', 'channel'] as const) {
    const value = query[what];
    if (value !== undefined) lists.push(keys.listOf(what, value));
  }
  const statuses = query.status === undefined ? null : [query.status].flat();
  if (statuses?.every((status) => RUNNING.includes(status))) lists.push(keys.active);
  if (lists.length === 1) return keys.list;
  const sizes = await connection.call((client) => Promise.all(lists.map((list) => client.zCard(list))));
  return lists[sizes.indexOf(Math.min(...sizes))]!;
}

function matches(query: JobFilter, job: JobRecord): boolean {
  const { kind, owner, platform, user, channel, status } = query;
  return (
    (kind === undefined || kind === job.kind) &&
    (owner === undefined || owner === job.owner) &&
    (platform === undefined || platform === job.origin.platform) &&
    (user === undefined || user === job.origin.user) &&
    (channel === undefined || channel === job.origin.channel) &&
    (status === undefined || [status].flat().includes(job.status))
  );
}

function makeCursor(order: string): string {
  return Buffer.from(`seq:${order}`).toString('base64url');
}

function readCursor(cursor: string): string {
  const order = /^seq:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1];
  if (order !== undefined) return order;
  throw new StudioError('invalid_request', 'The cursor is not one of ours.', {
    hint: 'Use nextCursor of the page before, unchanged, or leave it out.',
    issues: [{ path: 'cursor', message: 'is not a cursor' }],
  });
}
