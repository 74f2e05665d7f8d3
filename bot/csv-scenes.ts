/** Scenes from a table (RFC 4180): a first row that names the columns, then one row a scene. */
import { StudioError } from '../core/errors.ts';
import type { StoryboardInput } from '../core/schema/storyboard.ts';

type SceneInput = StoryboardInput['scenes'][number];

const columns: Record<string, (value: string) => SceneInput> = {
  text: (text) => ({ text }),
  image: (src) => ({ media: { type: 'image', src } }),
  video: (src) => ({ media: { type: 'video', src } }),
  title: (text) => ({ title: { text } }),
  voice: (name) => ({ voice: { name } }),
  duration: (seconds) => ({ duration: Number(seconds.replace(',', '.')) }),
};

/** @throws {StudioError} invalid_storyboard for columns that mean nothing */
export function csvScenes(text: string): SceneInput[] {
  const [head = [], ...rows] = readRows(text.replace(/^\uFEFF/, ''), separatorOf(text));
  const names = head.map((name) => name.trim().toLowerCase());
  const unknown = names.filter((name) => !Object.hasOwn(columns, name));
  if (names.length === 0 || unknown.length > 0)
    throw new StudioError('invalid_storyboard', 'The table has a column that means nothing.', {
      issues: unknown.map((name) => ({
        path: 'line 1',
        message: `column "${name}" must be one of ${Object.keys(columns).join(', ')}`,
      })),
    });
  return rows.map(
    (row) => Object.assign({}, ...names.map((name, index) => cell(name, row[index] ?? ''))) as SceneInput,
  );
}

function cell(name: string, value: string): SceneInput {
  return value.trim() === '' ? {} : columns[name]!(value.trim());
}

/** Spreadsheets of Spanish-speaking countries write semicolons. */
function separatorOf(text: string): string {
  const [head = ''] = text.split(/\r?\n/, 1);
  return head.includes(';') && !head.includes(',') ? ';' : ',';
}

function readRows(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  const endRow = (): void => {
    row.push(field);
    if (row.some((value) => value.trim() !== '')) rows.push(row);
    row = [];
    field = '';
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[at + 1] === '"') field += text[++at];
      else quoted = false;
    } else if (char === '"' && field.trim() === '') {
      quoted = true;
      field = '';
    } else if (char === separator) {
      row.push(field);
      field = '';
    } else if (char === '\n') endRow();
    else if (char !== '\r') field += char;
  }
  endRow();
  return rows;
}
