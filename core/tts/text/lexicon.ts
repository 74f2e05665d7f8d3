/**
 * How words are to be said that voices get wrong: names, brands, acronyms. What is shown stays as written.
 * A word is replaced by a respelling (`Nguyen`: `win`) or by IPA between slashes (`/wɪn/`), which is put
 * into the letters of the language, since most engines take nothing else.
 */
import { replace, type MappedText } from './mapped-text.ts';
import { respellIpa } from './ipa.ts';

/** Word or phrase → respelling, or IPA between slashes. */
export type Lexicon = Readonly<Record<string, string>>;

/**
 * Replaces whole words, the longest entry first; several spaces count as one. A word written with
 * capitals inside (`US`, `iPhone`) only stands for itself, any other for all its cases.
 */
export function applyLexicon(source: MappedText, lexicon: Lexicon, language: string): MappedText {
  const words = Object.keys(lexicon)
    .filter((word) => word.trim() !== '')
    .sort((a, b) => b.length - a.length);
  if (words.length === 0) return source;
  const exact = new Map(words.map((word) => [keyOf(word), lexicon[word]!]));
  const loose = new Map(words.filter(anyCase).map((word) => [keyOf(word).toLowerCase(), lexicon[word]!]));
  const alternatives = words.map((word) => keyOf(word).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|');
  // Letters, digits and marks continue a word; a part of an address is none.
  const pattern = new RegExp(
    `(?<![\\p{L}\\p{N}\\p{M}]|[\\p{L}\\p{N}][.@]|//)(?:${alternatives})(?![\\p{L}\\p{N}\\p{M}]|[.@][\\p{L}\\p{N}])`,
    'giu',
  );
  return replace(source, pattern, (found) => {
    const said = exact.get(found!) ?? loose.get(found!.toLowerCase());
    return said === undefined ? found! : sayingOf(said, language);
  });
}

function keyOf(word: string): string {
  return word.normalize('NFC').trim().replace(/\s+/g, ' ');
}

function anyCase(word: string): boolean {
  return !/\p{L}\p{Lu}/u.test(word);
}

function sayingOf(said: string, language: string): string {
  const ipa = /^\/(.+)\/$/.exec(said.trim())?.[1];
  return ipa === undefined ? said.trim() : respellIpa(ipa, language);
}
