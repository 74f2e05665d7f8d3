/**
 * What one speech engine provides. Everything around it (checking voices, cleaning text, sentences,
 * caching, joining, marks) is done outside, once, for all engines.
 */
import type { Reads } from './text/written-out.ts';
import type { EngineName, SpeechResult, Voice } from './types.ts';

/** An engine as the table in index.ts lists it: known without being loaded. */
export type EngineEntry = {
  name: EngineName;
  /** Whether it can be used now: its package is installed, its key is set. */
  available(): boolean;
  /** What makes it available, as an order: `Set OPENAI_API_KEY.` */
  needs?: string;
  voices(): readonly Voice[];
  /**
   * A voice that is not listed but can be asked for by its name, if the engine is named too; null if
   * there is none. @throws {StudioError} voice_unknown saying why a voice that is there cannot speak
   */
  voiceNamed?(name: string): Voice | null;
  /** Whether someone is paid by the character: a job may only send so many. */
  billed?: boolean;
  /** Said on every job this engine speaks in. */
  caution?: string;
  /** The voice to use for a language if none is named; null if the engine does not speak it. */
  defaultVoice(language: string): string | null;
  /** Whether `auto` may choose it for this language. */
  suits(language: string): boolean;
  load(): Promise<Engine>;
};

export type Engine = {
  name: EngineName;
  /** Part of the cache key: another version speaks anew. */
  version: string;
  /** What else decides how a voice sounds, for the cache key: a model's name, a file's fingerprint. */
  variant?(voice: string): string;
  /** What it reads by itself; the rest is written out for it. Absent: words only. */
  reads?: Reads;
  /** Most characters one call can take; a sentence of ours has at most 400. */
  maxCharacters?: number;
  /** Speaks one sentence. The engine may add silence around it; it is measured and cut off. */
  synthesize(sentence: SentenceRequest): Promise<Synthesis>;
  close(): Promise<void>;
};

export type SentenceRequest = {
  /** Normalised text without line breaks. */
  text: string;
  /** Ranges of the text to stress (UTF-16), for engines that can; in order, apart. */
  emphasis?: readonly (readonly [start: number, end: number])[];
  voice: string;
  language: string;
  speed: number;
  signal: AbortSignal;
  timeoutMs: number;
};

export type Synthesis = {
  /** Mono PCM. */
  samples: Int16Array;
  sampleRate: number;
  /** null if the engine does not tell: they are found afterwards, once for all such engines. */
  words: SpokenWord[] | null;
  timing: Exclude<SpeechResult['timing'], 'exact'>;
  warnings: string[];
};

/** A word as the engine said it: where it is in the sentence's text (UTF-16) and in its audio (s). */
export type SpokenWord = { charStart: number; charEnd: number; startS: number; endS: number };
