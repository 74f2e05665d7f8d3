/** Folders of sherpa voices as they are published, with small files in the place of big ones. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { SherpaKind } from '../../../core/tts/engines/sherpa-model.ts';
import { makeTinyVoice } from './tiny-voice.ts';

/** Complete as far as can be seen without loading it; what is loaded is the tiny VITS model. */
export function fakeSherpaFolder(place: string, kind: SherpaKind): string {
  const folder = path.join(place, folderNames[kind]);
  mkdirSync(folder, { recursive: true });
  const write = (file: string, content: string | Buffer): void => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), content);
  };
  const onnx = (file: string, notes: Record<string, string> = {}): void =>
    makeModel(path.join(folder, file), notes);
  const espeak = (language: string): void =>
    [...'phontab phonindex phondata intonations'.split(' '), `${language}_dict`].forEach((file) => write(`espeak-ng-data/${file}`, 'x')); // prettier-ignore
  const tokens = (): void => write('tokens.txt', '_ 0\na 1\nb 2\n');
  const numbers = (count: number): Buffer => Buffer.alloc(count * 4, 1);

  if (kind === 'kokoro') {
    onnx('model.int8.onnx', { sample_rate: '24000', version: '2', n_speakers: '3', has_espeak: '1', style_dim: '5,1,4', speaker_names: 'af_bella,bm_lewis,ef_dora' }); // prettier-ignore
    write('voices.bin', numbers(3 * 5 * 4));
    write('lexicon-us-en.txt', 'a a\n');
    tokens();
    espeak('en');
  } else if (kind === 'kitten') {
    onnx('model.fp16.onnx', { model_type: 'kitten-tts', sample_rate: '24000', n_speakers: '2', has_espeak: '1', voice: 'en-us', style_dim: '1,8', speaker_names: 'expr-voice-2-m,expr-voice-2-f' }); // prettier-ignore
    write('voices.bin', numbers(2 * 8));
    tokens();
    espeak('en');
  } else if (kind === 'matcha') {
    onnx('model-steps-3.onnx', { sample_rate: '22050', n_speakers: '1', use_eos_bos: '1', pad_id: '0', has_espeak: '1', voice: 'en-us' }); // prettier-ignore
    onnx('hifigan_v2.onnx');
    tokens();
    espeak('en');
  } else if (kind === 'supertonic') {
    for (const part of ['duration_predictor', 'text_encoder', 'vector_estimator', 'vocoder']) onnx(`${part}.onnx`); // prettier-ignore
    write('tts.json', JSON.stringify({ ae: { sample_rate: 44100, base_chunk_size: 512 }, ttl: { chunk_compress_factor: 6, latent_dim: 24 } })); // prettier-ignore
    write('unicode_indexer.bin', 'x');
    const sizes = Buffer.alloc(48);
    [2, 5, 4, 2, 3, 2].forEach((size, index) => sizes.writeBigInt64LE(BigInt(size), index * 8));
    write('voice.bin', Buffer.concat([sizes, numbers(2 * 5 * 4 + 2 * 3 * 2)]));
  } else {
    onnx('es_MX-fake-low.onnx', { sample_rate: '16000', n_speakers: '1', language: 'Spanish', voice: 'es-419', comment: 'piper' }); // prettier-ignore
    tokens();
    espeak('es');
  }
  return folder;
}

const folderNames: Record<SherpaKind, string> = {
  vits: 'vits-piper-es_MX-fake-low',
  kokoro: 'kokoro-int8-multi-lang-v1_0',
  kitten: 'kitten-nano-en-v0_2-fp16',
  matcha: 'matcha-icefall-en_US-ljspeech',
  supertonic: 'sherpa-onnx-supertonic-3-tts-int8',
};

/** The graph of the tiny voice with other notes. */
function makeModel(file: string, notes: Record<string, string>): void {
  makeTinyVoice(path.dirname(file), {
    notes: { language: null, comment: null, frontend: null, add_blank: null, ...notes },
    without: ['tokens.txt'],
    model: path.basename(file),
  });
}
