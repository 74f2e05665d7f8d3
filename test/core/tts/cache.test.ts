/** The cache on disk, and work that several want at once. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheKey, SpeechCache } from '../../../core/tts/cache.ts';
import type { Engine, SentenceRequest } from '../../../core/tts/engine.ts';
import { sentenceSamples, speakSentence } from '../../../core/tts/sentence-audio.ts';
import { SingleFlight } from '../../../core/tts/single-flight.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'speech-cache-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const files = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);

describe('the cache', () => {
  it('gives back what was written, and leaves no temporary file', async () => {
    const cache = new SpeechCache({ folder: path.join(folder, 'new', 'deep'), maxBytes: 1e6 });
    const key = cacheKey(['a', 1]);
    expect(await cache.read(key, 'wav')).toBeNull();
    const file = await cache.write(key, 'wav', Buffer.from('sound'));
    expect(file).toBe(cache.pathOf(key, 'wav'));
    expect((await cache.read(key, 'wav'))?.toString()).toBe('sound');
    expect(await cache.has(key, 'wav', 5)).toBe(true);
    expect(await cache.has(key, 'wav', 6)).toBe(false);
    expect(files()).toEqual([`${key}.wav`]);
    expect(cacheKey(['a', 1])).toBe(key);
    expect(cacheKey(['a1'])).not.toBe(key);
  });

  it('drops what was used least recently once it is too large, but nothing that is in use', async () => {
    const cache = new SpeechCache({ folder, maxBytes: 1000, keepMs: 60_000 });
    const keys = Array.from({ length: 10 }, (_, index) => cacheKey([index]));
    for (const key of keys) await cache.write(key, 'wav', Buffer.alloc(300));
    expect(files()).toHaveLength(10);
    keys.forEach((key, index) =>
      utimesSync(cache.pathOf(key, 'wav'), new Date(), new Date(Date.now() - (20 - index) * 3_600_000)),
    );
    // Reading makes the oldest one recent.
    await cache.read(keys[0]!, 'wav');
    await cache.write(cacheKey(['last']), 'wav', Buffer.alloc(300));
    expect(new Set(files())).toEqual(new Set([keys[0], cacheKey(['last'])].map((key) => `${key}.wav`)));
  });

  it('removes temporary files left behind long ago, and nothing that is not its own', async () => {
    const cache = new SpeechCache({ folder, maxBytes: 1 });
    const key = cacheKey(['x']);
    mkdirSync(path.join(folder, 'aa'));
    const [abandoned, fresh, foreign] = [`${key}.wav.1.abc.tmp`, `${key}.wav.2.def.tmp`, 'notes.txt'].map(
      (name) => path.join(folder, 'aa', name),
    );
    for (const file of [abandoned, fresh, foreign]) writeFileSync(file!, 'x');
    for (const file of [abandoned, foreign]) utimesSync(file!, 0, 0);
    await cache.write(cacheKey(['y']), 'wav', Buffer.from('y'));
    expect(files().toSorted()).toEqual(
      [path.basename(fresh!), 'notes.txt', `${cacheKey(['y'])}.wav`].toSorted(),
    );
  });

  it('says when it cannot write', async () => {
    writeFileSync(path.join(folder, 'file'), '');
    const cache = new SpeechCache({ folder: path.join(folder, 'file'), maxBytes: 1e6 });
    await expect(cache.write(cacheKey([1]), 'wav', Buffer.alloc(1))).rejects.toMatchObject({
      code: 'internal',
    });
  });
});

describe('a sentence', () => {
  const samples = Int16Array.from({ length: 1600 }, (_, index) => Math.round(8000 * Math.sin(index / 10)));
  const engineOf = () => ({
    name: 'espeak' as const,
    version: '1',
    synthesize: vi.fn(async () => ({
      samples,
      sampleRate: 16_000,
      words: [{ charStart: 0, charEnd: 2, startS: 0, endS: 0.1 }],
      timing: 'engine' as const,
      warnings: [],
    })),
    close: async () => {},
  });
  const request: SentenceRequest = {
    text: 'Hi',
    voice: 'v',
    language: 'en',
    speed: 1,
    signal: new AbortController().signal,
    timeoutMs: 1000,
  };

  it('is spoken once by many and by another process later, and anew if its file is damaged', async () => {
    const source = { cache: new SpeechCache({ folder, maxBytes: 1e6 }), flights: new SingleFlight<never>() };
    const engine = engineOf();
    const all = await Promise.all(Array.from({ length: 5 }, () => speakSentence(source, engine, request)));
    expect(engine.synthesize).toHaveBeenCalledTimes(1);
    expect(new Set(all.map((audio) => audio.key)).size).toBe(1);
    const later = await speakSentence(
      { ...source, cache: new SpeechCache({ folder, maxBytes: 1e6 }) },
      engine,
      request,
    );
    expect(later).toEqual({ ...all[0], fresh: false });
    truncateSync(source.cache.pathOf(later.key, 'wav'), 100);
    expect(await sentenceSamples(source.cache, later)).toBeNull();
    expect(await speakSentence(source, engine, request)).toMatchObject({ fresh: true });
    writeFileSync(source.cache.pathOf(later.key, 'json'), '{"broken');
    expect(await speakSentence(source, engine, request)).toMatchObject({ fresh: true });
    expect(engine.synthesize).toHaveBeenCalledTimes(3);
  });

  it('is another one if anything that decides its sound differs', async () => {
    const source = { cache: new SpeechCache({ folder, maxBytes: 1e6 }), flights: new SingleFlight<never>() };
    const engine = engineOf();
    const variants: [Engine, Partial<SentenceRequest>][] = [
      [engine, {}],
      [engine, { text: 'Ho' }],
      [engine, { voice: 'w' }],
      [engine, { language: 'es' }],
      [engine, { speed: 2 }],
      [{ ...engine, version: '2' }, {}],
      [{ ...engine, name: 'flite' }, {}],
    ];
    const keys = await Promise.all(
      variants.map(
        async ([who, change]) => (await speakSentence(source, who, { ...request, ...change })).key,
      ),
    );
    expect(new Set(keys).size).toBe(variants.length);
  });
});

describe('work wanted by several', () => {
  it('goes on while one still wants it, and stops when nobody does', async () => {
    const flights = new SingleFlight<string>();
    let stopped = 0;
    const work = (signal: AbortSignal): Promise<string> =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => (stopped++, reject(signal.reason as Error))),
      );
    const [one, two] = [new AbortController(), new AbortController()];
    const wanted = [flights.do('k', work, one.signal), flights.do('k', work, two.signal)];
    one.abort();
    await expect(wanted[0]).rejects.toMatchObject({ code: 'cancelled' });
    expect(stopped).toBe(0);
    two.abort();
    await expect(wanted[1]).rejects.toMatchObject({ code: 'cancelled' });
    expect(stopped).toBe(1);
    await expect(flights.do('k', async () => 'anew', new AbortController().signal)).resolves.toBe('anew');
  });

  it('tells everyone of a failure, and is tried anew by the next', async () => {
    const flights = new SingleFlight<string>();
    const { signal } = new AbortController();
    const failing = async (): Promise<string> => Promise.reject(new Error('no'));
    const outcomes = await Promise.allSettled([
      flights.do('k', failing, signal),
      flights.do('k', failing, signal),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
    await expect(flights.do('k', async () => 'yes', signal)).resolves.toBe('yes');
  });
});
