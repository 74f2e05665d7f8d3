/**
 * What one speech engine provides. Everything around it (checking voices, cleaning text, sentences,
 * caching, joining, marks) is done outside, once, for all engines.
 */
import type { EngineName, SpeechResult, Voice } from './types.ts';

/** An engine as the table in index.ts lists it: known without being loaded. */
export type EngineEntry = {
  name: EngineName;
  /** Whether it can be used now: its package is installed, its key is set. */
  available(): boolean;
  voices(): readonly Voice[];
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
  /** Speaks one sentence. The engine may add silence around it; it is measured and cut off. */
  synthesize(sentence: SentenceRequest): Promise<Synthesis>;
  close(): Promise<void>;
};

export type SentenceRequest = {
  /** Normalised text without line breaks. */
  text: string;
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
  words: SpokenWord[];
  timing: Exclude<SpeechResult['timing'], 'exact'>;
  warnings: string[];
};

/** A word as the engine said it: where it is in the sentence's text (UTF-16) and in its audio (s). */
export type SpokenWord = { charStart: number; charEnd: number; startS: number; endS: number };
