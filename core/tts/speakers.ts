/**
 * Who says what in a scene: lines that begin with a speaker's name (`ANA: …`) are theirs until the next
 * name. Pure.
 */

/** A stretch of a text with one speaker; null: the scene's own voice. */
export type SpeakerTurn = {
  speaker: string | null;
  /** Where the name stands, UTF-16 offset; `start` where nobody is named. */
  labelStart: number;
  /** What is said, UTF-16 offsets. */
  start: number;
  end: number;
};

/**
 * The turns of a text, in order. A name counts at the start of a line in any case (`Ana:`), within a line
 * only after the end of a sentence and in capitals (`ANA:`). What nobody is named for is the narrator's.
 * @param speakers names as the storyboard declares them
 */
export function speakerTurns(text: string, speakers: readonly string[]): SpeakerTurn[] {
  const labels = speakers.length === 0 ? [] : labelsOf(text, speakers);
  const turns: SpeakerTurn[] = [];
  const narrated = labels[0]?.labelStart ?? text.length;
  if (text.slice(0, narrated).trim() !== '' || labels.length === 0)
    turns.push({ speaker: null, labelStart: 0, start: 0, end: narrated });
  labels.forEach((label, index) =>
    turns.push({ ...label, end: labels[index + 1]?.labelStart ?? text.length }),
  );
  return turns;
}

/** Names written like a speaker's at the start of a line that no speaker has: `BOB: …`. */
export function unknownSpeakers(text: string, speakers: readonly string[]): string[] {
  const known = new Set(speakers.map(keyOf));
  const found = Array.from(
    text.matchAll(/^[ \t]*(\p{Lu}[\p{Lu}\p{N} ._'-]{0,39}?) ?:(?=\s)/gmu),
    (match) => match[1]!,
  );
  return [...new Set(found.filter((name) => !known.has(keyOf(name))))];
}

type Label = Pick<SpeakerTurn, 'labelStart' | 'start'> & { speaker: string };

function labelsOf(text: string, speakers: readonly string[]): Label[] {
  const byKey = new Map(speakers.map((name) => [keyOf(name), name]));
  const names = [...speakers]
    .sort((a, b) => b.length - a.length)
    .map((name) =>
      name
        .normalize('NFC')
        .trim()
        .replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
        .replace(/\s+/g, '[ \\t]+'),
    )
    .join('|');
  const pattern = new RegExp(
    `(^[ \\t]*|(?<=[.!?…][»”"')\\]]*[ \\t]+))(\\*{0,2})(${names})(\\*{0,2})[ \\t]?:\\2(?:[ \\t]+|$)`,
    'gimu',
  );
  return Array.from(text.matchAll(pattern)).flatMap((match) => {
    const [whole, , , name] = match;
    const speaker = byKey.get(keyOf(name!))!;
    const beginsLine = match.index === 0 || text[match.index - 1] === '\n';
    if (!beginsLine && name !== name!.toUpperCase()) return [];
    return [{ speaker, labelStart: match.index, start: match.index + whole.length }];
  });
}

function keyOf(name: string): string {
  return name.normalize('NFC').trim().replace(/\s+/g, ' ').toLowerCase();
}
