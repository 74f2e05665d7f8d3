/**
 * Turns a script into what is shown (markup and invisible characters gone) and what is said
 * (quotes, addresses, dashes and emoji made speakable), both mapped to the original.
 */
import { applyLexicon, type Lexicon } from './lexicon.ts';
import { stripMarkdown } from './markdown.ts';
import { edit, mapText, replace, type Edit, type MappedText } from './mapped-text.ts';
import { dropPauses, markPauses } from './pauses.ts';
import { symbolWords } from './symbols.ts';
import { writeOut, type Reads } from './written-out.ts';

/** Part of every cache key: raise it when the same text comes out differently. */
export const normaliserVersion = 4;

export type NormalisedText = {
  display: MappedText;
  spoken: MappedText;
  /** What was written `*so*` or `**so**`: ranges of the original, in order. */
  emphasis: readonly (readonly [start: number, end: number])[];
};

export type NormaliseOptions = {
  /** How words of this text are to be said. */
  lexicon?: Lexicon;
  /** What the engine reads by itself; absent: words only. */
  reads?: Reads;
};

/**
 * Cleans a text; `language` (BCP-47) decides how `&`, `@` and the dots of an address are said. Where a
 * pause is written, the spoken text has a sign (see pauses.ts).
 */
export function normalise(
  original: string,
  language: string,
  { lexicon = {}, reads = 'words' }: NormaliseOptions = {},
): NormalisedText {
  const clean = markPauses(dropInvisible(composeCharacters(mapText(original))));
  const { text: display, emphasis } = stripMarkdown(clean);
  // Single spaces from here on: patterns with room on both sides stay quick on any text.
  let spoken = singleSpaces(endListItems(display));
  spoken = applyLexicon(spoken, lexicon, language);
  spoken = sayAddresses(spoken, language);
  spoken = dropEmoji(spoken);
  spoken = writeOut(spoken, language, reads);
  spoken = plainPunctuation(spoken);
  spoken = sayDashes(singleSpaces(spoken));
  return { display: dropPauses(display), spoken: singleSpaces(spoken), emphasis };
}

function singleSpaces(source: MappedText): MappedText {
  return replace(source, /[^\S\n]+/g, ' ');
}

/** NFC, cluster by cluster so that offsets stay exact. */
function composeCharacters(source: MappedText): MappedText {
  return replace(source, /[\u1100-\u11ff]+|\P{ASCII}\p{M}*|[^\n]\p{M}+/gsu, (cluster) =>
    cluster.normalize('NFC'),
  );
}

/**
 * Control characters are commands to some engines, lone surrogates break encoders, and direction
 * marks and soft hyphens split words. Joiners stay: Persian, Indic scripts and emoji need them.
 */
function dropInvisible(source: MappedText): MappedText {
  let text = replace(source, /\r\n?|[\v\f\u0085\u2028]/g, '\n');
  text = replace(text, /\u2029/g, '\n\n');
  text = replace(text, /\t/g, ' ');
  return replace(
    text,
    /(?!\n)[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/gu,
    '',
  );
}

/** Items of a list are sentences of their own, though people leave out the full stop. */
function endListItems(source: MappedText): MappedText {
  const text = replace(source, /(?<=[\p{L}\p{N}"')\]])[ \t]*\n(?=[ \t]*(?:[•-]|\d{1,2}[.)])[ \t])/gu, '.\n');
  return replace(text, /^[ \t]*•[ \t]+/gm, '');
}

/** What is surely the name of a host or a file, though it stands alone: a dot without a space is mostly a slip. */
const fileOrHost =
  /(?<![\p{L}\p{N}@./_+-])(?:[\p{L}\p{N}_-]+\.)+(?:com|org|net|edu|gov|info|io|ai|app|dev|es|mx|ar|cl|uk|de|fr|eu|txt|md|html|pdf|docx?|xlsx?|csv|json|ya?ml|js|ts|py|sh|zip|exe|mp[34]|wav|jpe?g|png|svg)(?![\p{L}\p{N}@_-]|\.[\p{L}\p{N}])/gu;

/** Of a web address only the host is said, of a mail address all. */
function sayAddresses(source: MappedText, language: string): MappedText {
  const words = symbolWords(language);
  const sayDots = (address: string): string => (words ? address.replaceAll('.', ` ${words.dot} `) : address);
  let text = replace(source, /\b(?:https?:\/\/|www\.)[^\s<>"'“”«»]+/giu, (address) => {
    const tail = /[.,;:!?)\]]*$/.exec(address)![0];
    const host = /^(?:https?:\/\/)?(?:[^/@\s]*@)?(?:www\.)?([^/:?#]*)/i.exec(
      address.slice(0, address.length - tail.length),
    )![1]!;
    return sayDots(host) + tail.replace(/[)\]]/g, '');
  });
  if (!words) return text;
  text = replace(text, fileOrHost, sayDots);
  text = replace(
    text,
    /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu,
    (address) => sayDots(address).replace('@', ` ${words.at} `),
  );
  text = replace(text, /(?<![\p{L}\p{N}])@(?=[\p{L}\p{N}_])/gu, `${words.at} `);
  return replace(text, / ?& ?/g, ` ${words.and} `);
}

/** Emoji with their joiners, skin tones and variation selectors; a keycap leaves its digit. */
function dropEmoji(source: MappedText): MappedText {
  const picture = '(?![©®™‼⁉↔-↪])\\p{Extended_Pictographic}';
  const emoji = new RegExp(
    `(?:${picture}|\\p{RI})(?:[\\u{fe0e}\\u{fe0f}\\u{200d}\\u{e0020}-\\u{e007f}]|\\p{EMod}|${picture}|\\p{RI})*`,
    'gu',
  );
  const text = replace(source, emoji, ' ');
  return replace(text, /[\ufe00-\ufe0f\u20e3\p{EMod}]/gu, '');
}

function plainPunctuation(source: MappedText): MappedText {
  let text = replace(source, /[“”„‟«»‹›″❝❞]/g, '"');
  text = replace(text, /[‘’‚‛ʼ′`´]/g, "'");
  text = replace(text, /…|\.{2,}/g, '...');
  text = replace(text, /([!?¡¿])\1+/g, (_, mark) => mark!);
  text = replace(text, /#(?=[\p{L}\p{N}_])/gu, '');
  return replace(text, /[*_|~^\\{}\u2022\u00b7]+/g, ' ');
}

/**
 * Dashes that set words apart become commas, at the start of a line nothing; between digits and
 * inside words they stay.
 */
function sayDashes(source: MappedText): MappedText {
  let text = replace(source, /(?<=\d)[‐-–](?=\d)/g, '-');
  text = replace(text, /(?<=[\p{L}\p{N}])[‐‑](?=[\p{L}\p{N}])/gu, '-');
  const edits: Edit[] = [];
  const dash = / ?(?:[—–―]+|-{2,}|(?<![\p{L}\p{N}])-(?!\d)|-(?![\p{L}\p{N}])) ?/gu;
  for (const match of text.text.matchAll(dash)) {
    const end = match.index + match[0].length;
    const before = text.text.slice(Math.max(0, match.index - 2), match.index);
    const inSentence =
      /[\p{L}\p{N}"')\]%]$/u.test(before) && /^[\p{L}\p{N}"'(¿¡]/u.test(text.text.slice(end, end + 2));
    edits.push({ start: match.index, end, text: inSentence ? ', ' : ' ' });
  }
  return edit(text, edits);
}

/** Whether anything in a text can be said: a letter, a digit or a sign that has a name. */
export function hasSpeech(text: string): boolean {
  return /[\p{L}\p{N}\p{Sc}%&@+=©®™°§]/u.test(text);
}
