/**
 * Writes out what voices read badly, English and Spanish: dates, amounts, units, ranges, abbreviations
 * and numbers, all in words, so that it sounds the same with every voice that is not told the context.
 * Each file of written/ knows one kind; what one has put into words the next ones no longer see.
 */
import { replace, rewrite, type MappedText } from './mapped-text.ts';
import { sayAmounts } from './written/amounts.ts';
import { sayFractions, sayNumbers, sayOrdinals, sayRanges, saySigns, sayTelephones, sayVersions } from './written/counts.ts'; // prettier-ignore
import { sayDates, sayTimes } from './written/dates.ts';
import { localeOf } from './written/figures.ts';
import { sayRomans } from './written/romans.ts';
import { sayShortForms } from './written/short-forms.ts';
import { sayUnits } from './written/units.ts';

/** What an engine makes of text by itself. */
export type Reads =
  /** Dates, units and abbreviations too: large services do, and know the context. */
  | 'everything'
  /** Words only. */
  | 'words';

/** The text with what `reads` cannot take in words; other languages are left alone. */
export function writeOut(source: MappedText, tag: string, reads: Reads): MappedText {
  const locale = localeOf(tag);
  if (reads === 'everything' || locale === null) return source;
  let text = sayListNumbers(source);
  text = sayShortForms(text, locale.language);
  text = sayRomans(text, locale.language);
  text = sayDates(text, locale);
  text = sayVersions(text, locale);
  text = sayTelephones(text, locale);
  text = sayAmounts(text, locale);
  text = sayRanges(text, locale);
  text = sayTimes(text, locale);
  text = sayFractions(text, locale);
  text = saySigns(text, locale);
  text = sayUnits(text, locale);
  text = sayOrdinals(text, locale);
  // "and/or", with no unit left that has a stroke.
  return replace(sayNumbers(text, locale), /(?<=\p{L})\/(?=\p{L})/gu, ' ');
}

/** `1. First`: a number before an item, and no sentence of its own. */
function sayListNumbers(source: MappedText): MappedText {
  return rewrite(source, /^[ \t]*\d{1,2}(?<mark>[.)])(?= \S)/dgmu, () => ({ mark: ',' }));
}
