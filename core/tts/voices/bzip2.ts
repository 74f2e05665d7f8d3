/**
 * Unpacks bzip2, which Node.js does not and voices are published in. Every block's checksum is checked.
 * The format is described in "BZIP2 Format Specification" by Joe Tsai (2016).
 */

import { BitReader, type ReadPiece } from './bit-reader.ts';

const blockMagic = 0x314159265359;
const endMagic = 0x177245385090;
const symbolsPerSelector = 50;
const longestCode = 20;

/**
 * Yields what a file holds, a block of at most 900 kB at a time. Several streams one after another, as
 * parallel packers write them, are one file.
 * @throws {RangeError} if it is no bzip2, cut short or damaged
 */
export function* unpackBzip2(read: ReadPiece): Generator<Uint8Array> {
  const bits = new BitReader(read);
  for (let streams = 0; streams === 0 || !bits.atEnd(); streams++) {
    if (bits.take(8) !== 0x42 || bits.take(8) !== 0x5a || bits.take(8) !== 0x68)
      throw new RangeError('is no bzip2 file');
    const level = bits.take(8) - 0x30;
    if (level < 1 || level > 9) throw new RangeError('is no bzip2 file');
    const block = new Uint32Array(level * 100_000);
    let combined = 0;
    for (let magic = bits.magic(); magic !== endMagic; magic = bits.magic()) {
      if (magic !== blockMagic) throw new RangeError('is damaged');
      const expected = bits.take(16) * 65_536 + bits.take(16);
      const bytes = readBlock(bits, block);
      const found = checksum(bytes);
      if (found !== expected) throw new RangeError('is damaged');
      combined = (((combined << 1) | (combined >>> 31)) ^ found) >>> 0;
      yield bytes;
    }
    if (bits.take(16) * 65_536 + bits.take(16) !== combined) throw new RangeError('is damaged');
    bits.alignToByte();
  }
}

function readBlock(bits: BitReader, block: Uint32Array): Uint8Array {
  if (bits.take(1) === 1) throw new RangeError('is of an ancient kind that cannot be read');
  const origin = bits.take(24);
  const used = readUsedBytes(bits);
  const { tables, selectors } = readTables(bits, used.length + 2);
  const count = readSymbols(bits, used, tables, selectors, block);
  if (origin >= count) throw new RangeError('is damaged');
  return expandRuns(block, count, invertSort(block, count, origin));
}

/** The bytes that occur in a block: a map of sixteen maps of sixteen. */
function readUsedBytes(bits: BitReader): Uint8Array {
  const groups = bits.take(16);
  const used: number[] = [];
  for (let group = 0; group < 16; group++) {
    if (!(groups & (0x8000 >> group))) continue;
    const members = bits.take(16);
    for (let member = 0; member < 16; member++)
      if (members & (0x8000 >> member)) used.push(group * 16 + member);
  }
  if (used.length === 0) throw new RangeError('is damaged');
  return Uint8Array.from(used);
}

type Table = {
  /** For each length, the first code (left-aligned to 20 bits) that is longer. */
  limits: Int32Array;
  /** For each length, what to take from a code to get the place of its symbol. */
  offsets: Int32Array;
  symbols: Uint16Array;
  shortest: number;
};

function readTables(bits: BitReader, alphabet: number): { tables: Table[]; selectors: Uint8Array } {
  const tableCount = bits.take(3);
  const selectorCount = bits.take(15);
  if (tableCount < 2 || tableCount > 6 || selectorCount < 1) throw new RangeError('is damaged');
  const recent = Array.from({ length: tableCount }, (_, index) => index);
  const selectors = new Uint8Array(selectorCount);
  for (let index = 0; index < selectorCount; index++) {
    let place = 0;
    while (bits.take(1) === 1) if (++place >= tableCount) throw new RangeError('is damaged');
    const [table] = recent.splice(place, 1);
    recent.unshift(table!);
    selectors[index] = table!;
  }
  const tables = Array.from({ length: tableCount }, () => makeTable(readLengths(bits, alphabet)));
  return { tables, selectors };
}

/** Code lengths, each as steps up or down from the one before. */
function readLengths(bits: BitReader, alphabet: number): Uint8Array {
  const lengths = new Uint8Array(alphabet);
  let length = bits.take(5);
  for (let symbol = 0; symbol < alphabet; symbol++) {
    for (;;) {
      if (length < 1 || length > longestCode) throw new RangeError('is damaged');
      if (bits.take(1) === 0) break;
      length += bits.take(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return lengths;
}

/** Canonical Huffman codes: by length, then by symbol. */
function makeTable(lengths: Uint8Array): Table {
  const limits = new Int32Array(longestCode + 2);
  const offsets = new Int32Array(longestCode + 2);
  const symbols = new Uint16Array(lengths.length);
  let code = 0;
  let place = 0;
  let shortest = longestCode;
  for (let length = 1; length <= longestCode; length++) {
    offsets[length] = code - place;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue;
      symbols[place++] = symbol;
      code++;
      shortest = Math.min(shortest, length);
    }
    limits[length] = code << (longestCode - length);
    code <<= 1;
  }
  return { limits, offsets, symbols, shortest };
}

/** Fills the block with bytes: Huffman codes, runs of the front byte, move to front. Returns how many. */
function readSymbols(
  bits: BitReader,
  used: Uint8Array,
  tables: readonly Table[],
  selectors: Uint8Array,
  block: Uint32Array,
): number {
  const recent = used.slice();
  const end = used.length + 1;
  let count = 0;
  let run = 0;
  let runStep = 1;
  for (let group = 0; group < selectors.length; group++) {
    const table = tables[selectors[group]!]!;
    for (let each = 0; each < symbolsPerSelector; each++) {
      const symbol = readSymbol(bits, table);
      if (symbol < 2) {
        // A run's length in digits of one and two.
        run += runStep << symbol;
        runStep <<= 1;
        if (run > block.length) throw new RangeError('is damaged');
        continue;
      }
      if (run > 0) {
        if (count + run > block.length) throw new RangeError('is damaged');
        block.fill(recent[0]!, count, count + run);
        count += run;
        run = 0;
        runStep = 1;
      }
      if (symbol === end) return count;
      if (count >= block.length) throw new RangeError('is damaged');
      const byte = recent[symbol - 1]!;
      recent.copyWithin(1, 0, symbol - 1);
      recent[0] = byte;
      block[count++] = byte;
    }
  }
  throw new RangeError('is damaged');
}

function readSymbol(bits: BitReader, { limits, offsets, symbols, shortest }: Table): number {
  const code = bits.peek(longestCode);
  for (let length = shortest; length <= longestCode; length++) {
    if (code >= limits[length]!) continue;
    bits.drop(length);
    return symbols[(code >>> (longestCode - length)) - offsets[length]!]!;
  }
  throw new RangeError('is damaged');
}

/**
 * Undoes the Burrows-Wheeler transform: each entry keeps its byte and, above it, where the next one is.
 * Returns the entry to begin with.
 */
function invertSort(block: Uint32Array, count: number, origin: number): number {
  const starts = new Uint32Array(256);
  for (let index = 0; index < count; index++) starts[block[index]! & 0xff]!++;
  let sum = 0;
  for (let byte = 0; byte < 256; byte++) {
    const many = starts[byte]!;
    starts[byte] = sum;
    sum += many;
  }
  for (let index = 0; index < count; index++) {
    const place = starts[block[index]! & 0xff]!++;
    block[place] = (block[place]! & 0xff) | (index << 8);
  }
  return block[origin]! >>> 8;
}

/** The first coding of all: four equal bytes are followed by how many more there are. */
function expandRuns(block: Uint32Array, count: number, first: number): Uint8Array {
  let out = new Uint8Array(Math.max(1024, count + (count >> 2)));
  let length = 0;
  let at = first;
  let last = -1;
  let equal = 0;
  for (let index = 0; index < count; index++) {
    const entry = block[at]!;
    const byte = entry & 0xff;
    at = entry >>> 8;
    const more = equal === 4 ? byte : 1;
    if (length + more > out.length) {
      const bigger = new Uint8Array(out.length * 2 + more);
      bigger.set(out.subarray(0, length));
      out = bigger;
    }
    if (equal === 4) {
      out.fill(last, length, length + more);
      length += more;
      equal = 0;
      last = -1;
      continue;
    }
    out[length++] = byte;
    equal = byte === last ? equal + 1 : 1;
    last = byte;
  }
  return out.subarray(0, length);
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = value & 0x8000_0000 ? (value << 1) ^ 0x04c1_1db7 : value << 1;
  return value >>> 0;
});

/** CRC-32 with the highest bit first, unlike that of zip. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = (crc << 8) ^ crcTable[((crc >>> 24) ^ byte) & 0xff]!;
  return ~crc >>> 0;
}
