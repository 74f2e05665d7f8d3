/**
 * Text that remembers where it came from: for every UTF-16 unit, the range of the original it
 * stands for. Cleaning text for a voice must not lose the place of a word in the script.
 */
export type MappedText = {
  readonly text: string;
  /** Start in the original of each unit of `text`; never falls. */
  readonly starts: readonly number[];
  /** End (exclusive) in the original of each unit; never falls. */
  readonly ends: readonly number[];
};

/** One change of a text: units `start` to `end` (exclusive) become `text`. */
export type Edit = { start: number; end: number; text: string };

/** A text that is its own original. */
export function mapText(original: string): MappedText {
  const starts = Array.from({ length: original.length }, (_, index) => index);
  return { text: original, starts, ends: starts.map((start) => start + 1) };
}

/**
 * Applies edits, given in order and not overlapping. Every unit of a replacement stands for the
 * whole range it replaces; an insertion (start = end) stands for the empty place it is put in.
 */
export function edit(source: MappedText, edits: readonly Edit[]): MappedText {
  if (edits.length === 0) return source;
  const parts: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let done = 0;
  const keep = (until: number): void => {
    parts.push(source.text.slice(done, until));
    for (let unit = done; unit < until; unit++) {
      starts.push(source.starts[unit]!);
      ends.push(source.ends[unit]!);
    }
    done = until;
  };
  for (const change of edits) {
    if (change.start < done || change.end < change.start)
      throw new RangeError('edits overlap or are out of order');
    keep(change.start);
    const [start, end] = originOf(source, change.start, change.end);
    parts.push(change.text);
    for (let unit = 0; unit < change.text.length; unit++) {
      starts.push(start);
      ends.push(end);
    }
    done = change.end;
  }
  keep(source.text.length);
  return { text: parts.join(''), starts, ends };
}

/** Replaces every match of a global pattern; a replacement equal to the match leaves it alone. */
export function replace(
  source: MappedText,
  pattern: RegExp,
  replacement: string | ((...groups: string[]) => string),
): MappedText {
  const edits: Edit[] = [];
  for (const match of source.text.matchAll(pattern)) {
    const text =
      typeof replacement === 'string' ? replacement : replacement(...(match as unknown as string[]));
    if (text !== match[0]) edits.push({ start: match.index, end: match.index + match[0].length, text });
  }
  return edit(source, edits);
}

/**
 * Replaces parts of matches, so that each word keeps the place it was written at. `say` answers the new
 * text of named groups of the match, or edits counted from its start; null leaves the match alone.
 * @param pattern with the flags g and d
 */
export function rewrite(
  source: MappedText,
  pattern: RegExp,
  say: (groups: Readonly<Record<string, string | undefined>>, match: RegExpExecArray) => Said,
): MappedText {
  const edits: Edit[] = [];
  for (const match of source.text.matchAll(pattern)) {
    const said = say(match.groups ?? {}, match);
    if (said === null) continue;
    const changes = Array.isArray(said)
      ? said.map(({ start, end, text }) => ({ start: match.index + start, end: match.index + end, text }))
      : Object.entries(said).flatMap(([name, text]) => {
          const [start, end] = match.indices?.groups?.[name] ?? [-1, -1];
          return start < 0 || text === undefined ? [] : [{ start, end, text }];
        });
    edits.push(...changes.sort((a, b) => a.start - b.start));
  }
  return edit(source, edits);
}

type Said = Readonly<Record<string, string | undefined>> | Edit[] | null;

/** The range of the original that units `start` to `end` (exclusive) stand for. */
export function originOf(source: MappedText, start: number, end: number): [number, number] {
  if (end > start) return [source.starts[start]!, source.ends[end - 1]!];
  const place = start > 0 ? source.ends[start - 1]! : (source.starts[0] ?? 0);
  return [place, place];
}
