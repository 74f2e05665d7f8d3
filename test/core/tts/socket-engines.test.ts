/** Azure by its own SDK and Edge, against a loopback service that speaks their messages, well and badly. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { StudioError } from '../../../core/errors.ts';
import { Ffmpeg } from '../../../core/ffmpeg.ts';
import { createSpeech } from '../../../core/tts/index.ts';
import type { Speech, SpeechRequest } from '../../../core/tts/types.ts';
import { spokenWav, startSocketService, wordS, type SocketFault, type SocketService } from './speech-services.ts'; // prettier-ignore

const folder = mkdtempSync(path.join(tmpdir(), 'socket-engines-'));
const secret = 'azure-very-secret-key';
const open: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});
afterAll(() => rmSync(folder, { recursive: true }));

let caches = 0;
type Engine = 'azure' | 'edge';
const sounds: Record<Engine, (text: string) => Buffer> = {
  // Its SDK asks for bare samples and puts the head of a WAV before them.
  azure: (text) => spokenWav(text).subarray(44),
  edge: (text) =>
    spawnSync('ffmpeg', ['-v', 'error', '-i', '-', '-b:a', '48k', '-f', 'mp3', '-'], { input: spokenWav(text) }).stdout, // prettier-ignore
};

async function setUp(
  engine: Engine,
  {
    fault = null,
    timeoutMs = 8000,
    sound = sounds[engine],
  }: { fault?: SocketFault | null; timeoutMs?: number; sound?: (text: string) => Buffer } = {},
): Promise<{
  service: SocketService;
  speech: Speech;
  speak: (request?: Partial<SpeechRequest>) => ReturnType<Speech['speak']>;
}> {
  const service = await startSocketService(sound, fault);
  const speech = createSpeech({
    cacheDir: path.join(folder, String(caches++)),
    retryMs: 5,
    timeoutMs,
    services: {
      azure: { key: secret, endpoint: service.url, voices: [] },
      edge: { enabled: engine === 'edge', url: service.url },
    },
    ffmpeg: () => new Ffmpeg({ ffmpeg: '/usr/bin/ffmpeg', ffprobe: '/usr/bin/ffprobe' }),
  });
  open.push(speech, service);
  return {
    service,
    speech,
    speak: (request) => speech.speak({ text: 'Hello there.', language: 'en', engine, ...request }),
  };
}

async function refusalOf(work: Promise<unknown>): Promise<StudioError> {
  const error = await work.then(
    () => expect.fail('was not refused'),
    (reason: unknown) => reason as StudioError,
  );
  expect(JSON.stringify([error.message, error.hint, error.stack])).not.toContain(secret);
  return error;
}

describe.each<Engine>(['azure', 'edge'])('%s', (engine) => {
  it('speaks, with the time of each word as announced', async () => {
    const { service, speak } = await setUp(engine);
    const text = 'Grüße & <x>, said Tom.';
    const result = await speak({ text, language: 'en-GB', speed: 1.2 });
    expect(result).toMatchObject({ engine, voice: 'en-GB-SoniaNeural', timing: 'engine' });
    expect(service.ssml[0]).toContain(`xml:lang='en-GB'`);
    expect(service.ssml[0]).toContain(`<voice name='en-GB-SoniaNeural'><prosody rate='+20%'>`);
    expect(service.ssml[0]).toContain('&lt;x&gt;');
    const words = result.marks.filter((mark) => mark.kind === 'word');
    expect(words.map((mark) => mark.text)).toEqual(['Grüße', '<x>,', 'said', 'Tom.']);
    for (const mark of words) expect(mark.endMs).toBeGreaterThan(mark.startMs);
    // "said" and "Tom" are announced a word apart; "Grüße" begins with the sound, which MP3 blurs.
    expect(words[3]!.startMs - words[2]!.startMs).toBeCloseTo(wordS * 1000, 3);
    expect(words[0]!.startMs).toBeLessThan(60);
  });

  it('is called once for what was said before', async () => {
    const { service, speak } = await setUp(engine);
    await speak();
    expect((await speak()).cached).toBe(true);
    expect(service.ssml).toHaveLength(1);
  });

  it('speaks two sentences side by side', async () => {
    const { service, speak } = await setUp(engine);
    const result = await speak({ text: 'Here is one. And this is two.' });
    expect(service.ssml).toHaveLength(2);
    expect(result.durationMs).toBeGreaterThan(7 * wordS * 1000);
  });

  it('tries again when it is throttled', async () => {
    const { service, speak } = await setUp(engine, { fault: 'throttle once' });
    expect((await speak()).durationMs).toBeGreaterThan(0);
    expect(service.paths.length).toBeGreaterThan(1);
  });

  it('refuses a service that hangs up, hangs, refuses, or sends no sound', async () => {
    const hungUp = await setUp(engine, { fault: 'hang up' });
    expect(await refusalOf(hungUp.speak())).toMatchObject({ code: 'speech_failed', message: expect.stringContaining(engine) }); // prettier-ignore
    const hanging = await setUp(engine, { fault: 'hang', timeoutMs: 700 });
    expect(await refusalOf(hanging.speak())).toMatchObject({ code: 'timeout', message: expect.stringContaining(engine) }); // prettier-ignore
    const refusing = await setUp(engine, { fault: 'refuse' });
    expect(await refusalOf(refusing.speak())).toMatchObject({ code: 'speech_failed', message: expect.stringContaining(engine) }); // prettier-ignore
    const silent = await setUp(engine, { fault: 'no audio' });
    expect(await refusalOf(silent.speak())).toMatchObject({ code: 'speech_failed', message: expect.stringContaining(engine) }); // prettier-ignore
  });

  it('refuses what is no sound, or hardly any', async () => {
    const page = await setUp(engine, { sound: () => Buffer.from('<!doctype html><p>Sorry') });
    expect(await refusalOf(page.speak())).toMatchObject({ code: 'speech_failed', message: expect.stringContaining(engine) }); // prettier-ignore
  });

  it('can be cancelled', async () => {
    const { service, speak } = await setUp(engine, { fault: 'hang' });
    const controller = new AbortController();
    const work = refusalOf(speak({ signal: controller.signal }));
    while (service.ssml.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    expect(await work).toMatchObject({ code: 'cancelled' });
  });
});

describe('azure', () => {
  it('sends its key', async () => {
    const { service, speak } = await setUp('azure');
    await speak();
    expect(service.headers[0]!['ocp-apim-subscription-key'] ?? service.paths[0]).toContain(secret);
  });

  it('takes a voice that is not listed, if its name tells a language that fits', async () => {
    const { service, speech, speak } = await setUp('azure');
    await speak({ text: 'Hola.', language: 'es-CL', voice: 'es-CL-LorenzoNeural' });
    expect(service.ssml[0]).toContain('es-CL-LorenzoNeural');
    expect(speech.check({ engine: 'azure', language: 'fr', voice: 'es-CL-LorenzoNeural' })).toMatchObject({ code: 'voice_unknown', message: expect.stringContaining('es-CL') }); // prettier-ignore
    expect(speech.check({ engine: 'azure', language: 'fr', voice: 'Lorenzo' })).toMatchObject({ code: 'voice_unknown' }); // prettier-ignore
  });
});

describe('edge', () => {
  it('is not there unless it was asked for, and is nobody’s choice or rescue', async () => {
    const { speech } = await setUp('azure');
    expect(speech.voices().some((voice) => voice.engine === 'edge')).toBe(false);
    expect(speech.check({ engine: 'edge', language: 'en' })).toMatchObject({ code: 'voice_unknown', hint: expect.stringContaining('EDGE_TTS=true') }); // prettier-ignore
    const on = createSpeech({ cacheDir: folder, services: { edge: { enabled: true } } });
    expect(on.voices('en').some((voice) => voice.engine === 'edge')).toBe(true);
    expect(await on.speak({ text: 'Hi.', language: 'en' })).toMatchObject({ engine: 'flite', warnings: [] });
    await on.close();
  });

  it('warns on every job, signs its address and looks like the browser', async () => {
    const { service, speak } = await setUp('edge');
    expect((await speak()).warnings).toEqual([expect.stringMatching(/edge.*stop working/)]);
    expect(service.paths[0]).toMatch(/Sec-MS-GEC=[0-9A-F]{64}&Sec-MS-GEC-Version=1-\d+/);
    expect(service.headers[0]!['user-agent']).toMatch(/Edg\//);
    expect(service.headers[0]!.origin).toMatch(/^chrome-extension:/);
  });

  it('finds the words where their times cannot be read', async () => {
    const { speak } = await setUp('edge', { fault: 'bad metadata' });
    expect(await speak()).toMatchObject({ timing: 'aligned' });
  });
});
