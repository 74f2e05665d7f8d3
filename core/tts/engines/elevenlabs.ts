/** ElevenLabs, with the time of each character in the answer, which makes exact word times. */
import type { SpeechConfig } from '../../config/speech.ts';
import { StudioError } from '../../errors.ts';
import { audible, decodeReceived } from '../audio/received.ts';
import type { Engine, SpokenWord } from '../engine.ts';
import { cloudVoiceId } from './cloud-voices.ts';
import { callService } from './http-service.ts';
import type { ServiceTools } from './openai.ts';

const address = 'https://api.elevenlabs.io';
const defaultModel = 'eleven_multilingual_v2';
/** Every plan may ask for it; 44.1 kHz is for some. */
const sampleRate = 24_000;
/** Models that take the language as an order; others refuse it and find it out by themselves. */
const takesLanguage = /(flash|turbo)_v2_5|_v3/;
const slowest = 0.7;
const fastest = 1.2;

type Alignment = {
  characters: string[];
  character_start_times_seconds: number[];
  character_end_times_seconds: number[];
};
type Answer = { audio_base64?: unknown; alignment?: Alignment | null };

/** Reference: https://elevenlabs.io/docs/api-reference/text-to-speech/convert-with-timestamps */
export function createElevenlabs(config: SpeechConfig['elevenlabs'], tools: ServiceTools = {}): Engine {
  const { baseUrl = address, apiKey, model = defaultModel, voices } = config;
  return {
    name: 'elevenlabs',
    reads: 'everything',
    version: '1',
    variant: (voice) => JSON.stringify([baseUrl, model, cloudVoiceId('elevenlabs', voices, voice)]),
    maxCharacters: 5000,
    async synthesize({ text, voice, language, speed, signal, timeoutMs }) {
      const possible = Math.min(fastest, Math.max(slowest, speed));
      const id = encodeURIComponent(cloudVoiceId('elevenlabs', voices, voice));
      const { body } = await callService({
        engine: 'elevenlabs',
        url: `${baseUrl}/v1/text-to-speech/${id}/with-timestamps?output_format=pcm_${sampleRate}`,
        headers: apiKey ? { 'xi-api-key': apiKey } : {},
        body: {
          text,
          model_id: model,
          ...(takesLanguage.test(model) ? { language_code: language.split('-')[0]!.toLowerCase() } : {}),
          ...(possible === 1 ? {} : { voice_settings: { speed: possible } }),
        },
        signal,
        timeoutMs,
        secrets: [apiKey],
        settings: 'ELEVENLABS_BASE_URL and ELEVENLABS_API_KEY',
        retryMs: tools.retryMs,
      });
      const answer = readAnswer(body);
      const bytes = Buffer.from(answer.audio_base64, 'base64');
      const sound = await readSound(bytes, signal, tools);
      const words = answer.alignment ? wordsOf(text, answer.alignment) : null;
      return {
        ...sound,
        words,
        timing: words ? 'engine' : 'estimated',
        warnings:
          possible === speed
            ? []
            : [
                `ElevenLabs speaks at ${slowest} to ${fastest} times its own speed: ${possible} instead of ${speed}.`,
              ],
      };
    },
    async close() {},
  };
}

function readAnswer(body: Buffer): { audio_base64: string; alignment: Alignment | null } {
  let answer: Answer | null = null;
  try {
    answer = JSON.parse(body.toString('utf8')) as Answer | null;
  } catch {
    // Said below.
  }
  if (!answer || typeof answer.audio_base64 !== 'string')
    throw new StudioError('speech_failed', 'The elevenlabs engine answered something without speech in it.', {
      retryable: true,
      hint: 'Check ELEVENLABS_BASE_URL.',
    });
  return {
    audio_base64: answer.audio_base64,
    alignment: isAlignment(answer.alignment) ? answer.alignment : null,
  };
}

function isAlignment(value: Alignment | null | undefined): value is Alignment {
  const lists = value && [
    value.characters,
    value.character_start_times_seconds,
    value.character_end_times_seconds,
  ];
  return Boolean(lists && lists.every((each) => Array.isArray(each) && each.length === lists[0]!.length) && lists[0]!.length > 0); // prettier-ignore
}

/** Bare 16-bit samples as asked for; a proxy that answers another format is understood too. */
async function readSound(bytes: Buffer, signal: AbortSignal, tools: ServiceTools) {
  const isContainer = /^(RIFF|OggS|fLaC|ID3)/.test(bytes.toString('latin1', 0, 4));
  if (isContainer || bytes.length === 0)
    return decodeReceived(bytes, { engine: 'elevenlabs', signal, ffmpeg: tools.ffmpeg });
  const samples = new Int16Array(bytes.length >> 1);
  for (let index = 0; index < samples.length; index++) samples[index] = bytes.readInt16LE(index * 2);
  return audible({ samples, sampleRate }, 'elevenlabs');
}

/** Words from the times of characters; the service repeats the text it was given, nearly always. */
export function wordsOf(text: string, alignment: Alignment): SpokenWord[] {
  const words: SpokenWord[] = [];
  let at = 0;
  let inWord = false;
  alignment.characters.forEach((character, index) => {
    const startS = alignment.character_start_times_seconds[index]!;
    const endS = alignment.character_end_times_seconds[index]!;
    if (/^\s*$/u.test(character)) {
      inWord = false;
      return;
    }
    const found = text.indexOf(character, at);
    // A character the text does not have near here was put in by the service.
    if (found < 0 || found > at + 8) return;
    if (/\s/u.test(text.slice(at, found))) inWord = false;
    at = found + character.length;
    const last = words.at(-1);
    if (inWord && last) {
      last.charEnd = at;
      if (/[\p{L}\p{N}]/u.test(character)) last.endS = Math.max(last.endS, endS);
    } else words.push({ charStart: found, charEnd: at, startS, endS });
    inWord = true;
  });
  return words;
}
