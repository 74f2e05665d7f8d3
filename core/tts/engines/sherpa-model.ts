/**
 * What a folder of a sherpa voice holds: its kind by its files, what sherpa must be told to load it,
 * and who speaks in it. Everything sherpa looks at is looked at here first, since it ends its process
 * at the first thing it does not like.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { StudioError } from '../../errors.ts';
import type { Voice } from '../types.ts';
import { checkEspeakData, checkFloats, checkSupertonic, checkTokens, Notes } from './sherpa-checks.ts';
import { kokoroSpeaker, kittenSpeaker, languageOfModel, supertonicLanguages, vitsSpeaker } from './sherpa-speakers.ts'; // prettier-ignore

export type SherpaKind = 'vits' | 'kokoro' | 'kitten' | 'matcha' | 'supertonic';

export type SherpaSpeaker = {
  /** Number the model knows it by. */
  id: number;
  /** What is added to the model's name; null where there is but one. */
  name: string | null;
  language: string;
  languages?: readonly string[];
  gender: Voice['gender'];
};

export type SherpaModel = {
  kind: SherpaKind;
  /** `model` of sherpa's OfflineTtsConfig, without threads. */
  config: Record<string, Record<string, string | number>>;
  speakers: SherpaSpeaker[];
  licence: string;
  /** Changes whenever a file of it does. */
  fingerprint: string;
};

/** Written beside a voice by `genscene voices add`: what its files do not tell. */
export type VoiceNote = { language?: string; gender?: Voice['gender']; licence?: string; source?: string };
export const voiceNoteFile = 'genscene-voice.json';

/** A folder with its files' names, and what is known of it from elsewhere. */
export type Folder = { path: string; name: string; files: readonly string[]; note: VoiceNote };

/**
 * Recognises a folder and checks it.
 * @throws {StudioError} voice_unknown naming the folder and everything that is missing or wrong in it
 */
export function inspectSherpaModel(folderPath: string): SherpaModel {
  const folder = openFolder(folderPath);
  const faults: string[] = [];
  const kind = kindOf(folder);
  if (!kind) throw broken(folder, ['it holds no model sherpa knows: no *.onnx with tokens.txt, no tts.json']);
  try {
    const made = makers[kind](folder, faults);
    if (faults.length > 0) throw broken(folder, faults);
    return { kind, ...made, licence: licenceOf(folder), fingerprint: fingerprintOf(folder) };
  } catch (error) {
    if (error instanceof StudioError) throw error;
    throw broken(folder, [...faults, (error as Error).message]);
  }
}

function openFolder(folderPath: string): Folder {
  const files = readdirSync(folderPath);
  let note: VoiceNote = {};
  try {
    note = JSON.parse(readFileSync(path.join(folderPath, voiceNoteFile), 'utf8')) as VoiceNote;
  } catch {
    // None, or none that can be read: the files speak for themselves.
  }
  return { path: folderPath, name: path.basename(folderPath), files, note };
}

function broken(folder: Folder, faults: readonly string[]): StudioError {
  return new StudioError(
    'voice_unknown',
    `The sherpa voice ${folder.name} cannot be used: ${faults.join('; ')}.`,
    {
      hint: `Put what is missing into ${folder.path}, or remove it and download it anew with \`genscene voices add\`.`,
    },
  );
}

function kindOf({ files, name, path: place }: Folder): SherpaKind | null {
  const has = (pattern: RegExp): boolean => files.some((file) => pattern.test(file));
  if (has(/^tts\.json$/) || has(/^vector_estimator.*\.onnx$/)) return 'supertonic';
  if (!has(/\.onnx$/)) return null;
  if (has(/^model-steps-.*\.onnx$/) || /^matcha/i.test(name)) return 'matcha';
  if (/kitten/i.test(name)) return 'kitten';
  if (has(/^voices\.bin$/)) {
    const model = files.find((file) => file.endsWith('.onnx'))!;
    return Notes.of(path.join(place, model), [], { numbers: [], words: [] }).get('model_type') === 'kitten-tts' ? 'kitten' : 'kokoro'; // prettier-ignore
  }
  if (/kokoro/i.test(name)) return 'kokoro';
  return 'vits';
}

type Made = Pick<SherpaModel, 'config' | 'speakers'>;
type Maker = (folder: Folder, faults: string[]) => Made;

const makers: Record<SherpaKind, Maker> = {
  vits(folder, faults) {
    const model = fileOf(folder, /^(?!.*vocoder).*\.onnx$/, 'a model (*.onnx)', faults);
    const notes = Notes.of(model, faults, {
      numbers: ['sample_rate', 'n_speakers'],
      words: ['language', 'comment'],
    });
    const tokens = fileOf(folder, /^tokens\.txt$/, 'tokens.txt', faults);
    const byCharacters = notes.get('frontend') === 'characters';
    const usesEspeak = !byCharacters && /piper|coqui|icefall|inflect/i.test(notes.get('comment'));
    checkTokens(tokens, faults, { single: byCharacters || usesEspeak });
    const lexicon = folder.files.filter((file) => /^lexicon.*\.txt$/.test(file)).map((file) => path.join(folder.path, file)).join(','); // prettier-ignore
    const dataDir = checkEspeakData(folder, faults, usesEspeak && lexicon === '', notes.get('voice'));
    if (!byCharacters && !dataDir && lexicon === '') faults.push('lexicon.txt or espeak-ng-data is missing');
    const count = Math.max(1, notes.number('n_speakers'));
    const language = languageOfModel(folder, notes);
    return {
      config: { vits: { model, tokens, lexicon, dataDir } },
      speakers: numbered(count, (id) => vitsSpeaker(id, count, language, folder.note)),
    };
  },
  kokoro(folder, faults) {
    const model = fileOf(folder, /\.onnx$/, 'a model (*.onnx)', faults);
    const notes = Notes.of(model, faults, { numbers: ['sample_rate', 'n_speakers', 'has_espeak'], words: ['style_dim'] }); // prettier-ignore
    const voices = fileOf(folder, /^voices\.bin$/, 'voices.bin', faults);
    const tokens = fileOf(folder, /^tokens\.txt$/, 'tokens.txt', faults);
    const dims = notes.list('style_dim').map(Number);
    if (notes.size > 0 && dims.length !== 3) faults.push('the model’s style_dim is not three numbers');
    checkFloats(voices, (dims[0] ?? 0) * (dims[2] ?? 0) * notes.number('n_speakers'), faults);
    checkTokens(tokens, faults);
    const dataDir = checkEspeakData(folder, faults, true, notes.get('voice') || 'en-us');
    const isMulti = notes.number('version') >= 2;
    const lexicons = ['lexicon-us-en.txt', 'lexicon-zh.txt'].filter((file) => folder.files.includes(file));
    if (isMulti && lexicons.length === 0) faults.push('lexicon-us-en.txt is missing');
    const lexicon = isMulti ? lexicons.map((file) => path.join(folder.path, file)).join(',') : '';
    const names = notes.list('speaker_names');
    return {
      config: { kokoro: { model, voices, tokens, dataDir, lexicon } },
      speakers: numbered(notes.number('n_speakers'), (id) => kokoroSpeaker(id, names[id], isMulti)),
    };
  },
  kitten(folder, faults) {
    const model = fileOf(folder, /\.onnx$/, 'a model (*.onnx)', faults);
    const notes = Notes.of(model, faults, { numbers: ['sample_rate', 'n_speakers', 'has_espeak'], words: ['style_dim', 'model_type'] }); // prettier-ignore
    if (notes.size > 0 && notes.get('model_type') !== 'kitten-tts')
      faults.push('the model is no kitten-tts model');
    const voices = fileOf(folder, /^voices\.bin$/, 'voices.bin', faults);
    const tokens = fileOf(folder, /^tokens\.txt$/, 'tokens.txt', faults);
    const dims = notes.list('style_dim').map(Number);
    if (notes.size > 0 && dims.length !== 2) faults.push('the model’s style_dim is not two numbers');
    checkFloats(voices, (dims[0] ?? 0) * (dims[1] ?? 0) * notes.number('n_speakers'), faults);
    checkTokens(tokens, faults);
    const dataDir = checkEspeakData(folder, faults, true, notes.get('voice') || 'en-us');
    const names = notes.list('speaker_names');
    return {
      config: { kitten: { model, voices, tokens, dataDir } },
      speakers: numbered(notes.number('n_speakers'), (id) => kittenSpeaker(id, names[id])),
    };
  },
  matcha(folder, faults) {
    const acousticModel = fileOf(folder, /^(?!.*(?:hifigan|vocos|vocoder)).*\.onnx$/, 'the model (model-steps-3.onnx)', faults); // prettier-ignore
    const vocoder = fileOf(folder, /hifigan|vocos|vocoder/, 'its vocoder (hifigan_v2.onnx or vocos-22khz-univ.onnx)', faults); // prettier-ignore
    const notes = Notes.of(acousticModel, faults, { numbers: ['sample_rate', 'n_speakers', 'use_eos_bos', 'pad_id'], words: [] }); // prettier-ignore
    Notes.of(vocoder, faults, { numbers: [], words: [] });
    const tokens = fileOf(folder, /^tokens\.txt$/, 'tokens.txt', faults);
    checkTokens(tokens, faults);
    const lexicon = folder.files.includes('lexicon.txt') ? path.join(folder.path, 'lexicon.txt') : '';
    const usesEspeak = notes.number('has_espeak') > 0;
    if (notes.size > 0 && !usesEspeak && lexicon === '') faults.push('lexicon.txt is missing');
    const dataDir = checkEspeakData(folder, faults, usesEspeak, notes.get('voice') || 'en-us');
    const count = Math.max(1, notes.number('n_speakers'));
    const language = languageOfModel(folder, notes);
    return {
      config: { matcha: { acousticModel, vocoder, tokens, lexicon, dataDir } },
      speakers: numbered(count, (id) => vitsSpeaker(id, count, language, folder.note)),
    };
  },
  supertonic(folder, faults) {
    const part = (name: string): string => fileOf(folder, new RegExp(`^${name}(\\..*)?\\.onnx$`), `${name}.onnx`, faults); // prettier-ignore
    const onnx = {
      durationPredictor: part('duration_predictor'),
      textEncoder: part('text_encoder'),
      vectorEstimator: part('vector_estimator'),
      vocoder: part('vocoder'),
    };
    for (const file of Object.values(onnx)) Notes.of(file, faults, { numbers: [], words: [] });
    const ttsJson = fileOf(folder, /^tts\.json$/, 'tts.json', faults);
    const unicodeIndexer = fileOf(folder, /^unicode_indexer\.bin$/, 'unicode_indexer.bin', faults);
    const voiceStyle = fileOf(folder, /^voice\.bin$/, 'voice.bin', faults);
    const count = checkSupertonic(ttsJson, voiceStyle, faults);
    return {
      config: { supertonic: { ...onnx, ttsJson, unicodeIndexer, voiceStyle } },
      speakers: numbered(count, (id) => ({
        id,
        name: String(id),
        language: 'mul',
        languages: supertonicLanguages(folder.name),
        gender: 'unknown',
      })),
    };
  },
};

/** The path of the one file that fits; a smaller build (int8, fp16) is taken before a bigger one. */
function fileOf(folder: Folder, pattern: RegExp, what: string, faults: string[]): string {
  const fitting = folder.files.filter((file) => pattern.test(file)).toSorted();
  const found = fitting.find((file) => /int8|fp16/.test(file)) ?? fitting[0];
  if (found) return path.join(folder.path, found);
  faults.push(`${what} is missing`);
  return '';
}

function numbered<T>(count: number, make: (id: number) => T): T[] {
  return Array.from({ length: Math.max(0, Math.min(count, 2000)) }, (_, id) => make(id));
}

function licenceOf({ files, note }: Folder): string {
  if (note.licence) return note.licence;
  const told = files.find((file) => /^(LICEN[CS]E|MODEL_CARD|README)/i.test(file));
  return told ? `see ${told} in its folder` : 'unknown';
}

function fingerprintOf(folder: Folder): string {
  const facts = folder.files.toSorted().map((file) => {
    const { size, mtimeMs } = statSync(path.join(folder.path, file));
    return [file, size, mtimeMs];
  });
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}
