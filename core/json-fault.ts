/** Where a JSON text goes wrong: V8 names the place only for some faults, and in words for programmers. */

export type JsonFault = { line: number; column: number; message: string };

/** Line and column (from 1) of the fault that made JSON.parse throw `error` for `text`. */
export function jsonFault(text: string, error: Error): JsonFault {
  const position = /at position (\d+)/.exec(error.message)?.[1];
  const at = position ? Number(position) : firstBadCharacter(text);
  const before = text.slice(0, at);
  return {
    line: before.split('\n').length,
    column: at - (before.lastIndexOf('\n') + 1) + 1,
    message:
      at >= text.trimEnd().length
        ? 'the text ends too early; a bracket or quote is not closed'
        : words(error.message, text[at]!),
  };
}

function words(message: string, found: string): string {
  const clean = message
    .replace(/ in JSON at position.*| \(line.*|, ".*| at position.*/s, '')
    .replace(/ in JSON$/, '');
  if (message.startsWith('Unexpected token')) return `unexpected ${JSON.stringify(found)}`;
  return clean.charAt(0).toLowerCase() + clean.slice(1);
}

/**
 * The length of the longest beginning that could still become JSON, found by halving: such a
 * beginning fails only because it ends.
 */
function firstBadCharacter(text: string): number {
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (couldGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return couldGoOn(text) ? text.length : good;
}

function couldGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const { message } = error as Error;
    const position = /at position (\d+)/.exec(message)?.[1];
    return (
      /end of JSON|Unterminated/.test(message) ||
      (position !== undefined && Number(position) >= beginning.length)
    );
  }
}
