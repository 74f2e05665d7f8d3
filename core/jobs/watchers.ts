/** Readers of job events, whichever driver brings them: each gets the latest of every job, never an older one after it. */
import type { JobEvent, JobRecord, WatchFilter } from './types.ts';

/** Events one saved change leaves room for: change 7 is event 7000, then 7001 … 7999 unsaved. */
export const EVENTS_PER_CHANGE = 1000;

/** Jobs whose last event a watcher remembers. A repeat can only be of one that changed just now. */
const JOBS_REMEMBERED = 2000;

const finalTypes = { done: 'done', failed: 'failed', cancelled: 'cancelled' } as const;

export class Watchers {
  readonly #watchers = new Map<Watcher, number>();

  get size(): number {
    return this.#watchers.size;
  }

  /** @param after number of the last event that is not news to it */
  add(watcher: Watcher, after = 0): void {
    this.#watchers.set(watcher, after);
  }

  remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  /** Passes on one state as it is. */
  tell(record: JobRecord): void {
    if (this.#watchers.size === 0) return;
    const event = eventOf(record);
    for (const [watcher, after] of this.#watchers) if (event.id > after) watcher.offer(event);
  }

  end(): void {
    for (const watcher of this.#watchers.keys()) watcher.end();
  }
}

export function eventOf(record: JobRecord): JobEvent {
  const type =
    record.status === 'queued'
      ? 'queued'
      : (finalTypes[record.status as keyof typeof finalTypes] ?? 'progress');
  return { id: record.eventId, jobId: record.id, type, at: record.updatedAt, job: record };
}

/** One reader; holds at most one event a job, the latest. */
export class Watcher implements AsyncIterable<JobEvent>, AsyncIterator<JobEvent> {
  readonly #filter: WatchFilter;
  readonly #signal: AbortSignal;
  readonly #onEnd: () => void;
  readonly #waiting = new Map<string, JobEvent>();
  /** Last event number given for each of the latest jobs, so that none comes twice or late. */
  readonly #given = new Map<string, number>();
  #wake: (() => void) | null = null;
  #ended = false;

  constructor(filter: WatchFilter, signal: AbortSignal, onEnd: () => void) {
    this.#filter = filter;
    this.#signal = signal;
    this.#onEnd = onEnd;
    if (signal.aborted) this.#ended = true;
    else signal.addEventListener('abort', this.end, { once: true });
  }

  [Symbol.asyncIterator](): AsyncIterator<JobEvent> {
    return this;
  }

  offer(event: JobEvent): void {
    if (this.#ended || !matches(this.#filter, event.job)) return;
    const last = this.#given.get(event.jobId);
    if (last !== undefined && event.id <= last) return;
    this.#given.delete(event.jobId);
    this.#given.set(event.jobId, event.id);
    if (this.#given.size > JOBS_REMEMBERED) this.#given.delete(this.#given.keys().next().value!);
    this.#waiting.delete(event.jobId);
    this.#waiting.set(event.jobId, event);
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<JobEvent>> {
    while (this.#waiting.size === 0 && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = null;
    }
    const [first] = this.#waiting;
    if (this.#ended || first === undefined) return { done: true, value: undefined };
    this.#waiting.delete(first[0]);
    return { done: false, value: first[1] };
  }

  async return(): Promise<IteratorResult<JobEvent>> {
    this.end();
    return { done: true, value: undefined };
  }

  readonly end = (): void => {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal.removeEventListener('abort', this.end);
    this.#waiting.clear();
    this.#given.clear();
    this.#onEnd();
    this.#wake?.();
  };
}

function matches(filter: WatchFilter, job: JobRecord): boolean {
  return (
    (filter.id === undefined || filter.id === job.id) &&
    (filter.owner === undefined || filter.owner === job.owner) &&
    (filter.kind === undefined || filter.kind === job.kind) &&
    (filter.platform === undefined || filter.platform === job.origin.platform)
  );
}
