/**
 * Writes out what voices read badly, English and Spanish: dates, amounts, units, ranges, abbreviations,
 * and for voices that know no digits the numbers too. Measured on espeak and flite: both read `12/05/2024`
 * with its slashes and `5 km` as letters.
 */
import { cardinal, englishYear, ordinal } from './number-words.ts';
import { replace, type MappedText } from './mapped-text.ts';

/** What an engine makes of text by itself. */
export type Reads =
  /** Dates, units and abbreviations too: large services do, and know the context. */
  | 'everything'
  /** Plain numbers. */
  | 'numbers'
  /** Letters only. */
  | 'words';

/** The text with what `reads` cannot take in words; other languages are left alone. */
export function writeOut(source: MappedText, tag: string, reads: Reads): MappedText {
  const language = tag.split('-')[0]!.toLowerCase();
  if (reads === 'everything' || (language !== 'en' && language !== 'es')) return source;
  let text = abbreviations(source, language);
  text = dates(text, language, /^en-(?!US|PH|CA)/i.test(tag));
  text = amounts(text, language);
  text = units(text, language);
  text = ranges(text, language);
  return reads === 'words' ? numbers(text, language) : text;
}

type Language = 'en' | 'es';

/** An abbreviation that may end a sentence keeps its full stop where one seems to end. */
const endsSentence = '(?=\\s*$|\\s+[\\p{Lu}¿¡"(])';
const written: Record<Language, [pattern: string, words: string][]> = {
  en: [
    ['e\\. ?g\\.', 'for example'],
    ['i\\. ?e\\.', 'that is'],
    ['approx\\.', 'approximately'],
    ['vs\\.?', 'versus'],
    ['etc\\.', 'et cetera'],
    ['Nos?\\.(?= ?\\d)', 'number'],
    ['pp?\\.(?= ?\\d)', 'page'],
    ['a\\.k\\.a\\.', 'also known as'],
  ],
  es: [
    ['p\\. ?ej\\.', 'por ejemplo'],
    ['EE\\. ?UU\\.', 'Estados Unidos'],
    ['etc\\.', 'etcétera'],
    ['aprox\\.', 'aproximadamente'],
    ['a\\. ?C\\.', 'antes de Cristo'],
    ['d\\. ?C\\.', 'después de Cristo'],
    ['págs?\\.(?= ?\\d)', 'página'],
    ['(?:n\\.?[ºo°]|núm\\.)(?= ?\\d)', 'número'],
    ['Avda?\\.', 'Avenida'],
    ['Dña\\.', 'Doña'],
    ['Uds\\.', 'ustedes'],
    ['Ud\\.', 'usted'],
    ['tel\\.', 'teléfono'],
  ],
};

function abbreviations(source: MappedText, language: Language): MappedText {
  let text = source;
  for (const [pattern, words] of written[language]) {
    const whole = `(?<![\\p{L}\\p{N}.])(?:${pattern})(?![\\p{L}])`;
    if (/etc|UU|C/.test(pattern)) text = replace(text, new RegExp(whole + endsSentence, 'gu'), `${words}.`);
    text = replace(text, new RegExp(whole, 'gu'), words);
  }
  return text;
}

const months: Record<Language, string[]> = {
  en: 'January February March April May June July August September October November December'.split(' '),
  es: 'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre'.split(' '),
};

/** `2024-05-12`, `12/05/2024`, in American English `05/12/2024`. What is no date stays. */
function dates(source: MappedText, language: Language, dayFirst: boolean): MappedText {
  const say = (whole: string, year: string, month: string, day: string): string => {
    const [monthNumber, dayNumber] = [Number(month), Number(day)];
    if (monthNumber < 1 || monthNumber > 12 || dayNumber < 1 || dayNumber > 31) return whole;
    const name = months[language][monthNumber - 1]!;
    if (language === 'es') return `${dayNumber} de ${name} de ${year}`;
    return `${name} ${ordinalDigits(dayNumber)} ${year}`;
  };
  const text = replace(source, /(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?![\d-])/g, (whole, year, month, day) =>
    say(whole!, year!, month!, day!),
  );
  return replace(text, /(?<![\d/])(\d{1,2})\/(\d{1,2})\/(\d{4})(?![\d/])/g, (whole, first, second, year) =>
    language === 'es' || dayFirst || Number(first) > 12
      ? say(whole!, year!, second!, first!)
      : say(whole!, year!, first!, second!),
  );
}

function ordinalDigits(value: number): string {
  const ending =
    value % 100 >= 11 && value % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][value % 10] ?? 'th');
  return value + ending;
}

const currencies: Record<Language, Record<string, [one: string, many: string]>> = {
  en: { '$': ['dollar', 'dollars'], '€': ['euro', 'euros'], '£': ['pound', 'pounds'] },
  es: { '$': ['dólar', 'dólares'], '€': ['euro', 'euros'], '£': ['libra', 'libras'] },
}; // prettier-ignore
const magnitudes: Record<Language, Record<string, string>> = {
  en: { k: 'thousand', K: 'thousand', M: 'million', m: 'million', bn: 'billion', B: 'billion' },
  es: { k: 'mil', K: 'mil', M: 'millones de', m: 'millones de' },
};

/** `$5`, `5,50 €`, `€5M`. */
function amounts(source: MappedText, language: Language): MappedText {
  const say = (sign: string, number: string, magnitude: string | undefined): string => {
    const [one, many] = currencies[language][sign]!;
    if (magnitude) return `${number} ${magnitudes[language][magnitude] ?? magnitude} ${many}`;
    const [, whole, cents] = /^(.*)[.,](\d\d)$/.exec(number) ?? [];
    const name = (whole ?? number) === '1' ? one : many;
    if (whole === undefined) return `${number} ${name}`;
    return cents === '00' ? `${whole} ${name}` : `${whole} ${name} ${language === 'es' ? 'con' : 'and'} ${Number(cents)}${language === 'en' ? ` ${sign === '£' ? 'pence' : 'cents'}` : ''}`; // prettier-ignore
  };
  const text = replace(source, /([$€£]) ?(\d[\d.,]*\d|\d)(?:(k|K|M|m|bn|B)(?![\p{L}\p{N}]))?(?! ?(?:million|billion|trillion|mill[oó]n|mil\b))/gu, (_, sign, number, magnitude) => say(sign!, number!, magnitude)); // prettier-ignore
  return replace(text, /(?<![\p{L}\d.,])(\d[\d.,]*\d|\d) ?(?:(k|K|M)(?= ?[€$£]))? ?([€$£])(?!\d)/gu, (_, number, magnitude, sign) => say(sign!, number!, magnitude)); // prettier-ignore
}

/** Unit → its name for one and for more. */
const unitNames: Record<Language, Record<string, [one: string, many: string]>> = {
  en: {
    'km/h': ['kilometre per hour', 'kilometres per hour'], 'm/s': ['metre per second', 'metres per second'], mph: ['mile per hour', 'miles per hour'],
    km: ['kilometre', 'kilometres'], cm: ['centimetre', 'centimetres'], mm: ['millimetre', 'millimetres'], 'km²': ['square kilometre', 'square kilometres'], 'm²': ['square metre', 'square metres'], 'm³': ['cubic metre', 'cubic metres'],
    kg: ['kilogram', 'kilograms'], mg: ['milligram', 'milligrams'], ml: ['millilitre', 'millilitres'], '°C': ['degree Celsius', 'degrees Celsius'], '°F': ['degree Fahrenheit', 'degrees Fahrenheit'],
    ms: ['millisecond', 'milliseconds'], min: ['minute', 'minutes'], kW: ['kilowatt', 'kilowatts'], MW: ['megawatt', 'megawatts'], kWh: ['kilowatt hour', 'kilowatt hours'], Hz: ['hertz', 'hertz'], kHz: ['kilohertz', 'kilohertz'], MHz: ['megahertz', 'megahertz'], GHz: ['gigahertz', 'gigahertz'],
    kB: ['kilobyte', 'kilobytes'], MB: ['megabyte', 'megabytes'], GB: ['gigabyte', 'gigabytes'], TB: ['terabyte', 'terabytes'], ft: ['foot', 'feet'], lb: ['pound', 'pounds'], lbs: ['pound', 'pounds'], oz: ['ounce', 'ounces'],
  },
  es: {
    'km/h': ['kilómetro por hora', 'kilómetros por hora'], 'm/s': ['metro por segundo', 'metros por segundo'],
    km: ['kilómetro', 'kilómetros'], m: ['metro', 'metros'], cm: ['centímetro', 'centímetros'], mm: ['milímetro', 'milímetros'], 'km²': ['kilómetro cuadrado', 'kilómetros cuadrados'], 'm²': ['metro cuadrado', 'metros cuadrados'], 'm³': ['metro cúbico', 'metros cúbicos'],
    kg: ['kilogramo', 'kilogramos'], g: ['gramo', 'gramos'], mg: ['miligramo', 'miligramos'], l: ['litro', 'litros'], ml: ['mililitro', 'mililitros'], '°C': ['grado Celsius', 'grados Celsius'], 'ºC': ['grado Celsius', 'grados Celsius'], '°F': ['grado Fahrenheit', 'grados Fahrenheit'],
    ms: ['milisegundo', 'milisegundos'], min: ['minuto', 'minutos'], h: ['hora', 'horas'], kW: ['kilovatio', 'kilovatios'], MW: ['megavatio', 'megavatios'], kWh: ['kilovatio hora', 'kilovatios hora'], Hz: ['hercio', 'hercios'], kHz: ['kilohercio', 'kilohercios'], MHz: ['megahercio', 'megahercios'], GHz: ['gigahercio', 'gigahercios'],
    kB: ['kilobyte', 'kilobytes'], MB: ['megabyte', 'megabytes'], GB: ['gigabyte', 'gigabytes'], TB: ['terabyte', 'terabytes'],
  },
}; // prettier-ignore

/** `5 km`, `120 km/h`; a time of day (`10:30 h`) keeps its number. */
function units(source: MappedText, language: Language): MappedText {
  const names = unitNames[language];
  const any = Object.keys(names).sort((a, b) => b.length - a.length).join('|'); // prettier-ignore
  return replace(source, new RegExp(`(?<![\\p{L}\\d.,])(\\d[\\d.,:]*\\d|\\d) ?(${any})(?![\\p{L}\\p{N}/²³])`, 'gu'), (_, number, unit) => {
    const [one, many] = names[unit!]!;
    return `${number} ${number === '1' ? one : many}`;
  }); // prettier-ignore
}

/** `5-10`, `1939–1945`: from the smaller to the larger; telephone numbers and scores stay. */
function ranges(source: MappedText, language: Language): MappedText {
  return replace(
    source,
    /(?<![\p{L}\d.,/-])(\d{1,4}) ?[-–] ?(\d{1,4})(?![\d/-]|[.,]\d)/gu,
    (whole, from, to) =>
      Number(from) < Number(to) && isRange(from!, to!)
        ? `${from} ${language === 'es' ? 'a' : 'to'} ${to}`
        : whole!,
  );
}

/** 555-1234 is a telephone number. */
function isRange(from: string, to: string): boolean {
  return from.length === to.length || to.length < 4;
}

/** Digits in words: ordinals, times, percentages, decimals, years, the rest. */
function numbers(source: MappedText, language: Language): MappedText {
  const es = language === 'es';
  const whole = (digits: string): string => cardinal(Number(digits.replace(/\D/g, '')), language);
  let text = replace(source, es ? /(?<![\p{L}\d.,])(\d{1,3})\.?[ºª°](?![\p{L}\d])/gu : /(?<![\p{L}\d.,])(\d{1,4})(?:st|nd|rd|th)\b/gu, (_, digits) => ordinal(Number(digits), language)); // prettier-ignore
  text = replace(text, /(?<![\d:])(\d{1,2}):(\d{2})(?![\d:])/g, (_, hours, minutes) => minutes === '00' ? `${whole(hours!)}${es ? ' en punto' : " o'clock"}` : `${whole(hours!)} ${es ? 'y ' : minutes!.startsWith('0') ? 'oh ' : ''}${whole(minutes!)}`); // prettier-ignore
  text = replace(text, / ?%/g, es ? ' por ciento' : ' percent');
  const grouped = es
    ? /(?<![\p{L}\d.,])(\d{1,3}(?:\.\d{3})+)(?![\d])/gu
    : /(?<![\p{L}\d.,])(\d{1,3}(?:,\d{3})+)(?!\d)/gu;
  text = replace(text, grouped, (_, digits) => digits!.replace(/\D/g, ''));
  text = replace(text, /(\d+)([.,])(\d+)/g, (_, before, point, after) => `${whole(before!)} ${es ? (point === ',' ? 'coma' : 'punto') : 'point'} ${after!.split('').map(whole).join(' ')}`); // prettier-ignore
  return replace(text, /\d+/g, (digits) => {
    const value = Number(digits);
    if (digits!.length > 1 && digits!.startsWith('0')) return digits!.split('').map(whole).join(' ');
    return !es && value >= 1100 && value < 2100 && digits!.length === 4 ? englishYear(value) : whole(digits!);
  });
}
