/** What writers put into a script for the voice – pauses, emphasis, pronunciations – heard in real speech. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../core/config.ts';
import { decodeWav } from '../../../core/tts/audio/wav.ts';
import { createSpeech, speechOptions } from '../../../core/tts/index.ts';
import type { Mark, Speech, SpeechResult } from '../../../core/tts/types.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'script-marks-'));
const speech = createSpeech({ cacheDir: path.join(folder, 'cache') });
const open: Speech[] = [speech];
afterAll(async () => {
  await Promise.all(open.map((each) => each.close()));
  rmSync(folder, { recursive: true });
});

const wordsOf = (result: SpeechResult): Mark[] => result.marks.filter((mark) => mark.kind === 'word');
const say = (text: string, more: object = {}): Promise<SpeechResult> =>
  speech.speak({ text, language: 'en', engine: 'espeak', ...more });

describe('pauses in a script', () => {
  it('are as long as written, to the sample, and leave no word behind', async () => {
    const plain = await say('One two.');
    const result = await say('[pause 700ms] One [pause 1.2s] two. [pause 900ms]');
    expect(wordsOf(result).map(({ text }) => text)).toEqual(['One', 'two.']);
    const { samples, sampleRate } = decodeWav(readFileSync(result.path));
    const silent = (fromMs: number, toMs: number): boolean =>
      samples
        .subarray((fromMs * sampleRate) / 1000, (toMs * sampleRate) / 1000)
        .every((sample) => sample === 0);
    const [one, two] = wordsOf(result);
    expect(one!.startMs).toBeGreaterThanOrEqual(700);
    expect(silent(0, 699)).toBe(true);
    const sentences = result.marks.filter((mark) => mark.kind === 'sentence');
    expect(sentences[1]!.startMs - sentences[0]!.endMs).toBeCloseTo(1200, 0);
    expect(silent(sentences[0]!.endMs + 1, sentences[1]!.startMs - 1)).toBe(true);
    expect(result.durationMs - sentences[1]!.endMs).toBeCloseTo(900, 0);
    expect(two!.endMs).toBeLessThanOrEqual(sentences[1]!.endMs);
    expect(result.durationMs).toBeGreaterThan(plain.durationMs + 2300);
  });

  it('alone are nothing to say', async () => {
    await expect(say('[pause 1s]')).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('emphasis', () => {
  it('is heard with espeak: the word lasts longer, and keeps its place', async () => {
    const lasts = (result: SpeechResult): number => {
      const [, , , red] = wordsOf(result);
      expect(red!.text).toBe('red');
      return wordsOf(result)[4]!.startMs - red!.startMs;
    };
    const plain = await say('We saw a red house.');
    const stressed = await say('We saw a **red** house.');
    expect(lasts(stressed)).toBeGreaterThan(lasts(plain) * 1.1);
    expect(wordsOf(stressed)).toHaveLength(5);
  });
});

describe('pronunciations', () => {
  it('change what is heard, not what is shown', async () => {
    const text = 'The GNU project.';
    const lexicon = { GNU: 'a very long explanation of gnu' };
    const result = await say(text, { lexicon });
    expect(wordsOf(result).map((mark) => mark.text)).toEqual(['The', 'GNU', 'project.']);
    expect(result.durationMs).toBeGreaterThan((await say(text)).durationMs + 1000);
    const same = await say('The a very long explanation of gnu project.');
    expect(Math.abs(result.durationMs - same.durationMs)).toBeLessThan(1);
  });

  it('of an installation hold for its languages, and those of a request come first', async () => {
    const dataDir = mkdtempSync(path.join(folder, 'data-'));
    writeFileSync(
      path.join(dataDir, 'lexicon.yaml'),
      'all: { Foo: foo all, Bar: bar all }\nen: { Bar: bar english }\nen-GB: { Foo: foo british }\n',
    );
    const { lexicon } = speechOptions(loadConfig({ DATA_DIR: dataDir }));
    expect(lexicon!('en-GB')).toEqual({ Foo: 'foo british', Bar: 'bar english' });
    expect(lexicon!('es')).toEqual({ Foo: 'foo all', Bar: 'bar all' });
    const local = createSpeech({ cacheDir: path.join(folder, 'cache'), lexicon });
    open.push(local);
    const request = { text: 'Bar', language: 'en', engine: 'espeak' } as const;
    const [own, general] = [
      await local.speak({ ...request, lexicon: { Bar: 'b' } }),
      await local.speak(request),
    ];
    expect(own.durationMs).toBeLessThan(general.durationMs);
  });

  it('that cannot be read are refused with the file and the fault', () => {
    const file = path.join(folder, 'broken.yaml');
    const { lexicon } = speechOptions(loadConfig({ DATA_DIR: folder, TTS_LEXICON: file }));
    expect(lexicon!('en')).toEqual({});
    for (const [content, fault] of [
      ['en: [a', 'broken.yaml'],
      ['en: { a: "" }', 'en.a: says nothing'],
      ['spanish!: { a: b }', 'broken.yaml'],
    ] as const) {
      // prettier-ignore
      writeFileSync(file, content);
      const { lexicon: broken } = speechOptions(loadConfig({ DATA_DIR: folder, TTS_LEXICON: file }));
      expect(() => broken!('en')).toThrow(fault);
    }
  });
});
