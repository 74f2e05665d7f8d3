/** OpenAI-compatible services and ElevenLabs, against servers on loopback that answer well and badly. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { StudioError } from '../../../core/errors.ts';
import { Ffmpeg } from '../../../core/ffmpeg.ts';
import { encodeWav } from '../../../core/tts/audio/wav.ts';
import { createSpeech, type SpeechOptions } from '../../../core/tts/index.ts';
import type { EngineName, Speech, SpeechRequest } from '../../../core/tts/types.ts';
import {
  paddingS,
  spokenSamples,
  spokenWav,
  startService,
  wordS,
  wordsIn,
  type Service,
} from './speech-services.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'http-engines-'));
const secret = 'sk-very-secret-key-123';
const open: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});
afterAll(() => rmSync(folder, { recursive: true }));

let caches = 0;
type Handler = Parameters<typeof startService>[0];
type Engine = Extract<EngineName, 'openai' | 'elevenlabs'>;

/** A service and a voice that uses it. */
async function setUp(
  engine: Engine,
  handler: Handler,
  options: Partial<SpeechOptions> = {},
): Promise<{
  service: Service;
  speech: Speech;
  speak: (request?: Partial<SpeechRequest>) => ReturnType<Speech['speak']>;
}> {
  const service = await startService(handler);
  const speech = createSpeech({
    cacheDir: path.join(folder, String(caches++)),
    retryMs: 5,
    services: {
      [engine]: {
        baseUrl: engine === 'openai' ? `${service.url}/v1` : service.url,
        apiKey: secret,
        voices: [],
      },
    },
    ffmpeg: () => new Ffmpeg({ ffmpeg: '/usr/bin/ffmpeg', ffprobe: '/usr/bin/ffprobe' }),
    ...options,
  });
  open.push(speech, service);
  return {
    service,
    speech,
    speak: (request) => speech.speak({ text: 'Hello there.', language: 'en', engine, ...request }),
  };
}

/** What a request is refused with; nothing of it may show the key. */
async function refusalOf(work: Promise<unknown>): Promise<StudioError> {
  const error = await work.then(
    () => expect.fail('was not refused'),
    (reason: unknown) => reason as StudioError,
  );
  expect(error).toBeInstanceOf(StudioError);
  expect(JSON.stringify([error.message, error.hint, String(error.cause), error.stack])).not.toContain(secret);
  return error;
}

/** The answer both services give to a text they speak. */
const speakWell: Record<Engine, Handler> = {
  openai: (response, { body }) =>
    response.writeHead(200, { 'content-type': 'audio/wav' }).end(spokenWav(String(body['input']))),
  elevenlabs: (response, { body }) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify(timed(String(body['text'])))),
};

/** Characters of a word share its time; what lies between words gets none. */
function timed(text: string): object {
  const [characters, starts, ends]: [string[], number[], number[]] = [[], [], []];
  let word = -1;
  let inside = 0;
  for (const character of text) {
    const isWord = wordsIn(character).length > 0;
    if (isWord && (characters.length === 0 || !wordsIn(characters.at(-1)!).length)) {
      word++;
      inside = 0;
    }
    const at = paddingS + Math.max(0, word) * wordS + (isWord ? inside++ * 0.01 : 0.25);
    characters.push(character);
    starts.push(at);
    ends.push(at + 0.02);
  }
  const pcm = spokenSamples(text);
  return {
    audio_base64: Buffer.from(pcm.buffer).toString('base64'),
    alignment: { characters, character_start_times_seconds: starts, character_end_times_seconds: ends },
    normalized_alignment: null,
  };
}

describe('openai', () => {
  it('asks as documented, trims the answer and finds its words', async () => {
    const { service, speak } = await setUp('openai', speakWell.openai);
    const result = await speak({ text: 'Two words. Three more words!', speed: 1.25, voice: 'nova' });
    expect(result).toMatchObject({
      engine: 'openai',
      voice: 'nova',
      timing: 'aligned',
      why: 'this voice was asked for',
    });
    expect(service.asked.map(({ path }) => path)).toEqual(['/v1/audio/speech', '/v1/audio/speech']);
    expect(service.asked[0]!.headers['authorization']).toBe(`Bearer ${secret}`);
    expect(service.asked.map(({ body }) => body)).toContainEqual({
      model: 'gpt-4o-mini-tts',
      voice: 'nova',
      input: 'Two words.',
      response_format: 'wav',
      speed: 1.25,
    });
    // Five words of sound and one pause of our own at this speed; the padding of both answers is gone.
    expect(result.durationMs / 1000).toBeCloseTo(5 * wordS + 0.35 / 1.25, 0);
    expect(Math.abs(result.durationMs / 1000 - (5 * wordS + 0.35 / 1.25))).toBeLessThan(0.13);
    expect(result.marks.filter((mark) => mark.kind === 'word').map((mark) => mark.text)).toEqual(['Two', 'words.', 'Three', 'more', 'words!']); // prettier-ignore
    await speak({ text: 'Two words. Three more words!', speed: 1.25, voice: 'nova' });
    expect(service.asked).toHaveLength(2);
  });

  it('speaks any language with a voice of many, and takes names that are not listed', async () => {
    const { service, speech, speak } = await setUp('openai', speakWell.openai);
    expect(speech.voices('es').some((voice) => voice.engine === 'openai')).toBe(true);
    await speak({ text: 'Hola.', language: 'es-MX', voice: 'ef_dora' });
    expect(service.asked[0]!.body).toMatchObject({ voice: 'ef_dora', input: 'Hola.' });
    expect(speech.check({ language: 'es', voice: 'ef_dora' })).toMatchObject({ code: 'voice_unknown' });
  });

  it.each([
    ['a placeholder of 2^32 - 1', (wav: Buffer) => wav.writeUInt32LE(0xffff_ffff, 40)],
    ['a placeholder of 0', (wav: Buffer) => wav.writeUInt32LE(0, 40)],
    ['a placeholder below 2^31', (wav: Buffer) => wav.writeUInt32LE(0x7fff_ffff - 36, 40)],
  ])('measures a WAV with %s by decoding', async (_, damage) => {
    const { speak } = await setUp('openai', (response) => {
      const wav = spokenWav('Hello there.');
      damage(wav);
      response.writeHead(200, { 'content-type': 'audio/wav' }).end(wav);
    });
    expect(Math.abs((await speak()).durationMs / 1000 - 2 * wordS)).toBeLessThan(0.1);
  });

  it.each(['mp3', 'ogg', 'flac'])('understands a server that answers %s all the same', async (format) => {
    const coded = spawnSync('ffmpeg', ['-v', 'error', '-i', '-', '-f', format, '-'], { input: spokenWav('Hello there.') }).stdout; // prettier-ignore
    const { speak } = await setUp('openai', (response) => response.writeHead(200).end(coded));
    expect(Math.abs((await speak()).durationMs / 1000 - 2 * wordS)).toBeLessThan(0.15);
  });

  it('understands stereo, 24-bit and floating-point WAV', async () => {
    for (const codec of ['pcm_s24le', 'pcm_f32le', 'pcm_u8', 'pcm_s32le']) {
      const wav = spawnSync('ffmpeg', ['-v', 'error', '-i', '-', '-ac', '2', '-c:a', codec, '-f', 'wav', '-'], { input: spokenWav('Hello there.') }).stdout; // prettier-ignore
      const { speak } = await setUp('openai', (response) => response.writeHead(200).end(wav));
      expect(Math.abs((await speak()).durationMs / 1000 - 2 * wordS), codec).toBeLessThan(0.1);
    }
  });

  it('tries again after 429 and 500, and waits as it is told', async () => {
    const { service, speak } = await setUp('openai', (response, asked, count) => {
      if (count === 1) return response.writeHead(429, { 'retry-after': '0.05' }).end('{}');
      if (count === 2) return response.writeHead(500).end('oops');
      if (count === 3) return response.destroy();
      return speakWell.openai(response, asked, count);
    });
    expect((await speak()).durationMs).toBeGreaterThan(0);
    expect(service.asked).toHaveLength(4);
  });

  it('does not wait longer than it may', async () => {
    const { service, speak } = await setUp(
      'openai',
      (response) =>
        response.writeHead(429, { 'retry-after': '3600' }).end('{"error":{"message":"slow down"}}'),
      { timeoutMs: 5000 },
    );
    expect(await refusalOf(speak())).toMatchObject({ code: 'speech_failed', retryable: true, message: expect.stringMatching(/openai.*429.*slow down/) }); // prettier-ignore
    expect(service.asked).toHaveLength(1);
  });

  it.each<[string, Handler, Partial<StudioError>, number]>([
    ['a wrong key that is repeated', (response) => response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message: `Incorrect API key provided: ${secret}` } })), { code: 'speech_failed', message: expect.stringMatching(/openai.*401.*\*\*\*/), hint: expect.stringContaining('OPENAI_API_KEY') }, 1],
    ['an empty account', (response) => response.writeHead(429).end(JSON.stringify({ error: { code: 'insufficient_quota', message: 'You exceeded your current quota' } })), { code: 'speech_failed', hint: expect.stringContaining('credit') }, 1],
    ['a server that stays broken', (response) => response.writeHead(503).end(), { code: 'speech_failed', retryable: true }, 4],
    ['a web page', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Log in</p>'), { code: 'speech_failed', message: expect.stringMatching(/openai.*web page/), hint: expect.stringContaining('OPENAI_BASE_URL') }, 1],
    ['an unknown voice', (response) => response.writeHead(400).end(JSON.stringify({ error: { message: "Voice 'x' not found" } })), { code: 'voice_unknown' }, 1],
    ['a text it finds too long', (response) => response.writeHead(400).end(JSON.stringify({ detail: [{ msg: 'string_too_long' }] })), { code: 'too_large' }, 1],
    ['a redirect', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), { code: 'speech_failed', message: expect.stringContaining('elsewhere') }, 1],
    ['nothing', (response) => response.writeHead(200).end(), { code: 'speech_failed', message: expect.stringMatching(/openai.*answered nothing/) }, 1],
    ['JSON instead of sound', (response) => response.writeHead(200).end('{"ok":true}'), { code: 'speech_failed', message: expect.stringContaining('no sound') }, 1],
    ['a WAV that is cut short', (response) => response.writeHead(200).end(spokenWav('Hello there.').subarray(0, 9000)), { code: 'speech_failed', message: expect.stringMatching(/openai.*cut short/) }, 1],
    ['a WAV without samples', (response) => response.writeHead(200).end(encodeWav(new Int16Array(0), 24_000)), { code: 'speech_failed' }, 1],
    ['a silent WAV', (response) => response.writeHead(200).end(encodeWav(new Int16Array(24_000), 24_000)), { code: 'speech_failed', message: expect.stringContaining('silence') }, 1],
    ['damaged MP3', (response) => response.writeHead(200).end(Buffer.concat([Buffer.from('ID3'), Buffer.alloc(3000, 7)])), { code: 'speech_failed', message: expect.stringMatching(/openai.*mp3/) }, 1],
    ['a broken connection, always', (response) => response.destroy(), { code: 'speech_failed', retryable: true, message: expect.stringContaining('not reached') }, 4],
  ])('refuses %s', async (_, handler, expected, calls) => {
    const { service, speak } = await setUp('openai', handler);
    const error = await refusalOf(speak());
    expect(error).toMatchObject(expected);
    expect(error.message).toMatch(/openai/);
    expect(service.asked).toHaveLength(calls);
  }); // prettier-ignore

  it('gives up on one that hangs or dribbles, and can be cancelled', async () => {
    const hang = await setUp('openai', () => {}, { timeoutMs: 300 });
    expect(await refusalOf(hang.speak())).toMatchObject({ code: 'timeout', message: expect.stringMatching(/openai.*0\.3 s/) }); // prettier-ignore
    const dribble = await setUp(
      'openai',
      (response) => {
        response.writeHead(200, { 'content-type': 'audio/wav' });
        const timer = setInterval(() => response.write('R'), 50);
        response.on('close', () => clearInterval(timer));
      },
      { timeoutMs: 400 },
    );
    expect(await refusalOf(dribble.speak())).toMatchObject({ code: 'timeout' });
    const controller = new AbortController();
    const cancelled = await setUp('openai', () => controller.abort());
    expect(await refusalOf(cancelled.speak({ signal: controller.signal }))).toMatchObject({
      code: 'cancelled',
    });
  });

  it('sends no more characters for a job than it may, and nothing for what it has', async () => {
    const { service, speak } = await setUp('openai', speakWell.openai, { maxBilledCharacters: 30 });
    const job = {};
    await speak({ text: 'Twelve chars', job });
    await speak({ text: 'Twelve chars', job });
    await speak({ text: 'Other twelve', job });
    expect(await refusalOf(speak({ text: 'This is too much', job }))).toMatchObject({ code: 'too_large', message: expect.stringMatching(/openai.*30/), hint: expect.stringContaining('TTS_MAX_BILLED_CHARACTERS') }); // prettier-ignore
    expect(service.asked).toHaveLength(2);
    await speak({ text: 'This is another job.', job: {} });
  });

  it('lets a local engine speak instead, if that was asked for', async () => {
    const { speak } = await setUp('openai', (response) => response.writeHead(503).end());
    const result = await speak({ fallback: true });
    expect(result).toMatchObject({ engine: 'flite', why: 'openai failed' });
    expect(result.warnings[0]).toMatch(/openai failed \(.*503.*\), so flite spoke/);
    const always = await setUp('openai', (response) => response.writeHead(503).end(), { fallback: true });
    expect(await refusalOf(always.speak({ fallback: false }))).toMatchObject({ code: 'speech_failed' });
  });

  it('is preferred by auto once it is set up, and never called for what it was not asked', async () => {
    const { service, speech } = await setUp('openai', speakWell.openai);
    expect(await speech.speak({ text: 'Hi.', language: 'en' })).toMatchObject({ engine: 'openai', why: 'the first engine set up for en' }); // prettier-ignore
    await speech.speak({ text: 'Hi.', language: 'en', engine: 'flite' });
    expect(service.asked).toHaveLength(1);
  });
});

describe('elevenlabs', () => {
  it('asks as documented and takes the times of characters for its words', async () => {
    const { service, speak } = await setUp('elevenlabs', speakWell.elevenlabs);
    const result = await speak({ text: 'It’s a fine day, Tom & Ann.' });
    expect(result).toMatchObject({ engine: 'elevenlabs', voice: 'Sarah', timing: 'engine', warnings: [] });
    const [asked] = service.asked;
    expect(asked!.path).toBe(
      '/v1/text-to-speech/EXAVITQu4vr4xnSDxMaL/with-timestamps?output_format=pcm_24000',
    );
    expect(asked!.headers['xi-api-key']).toBe(secret);
    expect(asked!.body).toEqual({
      text: "It's a fine day, Tom and Ann.",
      model_id: 'eleven_multilingual_v2',
    });
    const words = result.marks.filter((mark) => mark.kind === 'word');
    expect(words.map((mark) => mark.text)).toEqual(['It’s', 'a', 'fine', 'day,', 'Tom', 'Ann.']);
    // A little room is kept before the first sound.
    const onsets = [0, 1, 2, 3, 4, 6].map((word) => word * wordS * 1000 + 20);
    words.forEach((mark, index) =>
      expect(Math.abs(mark.startMs - onsets[index]!), mark.text).toBeLessThan(12),
    );
  });

  it('orders the language only of models that take it, and speeds only within their range', async () => {
    const service = await startService(speakWell.elevenlabs);
    const speech = createSpeech({
      cacheDir: path.join(folder, 'flash'),
      services: {
        elevenlabs: { baseUrl: service.url, model: 'eleven_flash_v2_5', voices: ['Ana=abc123:es-MX'] },
      },
    });
    open.push(speech, service);
    expect(speech.voices('es').filter((voice) => voice.engine === 'elevenlabs')).toMatchObject([{ name: 'Ana', language: 'es-MX', local: false, timing: 'engine' }]); // prettier-ignore
    const result = await speech.speak({ text: 'Hola.', language: 'es-MX', engine: 'elevenlabs', speed: 1.5 });
    expect(service.asked[0]!.path).toContain('/abc123/');
    expect(service.asked[0]!.headers['xi-api-key']).toBeUndefined();
    expect(service.asked[0]!.body).toMatchObject({ language_code: 'es', voice_settings: { speed: 1.2 } });
    expect(result.warnings).toEqual([expect.stringMatching(/1\.2 instead of 1\.5/)]);
  });

  it('finds the words where no times come', async () => {
    const { speak } = await setUp('elevenlabs', (response, { body }) => {
      const { audio_base64 } = timed(String(body['text'])) as { audio_base64: string };
      response.end(JSON.stringify({ audio_base64, alignment: null }));
    });
    expect(await speak()).toMatchObject({ timing: 'aligned' });
  });

  it.each<[string, Handler, Partial<StudioError>]>([
    ['no JSON', (response) => response.end('nonsense'), { message: expect.stringMatching(/elevenlabs.*without speech/) }],
    ['JSON without sound', (response) => response.end('{"alignment":{}}'), { message: expect.stringMatching(/elevenlabs.*without speech/) }],
    ['null', (response) => response.end('null'), { message: expect.stringMatching(/elevenlabs.*without speech/) }],
    ['an empty sound', (response) => response.end('{"audio_base64":""}'), { message: expect.stringMatching(/elevenlabs.*nothing/) }],
    ['an unknown voice', (response) => response.writeHead(404).end(JSON.stringify({ detail: { status: 'voice_not_found', message: 'A voice with voice_id x was not found.' } })), { code: 'voice_unknown' }],
    ['an empty account', (response) => response.writeHead(401).end(JSON.stringify({ detail: { status: 'quota_exceeded', message: 'This request exceeds your quota.' } })), { hint: expect.stringContaining('credit') }],
  ])('refuses %s', async (_, handler, expected) => {
    const { service, speak } = await setUp('elevenlabs', handler);
    expect(await refusalOf(speak())).toMatchObject(expected);
    expect(service.asked).toHaveLength(1);
  }); // prettier-ignore
});
