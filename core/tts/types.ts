/**
 * Speech: the contract between whoever needs a voice and the engines.
 * `Speech` is what the pipeline and the doors call; `Engine` is what one engine file provides.
 */
import type { StudioError } from '../errors.ts';

export type EngineName = 'espeak' | 'flite' | 'sherpa' | 'openai' | 'elevenlabs' | 'azure' | 'edge' | 'none';

export type Voice = {
  engine: EngineName;
  /** The name to put in a storyboard's `voice.name`; unique within its engine. */
  name: string;
  /** BCP-47 tag, e.g. `en-US`, `es-419`; `mul` for a voice of many languages. */
  language: string;
  /** What a voice of many languages speaks, as BCP-47 tags; absent: whatever its engine manages. */
  languages?: readonly string[];
  gender: 'female' | 'male' | 'neutral' | 'unknown';
  /** Where word times come from: the engine itself, alignment afterwards, or an estimate by length. */
  timing: 'engine' | 'aligned' | 'estimated';
  /** Whether the text stays on this machine. */
  local: boolean;
  licence: string;
};

export type SpeechRequest = {
  /** What to say, in the words of the script. */
  text: string;
  /** BCP-47 language of the text. */
  language: string;
  /** Engine wanted, or `auto`: configured neural or cloud, then flite for English, then espeak. */
  engine?: EngineName | 'auto';
  /** Voice name of that engine; absent means the engine's best voice for the language. */
  voice?: string;
  /** Speaking rate, 0.5 to 2; 1 is the voice's own. */
  speed?: number;
  /** How words are to be said: word → respelling, or IPA between slashes. What is shown stays as written. */
  lexicon?: Readonly<Record<string, string>>;
  /** Whether another engine may speak if the chosen one fails; absent means as the settings say. */
  fallback?: boolean;
  /** Requests with the same object are one job: they share its limit of billed characters. */
  job?: object;
  /** Nothing is spoken anew, here or in a fallback: what no host sharing the cache has spoken is `speech_failed`. */
  onlyKnown?: boolean;
  signal?: AbortSignal;
  /** Stretches of the text with a voice of their own; then only they are said, in this order. */
  turns?: readonly SpeechTurn[];
};

/** UTF-16 offsets into the request's text, and what differs from the request there. */
export type SpeechTurn = {
  start: number;
  end: number;
  /** Who speaks; another one than before is waited for a little longer. */
  speaker?: string | null;
} & Partial<Pick<SpeechRequest, 'language' | 'engine' | 'voice' | 'speed' | 'fallback'>>;

/** One spoken sentence or word; positions are UTF-16 offsets into the request's original text. */
export type Mark = {
  kind: 'sentence' | 'word';
  text: string;
  charStart: number;
  charEnd: number;
  /** Milliseconds from the start of the audio. */
  startMs: number;
  endMs: number;
};

export type SpeechResult = {
  /** Mono 16-bit PCM WAV in the speech cache: read it, never write or move it. */
  path: string;
  sampleRate: number;
  /** Measured on the decoded samples. */
  durationMs: number;
  marks: Mark[];
  timing: 'exact' | 'engine' | 'aligned' | 'estimated';
  engine: EngineName;
  engineVersion: string;
  voice: string;
  /** Why this engine and voice, in a few words: `asked for`, `the first choice for es`. */
  why: string;
  /** Of a request with turns: who spoke each. */
  voices?: Pick<SpeechResult, 'engine' | 'voice' | 'why'>[];
  /** True if nothing had to be synthesised. */
  cached: boolean;
  /** Plain sentences for the job: an engine that was replaced, a character that was dropped. */
  warnings: string[];
};

export type Speech = {
  /**
   * Speaks a text. Empty or whitespace-only text is an error.
   * @throws {StudioError} voice_unknown, speech_failed, timeout, cancelled
   */
  speak(request: SpeechRequest): Promise<SpeechResult>;
  /** Checks engine, voice and language without speaking; null means they fit together. */
  check(request: Pick<SpeechRequest, 'language' | 'engine' | 'voice'>): StudioError | null;
  /** All voices that can be used now, optionally only those that speak `language` (prefix match). */
  voices(language?: string): Voice[];
  /** Ends all engine children. Idempotent. */
  close(): Promise<void>;
};
