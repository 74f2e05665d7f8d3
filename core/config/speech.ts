/** Settings of the voices. */
import { z } from 'zod';
import { httpAddress, list, optionalText, wholeNumber, type Parsed } from './fields.ts';

const yesOrNo = z
  .enum(['true', 'false', 'yes', 'no', '1', '0'])
  .transform((text) => /^(true|yes|1)$/.test(text));
/** A part of a web address or of a header: nothing that could end it and begin another. */
const plainName = z
  .string()
  .trim()
  .regex(/^[\w.:/-]+$/, 'has a character that does not belong there')
  .optional();
const webSocketAddress = z.url({ protocol: /^(https?|wss?)$/ }).optional();

export const speechSettings = {
  TTS_ENGINE: z
    .enum(['auto', 'espeak', 'flite', 'sherpa', 'openai', 'elevenlabs', 'azure', 'edge', 'none'])
    .default('auto'),
  TTS_FALLBACK: yesOrNo.prefault('false'),
  TTS_TIMEOUT_S: wholeNumber(1, 3600).default(120),
  TTS_MAX_BILLED_CHARACTERS: wholeNumber(0, 100_000_000).default(50_000),
  TTS_LEXICON: optionalText,
  SHERPA_MODELS_DIR: optionalText,
  SHERPA_THREADS: wholeNumber(1, 64).optional(),
  OPENAI_BASE_URL: httpAddress.optional(),
  OPENAI_API_KEY: optionalText,
  OPENAI_TTS_MODEL: plainName,
  OPENAI_TTS_VOICES: list.prefault(''),
  OPENAI_TTS_INSTRUCTIONS: optionalText,
  ELEVENLABS_BASE_URL: httpAddress.optional(),
  ELEVENLABS_API_KEY: optionalText,
  ELEVENLABS_MODEL: plainName,
  ELEVENLABS_VOICES: list.prefault(''),
  AZURE_SPEECH_KEY: optionalText,
  AZURE_SPEECH_REGION: plainName,
  AZURE_SPEECH_ENDPOINT: webSocketAddress,
  AZURE_SPEECH_VOICES: list.prefault(''),
  EDGE_TTS: yesOrNo.prefault('false'),
  EDGE_TTS_URL: webSocketAddress,
};

/** Keys stay in here and in the requests they open; nothing prints them. */
export type SpeechConfig = Readonly<{
  engine: Parsed<typeof speechSettings>['TTS_ENGINE'];
  /** Whether another engine may speak when the chosen one fails. */
  fallback: boolean;
  /** Time one sentence may take, ms. */
  timeoutMs: number;
  /** Characters one job may send to engines that are paid by the character; 0: no limit. */
  maxBilledCharacters: number;
  /** File of words and how they are said; absent: `lexicon.yaml` in the data folder. */
  lexiconFile?: string;
  /** Folder of sherpa voices; absent: `voices` in the data folder. */
  sherpaModelsDir?: string;
  sherpaThreads?: number;
  openai: Readonly<{
    baseUrl?: string;
    apiKey?: string;
    model?: string;
    voices: readonly string[];
    instructions?: string;
  }>;
  elevenlabs: Readonly<{ baseUrl?: string; apiKey?: string; model?: string; voices: readonly string[] }>;
  azure: Readonly<{ key?: string; region?: string; endpoint?: string; voices: readonly string[] }>;
  edge: Readonly<{ enabled: boolean; url?: string }>;
}>;

export function speechConfig(env: Parsed<typeof speechSettings>): SpeechConfig {
  return {
    engine: env.TTS_ENGINE,
    fallback: env.TTS_FALLBACK,
    timeoutMs: env.TTS_TIMEOUT_S * 1000,
    maxBilledCharacters: env.TTS_MAX_BILLED_CHARACTERS,
    lexiconFile: env.TTS_LEXICON,
    sherpaModelsDir: env.SHERPA_MODELS_DIR,
    sherpaThreads: env.SHERPA_THREADS,
    openai: {
      baseUrl: env.OPENAI_BASE_URL,
      apiKey: env.OPENAI_API_KEY,
      model: env.OPENAI_TTS_MODEL,
      voices: env.OPENAI_TTS_VOICES,
      instructions: env.OPENAI_TTS_INSTRUCTIONS,
    },
    elevenlabs: {
      baseUrl: env.ELEVENLABS_BASE_URL,
      apiKey: env.ELEVENLABS_API_KEY,
      model: env.ELEVENLABS_MODEL,
      voices: env.ELEVENLABS_VOICES,
    },
    azure: {
      key: env.AZURE_SPEECH_KEY,
      region: env.AZURE_SPEECH_REGION,
      endpoint: env.AZURE_SPEECH_ENDPOINT,
      voices: env.AZURE_SPEECH_VOICES,
    },
    edge: { enabled: env.EDGE_TTS, url: env.EDGE_TTS_URL },
  };
}
