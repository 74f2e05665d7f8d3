/** A storyboard file as it lies on a disk or comes as an attachment: JSON, YAML or a script. */
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import { StudioError } from './errors.ts';
import { jsonFault } from './json-fault.ts';
import { parseScript } from './script.ts';

export type StoryboardFile = {
  format: 'json' | 'yaml' | 'script';
  /** The storyboard as it was written: not validated yet. */
  input: unknown;
  warnings: string[];
  /** The line, from 1, of a fault's path such as `scenes[3].media.src`; null where that is unknown. */
  lineOf: (path: string) => number | null;
};

/** Largest file read, bytes: 300 scenes of 5,000 characters in UTF-8 and then some. */
export const MAX_FILE_BYTES = 4 * 1024 ** 2;

/**
 * Turns a file's bytes into text: UTF-8, or UTF-16 with its mark.
 * @throws {StudioError} invalid_storyboard for Latin-1 and for what is no text at all; too_large
 */
export function decodeStoryboard(bytes: Uint8Array, filename: string): string {
  if (bytes.length > MAX_FILE_BYTES) {
    throw new StudioError(
      'too_large',
      `${filename} has ${(bytes.length / 1024 ** 2).toFixed(1)} MB; a storyboard has at most ${MAX_FILE_BYTES / 1024 ** 2} MB.`,
    );
  }
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new StudioError('invalid_storyboard', `${filename} is not UTF-8 text${placeOfBadByte(bytes)}.`, {
      cause,
      hint: 'Save it as UTF-8 in your editor ("Save with encoding"), or convert it: iconv -f latin1 -t utf-8.',
    });
  }
}

function placeOfBadByte(bytes: Uint8Array): string {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const next = bytes.indexOf(0x0a, start);
    const end = next === -1 ? bytes.length : next + 1;
    // A newline byte is never part of a longer UTF-8 sequence, so lines can be looked at one by one.
    if (!isUtf8(bytes.subarray(start, end))) return ` (the first wrong character is in line ${line})`;
    start = end;
  }
  return '';
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads a storyboard by its extension, or by its content where that says nothing.
 * @throws {StudioError} invalid_storyboard with line and column, or every faulty line of a script
 */
export function parseStoryboardText(text: string, filename: string): StoryboardFile {
  const plain = text.replace(/^\uFEFF/, '');
  if (plain.includes('\uFFFD')) throw lostCharacters(plain, filename);
  if (plain.trim() === '')
    throw new StudioError('invalid_storyboard', `${filename} is empty.`, {
      hint: 'Write at least one scene.',
    });
  switch (formatOf(plain, filename)) {
    case 'json':
      return readJson(plain, filename);
    case 'yaml':
      return readYaml(plain, filename);
    case 'script':
      return readScript(plain, filename);
  }
}

/** U+FFFD is what a reader puts for bytes it did not understand: the letters are gone already. */
function lostCharacters(text: string, filename: string): StudioError {
  const line = text.slice(0, text.indexOf('\uFFFD')).split(/\r\n|\r|\n/).length;
  return new StudioError(
    'invalid_storyboard',
    `${filename} has lost characters (shown as \uFFFD), the first in line ${line}.`,
    {
      hint: 'It was read in the wrong encoding somewhere. Take the original and save it as UTF-8.',
    },
  );
}

function formatOf(text: string, filename: string): StoryboardFile['format'] {
  if (/\.json$/i.test(filename)) return 'json';
  if (/\.ya?ml$/i.test(filename)) return 'yaml';
  if (/^\s*\{\s*["}]/.test(text)) return 'json';
  return /^scenes:\s*(#.*)?$/m.test(text) ? 'yaml' : 'script';
}

function readScript(text: string, filename: string): StoryboardFile {
  const { storyboard, warnings, sceneLines } = parseScript(text, { name: filename });
  const lineOf = (path: string): number | null =>
    sceneLines[Number(/^scenes\[(\d+)\]/.exec(path)?.[1] ?? -1)] ?? null;
  return { format: 'script', input: storyboard, warnings, lineOf };
}

function readJson(text: string, filename: string): StoryboardFile {
  try {
    // JSON is YAML too, which knows where each value stands; asked only when there is a fault to place.
    return {
      format: 'json',
      input: JSON.parse(text) as unknown,
      warnings: [],
      lineOf: (path) => lineInYaml(composed(text), path),
    };
  } catch (cause) {
    const { line, column, message } = jsonFault(text, cause as Error);
    throw new StudioError(
      'invalid_storyboard',
      `${filename} is not valid JSON: line ${line}, column ${column}: ${message}.`,
      {
        cause,
        issues: [{ path: `line ${line}`, message: `column ${column}: ${message}` }],
        hint: 'JSON knows no comments, no single quotes and no comma before a closing bracket; a .yaml file is more forgiving.',
      },
    );
  }
}

type Composed = { document: Document.Parsed; lines: LineCounter };

function composed(text: string): Composed {
  const lines = new LineCounter();
  return {
    document: parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' }),
    lines,
  };
}

function readYaml(text: string, filename: string): StoryboardFile {
  const refuse = (message: string, at?: { line: number; col: number }, cause?: unknown): StudioError => {
    const place = at ? `line ${at.line}, column ${at.col}: ` : '';
    return new StudioError('invalid_storyboard', `${filename} is not valid YAML: ${place}${message}.`, {
      cause,
      issues: at ? [{ path: `line ${at.line}`, message: `column ${at.col}: ${message}` }] : undefined,
      hint: 'Mind the indentation (spaces, no tabs), and put texts with ": " or " #" into quotes.',
    });
  };
  try {
    const { document, lines } = composed(text);
    const [fault] = document.errors;
    if (fault) throw refuse(fault.message, lines.linePos(fault.pos[0]), fault);
    // Aliases that multiply ("billion laughs") are refused; a few shared anchors are not.
    const input: unknown = document.toJS({ maxAliasCount: 100 });
    return {
      format: 'yaml',
      input,
      warnings: document.warnings.map((warning) => warning.message),
      lineOf: (path) => lineInYaml({ document, lines }, path),
    };
  } catch (error) {
    if (error instanceof StudioError) throw error;
    if (error instanceof RangeError) throw refuse('it is nested too deeply', undefined, error);
    throw refuse(
      error instanceof ReferenceError
        ? 'its aliases (*name) expand too far'
        : String((error as Error).message),
      undefined,
      error,
    );
  }
}

/** The line of the longest part of the path that exists: a missing field is placed at its owner. */
function lineInYaml({ document, lines }: Composed, path: string): number | null {
  const keys = [...path.matchAll(/\[(\d+)\]|\["([^"]+)"\]|([^.[\]]+)/g)].map(([, index, quoted, word]) =>
    index !== undefined ? Number(index) : (quoted ?? word)!,
  );
  for (let length = keys.length; length > 0; length--) {
    const node = document.getIn(keys.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return null;
}
