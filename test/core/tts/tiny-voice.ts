/**
 * A sherpa voice small enough to be made by a test: a VITS model with the characters frontend that
 * says each letter as a tone of its own, for 80 ms at speed 1. Real sherpa loads and runs it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;

export const tinyRate = 16_000;
/** Samples of one letter at speed 1. */
export const letterSamples = 0.08 * tinyRate;

const letters = [...' abcdefghijklmnopqrstuvwxyzáéíóúñü'];

export type TinyVoice = {
  /** Notes to leave out of the model, or to put in another way. */
  notes?: Record<string, string | null>;
  /** Files to leave out. */
  without?: readonly string[];
  /** Makes every sample this. */
  constant?: number;
  /** Name of the model's file. */
  model?: string;
  /** Adds a lexicon of one word. */
  lexicon?: boolean;
};

/** Writes `<folder>/model.onnx` and `tokens.txt`. */
export function makeTinyVoice(folder: string, voice: TinyVoice = {}): string {
  const { notes = {}, without = [], constant, model: name = 'model.onnx', lexicon } = voice;
  mkdirSync(folder, { recursive: true });
  const all: Record<string, string | null> = {
    sample_rate: String(tinyRate),
    n_speakers: '1',
    language: 'English',
    comment: 'tiny',
    frontend: 'characters',
    add_blank: '0',
    ...notes,
  };
  if (!without.includes(name)) writeFileSync(path.join(folder, name), model(all, constant));
  if (lexicon) writeFileSync(path.join(folder, 'lexicon.txt'), 'hello h e l l o\nworld w o r l d\n');
  if (!without.includes('tokens.txt')) writeFileSync(path.join(folder, 'tokens.txt'), tokens());
  return folder;
}

/** A space has no symbol: its line is the number alone. */
function tokens(): string {
  return letters.map((letter, id) => (letter === ' ' ? `${id}\n` : `${letter} ${id}\n`)).join('');
}

/** x → a row of the table for each letter → one row → stretched by length_scale. */
function model(notes: Record<string, string | null>, constant: number | undefined): Buffer {
  const { INT64, FLOAT } = onnx.TensorProto.DataType;
  const value = (name: string, elemType: number, dims: (number | string)[]) => ({
    name,
    type: {
      tensorType: {
        elemType,
        shape: { dim: dims.map((dim) => (typeof dim === 'string' ? { dimParam: dim } : { dimValue: dim })) },
      },
    },
  });
  const node = (opType: string, input: string[], output: string, attribute: object[] = []) => ({
    opType,
    input,
    output: [output],
    attribute,
  });
  const { INT, STRING } = onnx.AttributeProto.AttributeType;
  const proto = onnx.ModelProto.create({
    irVersion: 7,
    producerName: 'test',
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      name: 'tiny',
      input: [
        value('x', INT64, [1, 'letters']),
        value('x_length', INT64, [1]),
        value('noise_scale', FLOAT, [1]),
        value('length_scale', FLOAT, [1]),
        value('noise_scale_w', FLOAT, [1]),
      ],
      output: [value('y', FLOAT, [1, 1, 'samples'])],
      initializer: [
        tensor('table', FLOAT, [letters.length, letterSamples], table(constant)),
        tensor('shape', INT64, [3], BigInt64Array.of(1n, 1n, -1n)),
        tensor('ones', FLOAT, [2], Float32Array.of(1, 1)),
        tensor('none', FLOAT, [0], new Float32Array(0)),
      ],
      node: [
        node('Gather', ['table', 'x'], 'rows'),
        node('Reshape', ['rows', 'shape'], 'row'),
        node('Concat', ['ones', 'length_scale'], 'scales', [{ name: 'axis', type: INT, i: 0 }]),
        node('Resize', ['row', 'none', 'scales'], 'y', [
          { name: 'mode', type: STRING, s: Buffer.from('linear') },
        ]),
      ],
    },
    metadataProps: Object.entries(notes).flatMap(([key, text]) =>
      text === null ? [] : [{ key, value: text }],
    ),
  } as object);
  return Buffer.from(onnx.ModelProto.encode(proto).finish());
}

function tensor(
  name: string,
  dataType: number,
  dims: number[],
  values: Float32Array | BigInt64Array,
): object {
  const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { name, dataType, dims, rawData };
}

/** A tone for each letter, faded at its ends; the space is silent. */
function table(constant: number | undefined): Float32Array {
  const values = new Float32Array(letters.length * letterSamples);
  letters.forEach((letter, row) => {
    for (let at = 0; at < letterSamples; at++) {
      const fade = Math.min(1, at / 100, (letterSamples - at) / 100);
      const tone = 0.3 * fade * Math.sin((2 * Math.PI * (200 + row * 20) * at) / tinyRate);
      values[row * letterSamples + at] = constant ?? (letter === ' ' ? 0 : tone);
    }
  });
  return values;
}
