/** What the studio and an engine child say to each other over the pipe between them. */
import type { SentenceRequest, SpokenWord } from '../engine.ts';

export type ChildEngine = 'espeak' | 'flite' | 'sherpa';

/** One sentence to speak. */
export type ChildJob = {
  text: string;
  /** Ranges of the text to stress. */
  emphasis?: SentenceRequest['emphasis'];
  voice: string;
  speed: number;
  model?: SherpaOrder;
};

/** What sherpa must load, and who of it speaks; `language` only where a model must be told. */
export type SherpaOrder = { config: Record<string, unknown>; speaker: number; language?: string };

export type ChildSpeech = { samples: Int16Array; sampleRate: number; words: SpokenWord[] };

/** The engine as the child sees it: plain, blocking work. */
export type Speaker = (job: ChildJob) => ChildSpeech;

export type ToChild = { id: number; job: ChildJob };

export type FromChild =
  | { kind: 'ready' }
  /** The job arrived: if the child dies from here on, the job is to blame as much as anything. */
  | { kind: 'begun'; id: number }
  | { kind: 'spoken'; id: number; speech: ChildSpeech; rssBytes: number }
  | { kind: 'failed'; id: number; message: string };
