/**
 * Calls to a platform, in order and in time: of one message only the latest call waits, calls of one
 * lane (a channel, a workspace) are spaced, and what is urgent goes first. Nobody has to await it.
 */
import { backoffMs, systemClock, type Clock } from './clock.ts';
import { MessengerError } from './types.ts';

export type QueuedCall = {
  /** Of the message: a later call with this key replaces one that waits. */
  key: string;
  lane: string;
  /** Before all that is not, and without waiting for the message's own interval. */
  urgent: boolean;
  /** Whether to try again, for as long as it takes, what may work later. */
  retry: boolean;
  run(signal: AbortSignal): Promise<void>;
};

/** `superseded`: a later call of the same message took its place. */
export type CallEnd = 'sent' | 'superseded' | 'stopped';

export type EditQueue = {
  /** @throws what `run` threw, unless it is tried again */
  put(call: QueuedCall): Promise<CallEnd>;
  /** Aborts the calls under way and drops those that wait. Idempotent. */
  stop(): Promise<void>;
};

type Entry = QueuedCall & {
  /** Order of arrival of the key's first waiting call. */
  turn: number;
  resolve(end: CallEnd): void;
  reject(error: unknown): void;
};
type Lane = {
  waiting: Map<string, Entry>;
  /** Epoch ms before which nothing is sent. */
  freeAt: number;
  failures: number;
  wake: AbortController;
  loop: Promise<void> | null;
};

/** Keys whose last call is remembered before old ones are let go. */
const REMEMBERED_KEYS = 1000;

export function createEditQueue(options: {
  /** Least time between two calls of one message, ms. */
  editIntervalMs: number;
  /** Least time between two calls of one lane, ms. */
  laneIntervalMs: number;
  clock?: Clock;
}): EditQueue {
  const { editIntervalMs, laneIntervalMs, clock = systemClock } = options;
  const lanes = new Map<string, Lane>();
  const sentAt = new Map<string, number>();
  const stopping = new AbortController();
  let turns = 0;

  function put(call: QueuedCall): Promise<CallEnd> {
    if (stopping.signal.aborted) return Promise.resolve('stopped');
    return new Promise((resolve, reject) => enqueue({ ...call, turn: turns++, resolve, reject }));
  }

  function enqueue(entry: Entry): void {
    const lane = laneOf(entry.lane);
    const before = lane.waiting.get(entry.key);
    if (before) {
      entry.turn = before.turn;
      entry.urgent ||= before.urgent;
      before.resolve('superseded');
    }
    lane.waiting.set(entry.key, entry);
    lane.wake.abort();
    lane.loop ??= work(entry.lane, lane);
  }

  function laneOf(name: string): Lane {
    const known = lanes.get(name);
    if (known) return known;
    const lane: Lane = {
      waiting: new Map(),
      freeAt: 0,
      failures: 0,
      wake: new AbortController(),
      loop: null,
    };
    lanes.set(name, lane);
    return lane;
  }

  async function work(name: string, lane: Lane): Promise<void> {
    while (lane.waiting.size > 0 && !stopping.signal.aborted) {
      const next = firstOf(lane);
      const wait = Math.max(lane.freeAt, next.urgent ? 0 : dueAt(next)) - clock.now();
      if (wait > 0) {
        lane.wake = new AbortController();
        await clock.wait(wait, AbortSignal.any([stopping.signal, lane.wake.signal]));
      } else {
        lane.waiting.delete(next.key);
        await send(next, lane);
      }
    }
    lane.loop = null;
    // Once its interval has passed, nothing of it needs to be remembered.
    if (lane.freeAt <= clock.now() && lane.failures === 0) lanes.delete(name);
  }

  /** Urgent ones by arrival; of the others the one that may go soonest, by arrival. */
  function firstOf(lane: Lane): Entry {
    const rank = (entry: Entry): number =>
      entry.urgent ? -Infinity : Math.max(dueAt(entry), lane.freeAt, clock.now());
    return [...lane.waiting.values()].reduce((best, entry) => {
      const [a, b] = [rank(best), rank(entry)];
      return b < a || (a === b && entry.turn < best.turn) ? entry : best;
    });
  }

  function dueAt({ key }: Entry): number {
    return (sentAt.get(key) ?? -Infinity) + editIntervalMs;
  }

  async function send(entry: Entry, lane: Lane): Promise<void> {
    const at = clock.now();
    lane.freeAt = at + laneIntervalMs;
    remember(entry.key, at);
    try {
      await entry.run(stopping.signal);
      lane.failures = 0;
      entry.resolve('sent');
    } catch (error) {
      if (stopping.signal.aborted) return entry.resolve('stopped');
      const pauseMs = pauseAfter(error, lane);
      if (pauseMs === null) return entry.reject(error);
      lane.freeAt = Math.max(lane.freeAt, clock.now() + pauseMs);
      if (!entry.retry) entry.reject(error);
      else if (lane.waiting.has(entry.key)) entry.resolve('superseded');
      else lane.waiting.set(entry.key, entry);
    }
  }

  /** How long the lane rests after a fault; null if the fault says nothing about the lane. */
  function pauseAfter(error: unknown, lane: Lane): number | null {
    if (!(error instanceof MessengerError)) return null;
    switch (error.fault) {
      case 'rate_limited':
        return error.retryAfterMs ?? backoffMs(++lane.failures);
      case 'unavailable':
      case 'unauthorised':
        return backoffMs(++lane.failures);
      case 'gone':
      case 'too_old':
      case 'no_access':
      case 'refused':
        return null;
    }
  }

  function remember(key: string, at: number): void {
    sentAt.delete(key);
    sentAt.set(key, at);
    for (const [old, time] of sentAt) {
      if (sentAt.size <= REMEMBERED_KEYS || time + editIntervalMs > at) break;
      sentAt.delete(old);
    }
  }

  return {
    put,
    async stop() {
      stopping.abort();
      for (const lane of lanes.values()) {
        for (const entry of lane.waiting.values()) entry.resolve('stopped');
        lane.waiting.clear();
      }
      await Promise.all([...lanes.values()].map((lane) => lane.loop));
    },
  };
}
