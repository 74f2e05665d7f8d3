/**
 * The voices behind "read aloud" in Microsoft's browser. Nobody promises that a program may use them or
 * that they will answer tomorrow: off unless EDGE_TTS is set, and said on every job.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { SpeechConfig } from '../../config/speech.ts';
import { asStudioError, StudioError } from '../../errors.ts';
import { decodeReceived } from '../audio/received.ts';
import type { Engine, SentenceRequest } from '../engine.ts';
import { withTries, type Outcome } from './http-service.ts';
import { locateWords, type AnnouncedWord } from './located-words.ts';
import type { ServiceTools } from './openai.ts';
import { ssmlOf, ticksPerSecond, unescapeMarkup } from './ssml.ts';

const address = 'wss://speech.platform.bing.com/consumer/speech/synthesize/readaloud/edge/v1';
/** The browser's own, the same for everyone: public, and no key of anybody. */
const browserToken = '6A5AA1D4EAFF4E9FB37E23D68491D6F4';
const browserVersion = '143.0.3650.75';
const [browserMajor] = browserVersion.split('.');

type Spoken = { audio: Buffer; words: AnnouncedWord[] };

export function createEdge({ url = address }: SpeechConfig['edge'], tools: ServiceTools = {}): Engine {
  return {
    name: 'edge',
    reads: 'everything',
    version: '1',
    maxCharacters: 3000,
    async synthesize(sentence) {
      const { signal, timeoutMs } = sentence;
      const call = { engine: 'edge' as const, signal, timeoutMs, retryMs: tools.retryMs };
      const { audio, words } = await withTries(call, (ending) => speakOnce(url, sentence, ending));
      const sound = await decodeReceived(audio, { engine: 'edge', signal, ffmpeg: tools.ffmpeg });
      const found = locateWords(sentence.text, words);
      return {
        ...sound,
        words: found.length > 0 ? found : null,
        timing: found.length > 0 ? 'engine' : 'estimated',
        warnings: [],
      };
    },
    async close() {},
  };
}

/** One connection a sentence, as the browser does. */
async function speakOnce(
  url: string,
  sentence: SentenceRequest,
  signal: AbortSignal,
): Promise<Outcome<Spoken>> {
  const { WebSocket } = await import('undici');
  return new Promise((resolve, reject) => {
    const requestId = randomUUID().replaceAll('-', '');
    const socket = new WebSocket(signedAddress(url, requestId), { headers: browserHeaders });
    socket.binaryType = 'arraybuffer';
    const audio: Buffer[] = [];
    const words: AnnouncedWord[] = [];
    const settle = (finish: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      finish();
      if (socket.readyState < WebSocket.CLOSING) socket.close();
    };
    const onAbort = (): void => settle(() => reject(asStudioError(signal.reason, 'cancelled')));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.addEventListener('open', () => {
      socket.send(configMessage());
      socket.send(ssmlMessage(requestId, sentence));
    });
    socket.addEventListener('message', ({ data }: { data: unknown }) => {
      if (typeof data !== 'string') return void audio.push(audioOf(Buffer.from(data as ArrayBuffer)));
      const [head = '', body = ''] = data.split('\r\n\r\n');
      if (/Path:audio\.metadata/i.test(head)) words.push(...wordsOf(body));
      if (/Path:turn\.end/i.test(head))
        settle(() => resolve({ answer: { audio: Buffer.concat(audio), words } }));
    });
    socket.addEventListener('error', () => settle(() => resolve(brokenOff('it was not reached or refused'))));
    socket.addEventListener('close', ({ code, reason }) =>
      settle(() => resolve(brokenOff(`it hung up (${code}${reason ? `, ${reason.slice(0, 100)}` : ''})`))),
    );
  });
}

function brokenOff(why: string): Outcome<Spoken> {
  const error = new StudioError('speech_failed', `The edge service failed: ${why}.`, {
    retryable: true,
    hint: 'It is no official service and changes often: try later, or use another engine.',
  });
  return { error, again: true };
}

/** The service wants the time, in 100 ns since 1601 and rounded to five minutes, hashed with the token. */
function signedAddress(url: string, requestId: string): string {
  const signed = new URL(url.replace(/^http/, 'ws'));
  const seconds = Math.floor(Date.now() / 1000) + 11_644_473_600;
  const ticks = BigInt(seconds - (seconds % 300)) * 10_000_000n;
  signed.searchParams.set('TrustedClientToken', browserToken);
  signed.searchParams.set('Sec-MS-GEC', createHash('sha256').update(`${ticks}${browserToken}`).digest('hex').toUpperCase()); // prettier-ignore
  signed.searchParams.set('Sec-MS-GEC-Version', `1-${browserVersion}`);
  signed.searchParams.set('ConnectionId', requestId);
  return signed.href;
}

const browserHeaders = {
  'user-agent': `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${browserMajor}.0.0.0 Safari/537.36 Edg/${browserMajor}.0.0.0`,
  origin: 'chrome-extension://jdiccldimpdaibmpdkjnbmckianbfold',
  'cache-control': 'no-cache',
  pragma: 'no-cache',
};

function configMessage(): string {
  const audio = {
    metadataoptions: { sentenceBoundaryEnabled: 'false', wordBoundaryEnabled: 'true' },
    outputFormat: 'audio-24khz-48kbitrate-mono-mp3',
  };
  return message('speech.config', 'application/json; charset=utf-8', JSON.stringify({ context: { synthesis: { audio } } })); // prettier-ignore
}

function ssmlMessage(requestId: string, sentence: SentenceRequest): string {
  return `X-RequestId:${requestId}\r\n${message('ssml', 'application/ssml+xml', ssmlOf(sentence))}`;
}

function message(path: string, type: string, body: string): string {
  return `Content-Type:${type}\r\nX-Timestamp:${new Date().toISOString()}\r\nPath:${path}\r\n\r\n${body}`;
}

/** A binary message begins with the length of its head, two bytes, and the head. */
function audioOf(data: Buffer): Buffer {
  if (data.length < 2) return Buffer.alloc(0);
  const start = 2 + data.readUInt16BE(0);
  return /Path:audio/i.test(data.toString('latin1', 2, start)) ? data.subarray(start) : Buffer.alloc(0);
}

type Metadata = {
  Metadata?: { Type: string; Data: { Offset: number; Duration: number; text: { Text: string } } }[];
};

function wordsOf(body: string): AnnouncedWord[] {
  let found: Metadata;
  try {
    found = JSON.parse(body) as Metadata;
  } catch {
    return [];
  }
  return (found.Metadata ?? [])
    .filter(({ Type }) => Type === 'WordBoundary')
    .map(({ Data }) => ({
      text: unescapeMarkup(Data.text.Text),
      startS: Data.Offset / ticksPerSecond,
      endS: (Data.Offset + Data.Duration) / ticksPerSecond,
    }));
}
