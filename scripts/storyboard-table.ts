/**
 * The README's table of the storyboard, made from the schema. `npm run docs` writes it anew;
 * test/docs.test.ts fails when it is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { storyboardSchema } from '../core/schema/storyboard.ts';

type Json = {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Json>;
  items?: Json;
  oneOf?: Json[];
  anyOf?: Json[];
};

const readme = new URL('../README.md', import.meta.url);
const [BEGIN, END] = ['<!-- storyboard: made by npm run docs -->', '<!-- end of storyboard -->'];

/** The table as Markdown: one row a field, in the order of the schema. */
export function storyboardTable(): string {
  const schema = z.toJSONSchema(storyboardSchema, { io: 'input', unrepresentable: 'any' }) as Json;
  // A scene's voice has the fields of the film's.
  const listed = fields(schema, '').filter(({ path }) => !path.startsWith('scenes[].voice.'));
  const rows = listed.map(
    ({ path, field }) =>
      `| \`${path}\` | ${values(field)} | ${fallback(field)} | ${field.description ?? ''} |`,
  );
  return ['| field | value | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** The README with the table of today. */
export function withTable(text: string): string {
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`README.md lacks the line ${BEGIN} or ${END}.`);
  return `${before}${BEGIN}\n\n${storyboardTable()}\n\n${END}${after}`;
}

function fields(schema: Json, prefix: string): { path: string; field: Json }[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const inside = field.items?.properties
      ? fields(field.items, `${path}[]`)
      : [field, ...(field.oneOf ?? [])].flatMap((variant) => fields(variant, path));
    return [{ path, field: withTypes(field) }, ...merged(inside)];
  });
}

/** The `type` of each kind of media is one field with several values. */
function merged(rows: { path: string; field: Json }[]): { path: string; field: Json }[] {
  const byPath = new Map<string, Json>();
  for (const { path, field } of rows) {
    const known = byPath.get(path);
    if (!known) byPath.set(path, field);
    else if (field.const !== undefined)
      byPath.set(path, { ...known, const: undefined, enum: [...(known.enum ?? [known.const]), field.const] });
  }
  return [...byPath].map(([path, field]) => ({ path, field }));
}

function withTypes(field: Json): Json {
  return field.oneOf && !field.type ? { ...field, type: 'object' } : field;
}

function values(field: Json): string {
  if (field.enum) return field.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (field.const !== undefined) return `\`${String(field.const)}\``;
  if (field.anyOf) return field.anyOf.map(values).join(' or ');
  if (field.type === 'number' || field.type === 'integer') return range(field);
  const words: Record<string, string> = {
    string: 'text',
    boolean: 'true or false',
    object: 'object',
    array: field.items?.properties ? 'list' : 'list of texts',
  };
  return words[field.type ?? ''] ?? '';
}

function range({ minimum, maximum }: Json): string {
  const highest = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (minimum !== undefined && highest !== undefined) return `${minimum} to ${highest}`;
  return minimum === undefined ? 'number' : `${minimum} or more`;
}

function fallback(field: Json): string {
  return field.default === undefined || typeof field.default === 'object'
    ? ''
    : `\`${String(field.default)}\``;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  writeFileSync(readme, withTable(readFileSync(readme, 'utf8')));
}
