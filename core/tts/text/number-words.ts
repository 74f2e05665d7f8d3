/** Numbers in words, English and Spanish. */

export type Language = 'en' | 'es';

/**
 * What a Spanish number agrees with: nothing (`veintiuno`), or a noun that follows it (`veintiún años`,
 * `veintiuna casas`). English numbers do not care.
 */
export type Agreement = 'alone' | 'masculine' | 'feminine';

const list = (words: string): string[] => words.split(' ');
const small = {
  en: list('zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'),
  es: list('cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve'),
}; // prettier-ignore
const tens = {
  en: list('- - twenty thirty forty fifty sixty seventy eighty ninety'),
  es: list('- - - treinta cuarenta cincuenta sesenta setenta ochenta noventa'),
};
const spanishHundreds = list(
  '- ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos',
);
const englishOrdinals = list('- first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth'); // prettier-ignore
const spanishOrdinals = {
  ones: list('- primero segundo tercero cuarto quinto sexto séptimo octavo noveno'),
  tens: list('- décimo vigésimo trigésimo cuadragésimo quincuagésimo sexagésimo septuagésimo octogésimo nonagésimo'),
  teens: list('décimo undécimo duodécimo decimotercero decimocuarto decimoquinto decimosexto decimoséptimo decimoctavo decimonoveno'),
}; // prettier-ignore

/** Larger numbers are read digit by digit. */
const largest = 999_999_999_999;

/** A whole number from 0 up, given by its digits or as it is. */
export function cardinal(value: number | string, language: Language, agreement: Agreement = 'alone'): string {
  if (Number(value) > largest) return digitByDigit(String(BigInt(value)), language);
  return language === 'en' ? english(Number(value)) : spanish(Number(value), agreement);
}

/** `007`, a telephone number. */
export function digitByDigit(digits: string, language: Language): string {
  return Array.from(digits.replace(/\D/g, ''), (digit) => small[language][Number(digit)]!).join(' ');
}

function english(value: number): string {
  if (value < 20) return small.en[value]!;
  if (value < 100) return tens.en[Math.floor(value / 10)]! + (value % 10 ? `-${small.en[value % 10]}` : '');
  const parts: [size: number, name: string][] = [[1e9, 'billion'], [1e6, 'million'], [1000, 'thousand'], [100, 'hundred']]; // prettier-ignore
  const [size, name] = parts.find(([least]) => value >= least)!;
  const rest = value % size;
  const join = rest > 0 && rest < 100 ? ' and ' : ' ';
  return `${english(Math.floor(value / size))} ${name}${rest > 0 ? join + english(rest) : ''}`;
}

function spanish(value: number, agreement: Agreement): string {
  if (value < 30) return agreeing(small.es[value]!, agreement);
  if (value < 100)
    return tens.es[Math.floor(value / 10)]! + (value % 10 ? ` y ${spanish(value % 10, agreement)}` : '');
  if (value === 100) return 'cien';
  if (value < 1000) {
    const hundreds = spanishHundreds[Math.floor(value / 100)]!;
    const agreed = agreement === 'feminine' ? hundreds.replace(/os$/, 'as') : hundreds;
    return agreed + (value % 100 ? ` ${spanish(value % 100, agreement)}` : '');
  }
  const size = value >= 1e6 ? 1e6 : 1000;
  const count = Math.floor(value / size);
  const counted = spanish(count, size === 1000 && agreement === 'feminine' ? 'feminine' : 'masculine');
  const head = size === 1e6 ? `${counted} ${count === 1 ? 'millón' : 'millones'}` : count === 1 ? 'mil' : `${counted} mil`; // prettier-ignore
  return head + (value % size ? ` ${spanish(value % size, agreement)}` : '');
}

function agreeing(words: string, agreement: Agreement): string {
  if (agreement === 'feminine') return words.replace(/uno$/, 'una');
  return agreement === 'alone' ? words : words.replace(/veintiuno$/, 'veintiún').replace(/uno$/, 'un');
}

/** An ordinal: `1st`, `1.º`; before a noun that is masculine, Spanish says `primer`. Beyond 99 Spanish says the number. */
export function ordinal(value: number, language: Language, agreement: Agreement = 'alone'): string {
  return language === 'en' ? englishOrdinal(value) : spanishOrdinal(value, agreement);
}

function englishOrdinal(value: number): string {
  const words = english(value);
  const last = /[a-z]+$/.exec(words)![0];
  const unit = small.en.indexOf(last);
  const changed =
    unit > 0 ? englishOrdinals[unit]! : last.endsWith('y') ? `${last.slice(0, -1)}ieth` : `${last}th`;
  return words.slice(0, -last.length) + changed;
}

function spanishOrdinal(value: number, agreement: Agreement): string {
  if (value < 1 || value > 99) return spanish(value, agreement);
  const { ones, tens: ofTens, teens } = spanishOrdinals;
  const words = value >= 10 && value < 20
    ? teens[value - 10]!
    : [ofTens[Math.floor(value / 10)]!, ones[value % 10]!].filter((word) => word !== '-').join(' '); // prettier-ignore
  if (agreement === 'feminine') return words.replace(/o(?= |$)/g, 'a');
  return agreement === 'alone' ? words : words.replace(/(primer|tercer)o$/, '$1');
}

/** A year as English says it: nineteen sixty-nine, two thousand and four. */
export function englishYear(value: number): string {
  const [century, rest] = [Math.floor(value / 100), value % 100];
  if (century % 10 === 0 && rest < 10) return english(value);
  return `${english(century)} ${rest === 0 ? 'hundred' : rest < 10 ? `oh ${english(rest)}` : english(rest)}`;
}

/** `90s`, `1990s`: the last word in the plural. */
export function englishDecade(value: number): string {
  const words = value >= 1000 ? englishYear(value) : english(value);
  return words.endsWith('y') ? `${words.slice(0, -1)}ies` : `${words}s`;
}

const halves: Record<Language, Record<number, [one: string, many: string]>> = {
  en: { 2: ['half', 'halves'], 4: ['quarter', 'quarters'] },
  es: { 2: ['medio', 'medios'], 3: ['tercio', 'tercios'], 12: ['doceavo', 'doceavos'], 16: ['dieciseisavo', 'dieciseisavos'], 20: ['veinteavo', 'veinteavos'], 100: ['centésimo', 'centésimos'] },
}; // prettier-ignore

/** `3/4`; null if nobody calls it by such a name. */
export function fraction(numerator: number, denominator: number, language: Language): string | null {
  const isUsual = denominator >= 2 && (denominator <= 10 || [12, 16, 20, 32, 100].includes(denominator));
  if (!isUsual || numerator < 1 || numerator >= denominator) return null;
  const part = halves[language][denominator]?.[numerator === 1 ? 0 : 1];
  if (language === 'es') {
    if (!part && denominator > 10) return null;
    const named = part ?? spanishOrdinals.ones[denominator] ?? 'décimo';
    const words = part || numerator === 1 ? named : `${named}s`;
    return denominator === 2 ? words : `${spanish(numerator, 'masculine')} ${words}`;
  }
  return `${english(numerator)} ${part ?? englishOrdinal(denominator) + (numerator === 1 ? '' : 's')}`;
}
