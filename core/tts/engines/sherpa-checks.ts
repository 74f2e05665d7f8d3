/** Checks of the files of a sherpa voice. Each adds what it finds wrong to a list, to be said at once. */
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { readOnnxMetadata } from './onnx-metadata.ts';
import type { Folder } from './sherpa-model.ts';

/** The notes inside a model, of which some must be there. */
export class Notes {
  private readonly notes: Map<string, string>;

  private constructor(notes: Map<string, string>) {
    this.notes = notes;
  }

  /** Reads a model's notes; an empty `file` is one that was found missing already. */
  static of(file: string, faults: string[], needed: { numbers: string[]; words: string[] }): Notes {
    if (file === '') return new Notes(new Map());
    const name = path.basename(file);
    if (isPointer(file)) {
      faults.push(`${name} is a Git LFS pointer, not the model itself`);
      return new Notes(new Map());
    }
    let notes: Map<string, string>;
    try {
      notes = readOnnxMetadata(file);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      faults.push(`${name} ${error.message}`);
      return new Notes(new Map());
    }
    for (const key of needed.words) if (!notes.get(key)) faults.push(`${name} lacks the metadata "${key}"`);
    for (const key of needed.numbers)
      if (!/^\s*\d+/.test(notes.get(key) ?? ''))
        faults.push(`${name} lacks the metadata "${key}" or it is no number`);
    return new Notes(notes);
  }

  get size(): number {
    return this.notes.size;
  }

  get(key: string): string {
    return this.notes.get(key) ?? '';
  }

  number(key: string): number {
    return Number.parseInt(this.get(key), 10) || 0;
  }

  list(key: string): string[] {
    return this.get(key).split(',').map((item) => item.trim()).filter(Boolean); // prettier-ignore
  }
}

function isPointer(file: string): boolean {
  const head = Buffer.alloc(40);
  const handle = openSync(file, 'r');
  try {
    readSync(handle, head, 0, head.length, 0);
  } finally {
    closeSync(handle);
  }
  return head.toString('latin1').startsWith('version https://git-lfs');
}

/** `symbol id` on each line, a space as symbol being left out; `single`: each symbol one character. */
export function checkTokens(file: string, faults: string[], { single = false } = {}): void {
  if (file === '') return;
  const seen = new Set<string>();
  const lines = readFileSync(file, 'utf8').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) faults.push('tokens.txt is empty');
  for (const [index, line] of lines.entries()) {
    const parts = line.trim().split(/\s+/);
    const symbol = parts.length === 1 ? ' ' : parts[0]!;
    const id = parts.at(-1)!;
    const isSpecial = /^<(PAD|EOS|BOS|BLNK)>$/.test(symbol);
    const fault = !/^-?\d+$/.test(id) || parts.length > 2
      ? 'is not "symbol number"'
      : single && !isSpecial && Array.from(symbol).length !== 1
        ? 'has more than one character as symbol'
        : single && seen.has(symbol)
          ? 'repeats a symbol'
          : null; // prettier-ignore
    if (fault) return void faults.push(`line ${index + 1} of tokens.txt ${fault}`);
    seen.add(symbol);
  }
}

/** Files of espeak-ng that sherpa asks for, and the dictionary of the language. */
const espeakFiles = ['phontab', 'phonindex', 'phondata', 'intonations'];

/** The path of espeak-ng's data in a folder; empty if there is none. `voice` is espeak's name of it. */
export function checkEspeakData(folder: Folder, faults: string[], needed: boolean, voice: string): string {
  const data = path.join(folder.path, 'espeak-ng-data');
  if (!existsSync(data)) {
    if (needed) faults.push('espeak-ng-data is missing');
    return '';
  }
  const missing = espeakFiles.filter((file) => !existsSync(path.join(data, file)));
  const dictionary = `${voice.split('-')[0]!.toLowerCase()}_dict`;
  if (needed && voice !== '' && !existsSync(path.join(data, dictionary))) missing.push(dictionary);
  if (missing.length > 0) faults.push(`espeak-ng-data lacks ${missing.join(', ')}`);
  return data;
}

/** Voices of Kokoro and Kitten: so many numbers of four bytes, no more and no less. */
export function checkFloats(file: string, count: number, faults: string[]): void {
  if (file === '' || count === 0) return;
  const { size } = statSync(file);
  if (size !== count * 4) faults.push(`${path.basename(file)} has ${size} bytes instead of ${count * 4}`);
}

/** How many voices a Supertonic folder has; its settings and styles are checked. */
export function checkSupertonic(ttsJson: string, voiceStyle: string, faults: string[]): number {
  if (ttsJson !== '') checkSupertonicSettings(ttsJson, faults);
  if (voiceStyle === '') return 0;
  const file = readFileSync(voiceStyle);
  // Six sizes of eight bytes: styles × rows × columns of both parts, then the numbers themselves.
  const header = 48;
  if (file.length < header) {
    faults.push('voice.bin is cut short');
    return 0;
  }
  const sizes = Array.from({ length: 6 }, (_, index) => Number(file.readBigInt64LE(index * 8)));
  const [styles = 0, a = 0, b = 0, alsoStyles = 0, c = 0, d = 0] = sizes;
  const expected = header + 4 * (styles * a * b + alsoStyles * c * d);
  if (sizes.some((size) => size <= 0) || file.length !== expected) {
    faults.push('voice.bin is damaged: its size does not fit its head');
    return 0;
  }
  return styles;
}

function checkSupertonicSettings(ttsJson: string, faults: string[]): void {
  let settings: Record<string, Record<string, unknown> | undefined>;
  try {
    settings = JSON.parse(readFileSync(ttsJson, 'utf8')) as typeof settings;
  } catch {
    return void faults.push('tts.json is no JSON');
  }
  for (const [section, key] of [
    ['ae', 'sample_rate'],
    ['ae', 'base_chunk_size'],
    ['ttl', 'chunk_compress_factor'],
    ['ttl', 'latent_dim'],
  ] as const) {
    const value = settings[section]?.[key];
    if (!Number.isInteger(value) || (value as number) <= 0) faults.push(`tts.json lacks ${section}.${key}`);
  }
}
