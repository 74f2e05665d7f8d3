/** Speech as a whole, with the real engines. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeWav } from '../../../core/tts/audio/wav.ts';
import type { EngineEntry } from '../../../core/tts/engine.ts';
import { createSpeech } from '../../../core/tts/index.ts';
import type { Mark, Speech, SpeechResult } from '../../../core/tts/types.ts';
import { engineChildren, until } from './engine-children.ts';

let folder: string;
let speech: Speech;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'speech-'));
  speech = createSpeech({ cacheDir: path.join(folder, 'cache') });
});
afterAll(async () => {
  await speech.close();
  expect(engineChildren()).toEqual([]);
  rmSync(folder, { recursive: true });
});

const wordsOf = (result: SpeechResult): Mark[] => result.marks.filter((mark) => mark.kind === 'word');
const sentencesOf = (result: SpeechResult): Mark[] => result.marks.filter((mark) => mark.kind === 'sentence');
const soundOf = (result: SpeechResult) => decodeWav(readFileSync(result.path));

/** RMS of a stretch of the result's audio, as a share of full scale. */
function loudness(result: SpeechResult, startMs: number, endMs: number): number {
  const { samples, sampleRate } = soundOf(result);
  const part = samples.subarray(
    Math.round((startMs / 1000) * sampleRate),
    Math.round((endMs / 1000) * sampleRate),
  );
  return Math.sqrt(part.reduce((sum, sample) => sum + sample ** 2, 0) / Math.max(1, part.length)) / 32_768;
}

/** What must hold of every result. */
function expectSound(result: SpeechResult, original: string): void {
  const { samples, sampleRate } = soundOf(result);
  expect(sampleRate).toBe(result.sampleRate);
  expect(result.durationMs).toBeCloseTo((samples.length / sampleRate) * 1000, 6);
  const words = wordsOf(result);
  expect(words.map((mark) => original.slice(mark.charStart, mark.charEnd))).toEqual(
    original.match(/\S+/gu)!.filter((token) => /[\p{L}\p{N}]/u.test(token)),
  );
  let done = 0;
  for (const mark of words) {
    expect(mark.startMs).toBeGreaterThanOrEqual(done);
    expect(mark.endMs).toBeGreaterThan(mark.startMs);
    done = mark.endMs;
  }
  expect(done).toBeLessThanOrEqual(result.durationMs + 1e-6);
}

describe.each([
  [
    'en',
    undefined,
    'flite',
    'rms',
    'When the Eagle landed on July 20, 1969, about 650 million people watched. One small step… “for a man,” he said.\n\nDr. Aldrin followed him.',
  ],
  [
    'en-US',
    'slt',
    'flite',
    'slt',
    'It’s Edwin E. “Buzz” Aldrin: the second man on the moon! Or was it Mr. Collins?',
  ],
  [
    'en',
    'en-us+f2',
    'espeak',
    'en-us+f2',
    'I am one of the people in the U.S. and they paid $3.50 for it. That is all.',
  ],
  [
    'es-MX',
    undefined,
    'espeak',
    'es-419+f2',
    'El telescopio Webb, de 6,5 metros, viajó 13.5 mil millones de años. ¿Qué vio el Sr. Pérez? ¡Galaxias!',
  ],
  ['de', undefined, 'espeak', 'de+f2', 'Am 3. Oktober 1990 war es soweit. Später kam Anna.'],
])('in %s with voice %s', (language, voice, engine, spoke, text) => {
  it('has every word of the script where it sounds', async () => {
    const result = await speech.speak({ text, language, voice });
    expect(result).toMatchObject({ engine, voice: spoke, timing: 'engine', warnings: [] });
    expectSound(result, text);
    // Nobody speaks faster than 30 or slower than 5 characters a second.
    expect(result.durationMs).toBeGreaterThan((text.length / 30) * 1000);
    expect(result.durationMs).toBeLessThan((text.length / 5) * 1000);
    for (const mark of wordsOf(result))
      expect(loudness(result, mark.startMs, mark.endMs), mark.text).toBeGreaterThan(0.01);
    const sentences = sentencesOf(result);
    sentences.forEach((mark, index) => {
      const next = sentences[index + 1];
      if (next) expect(loudness(result, mark.endMs, next.startMs)).toBe(0);
      expect(loudness(result, mark.startMs, mark.startMs + 80)).toBeGreaterThan(0.001);
      const inside = wordsOf(result).filter(
        (word) => word.charStart >= mark.charStart && word.charEnd <= mark.charEnd,
      );
      expect(inside.length).toBeGreaterThan(0);
      expect(inside[0]!.startMs).toBeGreaterThanOrEqual(mark.startMs);
      expect(inside[0]!.startMs - mark.startMs).toBeLessThan(80);
      expect(inside.at(-1)!.endMs).toBeLessThanOrEqual(mark.endMs);
      expect(mark.endMs - inside.at(-1)!.endMs).toBeLessThan(250);
    });
    expect(sentences.at(-1)!.endMs).toBeCloseTo(result.durationMs, 6);
  });
});

describe('speech', () => {
  it('comes from the cache the second time, sentence by sentence', async () => {
    const first = await speech.speak({ text: 'A first sentence here. A second one.', language: 'en' });
    expect(first.cached).toBe(false);
    const again = await speech.speak({ text: 'A first sentence here. A second one.', language: 'en' });
    expect(again).toEqual({ ...first, cached: true });
    const part = await speech.speak({ text: 'A second one.', language: 'en' });
    expect(part.cached).toBe(true);
    const mixed = await speech.speak({ text: 'A second one. Something new.', language: 'en' });
    expect(mixed.cached).toBe(false);
    const faster = await speech.speak({ text: 'A second one.', language: 'en', speed: 1.5 });
    expect(faster.cached).toBe(false);
    expect(faster.path).not.toBe(part.path);
  });

  it('is made once for two who ask at the same time, and one may leave', async () => {
    const leaving = new AbortController();
    const request = { text: 'Asked for twice at once.', language: 'en' };
    const left = speech.speak({ ...request, signal: leaving.signal });
    const stayed = speech.speak(request);
    setTimeout(() => leaving.abort(), 5);
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    expect((await stayed).cached).toBe(false);
    const [one, two] = await Promise.all([
      speech.speak({ ...request, speed: 1.2 }),
      speech.speak({ ...request, speed: 1.2 }),
    ]);
    expect(one.path).toBe(two.path);
  });

  it.each(['flite', 'espeak'] as const)('of %s follows the speed asked for', async (engine) => {
    const text = 'The quick brown fox jumps over the lazy dog while everyone is watching';
    const lengths = await Promise.all(
      [0.5, 1, 2].map(
        async (speed) => (await speech.speak({ text, language: 'en', engine, speed })).durationMs,
      ),
    );
    expect(lengths[0]! / lengths[1]!).toBeGreaterThan(1.6);
    expect(lengths[1]! / lengths[2]!).toBeGreaterThan(1.6);
  });

  it('takes 5,000 characters', async () => {
    const text = 'Una frase corta con varias palabras, y otra más. '.repeat(102).trim();
    const result = await speech.speak({ text: `${text} Fin.`, language: 'es' });
    expectSound(result, `${text} Fin.`);
    expect(sentencesOf(result)).toHaveLength(103);
  });

  it.each([
    ['<x>&y;</x> Tom & Jerry < 3', 'en'],
    ['<x>&y;</x> Tom & Jerry < 3', 'es'],
    ['😀 Hola 👨‍👩‍👧 mundo 🇪🇸 1️⃣', 'es'],
    ['Hello 世界, Привет мир', 'en'],
    ['Hola 世界 Привет мир', 'es'],
    ['你好世界。今天天气很好。', 'zh'],
    ['[[h@l0U]] {x} \\n %s `ls` C:\\dir', 'en'],
    ['[[h@l0U]] {x} \\n %s `ls` C:\\dir', 'es'],
    ['-t --help -o /etc/passwd', 'en'],
    ['Uno\u0001dos\u200b tres\ufeff\ud800 e\u0301l', 'es'],
    ['WWW 100% 5 € 20°C m² ½', 'en'],
    ['مرحبا بالعالم', 'ar'],
  ])('says %j (%s)', async (text, language) => {
    expectSound(await speech.speak({ text, language }), text);
  });

  it('warns of words an engine cannot say', async () => {
    expect((await speech.speak({ text: 'Hello 世界', language: 'en' })).warnings.join()).toContain('世界');
    expect((await speech.speak({ text: '東京です', language: 'ja' })).warnings.join()).toContain('kanji');
  });

  it.each(['', '   ', '...', '¿?¡!', '😀🎉', '—', '\n\n'])('has nothing to say for %j', async (text) => {
    await expect(speech.speak({ text, language: 'en' })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('nothing to say'),
    });
  });

  it('is silent with the engine none, for about as long as it would take', async () => {
    const text = 'Fifteen characters a second, they say. Right.';
    const result = await speech.speak({ text, language: 'en', engine: 'none' });
    expect(result).toMatchObject({ engine: 'none', timing: 'estimated' });
    expect(result.durationMs).toBeGreaterThan((text.length / 16) * 1000);
    expectSound(result, text);
    expect(loudness(result, 0, result.durationMs)).toBe(0);
  });

  it('refuses a speed out of range', async () => {
    for (const speed of [0.4, 2.1, Number.NaN])
      await expect(speech.speak({ text: 'a', language: 'en', speed })).rejects.toMatchObject({
        code: 'invalid_request',
      });
  });

  it('stops at once when aborted, children and all, and works again', async () => {
    const controller = new AbortController();
    const text = Array.from(
      { length: 60 },
      (_, index) => `This is sentence number ${index} of a text that takes a while to speak.`,
    ).join(' ');
    const work = speech.speak({ text, language: 'en', voice: 'awb', signal: controller.signal });
    await until('flite is at work', () => engineChildren(process.pid, 'flite').length > 0);
    controller.abort();
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
    await expect(
      speech.speak({ text: 'a', language: 'en', signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    expect((await speech.speak({ text: 'And again.', language: 'en' })).cached).toBe(false);
  });

  it('survives its children being killed', async () => {
    const text = (turn: number): string =>
      `Attempt ${turn}. ${'A long sentence that takes some time to say, with many words in it. '.repeat(5)}`;
    await speech.speak({ text: text(0), language: 'en' });
    const work = speech.speak({
      text: Array.from({ length: 20 }, (_, turn) => text(turn + 1)).join(' '),
      language: 'en',
      voice: 'slt',
    });
    let failure: unknown = null;
    const settled = work.then(
      () => (failure = 'none'),
      (error: unknown) => (failure = error),
    );
    await until('the work has failed', () => {
      for (const pid of engineChildren(process.pid, 'flite')) process.kill(pid, 'SIGKILL');
      return failure !== null;
    });
    await settled;
    // The last kill may not have been noticed yet: work given to that child would rightly fail.
    await until('the killed are gone', () => engineChildren(process.pid, 'flite').length === 0);
    expect(failure).toMatchObject({ code: 'speech_failed', retryable: true });
    expect((await speech.speak({ text: text(99), language: 'en' })).cached).toBe(false);
  });

  it('falls back to another engine only if asked, with a warning', async () => {
    const broken: EngineEntry = {
      name: 'flite',
      available: () => true,
      voices: () => [],
      defaultVoice: () => 'rms',
      suits: () => true,
      load: async () => ({
        name: 'flite',
        version: '0',
        synthesize: () => Promise.reject(new Error('out of order')),
        close: async () => {},
      }),
    };
    const silent: EngineEntry = {
      ...broken,
      name: 'espeak',
      load: async () => (await import('../../../core/tts/engines/none.ts')).createSilence(),
    };
    const strict = createSpeech({ cacheDir: path.join(folder, 'strict') }, [broken, silent]);
    await expect(strict.speak({ text: 'Hi', language: 'en' })).rejects.toMatchObject({
      code: 'speech_failed',
      message: 'out of order',
    });
    const lenient = createSpeech({ cacheDir: path.join(folder, 'lenient'), fallback: true }, [
      broken,
      silent,
    ]);
    const result = await lenient.speak({ text: 'Hi', language: 'en' });
    expect(result.warnings[0]).toMatch(/flite failed \(out of order\).*espeak/);
    await Promise.all([strict.close(), lenient.close()]);
  });

  it('says when a sentence is too long for an engine', async () => {
    const terse: EngineEntry = {
      name: 'openai',
      available: () => true,
      voices: () => [],
      defaultVoice: () => 'any',
      suits: () => true,
      load: async () => ({
        ...(await import('../../../core/tts/engines/none.ts')).createSilence(),
        name: 'openai',
        maxCharacters: 20,
      }),
    };
    const short = createSpeech({ cacheDir: path.join(folder, 'terse') }, [terse]);
    expect((await short.speak({ text: 'Short. And short.', language: 'en' })).marks).toHaveLength(5);
    await expect(
      short.speak({ text: 'This sentence has more characters than that.', language: 'en' }),
    ).rejects.toMatchObject({
      code: 'too_large',
      message: expect.stringMatching(/44 characters.*openai.*20/),
    });
    await short.close();
  });

  it('closes in the middle of work, twice, and then refuses', async () => {
    const short = createSpeech({ cacheDir: path.join(folder, 'closing') });
    const work = short.speak({ text: 'Not finished in time. '.repeat(50), language: 'es' });
    const refused = expect(work).rejects.toMatchObject({ code: 'not_ready' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await Promise.all([short.close(), short.close()]);
    await refused;
    await expect(short.speak({ text: 'Hi', language: 'en' })).rejects.toMatchObject({ code: 'not_ready' });
  });
});
