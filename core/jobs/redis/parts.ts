/** The parts of the Redis driver, put together. Nothing here waits for Redis, which need not be there yet. */
import { LiveProgress } from '../live-progress.ts';
import type { Logger } from '../../log.ts';
import type { LifecyclePolicy } from '../lifecycle.ts';
import { changedSince } from './changes.ts';
import { Claims } from './claims.ts';
import { RedisClock } from './clock.ts';
import { Connection, PATIENCE_MS } from './connection.ts';
import { Feed } from './feed.ts';
import { keys, ticketsWaiting } from './keys.ts';
import { Ledger } from './ledger.ts';
import { Outbox } from './outbox.ts';
import { recordMigrations, type RecordMigration } from './record-format.ts';
import { checkServer } from './server-check.ts';
import { Store } from './store.ts';
import { Tickets } from './tickets.ts';
import { Waiters } from './waiting.ts';

export type RedisJobsOptions = LifecyclePolicy & {
  url: string;
  log: Logger;
  /** Queued jobs above which new ones are refused. */
  maxQueued: number;
  /** How often to look for announcements that are due, ms. */
  pollMs: number;
  /** Longest that a call to Redis may take, ms; 3,000 by default. */
  patienceMs?: number | undefined;
  /** For tests: another clock than Redis's. */
  now?: (() => number) | undefined;
  /** For tests: how records of older versions are read. */
  migrations?: readonly RecordMigration[] | undefined;
};

export type RedisParts = {
  options: RedisJobsOptions;
  connection: Connection;
  store: Store;
  /** Progress between two writes. */
  live: LiveProgress;
  feed: Feed;
  ledger: Ledger;
  outbox: Outbox;
  tickets: Tickets;
  claims: Claims;
  workWaiters: Waiters;
  announcementWaiters: Waiters;
  /** Epoch ms. */
  now: () => number;
  /** What time it is for scripts, which ask Redis itself if it is ''. */
  time: () => string;
  /** Settings of this Redis under which jobs may be lost, in words. */
  warnings: () => readonly string[];
};

export function openParts(options: RedisJobsOptions): RedisParts {
  const { url, log, migrations = recordMigrations, patienceMs = PATIENCE_MS } = options;
  const clock = new RedisClock();
  const now = options.now ?? (() => clock.now());
  const time = options.now ? () => String(now()) : () => '';
  const workWaiters = new Waiters();
  const announcementWaiters = new Waiters();
  const wakeSenders = (): void => announcementWaiters.wake();
  const wakeWorker = (): boolean => {
    const anyone = workWaiters.size > 0;
    workWaiters.wake();
    return anyone;
  };
  let warnings: readonly string[] = [];

  const tickets = new Tickets({
    url,
    log,
    wake: wakeWorker,
    waiting: () => connection.call((client) => client.lLen(ticketsWaiting)),
  });
  const connection: Connection = new Connection({
    url,
    log,
    name: 'genscene',
    patienceMs,
    prepare: async (client) => {
      clock.set(timeOf(await client.sendCommand<never>(['TIME'])));
      const found = await checkServer(client);
      if (found.join() !== warnings.join()) for (const warning of found) log.warn({}, warning);
      warnings = found;
      tickets.connected();
    },
  });
  const store = new Store({ connection, clock, url, migrations, patienceMs });
  const live = new LiveProgress((claim) => ledger.writePending(claim));
  const feed = new Feed({
    url,
    log,
    patienceMs,
    changedSince: (change, id) => changedSince({ connection, store, live }, change, id),
    latestChange: async () => Number((await connection.call((client) => client.get(keys.change))) ?? 0),
    onAnnounced: wakeSenders,
  });
  const ledger: Ledger = new Ledger({
    store,
    live,
    feed,
    tickets,
    now,
    onQueued: wakeWorker,
    onFinal: wakeSenders,
  });
  const outbox = new Outbox({
    connection,
    store,
    waiters: announcementWaiters,
    migrations,
    pollMs: options.pollMs,
    time,
  });
  const claims = new Claims({
    peek: (most) => store.peek(time(), most),
    takeBack: (id) => ledger.takeBack(id, options),
    claim: (waiting, ask) => ledger.claim(waiting, ask),
    wakeOthers: (id) => tickets.send(id),
  });
  return {
    options,
    connection,
    store,
    live,
    feed,
    ledger,
    outbox,
    tickets,
    claims,
    workWaiters,
    announcementWaiters,
    now,
    time,
    warnings: () => warnings,
  };
}

/** Epoch ms of Redis's answer: seconds and microseconds. */
function timeOf([seconds, microseconds]: readonly [string, string]): number {
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}
