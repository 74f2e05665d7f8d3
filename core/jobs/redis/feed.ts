/**
 * Events to watchers, whichever process made them. Every process hears the numbers of saved changes, so
 * that it knows what is not news to who comes later; the records themselves, in order, are heard by
 * those who have watchers, and published only if there is one. What a lost connection, or a
 * subscription that had only begun, kept away is read back from the list of changes. What is not saved
 * yet (progress within a second) goes to this process's watchers directly.
 */
import type { Logger } from '../../log.ts';
import { pause } from '../../pause.ts';
import type { JobEvent, JobRecord, WatchFilter } from '../types.ts';
import { EVENTS_PER_CHANGE, eventOf, Watcher, Watchers } from '../watchers.ts';
import { Connection } from './connection.ts';
import { numbersChannel, recordsChannel } from './keys.ts';

export type FeedParts = {
  url: string;
  log: Logger;
  patienceMs: number;
  /** Jobs saved after a change number, in the order of theirs, a part of them if there are many; one job if named. */
  changedSince: (change: number, id?: string) => Promise<{ change: number; record: JobRecord }[]>;
  latestChange: () => Promise<number>;
  /** There is something to announce. */
  onAnnounced: () => void;
};

type Heard = { change: number; record: JobRecord };

/** How long a change may take to come back on the channel before it is passed on without it, ms. */
const ECHO_MS = 200;
const RETRY_MS = 500;
/** How often to look for what the channel did not bring, ms. */
const LOOK_MS = 5000;

export class Feed {
  readonly #parts: FeedParts;
  readonly #subscription: Connection;
  readonly #watchers = new Watchers();
  readonly #closing = new AbortController();
  readonly #echoes = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  /** Number of the last change passed on. */
  #seen = 0;
  /** Whether records are heard, or about to be. */
  #listening = false;
  /** How many read what was missed; what is heard meanwhile is held back. */
  #reading = 0;
  readonly #heldBack: Heard[] = [];

  constructor(parts: FeedParts) {
    this.#parts = parts;
    this.#subscription = new Connection({
      url: parts.url,
      name: 'genscene-events',
      patienceMs: parts.patienceMs,
      log: parts.log,
      prepare: async (client) => {
        await client.subscribe(numbersChannel(parts.url), this.#hearNumber);
        this.#listening = this.#watchers.size > 0;
        const records = recordsChannel(parts.url);
        const subscribed = this.#listening ? client.subscribe(records, this.#hearRecord) : null;
        void this.#catchUp(subscribed);
        await subscribed;
      },
    });
    this.#timer = setInterval(() => {
      if (this.#watchers.size > 0) void this.#catchUp();
      else void this.#listenNoMore();
    }, LOOK_MS).unref();
  }

  watch(filter: WatchFilter, signal: AbortSignal, after: number | undefined): AsyncIterable<JobEvent> {
    const watcher = new Watcher(filter, signal, () => this.#watchers.remove(watcher));
    if (signal.aborted) return watcher;
    if (this.#closing.signal.aborted) watcher.end();
    else if (after === undefined) this.#add(watcher, this.#seen * EVENTS_PER_CHANGE);
    else void this.#resume(watcher, filter, signal, after);
    return watcher;
  }

  /** A change was saved here: resolves when watchers have it and all before it. */
  async saved(record: JobRecord): Promise<void> {
    const change = Math.floor(record.eventId / EVENTS_PER_CHANGE);
    if (this.#watchers.size === 0) {
      // Not to be told to those who come later as news.
      this.#seen = Math.max(this.#seen, change);
      return;
    }
    const end = performance.now() + ECHO_MS;
    while (this.#seen < change && performance.now() < end) await this.#nextEcho(end - performance.now());
    this.#watchers.tell(record);
  }

  /** Passes on one state as it is. */
  unsaved(record: JobRecord): void {
    this.#watchers.tell(record);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#timer);
    this.#watchers.end();
    await this.#subscription.close();
  }

  #add(watcher: Watcher, after: number): void {
    this.#watchers.add(watcher, after);
    this.#listen();
  }

  readonly #hearNumber = (message: string): void => {
    const [change, announced] = message.split(' ');
    // With watchers it is passed on first.
    if (this.#watchers.size === 0) this.#sawUpTo(Number(change));
    if (announced) this.#parts.onAnnounced();
  };

  readonly #hearRecord = (message: string): void => {
    const space = message.indexOf(' ');
    const change = Number(message.slice(0, space));
    if (this.#watchers.size === 0) return this.#sawUpTo(change);
    const record = JSON.parse(message.slice(space + 1)) as JobRecord;
    const heard = { change, record: { ...record, eventId: change * EVENTS_PER_CHANGE } };
    // Whoever resumes after the largest number seen must have had all before it.
    if (this.#reading > 0) this.#heldBack.push(heard);
    else this.#pass(heard);
  };

  #pass({ change, record }: Heard): void {
    this.#watchers.tell(record);
    this.#sawUpTo(change);
  }

  #sawUpTo(change: number): void {
    this.#seen = Math.max(this.#seen, change);
    for (const wake of this.#echoes) wake();
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    const channel = recordsChannel(this.#parts.url);
    void this.#catchUp(this.#subscription.call((client) => client.subscribe(channel, this.#hearRecord)));
  }

  async #listenNoMore(): Promise<void> {
    if (!this.#listening) return;
    this.#listening = false;
    const channel = recordsChannel(this.#parts.url);
    await this.#subscription.call((client) => client.unsubscribe(channel)).catch(() => {});
  }

  /** Passes on what happened while nothing was heard, and only then what is heard since a subscription. */
  async #catchUp(subscribed: Promise<void> | null = null): Promise<void> {
    this.#reading += 1;
    try {
      await subscribed;
      await this.#readMissed();
    } catch {
      // Away again: the next connection, or the next look, brings it.
    }
    this.#reading -= 1;
    if (this.#reading === 0) for (const heard of this.#heldBack.splice(0)) this.#pass(heard);
  }

  async #readMissed(): Promise<void> {
    if (this.#watchers.size === 0) return this.#sawUpTo(await this.#parts.latestChange());
    for (let since = this.#seen; ;) {
      const changed = await this.#parts.changedSince(since);
      if (changed.length === 0) return;
      for (const missed of changed) {
        since = Math.max(since, missed.change);
        this.#pass(missed);
      }
    }
  }

  /** What changed since, then, without a gap, what changes from now on. */
  async #resume(watcher: Watcher, filter: WatchFilter, signal: AbortSignal, after: number): Promise<void> {
    let since = Math.floor(after / EVENTS_PER_CHANGE);
    const ended = AbortSignal.any([signal, this.#closing.signal]);
    // Events of one job cannot overtake each other, so there nothing needs to be held back meanwhile.
    if (filter.id !== undefined) this.#add(watcher, Math.max(after, this.#seen * EVENTS_PER_CHANGE));
    while (!ended.aborted) {
      const seen = this.#seen;
      try {
        const changed = await this.#parts.changedSince(since, filter.id);
        for (const { change, record } of changed) {
          since = Math.max(since, change);
          if (record.eventId > after) watcher.offer(eventOf(record));
        }
        if (filter.id !== undefined) return;
        if (changed.length === 0 && this.#seen === seen) return this.#add(watcher, after);
      } catch {
        await pause(RETRY_MS, ended);
      }
    }
    watcher.end();
  }

  #nextEcho(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        this.#echoes.delete(go);
        resolve();
      };
      const timer = setTimeout(go, ms);
      this.#echoes.add(go);
    });
  }
}
