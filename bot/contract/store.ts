/** What chat remembers over restarts. */
import type { Locale } from './asker.ts';
import type { MessageRef } from './message-ref.ts';

export type ChannelSettings = {
  voice?: string;
  format?: string;
  captions?: string;
  locale?: Locale;
};

/** The card of a job: which message shows it. */
export type Card = {
  jobId: string;
  ref: MessageRef;
  locale: Locale;
  /** How often it went on in a new message. */
  moves?: number;
  /** Address of the message it went on from. */
  earlier?: string;
  /** In the asker's direct messages, for the channel is closed to us: it says so for as long as it stands. */
  isDirect?: boolean;
};

/** Durable before a method returns; survives kill -9. Belongs to one platform. */
export interface ChatStore {
  settings(team: string | null, channel: string): ChannelSettings;
  saveSettings(team: string | null, channel: string, settings: ChannelSettings): void;
  card(jobId: string): Card | null;
  saveCard(card: Card): void;
  /** What someone typed for a job, for editing it later; null if it was not typed. */
  script(jobId: string): string | null;
  saveScript(jobId: string, script: string): void;
  /** Small facts by name, e.g. the hash of the commands that were registered. */
  fact(name: string): string | null;
  saveFact(name: string, value: string): void;
  /** Forgets cards and scripts untouched since then. */
  forget(before: number): void;
  close(): void;
}
