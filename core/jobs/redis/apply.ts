/**
 * Sends changes to Redis (what it does with them: apply-script.ts). Those asked for in one turn of the
 * event loop go together: each is atomic and answered for itself, and they share one round trip, one
 * sync of the append-only file and most of what a script costs.
 */
import { StudioError } from '../../errors.ts';
import type { Command, Moves } from './indexes.ts';
import { keys } from './keys.ts';
import type { Script } from './scripts.ts';

/** Only if the hash has this value in this field; '' is absence. */
export type Guard = [key: string, field: string, value: string];

export type Change = {
  /** What stands for `found.record`, and is told to watchers. */
  record?: string;
  /** What stands for `found.request`. */
  request?: string;
  /** Gets a number, and is told to watchers. */
  numbered?: boolean;
  /** A new place at the end of the queue. */
  newPlace?: { id: string; priority: number; owner: string } | null;
  /** Refused if this key is there. */
  idempotencyKey?: string | undefined;
  /** Refused if so many are queued. */
  maxQueued?: number;
  guards?: readonly Guard[];
  /** Ids of announcements: commands and moves use them by `found.after`, and senders are woken. */
  names?: readonly string[];
  moves?: Moves;
  commands?: readonly Command[];
};

export type Applied =
  /** `messages`: how many waited for an idle worker in that moment. */
  | { kind: 'done'; change: string; place: string; order: string; messages: number }
  | { kind: 'known'; id: string }
  | { kind: 'full' }
  /** Number of the first guard that failed, from 1. */
  | { kind: 'stale'; guard: number };

export type ApplierParts = {
  script: Script;
  run: <T>(script: Script, values: string[]) => Promise<T>;
  /** Where the numbers of changes are told, and their records to whom it concerns. */
  channels: { numbers: string; records: string };
  /** Redis's time at which a change that has not been made yet must not be made any more. */
  deadline: () => string;
  /** Hears of Redis's time, epoch ms. */
  onTime: (now: number) => void;
};

type Reply = [kind: 'late' | 'done', now: number, messages: number, ...answers: (string | number)[][]];
type Asked = { change: Change; resolve: (applied: Applied) => void; reject: (error: unknown) => void };

/** Changes sent together at most: others of Redis's clients must not wait long. */
const MOST_TOGETHER = 64;

export class Applier {
  readonly #parts: ApplierParts;
  #asked: Asked[] = [];

  constructor(parts: ApplierParts) {
    this.#parts = parts;
  }

  /** @throws {StudioError} not_ready or no_space; it is then not known whether the change was made, unless Redis refused it */
  apply(change: Change): Promise<Applied> {
    return new Promise((resolve, reject) => {
      if (this.#asked.length === 0) setImmediate(() => this.#sendAll());
      this.#asked.push({ change, resolve, reject });
    });
  }

  #sendAll(): void {
    const asked = this.#asked;
    this.#asked = [];
    for (let from = 0; from < asked.length; from += MOST_TOGETHER)
      void this.#send(asked.slice(from, from + MOST_TOGETHER));
  }

  async #send(asked: readonly Asked[]): Promise<void> {
    const { script, run, channels, deadline, onTime } = this.#parts;
    try {
      const texts = asked.flatMap(({ change }) => [change.record ?? '', change.request ?? '']);
      const changes = asJson(asked.map(({ change }) => wordsOf(change)));
      const values = [deadline(), channels.numbers, channels.records, changes, ...texts];
      const [kind, now, messages, ...answers] = await run<Reply>(script, values);
      onTime(now);
      if (kind === 'late') throw tooSlow();
      asked.forEach(({ resolve }, index) => resolve(appliedOf(answers[index] ?? [], messages)));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}

/** As apply-script.ts reads it. */
function wordsOf(change: Change): string[] {
  const { newPlace, guards = [], names = [], moves = noMoves, commands = [] } = change;
  const words = [
    change.numbered ? '1' : '',
    newPlace ? String(newPlace.priority) : '',
    newPlace ? keys.turnsOf(newPlace.priority, newPlace.owner) : '',
    newPlace ? newPlace.id : '',
    change.idempotencyKey ?? '',
    change.maxQueued === undefined ? '' : String(change.maxQueued),
    String(guards.length),
    String(names.length),
    String(moves.removals.length / 2),
    String(moves.additions.length / 3),
  ];
  for (const guard of guards) words.push(...guard);
  words.push(...names, ...moves.removals, ...moves.additions);
  for (const command of commands) words.push(String(command.length), ...command);
  return words;
}

const noMoves: Moves = { removals: [], additions: [] };

/** Halves of characters, which Redis's reader of JSON refuses, become U+FFFD as everywhere else. */
function asJson(changes: string[][]): string {
  const json = JSON.stringify(changes);
  if (!json.includes('\\ud')) return json;
  return JSON.stringify(changes.map((words) => words.map((word) => Buffer.from(word).toString())));
}

function appliedOf(answer: readonly (string | number)[], messages: number): Applied {
  const [kind, first = '', place = '', order = ''] = answer;
  if (kind === 'known') return { kind, id: String(first) };
  if (kind === 'full') return { kind };
  if (kind === 'stale') return { kind, guard: Number(first) };
  return { kind: 'done', change: String(first), place: String(place), order: String(order), messages };
}

function tooSlow(): StudioError {
  return new StudioError('not_ready', 'The job store (Redis) was too slow; nothing was changed.', {
    retryable: true,
    hint: 'Try again; if it stays so, look at the load of Redis and the network to it.',
  });
}
