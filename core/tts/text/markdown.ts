/**
 * Takes simple markdown out of a script, since people paste notes: headings, emphasis, links, code.
 * Only marks that are surely markup go; `2 * 3 * 4`, `snake_case` and dialogue dashes stay.
 */
import { edit, originOf, replace, type Edit, type MappedText } from './mapped-text.ts';

/** The text as a reader would see it, and which ranges of the original it emphasises. */
export function stripMarkdown(source: MappedText): { text: MappedText; emphasis: [number, number][] } {
  let text = dropTags(dropLines(source));
  text = replace(text, /^[ \t]{0,3}#{1,6}[ \t]+/gm, '');
  text = replace(text, /^[ \t]*>[ \t]?/gm, '');
  text = replace(text, /^([ \t]*)[*+]([ \t]+)/gm, (_, before, after) => `${before}•${after}`);
  text = keepInner(text, /(!?\[)([^[\]\n]*)(\]\([^()\s]*(?:[ \t]+"[^"\n]*")?\))/g);
  text = keepInner(text, /(`+)([^`\n]+)(\1)/g);
  const emphasis: [number, number][] = [];
  for (const marks of [
    /(\*\*|__)(?=\S)([^\n]*?\S)(\1)/g,
    /(?<![\p{L}\p{N}*])(\*)(?=[^\s*])([^*\n]*[^\s*])(\1)(?![\p{L}\p{N}*])/gu,
    /(?<![\p{L}\p{N}_])(_)(?=[^\s_])([^_\n]*[^\s_])(\1)(?![\p{L}\p{N}_])/gu,
  ])
    text = keepInner(text, marks, emphasis);
  text = keepInner(text, /(~~)(?=\S)([^\n]*?\S)(\1)/g);
  return { text, emphasis: emphasis.sort(([a], [b]) => a - b) };
}

const entities: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#39': "'",
  nbsp: ' ',
};

/** The few tags people write in Markdown, and signs that web pages write as names. */
function dropTags(source: MappedText): MappedText {
  const text = replace(
    source,
    /<\/?(?:b|i|em|strong|u|s|p|br|span|small|mark|sub|sup|code)(?:\s[^<>\n]{0,200})?\/?>/gi,
    '',
  );
  return replace(text, /&(amp|lt|gt|quot|apos|#39|nbsp);/g, (_, name) => entities[name!]!);
}

/** Fences of code blocks and ruled lines say nothing. */
function dropLines(source: MappedText): MappedText {
  return replace(
    source,
    /^[ \t]*(?:(?:```|~~~)[^\n]*|(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|={3,}[ \t]*)$/gm,
    '',
  );
}

/** Drops what groups 1 and 3 matched; group 2 lies between them, and is noted in `inner`. */
function keepInner(source: MappedText, pattern: RegExp, inner?: [number, number][]): MappedText {
  const edits: Edit[] = [];
  for (const match of source.text.matchAll(pattern)) {
    const [whole, opening = '', , closing = ''] = match;
    const end = match.index + whole.length;
    edits.push({ start: match.index, end: match.index + opening.length, text: '' });
    edits.push({ start: end - closing.length, end, text: '' });
    inner?.push(originOf(source, match.index + opening.length, end - closing.length));
  }
  return edit(source, edits);
}
