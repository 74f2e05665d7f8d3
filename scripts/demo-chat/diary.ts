/** What people do in the story and when: entries that no platform keeps, and the waits between them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry, FormField } from './seen.ts';

export type Diary = {
  readonly entries: Entry[];
  act(who: string, text: string): void;
  form(who: string, form: { title: string; submit: string; fields: FormField[] }): void;
  note(text: string): void;
};

export function keepDiary(say: (line: string) => void): Diary {
  const entries: Entry[] = [];
  return {
    entries,
    act(who, text) {
      entries.push({ kind: 'act', at: Date.now(), who, text });
      say(`${who} ${text}`);
    },
    form(who, form) {
      entries.push({ kind: 'form', at: Date.now(), who, ...form });
      say(`${who} → “${form.title}”`);
    },
    note(text) {
      entries.push({ kind: 'note', at: Date.now(), text });
      say(text);
    },
  };
}

/** Most time one step of the story may take, ms: a machine may be small, and busy. */
const STEP_MS = 300_000;

/**
 * Asks until there is an answer.
 * @throws {Error} naming what was waited for
 */
export async function until<T>(what: string, ask: () => T | null | undefined | false): Promise<T> {
  const end = Date.now() + STEP_MS;
  while (Date.now() < end) {
    const answer = ask();
    if (answer) return answer;
    await sleep(50);
  }
  throw new Error(`Waited ${STEP_MS / 1000} s for ${what}, in vain.`);
}
