/** Several voices in one scene: whose line is whose, what captions show, and how it sounds together. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { checkVoices, filmVoices, narrate } from '../../../core/pipeline/narrate.ts';
import { narrationTurns } from '../../../core/pipeline/narration-turns.ts';
import { shownText } from '../../../core/pipeline/narration-text.ts';
import { storyboardSchema, type StoryboardInput } from '../../../core/schema/storyboard.ts';
import { parseScript } from '../../../core/script.ts';
import { harmlessOddities } from '../../../core/storyboard-rules.ts';
import { upsample } from '../../../core/tts/audio/upsample.ts';
import { decodeWav } from '../../../core/tts/audio/wav.ts';
import { createSpeech } from '../../../core/tts/index.ts';
import { speakerTurns } from '../../../core/tts/speakers.ts';
import { languageOf } from '../../../core/tts/text/language-of.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'dialogue-'));
const speech = createSpeech({ cacheDir: path.join(folder, 'cache') });
afterAll(async () => {
  await speech.close();
  rmSync(folder, { recursive: true });
});

const said = (text: string, speakers: string[]): [string | null, string][] =>
  speakerTurns(text, speakers).map(({ speaker, start, end }) => [speaker, text.slice(start, end).trim()]);

describe('lines of speakers', () => {
  it('begin with a declared name, at the start of a line or in capitals after a sentence', () => {
    expect(
      said('Intro.\nAna: Hola, Tom: ya.\n  TOM : Hi! ANA: ¿Qué? tom: no\n**Ana:** fin', ['ana', 'Tom']),
    ).toEqual([
      [null, 'Intro.'],
      ['ana', 'Hola, Tom: ya.'],
      ['Tom', 'Hi!'],
      ['ana', '¿Qué? tom: no'],
      ['ana', 'fin'],
    ]);
    expect(said('Ana María: uno\nAna: dos\nAnabel: tres', ['Ana', 'Ana María'])).toEqual([
      ['Ana María', 'uno'],
      ['Ana', 'dos\nAnabel: tres'],
    ]);
    expect(said('ANA: nobody declared her', [])).toEqual([[null, 'ANA: nobody declared her']]);
  });

  it('and their names cover the text once, in order, whatever is written', () => {
    const part = fc.constantFrom(
      'ANA:',
      'Tom: ',
      'x',
      '. ',
      '\n',
      ' ',
      'ana : ',
      '**Tom:** ',
      'é',
      '?) ',
      ':',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 25 }), (parts) => {
        const text = parts.join('');
        let done = 0;
        for (const { labelStart, start, end } of speakerTurns(text, ['ana', 'tom'])) {
          expect(text.slice(done, labelStart).trim()).toBe('');
          expect(start).toBeGreaterThanOrEqual(labelStart);
          expect(end).toBeGreaterThanOrEqual(start);
          done = end;
        }
        expect(done).toBe(text.length);
      }),
    );
  });

  it('stay lines in a script, and are set up in its front matter', () => {
    const { storyboard } = parseScript(
      '---\nspeakers:\n  ana: { language: es }\n  tom: {}\n---\nANA: Hola,\namiga. [pause: 1s]\nTOM: Hello\nthere.\n',
      { name: 'talk.md' },
    );
    expect(storyboard.scenes[0]!.text).toBe('ANA: Hola, amiga. [pause: 1s]\nTOM: Hello there.');
    expect(storyboard.speakers).toEqual({ ana: { language: 'es' }, tom: {} });
  });
});

describe('a dialogue', () => {
  const storyboard = (more: Partial<StoryboardInput> = {}) =>
    storyboardSchema.parse({
      language: 'en',
      speakers: { ana: { language: 'es' }, tom: { engine: 'flite', name: 'rms' } },
      scenes: [{ text: 'ANA: Hola, **Tom**.\nTOM: Hello Ana. [pause 2s]\nANA: Adiós.' }],
      ...more,
    });
  const narrated = async (board: ReturnType<typeof storyboard>) =>
    narrate(
      board,
      board.scenes.map(() => null),
      { speech },
      { signal: new AbortController().signal, onProgress: () => {} },
    );

  it('is one sound: each in their own voice, with a breath between them, and clean captions', async () => {
    const narrations = await narrated(storyboard());
    const [scene] = narrations;
    expect(scene!.text.replace(/\s+/g, ' ')).toBe('Hola, Tom. Hello Ana. Adiós.');
    const words = scene!.marks.filter((mark) => mark.kind === 'word');
    expect(words.map((mark) => scene!.text.slice(mark.charStart, mark.charEnd))).toEqual(['Hola,', 'Tom.', 'Hello', 'Ana.', 'Adiós.']); // prettier-ignore
    const gap = (index: number): number => words[index]!.startMs - words[index - 1]!.endMs;
    expect(gap(2)).toBeGreaterThan(450);
    expect(gap(2)).toBeLessThan(800);
    expect(gap(4)).toBeGreaterThan(1950);
    expect(gap(4)).toBeLessThan(2300);
    expect(filmVoices(narrations).map(({ engine, voice, scenes }) => [engine, voice, scenes])).toEqual([
      ['espeak', 'es+f2', [1]],
      ['flite', 'rms', [1]],
    ]);
    const { samples, sampleRate } = decodeWav(readFileSync(scene!.path));
    // espeak's, the higher of both.
    expect(sampleRate).toBe(22_050);
    expect(samples.length / sampleRate).toBeCloseTo(scene!.durationS, 3);
    expect((await narrated(storyboard()))[0]!.hash).toBe(scene!.hash);
  });

  it('keeps the names in captions if asked to', async () => {
    const [scene] = await narrated(storyboard({ captions: { speakers: 'show' } }));
    expect(scene!.text.replace(/\s+/g, ' ')).toBe('ANA: Hola, Tom. TOM: Hello Ana. ANA: Adiós.');
    expect(scene!.marks.filter((mark) => mark.kind === 'word')).toHaveLength(5);
  });

  it('names the speaker whose voice is at fault, and lines of nobody', () => {
    const faulty = storyboard({ speakers: { ana: { name: 'nosuch' }, tom: { language: 'xx' } } });
    expect(checkVoices(faulty, speech).map(({ path: field }) => field)).toEqual([
      'speakers.ana',
      'speakers.tom',
    ]);
    expect(checkVoices(storyboard(), speech)).toEqual([]);
    const strange = storyboard({ scenes: [{ text: 'ANA: Hola.\nBOB: Who am I?' }] });
    expect(harmlessOddities(strange, { seconds: 3600 })).toEqual([expect.stringMatching(/scenes\[0\]\.text.*"BOB".*ana, tom/)]); // prettier-ignore
    expect(() => storyboard({ speakers: { Ana: {}, ANA: {} } })).toThrow('same name');
  });

  it('fails with its scene if one of them cannot speak', async () => {
    const broken = storyboard({ speakers: { ana: { engine: 'openai' }, tom: {} } });
    await expect(narrated(broken)).rejects.toMatchObject({
      code: 'voice_unknown',
      scene: 1,
      stage: 'voicing',
    });
  });
});

describe('languages of sentences', () => {
  it.each([
    ['The wind is strong today.', 'en'],
    ['El viento es fuerte hoy.', 'es'],
    ['¡Mañana!', 'es'],
    ['Hello!', 'en'],
    ['Il vento è forte.', 'it'],
    ['Der Wind ist heute stark.', 'de'],
    ['Ветер сильный.', 'ru'],
    ['風が強いです。', 'ja'],
    ['2024.', 'es'],
  ])('%s', (sentence, expected) =>
    expect(languageOf(sentence, ['es', 'en', 'it', 'de', 'ru', 'ja'])).toBe(expected),
  );

  it('are told apart only where others are named', () => {
    const text = 'Los molinos giran. The windmills turn. They do not stop. Y siguen.';
    const turns = (languages?: string[]) =>
      narrationTurns(
        { language: 'es', voice: { name: 'es+f5' }, languages },
        { text },
        { fits: (voice) => speech.check(voice) === null },
      );
    expect(turns()).toBeNull();
    expect(
      turns(['en'])!.map(({ start, end, language, voice }) => [
        text.slice(start, end).trim(),
        language,
        voice,
      ]),
    ).toEqual([
      ['Los molinos giran.', 'es', 'es+f5'],
      ['The windmills turn. They do not stop.', 'en', undefined],
      ['Y siguen.', 'es', 'es+f5'],
    ]);
  });
});

describe('the voice of another language', () => {
  it.each([
    [{ engine: 'none' }, ['none', undefined]],
    [{ engine: 'espeak', name: 'en-us+m3' }, ['espeak', undefined]],
    [{ engine: 'flite', name: 'slt' }, ['auto', undefined]],
  ] as const)('of %j keeps what can speak it', (voice, expected) => {
    const turns = narrationTurns(
      { language: 'en', voice, languages: ['es'] },
      { text: 'The wind is strong. El viento es fuerte.' },
      { fits: (wanted) => speech.check(wanted) === null },
    );
    expect([turns![1]!.engine, turns![1]!.voice]).toEqual(expected);
    expect(turns![1]!.language).toBe('es');
  });
});

describe('what captions show', () => {
  it('keeps each mark on its word, whatever is taken away', () => {
    const part = fc.constantFrom('ANA: ', 'uno ', '**dos** ', '[pause 1s] ', '\n', 'tres. ', '😀 ', '`c` ');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), fc.boolean(), (parts, showSpeakers) => {
        const original = parts.join('');
        const marks = Array.from(original.matchAll(/uno|dos|tres/g), ({ 0: text, index }) => ({ kind: 'word' as const, text, charStart: index, charEnd: index + text.length, startMs: 0, endMs: 1 })); // prettier-ignore
        const shown = shownText(original, marks, { language: 'es', speakers: ['ana'], showSpeakers });
        expect(shown.marks.map(({ charStart, charEnd }) => shown.text.slice(charStart, charEnd))).toEqual(marks.map(({ text }) => text)); // prettier-ignore
        expect(shown.text).not.toMatch(/pause|\*|\ue000/);
      }),
    );
  });
});

describe('upsampling', () => {
  it('keeps a tone, its loudness and its length', () => {
    const tone = (rate: number): Int16Array =>
      Int16Array.from({ length: rate }, (_, n) =>
        Math.round(8000 * Math.sin((2 * Math.PI * 1000 * n) / rate)),
      );
    const result = upsample(tone(16_000), 16_000, 22_050);
    expect(result).toHaveLength(22_050);
    const wanted = tone(22_050);
    // Away from both ends, where the kernel has all its samples.
    for (let n = 100; n < 21_900; n++) expect(Math.abs(result[n]! - wanted[n]!)).toBeLessThan(60);
  });
});
