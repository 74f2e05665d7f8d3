/** A script's lines as blocks: headings, and paragraphs with their tags taken out of the narration. */
import type { Issue } from './errors.ts';
import { nearestName } from './nearest-name.ts';
import { tagNames } from './script-tags.ts';
import { speakerTurns } from './tts/speakers.ts';

export type Tag = { name: string; value: string; line: number };
export type Block =
  | { kind: 'heading'; level: number; text: string; line: number }
  | { kind: 'scene'; text: string; tags: Tag[]; line: number };

/** Puts text that must not be read as markup out of reach: `\[` becomes one character of private use. */
const escapes = ['\\', '[', ']', '#', '*', '_', '`', '!', '<'] as const;
const PRIVATE = 0xe000;

type Options = {
  /** Index of the line to begin with (after the front matter). */
  firstLine: number;
  /** Whether Markdown's emphasis, links, pictures and comments are understood. */
  markdown: boolean;
  /** Where faults are put. */
  issues: Issue[];
  /** Names whose lines stay lines of their own. */
  speakers?: readonly string[];
};

/** Parts lines at blank lines, headings and rules (`---`). Line numbers count from 1. */
export function scriptBlocks(lines: readonly string[], options: Options): Block[] {
  const blocks: Block[] = [];
  let paragraph: { first: number; lines: string[] } | null = null;
  const flush = (): void => {
    if (paragraph) blocks.push(sceneBlock(paragraph.lines, paragraph.first, options));
    paragraph = null;
  };
  const shown = options.markdown ? withoutComments(lines) : lines;
  for (let index = options.firstLine; index < shown.length; index++) {
    const line = hideEscapes(shown[index]!);
    const heading = /^ {0,3}(#{1,6})\s+(\S.*)$/.exec(line);
    const title = heading?.[2]!.trimEnd().replace(/(^|\s)#+$/, '') ?? '';
    if (heading && title.trim() !== '') {
      flush();
      blocks.push({
        kind: 'heading',
        level: heading[1]!.length,
        text: plainText(title, options.markdown),
        line: index + 1,
      });
    } else if (line.trim() === '' || /^ {0,3}([-*_])\s*(\1\s*){2,}$/.test(line)) {
      flush();
    } else {
      paragraph ??= { first: index + 1, lines: [] };
      paragraph.lines.push(line);
    }
  }
  flush();
  return blocks;
}

function hideEscapes(line: string): string {
  // A private-use character of the script itself would come out as a bracket.
  const own = line.replaceAll(/[\ue000-\ue008]/g, '');
  return own.replaceAll(/\\([\\[\]#*_`!<])/g, (_, sign: (typeof escapes)[number]) =>
    String.fromCharCode(PRIVATE + escapes.indexOf(sign)),
  );
}

function showEscapes(text: string): string {
  return text.replaceAll(/[\ue000-\ue008]/g, (hidden) => escapes[hidden.charCodeAt(0) - PRIVATE]!);
}

/** Blanks out `<!-- … -->`, keeping the line count. */
function withoutComments(lines: readonly string[]): string[] {
  let open = false;
  return lines.map((line) => {
    let rest = line;
    let kept = '';
    while (rest !== '') {
      const mark = rest.indexOf(open ? '-->' : '<!--');
      if (mark === -1) return open ? kept : kept + rest;
      if (!open) kept += rest.slice(0, mark);
      rest = rest.slice(mark + (open ? 3 : 4));
      open = !open;
    }
    return kept;
  });
}

function sceneBlock(lines: string[], first: number, options: Options): Block {
  const tags: Tag[] = [];
  const text = lines
    .map((line, index) => takeTags(line, first + index, tags, options))
    .filter((line) => line !== '');
  return { kind: 'scene', text: joinLines(text, options.speakers ?? []), tags, line: first };
}

/** A paragraph is one line, but where someone begins to speak. */
function joinLines(lines: readonly string[], speakers: readonly string[]): string {
  return lines.reduce((text, line, index) => {
    if (index === 0) return line;
    const [turn] = speakerTurns(line, speakers);
    const begins = turn !== undefined && turn.speaker !== null && turn.labelStart === 0;
    return text + (begins ? '\n' : ' ') + line;
  }, '');
}

/** `[name: value]`; the name begins with a letter, so `[12:30]` is narration. */
const tagPattern = /\[\s*([\p{L}][\p{L} _-]{0,30}?)\s*:\s*([^[\]]*)(\]|$|(?=\[))/gu;
/** Markdown's picture; in a script it shows that picture. */
const picturePattern = /!\[[^[\]]*\]\(\s*<?([^()\s>]+)>?[^()]*\)/g;

function takeTags(line: string, number: number, tags: Tag[], options: Options): string {
  let rest = line;
  if (options.markdown) {
    rest = rest.replaceAll(picturePattern, (_, src: string) => {
      tags.push({ name: isClip(src) ? 'video' : 'image', value: showEscapes(src), line: number });
      return ' ';
    });
  }
  rest = rest.replaceAll(tagPattern, (whole, name: string, value: string, end: string) => {
    // `[pause: 1s]` is for the voice, and stays in its place.
    if (/^paus[ea]$/i.test(name)) return whole;
    if (end !== ']') {
      // "[sic: and so on" is a writer's bracket; "[image: a.jpg" is a tag that lost its end.
      if (nearestName(name, tagNames) === null) return whole;
      options.issues.push({
        path: `line ${number}`,
        message: `[${name}: … is not closed; add "]" on the same line`,
      });
    } else {
      tags.push({ name, value: showEscapes(value).trim(), line: number });
    }
    return ' ';
  });
  return plainText(rest, options.markdown);
}

function isClip(src: string): boolean {
  return /\.(mp4|m4v|mov|webm|mkv|avi|mpe?g|ogv)([?#].*)?$/i.test(src);
}

/** What is spoken and shown: links by their words, emphasis without its marks, single spaces. */
function plainText(text: string, markdown: boolean): string {
  let plain = text;
  if (markdown) {
    plain = plain
      .replaceAll(/\[([^[\]]+)\]\([^()\s]*(?:\s+"[^"]*")?\)/g, '$1')
      .replaceAll(/(?<![\p{L}\p{N}*])(\*{1,3})(?=[^\s*])([^*]*[^\s*])\1(?![\p{L}\p{N}*])/gu, '$2')
      .replaceAll(/(?<![\p{L}\p{N}_])(_{1,3})(?=[^\s_])([^_]*[^\s_])\1(?![\p{L}\p{N}_])/gu, '$2')
      .replaceAll(/`([^`]+)`/g, '$1');
  }
  return showEscapes(plain.replaceAll(/\s+/g, ' ').trim());
}
