/**
 * Delivery by bee-queue: one message for each job that waits, carrying only its id, wakes one idle
 * worker anywhere. Which job that worker then gets is decided by the records (priority, turns), so a
 * message lost, doubled or late can neither lose a job nor run it twice; the reconciler sends what is
 * missing.
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
import { createRequire } from 'node:module';
import BeeQueue from 'bee-queue';
import type { Logger } from '../../log.ts';
import { firstOf } from '../../pause.ts';
import { PATIENCE_MS } from './connection.ts';
import { databaseOf, keys, TICKETS_QUEUE } from './keys.ts';

export type Ticket = { id: string; attempt: number };

export type TicketsParts = {
  url: string;
  log: Logger;
  /** Whether someone here waits for work, and is woken by this. */
  wake: () => boolean;
};

type Queue = BeeQueue<Ticket>;
type Clients = Partial<Record<'client' | 'bclient' | 'eclient', { end(flush: boolean): void }>>;

/** bee-queue's own reader and keeper of its scripts; not among its types. */
const lua = createRequire(import.meta.url)('bee-queue/lib/lua') as {
  buildCache(client: unknown): Promise<unknown>;
};

const STALL_INTERVAL_MS = 15_000;
const STALL_CHECK_MS = 1000;
/** Messages on their way to Redis above which further ones are left to the reconciler. */
const MOST_UNSENT = 1000;
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
  #unsent = 0;
  #renewedAt = 0;
  /** The message in hand, and how it is put away. */
  #hand: { spent: boolean; done: () => void } | null = null;
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

  /** Sends a message; late by `delayMs` if that is more than 0. Never fails: see the reconciler. */
  send(ticket: string, message: Ticket, delayMs = 0): void {
    if (this.#closed || this.#later.has(ticket)) return;
    if (delayMs > 0) {
      const go = (): void => {
        this.#later.delete(ticket);
        this.send(ticket, message);
      };
      this.#later.set(ticket, setTimeout(go, Math.min(delayMs, LONGEST_DELAY_MS)).unref());
      return;
    }
    const queue = this.#sending;
    if (!queue || this.#unsent >= MOST_UNSENT) return;
    const job = queue.createJob(message).setId(ticket).retries(0);
    this.#ask(job.save(), 'a message could not be sent');
  }

  /**
   * A job was claimed (or is not queued any more): the message in hand is spent on it, whichever it
   * was for; without one, the job's own is taken out of the queue.
   */
  used(ticket: string, byClaim: boolean): void {
    clearTimeout(this.#later.get(ticket));
    this.#later.delete(ticket);
    if (byClaim && this.#hand && !this.#hand.spent) {
      this.#hand.spent = true;
      return;
    }
    if (this.#sending && ticket && this.#unsent < MOST_UNSENT)
      this.#ask(this.#sending.removeJob(ticket), 'a message could not be taken back');
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

  /** One message at a time; answered (and so removed) when the worker waits again. */
  #receive(queue: Queue, job: BeeQueue.Job<Ticket>): Promise<void> {
    if (queue !== this.#taking) return Promise.resolve();
    const kept = new Promise<void>((done) => (this.#hand = { spent: false, done }));
    if (!this.#parts.wake()) {
      this.#hand!.spent = true;
      const hops = Number(/~(\d+)$/.exec(job.id)?.[1] ?? 0) + 1;
      this.send(`${job.id.replace(/~\d+$/, '')}~${hops}`, job.data);
    }
    return kept;
  }

  #putAway(): void {
    this.#hand?.done();
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

  #ask(work: Promise<unknown>, complaint: string): void {
    this.#unsent += 1;
    const settled = work.then(
      () => {},
      (error: unknown) => this.#parts.log.debug({ error: String(error) }, complaint),
    );
    void firstOf(settled, PATIENCE_MS).then(() => (this.#unsent -= 1));
  }
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
    ...(protocol === 'rediss:' ? { tls: { servername: host } } : {}),
    retry_strategy: ({ attempt }: { attempt: number }) => Math.min(1000, attempt * 50),
  };
}
