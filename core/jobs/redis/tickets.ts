/**
 * Delivery by bee-queue: a message, carrying only a job's id, wakes one idle worker anywhere. Which job
 * that worker then gets is decided by the records (priority, turns), so a message lost, doubled or late
 * can neither lose a job nor run it twice.
 *
 * A message is sent for work that came while none was waiting to be taken: one that waits will wake
 * someone anyway, and who was woken and leaves work behind sends the next. So a burst costs one message
 * and a hop for each further idle worker, and busy workers, who look by themselves when they have room,
 * cost none. Between record and message nothing can be lost for good: idle workers also look by
 * themselves now and then, and the reconciler sends what is missing.
 *
 * Only who is idle takes messages: one is held until the worker waits again, and no other is taken
 * meanwhile. A message that reaches a busy worker is passed on to the others.
 *
 * bee-queue 2.0.0 is pinned, for what it does after faults was measured: its scripts are gone after a
 * Redis restart and must be loaded again, it never recovers from a Redis that was away at its start
 * (and then spins for ever, if it is to take jobs or to raise delayed ones), its pause after a failed
 * read doubles without a limit. So it takes jobs only once it is connected, delays are ours, its queues are made anew with each new
 * connection of ours, and everything it is asked has a limit of ours.
 */
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import BeeQueue from 'bee-queue';
import type { Logger } from '../../log.ts';
import { firstOf } from '../../pause.ts';
import { PATIENCE_MS } from './connection.ts';
import { databaseOf, keys, TICKETS_QUEUE } from './keys.ts';

export type Ticket = { id: string };

export type TicketsParts = {
  url: string;
  log: Logger;
  /** Whether someone here waits for work, and is woken by this. */
  wake: () => boolean;
  /** Messages that wait for an idle worker, of whom there may be none. */
  waiting: () => Promise<number>;
};

type Queue = BeeQueue<Ticket>;
type Clients = Partial<Record<'client' | 'bclient' | 'eclient', { end(flush: boolean): void }>>;

/** bee-queue's own reader and keeper of its scripts; not among its types. */
const lua = createRequire(import.meta.url)('bee-queue/lib/lua') as {
  buildCache(client: unknown): Promise<unknown>;
};

const STALL_INTERVAL_MS = 15_000;
const STALL_CHECK_MS = 1000;
/** Least time between two queues made anew because nothing was delivered, ms. */
const DISTRUST_MS = 30_000;
const CLOSE_MS = 500;
/** Wait before a queue that could not connect is made anew, ms. */
const RETRY_MS = 1000;
/** Longest wait that a timer can be set to, ms. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export class Tickets {
  readonly #parts: TicketsParts;
  #sending: Queue | null = null;
  #taking: Queue | null = null;
  #wanted = false;
  #closed = false;
  #renewedAt = 0;
  /** Puts away the message in hand. */
  #hand: (() => void) | null = null;
  /** A job that a message is to be sent for, once the one under way has arrived. */
  #next: string | null = null;
  #underWay = false;
  /** Messages to be sent later. If this process dies first, the reconciler of another sends them. */
  readonly #later = new Map<string, NodeJS.Timeout>();
  readonly #discarding = new Set<Promise<void>>();

  constructor(parts: TicketsParts) {
    this.#parts = parts;
  }

  /** Redis is there (again): makes the queues. */
  connected(): void {
    if (this.#closed) return;
    this.#renewedAt = performance.now();
    this.#discard(this.#sending);
    this.#sending = this.#open(false);
    this.#renewTaking();
  }

  /**
   * Sends a message that there is work, this job for one. Never fails: see the reconciler. Of those asked
   * for while one is under way one more is sent: the first may be taken before the later work is there.
   */
  send(id: string): void {
    this.#next = id;
    if (!this.#underWay) void this.#sendNext();
  }

  /** The same in `delayMs`, to those here too, if none waits to be taken then. */
  sendLater(id: string, delayMs: number): void {
    if (this.#closed) return;
    clearTimeout(this.#later.get(id));
    const go = async (): Promise<void> => {
      this.#later.delete(id);
      if (!this.#parts.wake() && (await this.#parts.waiting().catch(() => 0)) === 0) this.send(id);
    };
    this.#later.set(id, setTimeout(() => void go(), Math.min(delayMs, LONGEST_DELAY_MS)).unref());
  }

  /** Someone here waits for work: messages are taken from now on. */
  wait(): void {
    if (this.#closed) return;
    this.#putAway();
    if (this.#wanted) return;
    this.#wanted = true;
    this.#renewTaking();
  }

  /** Work was found that no message told of. */
  distrust(): void {
    if (this.#closed || !this.#taking || performance.now() - this.#renewedAt < DISTRUST_MS) return;
    this.#parts.log.warn({}, 'work was waiting and no message came: the queue’s connections are made anew');
    this.connected();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#later.values()) clearTimeout(timer);
    this.#discard(this.#sending);
    this.#discard(this.#taking);
    this.#sending = this.#taking = null;
    await Promise.all(this.#discarding);
  }

  #renewTaking(): void {
    this.#discard(this.#taking);
    this.#taking = null;
    if (!this.#wanted || !this.#sending) return;
    const queue = this.#open(true);
    this.#taking = queue;
  }

  async #sendNext(): Promise<void> {
    this.#underWay = true;
    while (this.#next !== null && this.#sending && !this.#closed) {
      const id = this.#next;
      this.#next = null;
      const saved = this.#sending.createJob({ id }).setId(newTicket(id)).retries(0).save();
      const settled = saved.then(
        () => {},
        (error: unknown) => this.#parts.log.debug({ error: String(error) }, 'a message could not be sent'),
      );
      await firstOf(settled, PATIENCE_MS);
    }
    this.#next = null;
    this.#underWay = false;
  }

  /** One message at a time; answered (and so removed) when the worker waits again. */
  #receive(queue: Queue, job: BeeQueue.Job<Ticket>): Promise<void> {
    if (queue !== this.#taking) return Promise.resolve();
    const kept = new Promise<void>((done) => (this.#hand = done));
    if (!this.#parts.wake()) this.send(job.data.id);
    return kept;
  }

  #putAway(): void {
    this.#hand?.();
    this.#hand = null;
  }

  #open(takes: boolean): Queue {
    const queue = new BeeQueue<Ticket>(TICKETS_QUEUE, {
      // Options only: it does not know the clients of today's redis and would dial 127.0.0.1 instead.
      redis: optionsOf(this.#parts.url) as never,
      prefix: keys.tickets,
      isWorker: takes,
      getEvents: false,
      sendEvents: false,
      storeJobs: false,
      activateDelayedJobs: false,
      removeOnSuccess: true,
      removeOnFailure: true,
      stallInterval: STALL_INTERVAL_MS,
      quitCommandClient: true,
    });
    queue.on('error', (error) => this.#parts.log.debug({ error: String(error) }, 'bee-queue'));
    queue.ready().then(
      () => {
        const { client } = queue as unknown as { client: NodeJS.EventEmitter };
        // It connects again by itself, to a Redis that may have forgotten its scripts.
        client.on('ready', () => void lua.buildCache(client).catch(() => {}));
        if (queue !== this.#taking) return;
        queue.process(1, (job: BeeQueue.Job<Ticket>) => this.#receive(queue, job));
        void queue.checkStalledJobs(STALL_CHECK_MS).catch(() => {});
      },
      () => {
        setTimeout(() => {
          if (queue === this.#sending || queue === this.#taking) this.connected();
        }, RETRY_MS).unref();
      },
    );
    return queue;
  }

  /** Lets it put away what it holds, then ends its connections whatever it says. */
  #discard(queue: Queue | null): void {
    if (!queue) return;
    if (queue === this.#taking) this.#putAway();
    const closing = firstOf(
      queue.close(CLOSE_MS).catch(() => {}),
      CLOSE_MS * 2,
    ).then(() => {
      const clients = queue as unknown as Clients;
      for (const client of [clients.client, clients.bclient, clients.eclient]) client?.end(false);
      this.#discarding.delete(closing);
    });
    this.#discarding.add(closing);
  }
}

const thisProcess = randomBytes(9).toString('base64url');
let sent = 0;

/** Never the same twice: bee-queue silently ignores a message whose id it has seen. */
function newTicket(id: string): string {
  sent += 1;
  return `${id}:${thisProcess}${sent.toString(36)}`;
}

/** What bee-queue's own client (redis 3) understands. */
function optionsOf(url: string): Record<string, unknown> {
  const { hostname, port, username, password, protocol } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: port ? Number(port) : 6379,
    db: databaseOf(url),
    ...(username ? { user: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    // Names only: an address as the server's name is not allowed, and warned of.
    ...(protocol === 'rediss:' ? { tls: isIP(host) ? {} : { servername: host } } : {}),
    retry_strategy: ({ attempt }: { attempt: number }) => Math.min(1000, attempt * 50),
  };
}
