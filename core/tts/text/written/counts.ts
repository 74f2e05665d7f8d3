/** What digits mean beside dates, money and measures: versions, telephone numbers, ranges, fractions, plain numbers. */
import { cardinal, digitByDigit, fraction, ordinal, type Agreement, type Language } from '../number-words.ts';
import { replace, rewrite, type Edit, type MappedText } from '../mapped-text.ts';
import { figure, isWhole, readFigure, sayFigure, sayYear, type Locale } from './figures.ts';
import { agreementWith, genderOf } from './spanish-nouns.ts';

const versioned = '[Vv]ersion|[Vv]ersión|[Rr]elease|Python|Node(?:\\.js)?|iOS|iPadOS|macOS|Android|Ubuntu|Debian|PHP|Java|Chrome|Firefox|Go|Ruby|Swift|TypeScript|Kubernetes'; // prettier-ignore

/** `2.0.1`, `v1.2`, `Python 3.10`, `192.168.1.1`: each part is a number of its own. */
export function sayVersions(source: MappedText, { language }: Locale): MappedText {
  const point = language === 'es' ? ' punto ' : ' point ';
  const parts = (written: string): string => written.split('.').map((part) => cardinal(part, language)).join(point); // prettier-ignore
  const text = rewrite(source, new RegExp(`(?<![\\p{L}\\d.,])(?<v>[vV]\\.? ?(?=\\d))(?<number>\\d+(?:\\.\\d+)*)(?![\\d]|[.,]\\d)`, 'dgu'), ({ number }) => ({ v: language === 'es' ? 'versión ' : 'version ', number: parts(number!) })); // prettier-ignore
  return rewrite(text, new RegExp(`(?<=\\b(?:${versioned})[ -]?)(?<some>\\d+(?:\\.\\d+)+)(?![\\d]|,\\d)|(?<![\\d.,])(?<many>\\d+(?:\\.\\d+){2,})(?![\\d]|,\\d|\\.\\d)`, 'dgu'), ({ some, many }) => {
    if (some) return { some: parts(some) };
    // Millions have points between their thousands.
    return /^\d{1,3}(?:\.\d{3})+$/.test(many!) ? null : { many: parts(many!) };
  }); // prettier-ignore
}

const telephones = [
  '\\+(?=(?:\\D{0,2}\\d){8})\\d{1,3}(?:[ .-]?\\(?\\d{1,4}\\)?){2,6}',
  '(?:1[ -])?\\(\\d{3}\\) ?\\d{3}[ .-]\\d{4}',
  '(?:1[ -])?\\d{3}-\\d{3}-\\d{4}',
  '\\d{3}-\\d{4}',
  '[6789]\\d{2} (?!000)\\d{3} \\d{3}(?! (?:de )?\\p{Ll}+s\\b)',
  '[6789]\\d{2}(?: \\d{2}){3}',
  '[89]\\d \\d{3} \\d{2} \\d{2}',
  '\\d{2} \\d{4} \\d{4}',
  '0[1-9]\\d{1,3}(?: \\d{3,4}){1,2}',
  '[6789]\\d{8}',
  // ISBN and the like.
  '\\d+(?:-\\d+){2,}',
  '(?<=(?:[Tt]el[eé]fono|[Pp]hone|[Cc]all|[Dd]ial|[Ll]l[aá]m[ae]\\p{L}*|[Mm]arc[ae]\\p{L}*)(?: (?:al|us at|to|at|on|number|número))?:? )\\d[\\d ]{4,}\\d',
  '(?<=(?:[Cc]all|[Dd]ial)\\b[^.!?]{0,80} )[19]11',
];
const anyTelephone = new RegExp(`(?<![\\p{L}\\d.,/:+-])(?:${telephones.join('|')})(?![\\d/:-]|[.,]\\d| ?[%€$£])`, 'dgu'); // prettier-ignore

/** Digit by digit, with a breath between groups. */
export function sayTelephones(source: MappedText, { language }: Locale): MappedText {
  return rewrite(source, anyTelephone, (_, match) => {
    const edits: Edit[] = [];
    for (const { 0: part, index } of match[0].matchAll(/\d+|[^\d+]+|\+/g)) {
      const text = /\d/.test(part) ? digitByDigit(part, language) : part === '+' ? (language === 'es' ? 'más ' : 'plus ') : index === 0 || index + part.length === match[0].length ? '' : ', '; // prettier-ignore
      edits.push({ start: index, end: index + part.length, text });
    }
    return edits;
  });
}

const timeOrFigure = `(?:\\d{1,2}:\\d{2}|${figure})`;
const anyRange = new RegExp(`(?<![\\p{L}\\d.,:/-])(?<from>${timeOrFigure})(?<unit> ?(?:[%°€]|[ap]\\.?m\\b\\.?|°C|km|cm|mm|m|kg|g|h|min|s)(?=[ -–]))?(?<dash> ?[-–] ?)(?<upto>${timeOrFigure})(?![\\d/:-]|[.,]\\d)`, 'dgu'); // prettier-ignore

/** `5-10`, `1939–1945`, `9:30-17:00`, `2024-25`, and the score `3-1`: the dash is said. */
export function sayRanges(source: MappedText, locale: Locale): MappedText {
  const { language } = locale;
  return rewrite(source, anyRange, ({ from, upto, dash }, match) => {
    const rest = source.text.slice(match.index + match[0].length);
    const isMinus = /^ - $/.test(dash!) && /^ ?[=+*/÷×x−] ?/.test(rest);
    if (isMinus) return { dash: language === 'es' ? ' menos ' : ' minus ' };
    const to = language === 'es' ? ' a ' : ' to ';
    const isShortYear = /^(?:19|20)\d\d$/.test(from!) && /^\d\d$/.test(upto!) && Number(upto) > Number(from!.slice(2)); // prettier-ignore
    if (isShortYear) return { from: sayYear(from!, language), dash: to, upto: cardinal(Number(upto), language) }; // prettier-ignore
    return { dash: to };
  });
}

const signs: Record<Language, [pattern: RegExp, words: string][]> = {
  en: [
    [/(?<=\d) ?[x×*] ?(?=\d)/gu, ' times '], [/(?<=\d)[x×](?!\p{L})/gu, ' times'], [/ ?÷ ?|(?<=\d) \/ (?=\d)/gu, ' divided by '], [/ ?± ?(?=\d)/gu, ' plus or minus '], [/~ ?(?=\d)| ?≈ ?/gu, ' about '], [/§ ?(?=\d)/gu, 'section '],
    [/ ?≤ ?/gu, ' at most '], [/ ?≥ ?/gu, ' at least '], [/ ?≠ ?/gu, ' is not '], [/(?<=[\p{L}\d] )<(?= [\p{L}\d])/gu, 'is less than'], [/(?<=[\p{L}\d] )>(?= [\p{L}\d])/gu, 'is greater than'],
    [/(?<=\d ?)= ?|(?<=\p{L} )=(?= )/gu, ' equals '], [/(?<=\d) ?\+ ?(?=\d)/gu, ' plus '], [/(?<=\d) ?− ?(?=\d)/gu, ' minus '], [/√(?=[\p{L}\d])/gu, 'the square root of '],
    [/(?<=\d|(?<!\d ?)\b\p{L})²/gu, ' squared'], [/(?<=\d|(?<!\d ?)\b\p{L})³/gu, ' cubed'], [/(?<![\p{L}\d.,/:-])[-−](?=\d|\.\d)/gu, 'minus '], [/(?<![\p{L}\d+])\+(?=\d)/gu, 'plus '], [/(?<=\d)\+(?![\p{L}\d+])/gu, ' plus'],
    [/(?<![\p{L}\d&])#(?=\d)/gu, 'number '], [/ ?%/gu, ' percent'], [/ ?‰/gu, ' per mille'], [/(?<![\p{L}\d.])\.(?=\d)/gu, 'point '],
    [/(?<=\d)M(?![\p{L}\p{N}])/gu, ' million'], [/(?<=\d)bn(?![\p{L}\p{N}])/gu, ' billion'], [/(?<=\bC)\+\+/gu, ' plus plus'], [/(?<=\b[CF])#/gu, ' sharp'], [/(?<![\p{L}\d])\.(?=NET\b)/gu, 'dot '],
  ],
  es: [
    [/(?<=\d) ?[x×*] ?(?=\d)/gu, ' por '], [/(?<=\d)[x×](?!\p{L})/gu, ' veces'], [/ ?÷ ?|(?<=\d) \/ (?=\d)/gu, ' entre '], [/ ?± ?(?=\d)/gu, ' más menos '], [/~ ?(?=\d)| ?≈ ?/gu, ' aproximadamente '], [/§ ?(?=\d)/gu, 'sección '],
    [/ ?≤ ?/gu, ' como máximo '], [/ ?≥ ?/gu, ' como mínimo '], [/ ?≠ ?/gu, ' no es '], [/(?<=[\p{L}\d] )<(?= [\p{L}\d])/gu, 'es menor que'], [/(?<=[\p{L}\d] )>(?= [\p{L}\d])/gu, 'es mayor que'],
    [/(?<=\d ?)= ?|(?<=\p{L} )=(?= )/gu, ' igual a '], [/(?<=\d) ?\+ ?(?=\d)/gu, ' más '], [/(?<=\d) ?− ?(?=\d)/gu, ' menos '], [/√(?=[\p{L}\d])/gu, 'raíz cuadrada de '],
    [/(?<=\d|(?<!\d ?)\b\p{L})²/gu, ' al cuadrado'], [/(?<=\d|(?<!\d ?)\b\p{L})³/gu, ' al cubo'], [/(?<![\p{L}\d.,/:-])[-−](?=\d|[.,]\d)/gu, 'menos '], [/(?<![\p{L}\d+])\+(?=\d)/gu, 'más '], [/(?<=\d)\+(?![\p{L}\d+])/gu, ' o más'],
    [/(?<![\p{L}\d&])#(?=\d)/gu, 'número '], [/ ?%/gu, ' por ciento'], [/ ?‰/gu, ' por mil'], [/(?<![\p{L}\d.])\.(?=\d)/gu, 'punto '],
    [/(?<=\bC)\+\+/gu, ' más más'], [/(?<=\b[CF])#/gu, ' sharp'], [/(?<![\p{L}\d])\.(?=NET\b)/gu, 'punto '],
  ],
}; // prettier-ignore

/** Signs of arithmetic beside digits, a minus before a number, `#1`, `50 %`. */
export function saySigns(source: MappedText, { language }: Locale): MappedText {
  let text = source;
  for (const [pattern, words] of signs[language]) text = replace(text, pattern, words);
  return text;
}

const vulgar: Record<string, readonly [number, number]> = {
  '½': [1, 2], '⅓': [1, 3], '⅔': [2, 3], '¼': [1, 4], '¾': [3, 4], '⅕': [1, 5], '⅖': [2, 5], '⅗': [3, 5], '⅘': [4, 5], '⅙': [1, 6], '⅚': [5, 6], '⅛': [1, 8], '⅜': [3, 8], '⅝': [5, 8], '⅞': [7, 8],
}; // prettier-ignore
const anyFraction = new RegExp(`(?<![\\p{L}\\d.,/:-])(?:(?<whole>\\d{1,3})(?<gap> ?)(?=[${Object.keys(vulgar).join('')}]|(?<= )\\d{1,2}/\\d))?(?:(?<sign>[${Object.keys(vulgar).join('')}])|(?<over>\\d{1,4})(?<bar>/)(?<under>\\d{1,4}))(?![\\d/]|[.,]\\d)(?=(?: (?<noun>\\p{L}+))?)`, 'dgu'); // prettier-ignore

/** `1/2`, `2½`; `24/7` and others that are no fraction are said one after the other. */
export function sayFractions(source: MappedText, { language }: Locale): MappedText {
  return rewrite(source, anyFraction, ({ whole, sign, over, under, noun }) => {
    const [numerator, denominator] = sign ? vulgar[sign]! : [Number(over), Number(under)];
    const words = fraction(numerator, denominator, language);
    if (words === null) return { bar: ' ' };
    const agreed = words === 'medio' && genderOf(noun) === 'feminine' ? 'media' : words;
    const before = whole === undefined ? {} : { whole: cardinal(whole, language, language === 'es' ? (agreed === 'media' ? 'feminine' : 'alone') : 'alone'), gap: language === 'es' ? ' y ' : ' and ' }; // prettier-ignore
    return sign ? { ...before, sign: agreed } : { ...before, over: agreed, bar: '', under: '' };
  });
}

/** `21st`; `1.º`, `3.ª`, `1er`, `2da`. */
export function sayOrdinals(source: MappedText, { language }: Locale): MappedText {
  if (language === 'en')
    return rewrite(source, /(?<![\p{L}\d.,])(?<number>\d{1,4})(?<end>st|nd|rd|th)\b/dgu, ({ number }) => ({ number: ordinal(Number(number), 'en'), end: '' })); // prettier-ignore
  return rewrite(source, /(?<![\p{L}\d.,])(?<number>\d{1,3})(?<end>\.?(?:[ºª°]|er|ro|ra|do|da|to|ta|mo|ma|vo|va|no|na)s?)(?![\p{L}\d])(?=(?: (?<noun>\p{L}+))?)/dgu, ({ number, end, noun }) => {
    const isFeminine = /a|ª/.test(end!);
    const agreement: Agreement = isFeminine ? 'feminine' : /er/.test(end!) || (/[º°]/.test(end!) && genderOf(noun) === 'masculine') ? 'masculine' : 'alone'; // prettier-ignore
    return { number: ordinal(Number(number), 'es', agreement), end: '' };
  }); // prettier-ignore
}

const anyFigure = new RegExp(`(?<number>${figure})(?=(?: (?<noun>\\p{L}+))?)`, 'dgu');

/** The numbers that are left: years, counts, and digits among letters (`A380`, `4K`). */
export function sayNumbers(source: MappedText, locale: Locale): MappedText {
  const { language } = locale;
  const spaced = (words: string, at: number, length: number): string => {
    const before = /\p{L}/u.test(source.text[at - 1] ?? '') ? ' ' : '';
    return `${before}${words}${/\p{L}/u.test(source.text[at + length] ?? '') ? ' ' : ''}`;
  };
  const text = rewrite(source, anyFigure, ({ number, noun }, match) => {
    const isPlain = /^\d+$/.test(number!);
    const agreement = language === 'es' ? agreementWith(noun, readFigure(number!, locale).whole) : 'alone';
    let said = isPlain && language === 'en' ? sayYear(number!, language) : sayFigure(number!, locale, agreement); // prettier-ignore
    // "un millón de personas".
    if (language === 'es' && agreement !== 'alone' && isWhole(number!, locale) && /mill(?:ón|ones)$/.test(said)) said += ' de'; // prettier-ignore
    return { number: spaced(said, match.index, number!.length) };
  });
  // Digits in no shape that anybody knows.
  const point = language === 'es' ? ' punto ' : ' point ';
  return rewrite(text, /(?<number>\d+)(?<tail>[.:](?=\d))?/dgu, ({ number, tail }) => {
    const said = number!.length > 1 && number!.startsWith('0') ? digitByDigit(number!, language) : cardinal(number!, language); // prettier-ignore
    return { number: ` ${said} `, ...(tail === '.' ? { tail: point } : {}) };
  });
}
