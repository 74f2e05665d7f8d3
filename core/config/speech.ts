/** Settings of the voices. */
import { z } from 'zod';
import { optionalText, type Parsed } from './fields.ts';

export const speechSettings = {
  TTS_ENGINE: z
    .enum(['auto', 'espeak', 'flite', 'sherpa', 'openai', 'elevenlabs', 'azure', 'edge', 'none'])
    .default('auto'),
  SHERPA_MODELS_DIR: optionalText,
  OPENAI_BASE_URL: z.url().optional(),
  OPENAI_API_KEY: optionalText,
  ELEVENLABS_BASE_URL: z.url().optional(),
  ELEVENLABS_API_KEY: optionalText,
};

export type SpeechConfig = Readonly<{
  engine: Parsed<typeof speechSettings>['TTS_ENGINE'];
  sherpaModelsDir?: string;
  openai: Readonly<{ baseUrl?: string; apiKey?: string }>;
  elevenlabs: Readonly<{ baseUrl?: string; apiKey?: string }>;
}>;

export function speechConfig(env: Parsed<typeof speechSettings>): SpeechConfig {
  return {
    engine: env.TTS_ENGINE,
    sherpaModelsDir: env.SHERPA_MODELS_DIR,
    openai: { baseUrl: env.OPENAI_BASE_URL, apiKey: env.OPENAI_API_KEY },
    elevenlabs: { baseUrl: env.ELEVENLABS_BASE_URL, apiKey: env.ELEVENLABS_API_KEY },
  };
}
