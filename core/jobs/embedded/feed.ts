/**
 * Events to watchers. What was saved is read back in the order of its change numbers, so that
 * nothing is passed over whichever process saved it; what is not saved yet (progress within a
 * second) goes to this process's watchers directly, numbered between two saved changes.
 */
import type { JobEvent, JobRecord, WatchFilter } from '../types.ts';
import { EVENTS_PER_CHANGE, eventOf, Watcher, Watchers } from '../watchers.ts';

export type FeedSource = {
  /** Jobs saved after a change number, in the order of theirs; only one job if it is named. */
  changedSince(change: number, id?: string): { change: number; record: JobRecord }[];
  latestChange(): number;
};

export class Feed {
  readonly #source: FeedSource;
  readonly #pollMs: number;
  readonly #watchers = new Watchers();
  #seen = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(source: FeedSource, pollMs: number) {
    this.#source = source;
    this.#pollMs = pollMs;
  }

  watch(filter: WatchFilter, signal: AbortSignal, after: number | undefined): AsyncIterable<JobEvent> {
    const watcher = new Watcher(filter, signal, () => this.#leave(watcher));
    if (signal.aborted) return watcher;
    if (this.#watchers.size === 0) this.#start();
    else this.#pass();
    if (after !== undefined) {
      for (const { record } of this.#source.changedSince(Math.floor(after / EVENTS_PER_CHANGE), filter.id)) {
        if (record.eventId > after) watcher.offer(eventOf(record));
      }
    }
    this.#watchers.add(watcher);
    return watcher;
  }

  /** Something was saved: passes on all that is new. Never throws. */
  saved(): void {
    if (this.#watchers.size === 0) return;
    try {
      this.#pass();
    } catch {
      // Locked or unreadable for now: the next poll reads the same changes.
    }
  }

  #pass(): void {
    if (this.#source.latestChange() === this.#seen) return;
    for (const { change, record } of this.#source.changedSince(this.#seen)) {
      this.#seen = change;
      this.unsaved(record);
    }
  }

  /** Passes on one state as it is. */
  unsaved(record: JobRecord): void {
    this.#watchers.tell(record);
  }

  close(): void {
    this.#watchers.end();
  }

  #start(): void {
    this.#seen = this.#source.latestChange();
    this.#timer = setInterval(() => this.saved(), this.#pollMs);
    this.#timer.unref();
  }

  #leave(watcher: Watcher): void {
    this.#watchers.remove(watcher);
    if (this.#watchers.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
