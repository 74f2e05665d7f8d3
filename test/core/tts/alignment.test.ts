/** Alignment: the words of a voice that tells none, held against the times flite and espeak tell themselves. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { alignWords } from '../../../core/tts/alignment/align-words.ts';
import { openAligningThread } from '../../../core/tts/alignment/aligning-thread.ts';
import { featuresOf, hopS } from '../../../core/tts/alignment/features.ts';
import { warp } from '../../../core/tts/alignment/warp.ts';
import type { EngineEntry } from '../../../core/tts/engine.ts';
import { engineTable } from '../../../core/tts/engines/table.ts';
import { createSpeech } from '../../../core/tts/index.ts';
import { normalise } from '../../../core/tts/text/normalise.ts';
import type { Mark, SpeechResult } from '../../../core/tts/types.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'alignment-'));
const open: { close: () => Promise<void> }[] = [];
afterAll(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
  rmSync(folder, { recursive: true });
});

const own = engineTable({}, {}, 1);
const entry = (name: string): EngineEntry => own.find((each) => each.name === name)!;
/** The same voice, keeping its word times to itself. */
const silentAboutWords = (hidden: EngineEntry): EngineEntry => ({
  ...hidden,
  load: async () => {
    const engine = await hidden.load();
    return {
      ...engine,
      synthesize: async (sentence) => ({
        ...(await engine.synthesize(sentence)),
        words: null,
        timing: 'estimated',
      }),
    };
  },
});

const speechOf = (...engines: EngineEntry[]) => {
  const speech = createSpeech({ cacheDir: mkdtempSync(path.join(folder, 'cache-')), children: 1 }, engines);
  open.push(speech);
  return speech;
};
const wordsOf = (result: SpeechResult): Mark[] => result.marks.filter((mark) => mark.kind === 'word');

const text =
  'The museum opens at nine, but the garden behind it never closes. First, warm the milk slowly; then stir in the flour. We saw nobody for two days.';

describe('alignment', () => {
  it('finds words nearly where the engine itself says they are, and far better than a guess', async () => {
    const request = { text, language: 'en', engine: 'flite', voice: 'slt' } as const;
    const truth = await speechOf(entry('flite')).speak(request);
    const aligned = await speechOf(silentAboutWords(entry('flite')), entry('espeak')).speak(request);
    const guessed = await speechOf(silentAboutWords(entry('flite'))).speak(request);
    expect([truth.timing, aligned.timing, guessed.timing]).toEqual(['engine', 'aligned', 'estimated']);
    expect([aligned.warnings, guessed.warnings]).toEqual([[], []]);
    const errors = (result: SpeechResult): number[] =>
      wordsOf(result)
        .map((mark, index) => Math.abs(mark.startMs - wordsOf(truth)[index]!.startMs))
        .sort((a, b) => a - b);
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const found = errors(aligned);
    expect(found).toHaveLength(28);
    expect(mean(found)).toBeLessThan(40);
    expect(found[Math.floor(found.length * 0.9)]).toBeLessThan(100);
    expect(mean(errors(guessed))).toBeGreaterThan(2 * mean(found));
    // The last word sounds; it is not drawn into the end.
    expect(wordsOf(aligned).at(-1)!.startMs).toBeLessThan(aligned.durationMs - 200);
  });

  it('finds Spanish words too', async () => {
    const request = { text: 'Salimos del puerto antes del amanecer.', language: 'es', engine: 'espeak', voice: 'es-419+m3' } as const; // prettier-ignore
    const truth = wordsOf(await speechOf(entry('espeak')).speak(request));
    const reference = { ...entry('espeak'), name: 'openai' as const, available: () => true };
    const aligned = await speechOf(silentAboutWords(reference), entry('espeak')).speak({ ...request, engine: 'openai' }); // prettier-ignore
    expect(aligned.timing).toBe('aligned');
    wordsOf(aligned).forEach((mark, index) =>
      expect(Math.abs(mark.startMs - truth[index]!.startMs)).toBeLessThan(60),
    );
  });

  it('knows how a service reads figures', async () => {
    const request = { text: 'On 05/12/2024 the river rose 3.5 m.', language: 'en', engine: 'flite', voice: 'slt' } as const; // prettier-ignore
    const flite = entry('flite');
    const truth = wordsOf(await speechOf(flite).speak(request));
    const reader: EngineEntry = {
      ...silentAboutWords(flite),
      load: async () => {
        const engine = await silentAboutWords(flite).load();
        return {
          ...engine,
          reads: 'everything',
          synthesize: (sentence) =>
            engine.synthesize({ ...sentence, text: normalise(sentence.text, 'en').spoken.text }),
        };
      },
    };
    const aligned = await speechOf(reader, entry('espeak')).speak(request);
    expect(aligned.timing).toBe('aligned');
    expect(wordsOf(aligned).map((mark) => mark.text)).toEqual(truth.map((mark) => mark.text));
    wordsOf(aligned).forEach((mark, index) =>
      expect(Math.abs(mark.startMs - truth[index]!.startMs)).toBeLessThan(150),
    );
  });

  it('gives way to an estimate, with a warning, when it fails', async () => {
    const broken: EngineEntry = {
      ...entry('espeak'),
      load: async () => ({
        name: 'espeak',
        version: '1',
        synthesize: async () => {
          throw new Error('espeak is gone');
        },
        close: async () => {},
      }),
    };
    const request = { text: 'We saw nobody.', language: 'en', engine: 'flite' } as const;
    const result = await speechOf(silentAboutWords(entry('flite')), broken).speak(request);
    expect(result).toMatchObject({
      timing: 'estimated',
      warnings: [expect.stringMatching(/^Word times are estimated.*espeak is gone/)],
    });
    expect(wordsOf(result)).toHaveLength(3);
  });

  it('says so where the voice says something else', async () => {
    const flite = entry('flite');
    const liar: EngineEntry = {
      ...silentAboutWords(flite),
      load: async () => {
        const engine = await silentAboutWords(flite).load();
        const other = 'A telescope is a machine for looking into the past.';
        return { ...engine, synthesize: (sentence) => engine.synthesize({ ...sentence, text: other }) };
      },
    };
    const request = {
      text: 'We left the harbour before sunrise and saw nobody for two days.',
      language: 'en',
    };
    expect(await speechOf(liar, entry('espeak')).speak({ ...request, engine: 'flite' })).toMatchObject({
      timing: 'estimated',
      warnings: [expect.stringContaining('does not sound like its text')],
    });
  });
});

describe('the aligning thread', () => {
  const sound = { samples: new Int16Array(16_000).map((_, n) => 9000 * Math.sin(n / 9)), sampleRate: 16_000 };
  const reference = { ...sound, words: [{ charStart: 0, charEnd: 1, startS: 0.25, endS: 0.5 }] };
  const signal = new AbortController().signal;

  it('answers each who asks, is left by who aborts, and is closed', async () => {
    const thread = openAligningThread();
    const abort = new AbortController();
    const left = thread.align(reference, sound, abort.signal, 60_000);
    const both = [
      thread.align(reference, sound, signal, 60_000),
      thread.align(reference, sound, signal, 60_000),
    ];
    abort.abort();
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    for (const [word] of await Promise.all(both)) expect(word!.startS).toBeCloseTo(0.25, 1);
    const late = thread.align(reference, sound, signal, 60_000);
    await Promise.all([thread.close(), expect(late).rejects.toMatchObject({ code: 'not_ready' })]);
    await expect(thread.align(reference, sound, signal, 60_000)).rejects.toMatchObject({ code: 'not_ready' });
  });

  it('is replaced when it takes too long', async () => {
    const thread = openAligningThread();
    open.push(thread);
    await expect(thread.align(reference, sound, signal, 1)).rejects.toMatchObject({ code: 'timeout' });
    await expect(thread.align(reference, sound, signal, 60_000)).resolves.toHaveLength(1);
  });
});

describe('warping', () => {
  const rows = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 1, maxLength: 60 });

  it('goes from both beginnings to both ends, never back and never over a frame', () => {
    fc.assert(
      fc.property(rows, rows, fc.integer({ min: 1, max: 30 }), (a, b, band) => {
        const features = (values: number[]) => ({
          data: Float32Array.from(values),
          frames: values.length,
          size: 1,
        });
        const { first, last } = warp(features(a), features(b), band);
        expect(first[0]).toBe(0);
        expect(last.at(-1)).toBe(b.length - 1);
        for (let row = 0; row < a.length; row++) {
          expect(last[row]).toBeGreaterThanOrEqual(first[row]!);
          if (row > 0) expect(first[row]! - last[row - 1]!).toBeOneOf([0, 1]);
        }
      }),
    );
  });

  it('finds a sentence again in itself, whatever its sample rate and loudness', () => {
    const voice = (rate: number, gain: number): Int16Array =>
      Int16Array.from({ length: rate }, (_, n) => {
        const t = n / rate;
        return (
          gain * Math.sin(2 * Math.PI * (200 + 900 * Math.sin(5 * t)) * t) * (0.6 + 0.4 * Math.sin(21 * t))
        );
      });
    const words = [0.1, 0.4, 0.8].map((startS, at) => ({
      charStart: at,
      charEnd: at + 1,
      startS,
      endS: startS + 0.1,
    }));
    const found = alignWords(
      { samples: voice(22_050, 9000), sampleRate: 22_050, words },
      { samples: voice(16_000, 2000), sampleRate: 16_000 },
    );
    found.forEach((word, index) => expect(Math.abs(word.startS - words[index]!.startS)).toBeLessThan(0.03));
  });

  it('has one vector each hop, and finite ones for silence', () => {
    for (const length of [0, 1, 100, 16_000]) {
      const { data, frames, size } = featuresOf(new Int16Array(length), 16_000, 7000);
      expect(frames).toBe(Math.max(1, Math.ceil(length / 16_000 / hopS)));
      expect(data).toHaveLength(frames * size);
      expect(data.every(Number.isFinite)).toBe(true);
    }
  });
});
