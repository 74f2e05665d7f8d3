/** sherpa for real, with a model made here: recognised, spoken with, and every fault of a folder told. */
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectSherpaModel } from '../../../core/tts/engines/sherpa-model.ts';
import { createSpeech } from '../../../core/tts/index.ts';
import type { Speech, SpeechRequest } from '../../../core/tts/types.ts';
import { engineChildren, until } from './engine-children.ts';
import { fakeSherpaFolder } from './sherpa-folders.ts';
import { letterSamples, makeTinyVoice, tinyRate } from './tiny-voice.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'sherpa-'));
const models = path.join(folder, 'voices');
let speech: Speech;
beforeAll(() => {
  makeTinyVoice(path.join(models, 'vits-piper-en_US-tiny-low'));
  makeTinyVoice(path.join(models, 'tiny-es'), { notes: { language: 'Spanish' } });
  makeTinyVoice(path.join(models, 'two'), { notes: { n_speakers: '2' } });
  makeTinyVoice(path.join(models, 'nan'), { constant: Number.NaN });
  makeTinyVoice(path.join(models, 'mute'), { constant: 0 });
  makeTinyVoice(path.join(models, 'incomplete'), { without: ['tokens.txt'] });
  speech = createSpeech({ cacheDir: path.join(folder, 'cache'), services: { sherpaModelsDir: models } });
});
afterAll(async () => {
  await speech.close();
  expect(engineChildren(process.pid, 'sherpa')).toEqual([]);
  rmSync(folder, { recursive: true });
});

const speak = (request: Partial<SpeechRequest> = {}) =>
  speech.speak({ text: 'hello world', language: 'en', engine: 'sherpa', ...request });
const letterMs = (letterSamples / tinyRate) * 1000;

describe('a sherpa voice', () => {
  it('is loaded and speaks, letter by letter', async () => {
    const result = await speak({ voice: 'en_US-tiny-low' });
    expect(result).toMatchObject({
      engine: 'sherpa',
      // It hums letters, which is nothing like English.
      timing: 'estimated',
      sampleRate: tinyRate,
      warnings: [expect.stringContaining('does not sound like its text')],
    });
    // Eleven letters; of the silence around them 40 ms may stay.
    expect(result.durationMs).toBeGreaterThan(10.5 * letterMs);
    expect(result.durationMs).toBeLessThanOrEqual(11 * letterMs + 40);
    const [hello, world] = result.marks.filter((mark) => mark.kind === 'word');
    expect(hello!.endMs).toBeLessThanOrEqual(world!.startMs);
    // The gap between the words is letter six of eleven.
    expect(Math.abs(world!.startMs - 6 * letterMs)).toBeLessThan(letterMs);
    expect((await speak({ voice: 'en_US-tiny-low', speed: 2 })).durationMs).toBeLessThan(6 * letterMs);
    expect((await speak({ voice: 'en_US-tiny-low', speed: 0.5 })).durationMs).toBeGreaterThan(21 * letterMs);
  });

  it('is found by language, by name, and is auto’s first choice', async () => {
    expect(speech.voices('en').filter((voice) => voice.engine === 'sherpa').map((voice) => voice.name)).toEqual(['en_US-tiny-low', 'mute', 'nan', 'two/0', 'two/1']); // prettier-ignore
    expect(await speech.speak({ text: 'hola', language: 'es-MX' })).toMatchObject({ engine: 'sherpa', voice: 'tiny-es' }); // prettier-ignore
    expect(await speech.speak({ text: 'hello', language: 'en-US' })).toMatchObject({
      voice: 'en_US-tiny-low',
    });
    expect(await speak({ voice: 'EN_us-tiny-low' })).toMatchObject({ voice: 'en_US-tiny-low' });
    expect(speech.check({ language: 'fr', voice: 'tiny-es' })).toMatchObject({ message: expect.stringContaining('speaks es, not fr') }); // prettier-ignore
  });

  it('appears and changes with its folder, and what it said is not mistaken for a new one’s', async () => {
    const place = path.join(models, 'late');
    expect(speech.voices().some((voice) => voice.name === 'late')).toBe(false);
    makeTinyVoice(place);
    await until('it is seen', () => speech.voices().some((voice) => voice.name === 'late'));
    const before = await speak({ voice: 'late' });
    writeFileSync(path.join(place, 'README.md'), 'Another model now.');
    expect((await speak({ voice: 'late' })).cached).toBe(false);
    expect((await speak({ voice: 'late' })).cached).toBe(true);
    expect(before.cached).toBe(false);
    rmSync(place, { recursive: true });
    await until('it is gone', () => !speech.voices().some((voice) => voice.name === 'late'));
  });

  it('that computes nonsense or silence is a clear fault', async () => {
    await expect(speak({ voice: 'nan' })).rejects.toMatchObject({ code: 'speech_failed', message: expect.stringMatching(/sherpa.*no sound/) }); // prettier-ignore
    await expect(speak({ voice: 'mute' })).rejects.toMatchObject({ code: 'speech_failed', message: expect.stringMatching(/sherpa.*silence/) }); // prettier-ignore
    await expect(speak({ voice: 'en_US-tiny-low', text: '世界' })).rejects.toMatchObject({ code: 'speech_failed', message: expect.stringContaining('sherpa') }); // prettier-ignore
    expect((await speak({ voice: 'en_US-tiny-low', text: 'all is well' })).durationMs).toBeGreaterThan(0);
  });

  it('that is incomplete says so when asked for, and is not listed', async () => {
    expect(speech.voices().some((voice) => voice.name === 'incomplete')).toBe(false);
    await expect(speak({ voice: 'incomplete' })).rejects.toMatchObject({ code: 'voice_unknown', message: expect.stringMatching(/incomplete cannot be used: tokens\.txt is missing/) }); // prettier-ignore
  });

  it('that passes every check and still ends the process takes nobody with it', async () => {
    const place = path.join(models, 'poison');
    makeTinyVoice(place);
    // A graph sherpa cannot run: it has fewer inputs than it is given.
    makeTinyVoice(place, {
      notes: { comment: 'piper', frontend: null, language: 'English', voice: '' },
      lexicon: true,
    });
    await until('it is seen', () => speech.voices().some((voice) => voice.name === 'poison'));
    await expect(speak({ voice: 'poison' })).rejects.toMatchObject({ code: 'speech_failed', message: expect.stringContaining('sherpa') }); // prettier-ignore
    expect((await speak({ voice: 'two/1', text: 'still here' })).durationMs).toBeGreaterThan(0);
    rmSync(place, { recursive: true });
  });
});

describe('a folder of a sherpa voice', () => {
  it.each(['kokoro', 'kitten', 'matcha', 'supertonic', 'vits'] as const)('of %s is recognised', (kind) => {
    const place = fakeSherpaFolder(path.join(folder, 'fakes', kind), kind);
    const model = inspectSherpaModel(place);
    expect(model.kind).toBe(kind);
    expect(model.config[kind]).toBeDefined();
    expect(model.speakers.map(({ name, language, gender }) => [name, language, gender])).toEqual(
      {
        kokoro: [['af_bella', 'en-US', 'female'], ['bm_lewis', 'en-GB', 'male'], ['ef_dora', 'es', 'female']],
        kitten: [['expr-voice-2-m', 'en-US', 'male'], ['expr-voice-2-f', 'en-US', 'female']],
        matcha: [[null, 'en-US', 'unknown']],
        supertonic: [['0', 'mul', 'unknown'], ['1', 'mul', 'unknown']],
        vits: [[null, 'es-MX', 'unknown']],
      }[kind],
    ); // prettier-ignore
  });

  it.each<[string, Parameters<typeof fakeSherpaFolder>[1], string, RegExp]>([
    ['its voices', 'kokoro', 'voices.bin', /voices\.bin is missing/],
    ['its tokens', 'kitten', 'tokens.txt', /tokens\.txt is missing/],
    ['its vocoder', 'matcha', 'hifigan_v2.onnx', /vocoder .* is missing/],
    ['one of its four models', 'supertonic', 'vector_estimator.onnx', /vector_estimator\.onnx is missing/],
    ['its settings', 'supertonic', 'tts.json', /tts\.json is missing/],
    ['its model', 'vits', 'es_MX-fake-low.onnx', /holds no model/],
    ['espeak’s data', 'vits', 'espeak-ng-data', /espeak-ng-data is missing/],
    ['a part of espeak’s data', 'kokoro', 'espeak-ng-data/phontab', /espeak-ng-data lacks phontab/],
    ['the dictionary of its language', 'vits', 'espeak-ng-data/es_dict', /espeak-ng-data lacks es_dict/],
    ['its lexicon', 'kokoro', 'lexicon-us-en.txt', /lexicon-us-en\.txt is missing/],
  ])('without %s is refused (%s)', (_, kind, file, message) => {
    const place = fakeSherpaFolder(path.join(folder, 'lacking', `${kind}-${path.basename(file)}`), kind);
    rmSync(path.join(place, file), { recursive: true });
    expect(() => inspectSherpaModel(place)).toThrow(message);
  });

  it.each<[string, (place: string) => void, RegExp]>([
    ['a model cut short', (place) => truncateSync(path.join(place, 'model.onnx'), 5000), /model\.onnx is cut short/],
    ['a web page as model', (place) => writeFileSync(path.join(place, 'model.onnx'), '<html>'), /model\.onnx (is no ONNX|is cut short)/],
    ['an empty model', (place) => writeFileSync(path.join(place, 'model.onnx'), ''), /model\.onnx has no graph/],
    ['a pointer of Git LFS as model', (place) => writeFileSync(path.join(place, 'model.onnx'), 'version https://git-lfs.github.com/spec/v1\noid sha256:1\n'), /Git LFS pointer/],
    ['no notes in its model', (place) => makeTinyVoice(place, { notes: { comment: null, sample_rate: 'fast' } }), /"comment".*"sample_rate" or it is no number/],
    ['a line too much in its tokens', (place) => writeFileSync(path.join(place, 'tokens.txt'), 'a 0\nb c 1\n'), /line 2 of tokens\.txt/],
    ['a token twice', (place) => writeFileSync(path.join(place, 'tokens.txt'), 'a 0\na 1\n'), /line 2 of tokens\.txt repeats/],
    ['nothing in it', (place) => { rmSync(place, { recursive: true }); mkdirSync(place); }, /holds no model/],
  ])('with %s is refused', (name, damage, message) => {
    const place = makeTinyVoice(path.join(folder, 'damaged', name.replaceAll(' ', '-')));
    damage(place);
    expect(() => inspectSherpaModel(place)).toThrow(message);
  }); // prettier-ignore

  it('with voices of the wrong size is refused', () => {
    const place = fakeSherpaFolder(path.join(folder, 'damaged', 'kitten'), 'kitten');
    truncateSync(path.join(place, 'voices.bin'), 12);
    expect(() => inspectSherpaModel(place)).toThrow(/voices\.bin has 12 bytes instead of \d+/);
    const styles = fakeSherpaFolder(path.join(folder, 'damaged', 'supertonic'), 'supertonic');
    truncateSync(path.join(styles, 'voice.bin'), 50);
    expect(() => inspectSherpaModel(styles)).toThrow(/voice\.bin is damaged/);
  });
});

describe('100 kills', () => {
  it('of children of sherpa and espeak leave the studio as it was', async () => {
    let kills = 0;
    const voices = { sherpa: 'en_US-tiny-low', espeak: 'en-us+f2' };
    const failures: unknown[] = [];
    const keepAsking = async (engine: 'sherpa' | 'espeak'): Promise<void> => {
      for (let turn = 0; kills < 100; turn++)
        await speech
          .speak({
            text: `${engine} says sentence ${turn} to be killed over`,
            language: 'en',
            voice: voices[engine],
          })
          .catch((error: unknown) => failures.push(error));
    };
    const asking = Promise.all([keepAsking('sherpa'), keepAsking('espeak')]);
    while (kills < 100) {
      const pids = (['sherpa', 'espeak'] as const).flatMap((engine) => engineChildren(process.pid, engine));
      for (const pid of pids.slice(0, 100 - kills)) {
        process.kill(pid, 'SIGKILL');
        kills++;
      }
      // Now at once, now in the middle of a sentence.
      await new Promise((resolve) => setTimeout(resolve, kills % 7 === 0 ? 500 : 20));
    }
    await asking;
    for (const failure of failures) expect(failure).toMatchObject({ code: 'speech_failed', retryable: true });
    for (const engine of ['sherpa', 'espeak'] as const)
      expect((await speech.speak({ text: `and ${engine} speaks on`, language: 'en', voice: voices[engine] })).durationMs).toBeGreaterThan(500); // prettier-ignore
  });
});
