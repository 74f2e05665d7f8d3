/** Numbers as people write them in digits, with the marks their language puts between them. */
import { cardinal, digitByDigit, englishYear, type Agreement, type Language } from '../number-words.ts';

/** How numbers are written and said where a text comes from. */
export type Locale = {
  language: Language;
  /** BCP-47. */
  tag: string;
  /** What stands before tenths: `.` or `,`. */
  decimal: string;
};

/** Null for languages whose numbers are left to the engine. */
export function localeOf(tag: string): Locale | null {
  const language = tag.split('-')[0]!.toLowerCase();
  if (language !== 'en' && language !== 'es') return null;
  return { language, tag, decimal: decimalOf(tag, language) };
}

function decimalOf(tag: string, language: Language): string {
  try {
    const parts = new Intl.NumberFormat(tag).formatToParts(1.5);
    return parts.find(({ type }) => type === 'decimal')?.value ?? '.';
  } catch {
    return language === 'es' ? ',' : '.';
  }
}

/**
 * One number, whole or decimal, its thousands set apart by commas, points, spaces or apostrophes. To be
 * put into a pattern; no part of a longer number, a version or a date fits.
 */
export const figure =
  "(?<![\\d]|\\d[.,:/])(?:\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?|\\d{1,3}(?:\\.\\d{3})+(?:,\\d+)?|\\d{1,3}(?: \\d{3})+(?:[.,]\\d+)?|\\d{1,3}(?:'\\d{3})+(?:\\.\\d+)?|\\d+(?:[.,]\\d+)?)(?!\\d|[.,:/]\\d)";

export type Figure = { whole: string; mark: string; fraction: string };

/** Which digits are whole, whatever marks are between them. */
export function readFigure(written: string, { decimal }: Pick<Locale, 'decimal'>): Figure {
  const bare = written.replace(/[ ']/g, '');
  const marks = bare.match(/[.,]/g) ?? [];
  const last = marks.at(-1) ?? '';
  const [head = '', tail = ''] = last === '' ? [bare] : [bare.slice(0, bare.lastIndexOf(last)), bare.slice(bare.lastIndexOf(last) + 1)]; // prettier-ignore
  const setsThousandsApart =
    marks.length > 1
      ? marks.every((mark) => mark === last)
      : last !== decimal && tail.length === 3 && head.length <= 3 && !head.startsWith('0');
  if (last === '' || setsThousandsApart) return { whole: bare.replace(/\D/g, ''), mark: '', fraction: '' };
  return { whole: head.replace(/\D/g, ''), mark: last, fraction: tail };
}

/** Whether it has nothing behind a decimal mark. */
export function isWhole(written: string, locale: Locale): boolean {
  return readFigure(written, locale).fraction === '';
}

/** Whether it means exactly one of something. */
export function isOne(written: string, locale: Locale): boolean {
  const { whole, fraction } = readFigure(written, locale);
  return whole === '1' && fraction === '';
}

/** A number in words. */
export function sayFigure(written: string, locale: Locale, agreement: Agreement = 'alone'): string {
  const { language } = locale;
  const { whole, mark, fraction } = readFigure(written, locale);
  if (fraction === '') return sayWhole(whole, language, agreement);
  const point = language === 'en' ? 'point' : mark === ',' ? 'coma' : 'punto';
  // "tres coma catorce", but "uno coma cero cinco".
  const digits = language === 'es' && fraction.length < 3 && !fraction.startsWith('0') ? cardinal(fraction, language) : digitByDigit(fraction, language); // prettier-ignore
  return `${sayWhole(whole === '' ? '0' : whole, language, 'alone')} ${point} ${digits}`;
}

function sayWhole(digits: string, language: Language, agreement: Agreement): string {
  if (digits.length > 1 && digits.startsWith('0')) return digitByDigit(digits, language);
  return cardinal(digits, language, agreement);
}

/** A number that may be a year, which English says in two halves. */
export function sayYear(digits: string, language: Language): string {
  const value = Number(digits);
  return language === 'en' && digits.length === 4 && value >= 1010 && value < 2100
    ? englishYear(value)
    : sayWhole(digits, language, 'alone');
}
