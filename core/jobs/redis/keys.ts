/** Names of everything kept in Redis. One installation a database (redis://host/1 is another). */
const PREFIX = 'genscene:';

export const keys = {
  /** HASH: record, request and what commits need; see store.ts. */
  job: (id: string) => `${PREFIX}job:${id}`,
  /** STRING: id of the job an Idempotency-Key made. */
  idempotency: (owner: string, key: string) => `${PREFIX}idempotency:${owner.length}:${owner}:${key}`,
  /** STRING: number of the latest change. */
  change: `${PREFIX}change`,
  /** STRING: number of the latest place in lists and queue. */
  order: `${PREFIX}order`,
  /** ZSET of ids by their latest change: what watchers resume from. */
  changes: `${PREFIX}changes`,
  /** ZSET of ids by age, of all jobs and of parts of them. */
  list: `${PREFIX}list`,
  listOf: (what: 'owner' | 'user' | 'channel', value: string) => `${PREFIX}list:${what}:${value}`,
  /** The same of jobs that are not over. */
  active: `${PREFIX}active`,
  /** ZSET of queued jobs by place, as text: who is first is next. */
  queue: `${PREFIX}queue`,
  /** ZSET of queued ids by the time from which they may be claimed. */
  waiting: `${PREFIX}waiting`,
  /** ZSET of priorities by the turn being served. */
  turns: `${PREFIX}turns`,
  /** ZSET of an owner's queued ids by turn. */
  turnsOf: (priority: number | string, owner: string) => `${PREFIX}turns:${priority}:${owner}`,
  /** ZSET of running ids by when they will have to be taken back. */
  running: `${PREFIX}running`,
  /** ZSET of final ids by when they ended, and by when they are to be removed. */
  ended: (status: string) => `${PREFIX}ended:${status}`,
  expiry: `${PREFIX}expiry`,
  /** HASH of one announcement, and ZSET of `change|id` by when it is due. */
  announcement: (id: string) => `${PREFIX}announcement:${id}`,
  outbox: (channel: string) => `${PREFIX}outbox:${channel}`,
  /** ZSET of usage rows by time. */
  usage: `${PREFIX}usage`,
  /** HASH of workers by id. */
  workers: `${PREFIX}workers`,
  /** HASH of a film's open segments by who has them, ZSET of such films by when they are forgotten; see help-scripts.ts. */
  film: (attempt: string) => `${PREFIX}film:${attempt}`,
  films: `${PREFIX}films`,
  /** STRING: segments that were rendered by others than the job's worker. */
  helped: `${PREFIX}helped`,
  pulse: `${PREFIX}pulse`,
  /** bee-queue's keys are below this, with its name. */
  tickets: `${PREFIX}bq`,
} as const;

export const TICKETS_QUEUE = 'tickets';
/** bee-queue 2.0.0: LIST of messages that no one has taken yet. */
export const ticketsWaiting = `${keys.tickets}:${TICKETS_QUEUE}:waiting`;

/** Channels know no databases, so the database is in the name. Here the number of the latest change is told, */
export function numbersChannel(url: string): string {
  return `${PREFIX}${databaseOf(url)}:numbers`;
}

/** and here each change with its record, for those who have watchers. */
export function recordsChannel(url: string): string {
  return `${PREFIX}${databaseOf(url)}:changes`;
}

export function databaseOf(url: string): number {
  return Number(/^\/(\d+)$/.exec(new URL(url).pathname)?.[1] ?? 0);
}
