/** How signs that stand for words are said: `&` in a title, `.` and `@` in an address. */

export type SymbolWords = { and: string; at: string; dot: string };

const words: Record<string, SymbolWords> = {
  ca: { and: 'i', at: 'arrova', dot: 'punt' },
  de: { and: 'und', at: 'ät', dot: 'Punkt' },
  en: { and: 'and', at: 'at', dot: 'dot' },
  es: { and: 'y', at: 'arroba', dot: 'punto' },
  fr: { and: 'et', at: 'arobase', dot: 'point' },
  it: { and: 'e', at: 'chiocciola', dot: 'punto' },
  nl: { and: 'en', at: 'apenstaartje', dot: 'punt' },
  pl: { and: 'i', at: 'małpa', dot: 'kropka' },
  pt: { and: 'e', at: 'arroba', dot: 'ponto' },
  sv: { and: 'och', at: 'snabel-a', dot: 'punkt' },
};

/** The words of a BCP-47 language, or null where the engine must manage by itself. */
export function symbolWords(language: string): SymbolWords | null {
  return words[language.split('-')[0]!.toLowerCase()] ?? null;
}
