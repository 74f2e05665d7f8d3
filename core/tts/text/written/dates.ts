/** Dates, decades and times of day. */
import { cardinal, englishDecade, ordinal, type Language } from '../number-words.ts';
import { replace, rewrite, type MappedText } from '../mapped-text.ts';
import { sayYear, type Locale } from './figures.ts';

const months: Record<Language, string[]> = {
  en: 'January February March April May June July August September October November December'.split(' '),
  es: 'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre'.split(' '),
};

/** `2024-05-12`, `12/05/2024` and its likes, `May 12, 2024`, `the 1990s`. What is no date stays. */
export function sayDates(source: MappedText, locale: Locale): MappedText {
  const { language } = locale;
  let text = rewrite(
    source,
    /(?<![\d.,/-])(?<all>(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2}))(?![\d/-]|[.,]\d)/dgu,
    ({ year, month, day }) => said(sayDate(locale, year!, month!, day!)),
  );
  text = rewrite(
    text,
    /(?<![\d.,/-])(?<all>(?<first>\d{1,2})(?<mark>[/.-])(?<second>\d{1,2})\k<mark>(?<year>\d{4}|\d{2}))(?![\d/-]|[.,]\d)/dgu,
    ({ first, second, mark, year }) => {
      // "2.0.10" is a version: two digits of a year stand after a stroke only.
      if (year!.length === 2 && mark !== '/') return null;
      const full = year!.length === 2 ? `20${year}` : year!;
      // Only Americans write the month first, and not with points.
      const dayFirst = language === 'es' || mark === '.' || /^en-(?!US|PH|CA)/i.test(locale.tag) || Number(first) > 12; // prettier-ignore
      return said(dayFirst ? sayDate(locale, full, second!, first!) : sayDate(locale, full, first!, second!));
    },
  );
  text = sayDays(text, language);
  return language === 'en' ? englishDates(text) : spanishDates(text, locale);
}

function said(all: string | null): { all: string } | null {
  return all === null ? null : { all };
}

function sayDate(locale: Locale, year: string, month: string, day: string): string | null {
  const [monthNumber, dayNumber] = [Number(month), Number(day)];
  if (monthNumber < 1 || monthNumber > 12 || dayNumber < 1 || dayNumber > 31) return null;
  const { language } = locale;
  const name = months[language][monthNumber - 1]!;
  return language === 'es'
    ? `${spanishDay(day, locale)} de ${name} de ${sayYear(year, language)}`
    : `${name} ${ordinal(dayNumber, 'en')} ${sayYear(year, language)}`;
}

/** The first of a month is "uno" in Spain and "primero" in America. */
function spanishDay(day: string, { tag }: Locale): string {
  return Number(day) === 1 && /^es-(?!ES)/i.test(tag) ? 'primero' : cardinal(Number(day), 'es');
}

const englishMonth = months.en.map((name) => (name.length > 3 ? `${name}|${name.slice(0, name === 'September' ? 4 : 3)}\\.|${name.slice(0, 3)}\\.?` : name)).join('|'); // prettier-ignore
const year = '(?<year>\\d{4})(?![\\d-]|[.,]\\d)';

function englishDates(source: MappedText): MappedText {
  const text = rewrite(
    source,
    new RegExp(`\\b(?<month>${englishMonth}) (?<day>\\d{1,2}(?:st|nd|rd|th)?)(?:(?<dash> ?[-–] ?)(?<upto>\\d{1,2}))?(?![\\d:/]|[.,]\\d| ?%)(?:,? ${year})?`, 'dgu'),
    ({ month, day, upto, year }) => {
      const value = Number.parseInt(day!, 10);
      if (value < 1 || value > 31) return null;
      return {
        month: fullMonth(month!),
        day: ordinal(value, 'en'),
        dash: ' to ',
        upto: upto && ordinal(Number(upto), 'en'),
        year: year && sayYear(year, 'en'),
      };
    },
  ); // prettier-ignore
  const dayFirst = rewrite(
    text,
    new RegExp(`(?<the>\\bthe )?(?<![\\d.,:/-])(?:(?<first>\\d{1,2})(?<dash> ?[-–] ?))?(?<day>\\d{1,2}(?:st|nd|rd|th)?)(?<of> of)? (?<month>${englishMonth})(?![\\p{L}])(?:,? ${year})?`, 'dgu'),
    ({ the, first, day, of, month, year }) => {
      const value = Number.parseInt(day!, 10);
      if (value < 1 || value > 31) return null;
      return {
        first: first && `${the ? '' : 'the '}${ordinal(Number(first), 'en')}`,
        dash: ' to ',
        day: `${the && !first ? '' : 'the '}${ordinal(value, 'en')}${of ? '' : ' of'}`,
        month: fullMonth(month!),
        year: year && sayYear(year, 'en'),
      };
    },
  ); // prettier-ignore
  return rewrite(dayFirst, /(?<![\d.,/-])(?:(?<short>(?:(?<=\bthe |\bearly |\bmid-|\blate |\b(?:of|in|and) ')|')[2-9]0)|(?<long>\d{3}0))'?s\b/dgu, ({ short, long }, match) => [
    { start: 0, end: match[0].length, text: englishDecade(Number((short ?? long)!.replace("'", ''))) },
  ]); // prettier-ignore
}

function fullMonth(written: string): string {
  return months.en.find((name) => name.startsWith(written.slice(0, 3)))!;
}

function spanishDates(source: MappedText, locale: Locale): MappedText {
  const pattern = new RegExp(`(?<![\\d.,:/-])(?<day>\\d{1,2})(?:\\.?[ºo])? de (?:${months.es.join('|')})\\b`, 'dgiu'); // prettier-ignore
  return rewrite(source, pattern, ({ day }, match) => {
    if (/[ºo] de/.test(match[0]) && Number(day) === 1) return null;
    return { day: spanishDay(day!, locale) };
  });
}

/** `10:30`, `9 am`, `15:45 h`; before a dash too, so that `9:30-17:00` can be said. */
export function sayTimes(source: MappedText, { language }: Locale): MappedText {
  // Minutes and seconds of something that lasts.
  const text = rewrite(source, /(?<![\d:.,])(?<minutes>\d{1,3}):(?<seconds>[0-5]\d) ?(?<unit>min|minutes|minutos)(?!\p{L})/dgu, ({ minutes, seconds }, match) => [
    { start: 0, end: match[0].length, text: language === 'en' ? `${cardinal(minutes!, 'en')} ${minutes === '1' ? 'minute' : 'minutes'} and ${cardinal(Number(seconds), 'en')} seconds` : `${cardinal(minutes!, 'es', 'masculine')} ${minutes === '1' ? 'minuto' : 'minutos'} y ${cardinal(Number(seconds), 'es', 'masculine')} segundos` },
  ]); // prettier-ignore
  return sayRatios(language === 'en' ? englishTimes(text) : spanishTimes(text), language);
}

const clock = '(?<hour>[01]?\\d|2[0-4]):(?<minute>[0-5]\\d)(?::(?<second>[0-5]\\d))?(?!\\d|[:.,]\\d)';
const half = ' ?(?<half>[aApP]\\.? ?[mM]\\b\\.?)';

function englishTimes(source: MappedText): MappedText {
  const text = rewrite(
    source,
    new RegExp(
      `(?<![\\d:.,/])(?<time>${clock.replace(':(?<minute>', '(?::|\\.(?=\\d\\d ?[aApP]\\.?[mM]\\b))(?<minute>')})(?:${half}|(?<hours> ?(?:h|hrs?|hours)\\b))?`,
      'dgu',
    ),
    ({ hour, minute, second, half, hours }) => {
      const spoken = cardinal(Number(hour), 'en');
      const seconds = second ? ` and ${cardinal(Number(second), 'en')} seconds` : '';
      const full = half ? '' : Number(hour) > 12 || hours ? ' hundred' : " o'clock";
      const minutes = minute === '00' ? full : ` ${minute!.startsWith('0') ? 'oh ' : ''}${cardinal(Number(minute), 'en')}`; // prettier-ignore
      return { time: spoken + minutes + seconds, ...(half ? { half: ` ${dotted(half)}` } : {}), ...(hours ? { hours: ' hours' } : {}) }; // prettier-ignore
    },
  );
  return rewrite(text, new RegExp(`(?<![\\p{L}\\d.,:/])(?<hour>1[0-2]|[1-9])${half}`, 'dgu'), ({ hour, half }) => ({ hour: cardinal(Number(hour), 'en'), half: ` ${dotted(half!)}` })); // prettier-ignore
}

/** As every voice reads it. */
function dotted(half: string): string {
  return `${half[0]!.toLowerCase()}.m.`;
}

function spanishTimes(source: MappedText): MappedText {
  const text = rewrite(
    source,
    new RegExp(`(?<article>\\b[Ll]as? )?(?<![\\d:.,/])(?<time>${clock.replace(':(?<minute>', '(?::|h(?=\\d\\d(?!\\d))|\\.(?=\\d\\d ?h\\b))(?<minute>')})(?:${half}|(?<hours> ?(?:hs?|hrs)\\b(?:\\.(?! ?$| \\p{Lu}))?| horas\\b))?`, 'dgu'),
    ({ article, hour, minute, second, half, hours }, match) => {
      const around = [source.text.slice(0, match.index), source.text.slice(match.index + match[0].length)] as const;
      const isPlain = article !== undefined || /\b(?:de|a|y|hasta|desde|entre) $/i.test(around[0].slice(-8)) || /^ a \d/.test(around[1]); // prettier-ignore
      const isFeminine = article !== undefined || hours !== undefined || (minute === '00' && !half);
      const spoken = cardinal(Number(hour), 'es', isFeminine ? 'feminine' : 'alone');
      const seconds = second ? ` y ${cardinal(Number(second), 'es', 'masculine')} segundos` : '';
      const full = isPlain || half || hours ? '' : ' horas';
      const minutes = minute === '00' ? full : `${article ? ' y' : ''} ${minute!.startsWith('0') ? `${article ? '' : 'cero '}` : ''}${cardinal(Number(minute), 'es')}`; // prettier-ignore
      return { time: spoken + minutes + seconds, ...(half ? { half: ` ${spanishHalf(half, Number(hour))}` } : {}), ...(hours ? { hours: hours.endsWith('.') ? ' horas' : ` ${hour === '1' ? 'hora' : 'horas'}` } : {}) }; // prettier-ignore
    },
  ); // prettier-ignore
  return rewrite(text, new RegExp(`(?<![\\p{L}\\d.,:/])(?<hour>1[0-2]|[1-9])${half}`, 'dgu'), ({ hour, half }) => ({ hour: cardinal(Number(hour), 'es', 'feminine'), half: ` ${spanishHalf(half!, Number(hour))}` })); // prettier-ignore
}

/** `Monday–Friday`, `lunes-viernes`. */
function sayDays(source: MappedText, language: Language): MappedText {
  return language === 'es'
    ? replace(source, /(?<=\b(?:lunes|martes|miércoles|jueves|viernes|sábado|domingo)) ?[-–] ?(?=(?:lunes|martes|miércoles|jueves|viernes|sábado|domingo)\b)/giu, ' a ')
    : replace(source, /(?<=[Dd]ay) ?[-–] ?(?=(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b)/giu, ' to ');
} // prettier-ignore

/** `16:9`, what is no time of day. */
function sayRatios(source: MappedText, language: Language): MappedText {
  return rewrite(source, /(?<![\p{L}\d:.,/])\d{1,4}(?<colon> ?: ?)\d{1,4}(?![\d:/]|[.,]\d)/dgu, () => ({ colon: language === 'es' ? ' a ' : ' to ' })); // prettier-ignore
}

function spanishHalf(half: string, hour: number): string {
  if (/^a/i.test(half)) return 'de la mañana';
  return hour >= 8 && hour < 12 ? 'de la noche' : 'de la tarde';
}
