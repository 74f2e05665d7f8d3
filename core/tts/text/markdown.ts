/**
 * Takes simple markdown out of a script, since people paste notes: headings, emphasis, links, code.
 * Only marks that are surely markup go; `2 * 3 * 4`, `snake_case` and dialogue dashes stay.
 */
import { edit, replace, type Edit, type MappedText } from './mapped-text.ts';

/** The text as a reader would see it. */
export function stripMarkdown(source: MappedText): MappedText {
  let text = dropLines(source);
  text = replace(text, /^[ \t]{0,3}#{1,6}[ \t]+/gm, '');
  text = replace(text, /^[ \t]*>[ \t]?/gm, '');
  text = replace(text, /^([ \t]*)[*+]([ \t]+)/gm, (_, before, after) => `${before}•${after}`);
  text = keepInner(text, /(!?\[)([^[\]\n]*)(\]\([^()\s]*(?:[ \t]+"[^"\n]*")?\))/g);
  text = keepInner(text, /(`+)([^`\n]+)(\1)/g);
  text = keepInner(text, /(\*\*|__|~~)(?=\S)([^\n]*?\S)(\1)/g);
  text = keepInner(text, /(?<![\p{L}\p{N}*])(\*)(?=[^\s*])([^*\n]*[^\s*])(\1)(?![\p{L}\p{N}*])/gu);
  return keepInner(text, /(?<![\p{L}\p{N}_])(_)(?=[^\s_])([^_\n]*[^\s_])(\1)(?![\p{L}\p{N}_])/gu);
}

/** Fences of code blocks and ruled lines say nothing. */
function dropLines(source: MappedText): MappedText {
  return replace(
    source,
    /^[ \t]*(?:(?:```|~~~)[^\n]*|(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|={3,}[ \t]*)$/gm,
    '',
  );
}

/** Drops what groups 1 and 3 matched; group 2 lies between them. */
function keepInner(source: MappedText, pattern: RegExp): MappedText {
  const edits: Edit[] = [];
  for (const match of source.text.matchAll(pattern)) {
    const [whole, opening = '', , closing = ''] = match;
    const end = match.index + whole.length;
    edits.push({ start: match.index, end: match.index + opening.length, text: '' });
    edits.push({ start: end - closing.length, end, text: '' });
  }
  return edit(source, edits);
}
