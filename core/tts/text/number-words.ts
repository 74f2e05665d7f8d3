/** Numbers in words, English and Spanish, for voices that know no digits. */

type Language = 'en' | 'es';

const small = {
  en: 'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen',
  es: 'cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve',
};
const tens = {
  en: '- - twenty thirty forty fifty sixty seventy eighty ninety',
  es: '- - - treinta cuarenta cincuenta sesenta setenta ochenta noventa',
};
const spanishHundreds =
  '- ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos'.split(
    ' ',
  );
const ordinals = {
  en: '- first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth'.split(' '), // prettier-ignore
  es: '- primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo'.split(' '),
};

/** Larger numbers are read digit by digit. */
const largest = 999_999_999_999;

/** A whole number from 0 up. */
export function cardinal(value: number, language: Language): string {
  if (value > largest) return String(value).replace(/\D/g, '').split('').map((digit) => cardinal(Number(digit), language)).join(' '); // prettier-ignore
  return language === 'en' ? english(value) : spanish(value);
}

function english(value: number): string {
  const names = small.en.split(' ');
  if (value < 20) return names[value]!;
  if (value < 100)
    return tens.en.split(' ')[Math.floor(value / 10)]! + (value % 10 ? `-${names[value % 10]}` : '');
  const parts: [size: number, name: string][] = [[1e9, 'billion'], [1e6, 'million'], [1000, 'thousand'], [100, 'hundred']]; // prettier-ignore
  const [size, name] = parts.find(([least]) => value >= least)!;
  const rest = value % size;
  const join = rest > 0 && rest < 100 ? ' and ' : ' ';
  return `${english(Math.floor(value / size))} ${name}${rest > 0 ? join + english(rest) : ''}`;
}

function spanish(value: number): string {
  const names = small.es.split(' ');
  if (value < 30) return names[value]!;
  if (value < 100)
    return tens.es.split(' ')[Math.floor(value / 10)]! + (value % 10 ? ` y ${names[value % 10]}` : '');
  if (value === 100) return 'cien';
  if (value < 1000) return spanishHundreds[Math.floor(value / 100)]! + (value % 100 ? ` ${spanish(value % 100)}` : ''); // prettier-ignore
  const size = value >= 1e6 ? 1e6 : 1000;
  const count = Math.floor(value / size);
  const name = size === 1000 ? 'mil' : count === 1 ? 'millón' : 'millones';
  const head = size === 1000 && count === 1 ? name : `${shortened(spanish(count))} ${name}`;
  return head + (value % size ? ` ${spanish(value % size)}` : '');
}

/** `veintiuno mil` is `veintiún mil`: before a noun, "uno" loses its end. */
function shortened(words: string): string {
  return words.replace(/veintiuno$/, 'veintiún').replace(/uno$/, 'un');
}

/** An ordinal: `1st`, `1º`. Beyond what people say in Spanish it is the number itself. */
export function ordinal(value: number, language: Language): string {
  const known = ordinals[language][value];
  if (known && value > 0) return known;
  if (language === 'es') return cardinal(value, 'es');
  const words = cardinal(value, 'en');
  const last = /[a-z]+$/.exec(words)![0];
  const unit = small.en.split(' ').indexOf(last);
  const changed =
    unit > 0 ? ordinals.en[unit]! : last.endsWith('y') ? `${last.slice(0, -1)}ieth` : `${last}th`;
  return words.slice(0, -last.length) + changed;
}

/** A year as English says it: nineteen sixty-nine, two thousand and four. */
export function englishYear(value: number): string {
  const [century, rest] = [Math.floor(value / 100), value % 100];
  if (century < 11 || (century % 10 === 0 && rest < 10)) return english(value);
  return `${english(century)} ${rest === 0 ? 'hundred' : rest < 10 ? `oh ${english(rest)}` : english(rest)}`;
}
