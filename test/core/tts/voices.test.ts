/** Which engine and voice speak what: defaults, refusals that help, and a list that is true. */
import { fork } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { languageSchema, voiceSchema } from '../../../core/schema/speech.ts';
import { espeakName, espeakVoices } from '../../../core/tts/engines/espeak-voices.ts';
import { createSpeech } from '../../../core/tts/index.ts';
import { chooseVoice } from '../../../core/tts/selection.ts';
import type { EngineEntry } from '../../../core/tts/engine.ts';
import { programFile } from '../../helpers/program.ts';

const speech = createSpeech({ cacheDir: path.join(tmpdir(), 'never-written') });

/** espeak's own answers: the voices it lists, and how long each of ours takes to say something. */
async function askEspeak(names: string[]): Promise<{ listed: string[]; lengths: number[] }> {
  const child = fork(programFile('test/core/tts/asking-espeak.ts'), {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const answer = new Promise((resolve) => child.once('message', resolve));
  child.send(names);
  return (await answer) as { listed: string[]; lengths: number[] };
}

describe('voices', () => {
  it('are all that espeak has, and each one speaks', async () => {
    const bases = [...new Set(espeakVoices.map((voice) => espeakName(voice.name).split('+')[0]!))];
    const { listed, lengths } = await askEspeak(bases);
    // A voice for espeak's own tests is no language.
    expect(bases.toSorted()).toEqual(listed.filter((name) => name !== 'xex').toSorted());
    bases.forEach((name, index) => expect(lengths[index], name).toBeGreaterThan(1500));
  });

  it('have names and languages a storyboard may hold, each name once', () => {
    const voices = speech.voices();
    expect(new Set(voices.map((voice) => `${voice.engine} ${voice.name}`)).size).toBe(voices.length);
    for (const voice of voices) {
      expect(voiceSchema.safeParse({ engine: voice.engine, name: voice.name }).success, voice.name).toBe(
        true,
      );
      expect(languageSchema.safeParse(voice.language).success, voice.language).toBe(true);
      const language = voice.language === 'und' ? 'en' : voice.language;
      expect(speech.check({ language, engine: voice.engine, voice: voice.name }), voice.name).toBeNull();
    }
  });

  it('are found by language', () => {
    expect(speech.voices('es').map((voice) => voice.name)).toEqual(
      expect.arrayContaining(['es+f2', 'es-419+f2']),
    );
    expect(speech.voices('es-419').every((voice) => voice.language === 'es-419')).toBe(true);
    expect(speech.voices('es-MX').length).toBeGreaterThan(0);
    expect(speech.voices('en')[0]).toMatchObject({ engine: 'flite', name: 'rms' });
    expect(speech.voices('tlh-none')).not.toContainEqual(expect.objectContaining({ language: 'en-US' }));
  });
});

describe('choosing', () => {
  const table: EngineEntry[] = (['flite', 'espeak'] as const).map((name) => ({
    name,
    available: () => true,
    voices: () => speech.voices().filter((voice) => voice.engine === name),
    defaultVoice: (language) => (name === 'espeak' || language.startsWith('en') ? `${name} default` : null),
    suits: (language) => name === 'espeak' || language.startsWith('en'),
    load: () => Promise.reject(new Error('not needed')),
  }));
  const chosen = (request: Parameters<typeof chooseVoice>[1]): string => {
    const { entry, voice } = chooseVoice(table, request);
    return `${entry.name}: ${voice}`;
  };

  it('takes the first engine that suits, or the one that has the voice', () => {
    expect(chosen({ language: 'en-GB' })).toBe('flite: flite default');
    expect(chosen({ language: 'es' })).toBe('espeak: espeak default');
    expect(chosen({ language: 'en', engine: 'espeak' })).toBe('espeak: espeak default');
    expect(chosen({ language: 'en', voice: 'EN-GB+F5' })).toBe('espeak: en-gb+f5');
    expect(chosen({ language: 'en', voice: 'slt' })).toBe('flite: slt');
  });

  it.each([
    ['es', 'es+f2'],
    ['es-ES', 'es+f2'],
    ['es-419', 'es-419+f2'],
    ['es-MX', 'es-419+f2'],
    ['pt', 'pt-br+f2'],
    ['pt-PT', 'pt+f2'],
    ['fr-CA', 'fr+f2'],
    ['fr-BE', 'fr-be+f2'],
    ['en-GB', 'en-gb+f2'],
    ['en-CA', 'en-us+f2'],
    ['zh-TW', 'cmn+f2'],
    ['zh-HK', 'yue+f2'],
    ['iw', 'he+f2'],
    ['no', 'nb+f2'],
    ['sr-Latn', 'sr+f2'],
    ['vi', 'vi+f2'],
    ['hy', 'hy+f2'],
    ['zh-Latn', 'cmn-latn-pinyin+f2'],
  ])('has espeak speak %s with %s', async (language, voice) => {
    const { defaultEspeakVoice } = await import('../../../core/tts/engines/espeak-voices.ts');
    expect(defaultEspeakVoice(language)).toBe(voice);
    expect(espeakVoices.some((each) => each.name === voice)).toBe(true);
  });

  it.each([
    [{ language: 'en', voice: 'slit' }, /no voice "slit"/, /^Voices for en: slt, /],
    [{ language: 'es', voice: 'es+f9' }, /no voice/, /es\+f2/],
    [{ language: 'es', voice: 'rms' }, /speaks en-US, not es/, /es\+f2/],
    [{ language: 'es', engine: 'flite' as const }, /flite does not speak es/, /espeak/],
    [{ language: 'en', engine: 'azure' as const }, /not set up/, /AZURE_SPEECH_KEY.*flite, espeak/],
    [{ language: 'xx' }, /No voice speaks "xx"/, /\bes\b/],
    [{ language: 'en', engine: 'flite' as const, voice: 'en-us' }, /no voice/, /rms/],
  ])('refuses %o and says what would do', async (request, message, hint) => {
    const error = speech.check(request);
    expect(error).toMatchObject({
      code: 'voice_unknown',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    await expect(speech.speak({ ...request, text: 'Hi' })).rejects.toMatchObject({ code: 'voice_unknown' });
  });
});
