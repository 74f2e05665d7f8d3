/**
 * Abbreviations that end in a dot without ending a sentence, in lower case and without their last
 * dot. Only those that Unicode's sentence rules split wrongly are needed.
 */

/** Always followed by more of the same sentence: titles, and first halves such as EE. (UU.). */
const leading: Record<string, string> = {
  '': 'dr st mt vs cf prof',
  en: 'mr mrs ms messrs rev hon gen col maj capt cmdr lt sgt gov sen rep pres supt jr ft e.g i.e approx',
  es: 'sr sra srta sres dra d dña da lic ing arq gral cnel tte cap sto sta fr mons profa ud uds vd vds ee ff cc rr excmo excma ilmo ilma av avda c p.ej aprox',
  fr: 'm mm mme mmes mlle mlles me mgr pr ste p.ex',
  de: 'hr fr herr frau hl z d u bzw ca geb evtl ggf inkl sog z.b d.h u.a',
  it: 'sig sigg sig.ra sig.na dott dott.ssa avv ing on mons geom rag prof.ssa',
  pt: 'sr sra srs dra prof profa eng exmo exma d av p.ex',
  nl: 'dhr mevr mw drs ir ing bijv d.w.z o.a',
};

/** Followed by a number: No. 5, pág. 12. */
const beforeNumber: Record<string, string> = {
  '': 'no p pp pg vol fig art sec cap ch n',
  en: 'nos eq jan feb mar apr jun jul aug sep sept oct nov dec',
  es: 'pág págs núm núms nro tel tomo aprox',
  fr: 'n° chap tél env',
  de: 'nr s bd abs kap tel abb',
  it: 'pag pagg num tel',
  pt: 'pág págs núm tel',
  nl: 'blz nr tel',
};

/** Languages that write ordinals as 3. */
const dottedOrdinals = new Set([
  'de',
  'da',
  'nb',
  'nn',
  'no',
  'fi',
  'et',
  'lv',
  'cs',
  'sk',
  'sl',
  'hr',
  'bs',
  'sr',
  'pl',
  'hu',
  'is',
  'tr',
]);

const wordsOf = (table: Record<string, string>, language: string): string[] =>
  `${table['']} ${table[language] ?? ''}`.split(' ');

export type Abbreviations = {
  leading: ReadonlySet<string>;
  beforeNumber: ReadonlySet<string>;
  dottedOrdinals: boolean;
};

/** The abbreviations of a BCP-47 language, with the common ones. */
export function abbreviationsOf(language: string): Abbreviations {
  const primary = language.split('-')[0]!.toLowerCase();
  return {
    leading: new Set(wordsOf(leading, primary)),
    beforeNumber: new Set(wordsOf(beforeNumber, primary)),
    dottedOrdinals: dottedOrdinals.has(primary),
  };
}
