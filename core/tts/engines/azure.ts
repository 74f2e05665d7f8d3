/** Azure Speech by Microsoft's own SDK, which is loaded with the first sentence; it announces each word. */
import type * as Sdk from 'microsoft-cognitiveservices-speech-sdk';
import type { SpeechConfig } from '../../config/speech.ts';
import { asStudioError, StudioError } from '../../errors.ts';
import { decodeReceived } from '../audio/received.ts';
import type { Engine, SentenceRequest, Synthesis } from '../engine.ts';
import { withoutSecrets, withTries, type Outcome } from './http-service.ts';
import { locateWords, type AnnouncedWord } from './located-words.ts';
import type { ServiceTools } from './openai.ts';
import { ssmlOf, ticksPerSecond, unescapeMarkup } from './ssml.ts';

type Spoken = { audio: Buffer; words: AnnouncedWord[] };
const settings = 'AZURE_SPEECH_KEY and AZURE_SPEECH_REGION (or AZURE_SPEECH_ENDPOINT)';

/** Reference: https://learn.microsoft.com/azure/ai-services/speech-service/how-to-speech-synthesis */
export async function createAzure(config: SpeechConfig['azure'], tools: ServiceTools = {}): Promise<Engine> {
  const sdk = await loadSdk();
  return {
    name: 'azure',
    reads: 'everything',
    version: '1',
    maxCharacters: 5000,
    async synthesize(sentence) {
      const { signal, timeoutMs } = sentence;
      const call = { engine: 'azure' as const, signal, timeoutMs, retryMs: tools.retryMs };
      const spoken = await withTries(call, (ending) => speakOnce(sdk, config, sentence, ending));
      return synthesisOf(sentence, spoken);
    },
    async close() {},
  };
}

async function loadSdk(): Promise<typeof Sdk> {
  try {
    // It is CommonJS: its exports are on `default` for us.
    const loaded = (await import('microsoft-cognitiveservices-speech-sdk')) as typeof Sdk & {
      default?: typeof Sdk;
    };
    return loaded.default ?? loaded;
  } catch (cause) {
    throw new StudioError('speech_failed', 'The azure engine is not installed.', {
      hint: 'Run npm install microsoft-cognitiveservices-speech-sdk.',
      cause,
    });
  }
}

async function synthesisOf(sentence: SentenceRequest, { audio, words }: Spoken): Promise<Synthesis> {
  const sound = await decodeReceived(audio, { engine: 'azure', signal: sentence.signal });
  const found = locateWords(sentence.text, words);
  return {
    ...sound,
    words: found.length > 0 ? found : null,
    timing: found.length > 0 ? 'engine' : 'estimated',
    warnings: [],
  };
}

/** One synthesizer a sentence: its connection ends with it, whatever state it is in. */
async function speakOnce(
  sdk: typeof Sdk,
  config: SpeechConfig['azure'],
  sentence: SentenceRequest,
  signal: AbortSignal,
): Promise<Outcome<Spoken>> {
  const synthesizer = new sdk.SpeechSynthesizer(speechConfig(sdk, config), null);
  const words: AnnouncedWord[] = [];
  synthesizer.wordBoundary = (_, event) => {
    if (event.boundaryType === sdk.SpeechSynthesisBoundaryType.Sentence) return;
    const startS = event.audioOffset / ticksPerSecond;
    words.push({ text: unescapeMarkup(event.text), startS, endS: startS + event.duration / ticksPerSecond });
  };
  let stop!: () => void;
  const stopped = new Promise<never>((_, reject) => (stop = () => reject(asStudioError(signal.reason, 'cancelled')))); // prettier-ignore
  signal.addEventListener('abort', stop, { once: true });
  try {
    const result = await Promise.race([
      stopped,
      new Promise<Sdk.SpeechSynthesisResult>((resolve, reject) =>
        synthesizer.speakSsmlAsync(ssmlOf(sentence), resolve, (reason) => reject(new Error(reason))),
      ),
    ]);
    if (result.reason === sdk.ResultReason.SynthesizingAudioCompleted)
      return { answer: { audio: Buffer.from(result.audioData), words } };
    return refusal(sdk, config, result);
  } catch (error) {
    if (signal.aborted) throw error;
    return brokenOff(config, (error as Error).message, true);
  } finally {
    signal.removeEventListener('abort', stop);
    synthesizer.close(
      () => {},
      () => {},
    );
  }
}

function speechConfig(
  sdk: typeof Sdk,
  { key = '', region, endpoint }: SpeechConfig['azure'],
): Sdk.SpeechConfig {
  const speech = endpoint
    ? sdk.SpeechConfig.fromEndpoint(new URL(endpoint), key)
    : sdk.SpeechConfig.fromSubscription(key, region ?? '');
  speech.speechSynthesisOutputFormat = sdk.SpeechSynthesisOutputFormat.Riff24Khz16BitMonoPcm;
  speech.setProperty(sdk.PropertyId.SpeechServiceResponse_RequestWordBoundary, 'true');
  return speech;
}

function refusal(
  sdk: typeof Sdk,
  config: SpeechConfig['azure'],
  result: Sdk.SpeechSynthesisResult,
): Outcome<Spoken> {
  const details = result.errorDetails ?? '';
  const ErrorCode = sdk.CancellationErrorCode;
  const code = sdk.CancellationDetails.fromResult(result).ErrorCode;
  if (code === ErrorCode.AuthenticationFailure || code === ErrorCode.Forbidden || /\b40[13]\b/.test(details))
    return { error: failure('refused the key', { hint: `Check ${settings}.` }), again: false };
  if (/unsupported voice|voice .*not|invalid voice/i.test(details))
    return {
      error: new StudioError(
        'voice_unknown',
        `The azure service has no such voice: ${shorten(config, details)}.`,
        {
          hint: 'See https://aka.ms/speech/voices for the names.',
        },
      ),
      again: false,
    };
  const again = [
    ErrorCode.TooManyRequests,
    ErrorCode.ServiceTimeout,
    ErrorCode.ServiceError,
    ErrorCode.ConnectionFailure,
  ].includes(code);
  return brokenOff(config, details, again);
}

function brokenOff(config: SpeechConfig['azure'], details: string, again: boolean): Outcome<Spoken> {
  const error = failure(`failed: ${shorten(config, details)}`, {
    retryable: again,
    hint: `Try again; check ${settings}.`,
  });
  return { error, again };
}

function failure(what: string, details: { hint: string; retryable?: boolean }): StudioError {
  return new StudioError('speech_failed', `The azure service ${what}.`, details);
}

function shorten({ key }: SpeechConfig['azure'], details: string): string {
  return withoutSecrets(details, [key]).replace(/\s+/g, ' ').trim().replace(/\.$/, '').slice(0, 200) || 'no reason given'; // prettier-ignore
}
