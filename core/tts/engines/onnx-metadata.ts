/**
 * Reads the notes in an ONNX file (metadata_props) without loading the model: its protocol buffer is
 * walked from field to field, and whatever is big is jumped over.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Fields of ModelProto, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
const graphField = 7;
const metadataField = 14;
/** Keys and values are short; a longer one is damage. */
const longestEntry = 1024 ** 2;

/**
 * The notes of a model by name.
 * @throws {RangeError} saying what is wrong: no ONNX, cut short, no graph
 */
export function readOnnxMetadata(file: string): Map<string, string> {
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    return walk(new Reader(handle, size), size);
  } finally {
    closeSync(handle);
  }
}

function walk(reader: Reader, size: number): Map<string, string> {
  const notes = new Map<string, string>();
  let hasGraph = false;
  while (reader.at < size) {
    const tag = reader.varint();
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    if (field === 0) throw new RangeError('is no ONNX model');
    if (wire === 0) reader.varint();
    else if (wire === 1) reader.skip(8);
    else if (wire === 5) reader.skip(4);
    else if (wire === 2) {
      const length = reader.varint();
      if (reader.at + length > size) throw new RangeError('is cut short');
      if (field === graphField) hasGraph = true;
      if (field === metadataField && length <= longestEntry) {
        const [key, value] = entryOf(reader.take(length));
        notes.set(key, value);
      } else reader.skip(length);
    } else throw new RangeError('is no ONNX model');
  }
  if (reader.at > size) throw new RangeError('is cut short');
  if (!hasGraph) throw new RangeError('has no graph in it');
  return notes;
}

/** StringStringEntryProto: 1 is the key, 2 the value. */
function entryOf(bytes: Buffer): [string, string] {
  const parts: Record<number, string> = {};
  for (let at = 0; at < bytes.length;) {
    const field = bytes[at++]! >> 3;
    let length = 0;
    for (let shift = 1; at < bytes.length; shift *= 128) {
      const byte = bytes[at++]!;
      length += (byte & 0x7f) * shift;
      if (byte < 0x80) break;
    }
    parts[field] = bytes.toString('utf8', at, at + length);
    at += length;
  }
  return [parts[1] ?? '', parts[2] ?? ''];
}

/** Reads a file from front to back, a piece at a time. */
class Reader {
  at = 0;
  private readonly handle: number;
  private readonly size: number;
  private window = Buffer.alloc(0);
  private windowAt = 0;

  constructor(handle: number, size: number) {
    this.handle = handle;
    this.size = size;
  }

  /** Little-endian groups of seven bits; exact up to 2^53. */
  varint(): number {
    let value = 0;
    for (let shift = 1, count = 0; count < 10; shift *= 128, count++) {
      const byte = this.take(1)[0]!;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('is no ONNX model');
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  take(bytes: number): Buffer {
    if (this.at + bytes > this.size) throw new RangeError('is cut short');
    if (this.at < this.windowAt || this.at + bytes > this.windowAt + this.window.length) {
      this.window = Buffer.alloc(Math.min(this.size - this.at, Math.max(bytes, 4096)));
      readSync(this.handle, this.window, 0, this.window.length, this.at);
      this.windowAt = this.at;
    }
    const start = this.at - this.windowAt;
    this.at += bytes;
    return this.window.subarray(start, start + bytes);
  }
}
