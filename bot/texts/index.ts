/** Languages: which one counts, its words, and how numbers are said in it. */
import type { Locale } from '../types.ts';
import { en, type Words } from './en.ts';
import { es } from './es.ts';

export type { Words } from './en.ts';

const languages: Record<Locale, Words> = { en, es };

export function wordsOf(locale: Locale): Words {
  return languages[locale];
}

/** The language we have for a tag such as `es-MX`; the fallback for all others. */
export function localeOf(tag: string | null | undefined, fallback: Locale): Locale {
  const language = tag?.toLowerCase().split(/[-_]/)[0];
  return language === 'en' || language === 'es' ? language : fallback;
}

/** Seconds as people say them: `45 s`, `3 min`, `1 h 20 min`. */
export function sayDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** Length of a film in seconds, as players show it: `1:05`, `1:00:05`. */
export function clockTime(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Bytes as people say them, in powers of 1024. */
export function saySize(bytes: number, { tag }: Pick<Words, 'tag'>): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const digits = power === 0 ? 0 : 1;
  const number = (bytes / 1024 ** power).toLocaleString(tag, { maximumFractionDigits: digits });
  return `${number} ${units[power]}`;
}
