/**
 * Any service with OpenAI's `/v1/audio/speech`: OpenAI itself, or a server of one's own such as
 * Kokoro-FastAPI or LocalAI. It tells no word times.
 */
import type { SpeechConfig } from '../../config/speech.ts';
import { decodeReceived, type Decoding } from '../audio/received.ts';
import type { Engine } from '../engine.ts';
import { callService } from './http-service.ts';

export const openaiAddress = 'https://api.openai.com/v1';
const defaultModel = 'gpt-4o-mini-tts';

export type ServiceTools = Pick<Decoding, 'ffmpeg'> & { retryMs?: number };

/** Reference: https://platform.openai.com/docs/api-reference/audio/createSpeech */
export function createOpenai(config: SpeechConfig['openai'], tools: ServiceTools = {}): Engine {
  const { baseUrl = openaiAddress, apiKey, model = defaultModel, instructions } = config;
  return {
    name: 'openai',
    reads: 'everything',
    version: '1',
    variant: () => JSON.stringify([baseUrl, model, instructions ?? '']),
    maxCharacters: 4096,
    async synthesize({ text, voice, speed, signal, timeoutMs }) {
      const { body } = await callService({
        engine: 'openai',
        url: `${baseUrl}/audio/speech`,
        headers: apiKey ? { authorization: `Bearer ${apiKey}` } : {},
        body: {
          model,
          voice,
          input: text,
          response_format: 'wav',
          speed,
          ...(instructions ? { instructions } : {}),
        },
        signal,
        timeoutMs,
        secrets: [apiKey],
        settings: 'OPENAI_BASE_URL and OPENAI_API_KEY',
        retryMs: tools.retryMs,
      });
      const sound = await decodeReceived(body, { engine: 'openai', signal, ffmpeg: tools.ffmpeg });
      return { ...sound, words: null, timing: 'estimated', warnings: [] };
    },
    async close() {},
  };
}
