/** What espeak can speak: facts about its data, kept here so that listing voices starts no engine. */
import { parseLanguage } from '../languages.ts';
import type { Voice } from '../types.ts';

/** Voices of espeak-ng 1.52 whose name is also their language tag. */
const byTag =
  'af am an ar as az ba be bg bn bpy bs ca chr cs cv cy da de el en-029 en-us eo es es-419 et eu fa fi fo fr fr-be fr-ch ga gd gn grc gu hak haw he hi hr ht hu hy hyw ia id io is it ja jbo ka kaa kk kl kn ko kok ku ky la lb lfn lt ltg lv mi mk ml mr ms mt mto my nb nci ne nl nog om or pa pap pl pt pt-br py qdb qu quc qya ro ru ru-lv sd shn si sjn sk sl smj sq sr sv sw ta te th ti tk tn tr tt ug uk ur uz vi yue';
/** Voices named otherwise: name → language tag. The first of a language is its usual one. */
const named: Record<string, string> = {
  'en-gb': 'en-GB',
  'en-gb-x-rp': 'en-GB',
  'en-gb-scotland': 'en-GB',
  'en-gb-x-gbclan': 'en-GB',
  'en-gb-x-gbcwmd': 'en-GB',
  'en-us-nyc': 'en-US',
  'ca-ba': 'ca-ES',
  'ca-nw': 'ca-ES',
  'ca-va': 'ca-ES',
  cmn: 'zh',
  'cmn-latn-pinyin': 'zh-Latn',
  'yue-latn-jyutping': 'yue-Latn',
  'fa-latn': 'fa-Latn',
  'ru-cl': 'ru',
  piqd: 'tlh',
  'vi-vn-x-central': 'vi-VN',
  'vi-vn-x-south': 'vi-VN',
};
/** Names of ours that espeak knows by another one. */
const renamed: Record<string, string> = { 'en-gb': 'en' };

/** espeak's voice shapes; the plain one is a man's. */
const variants: [suffix: string, gender: Voice['gender']][] = [
  ['+f2', 'female'],
  ['+f5', 'female'],
  ['+m3', 'male'],
  ['', 'male'],
];
/** The easiest to follow of all, for every language. */
const bestVariant = '+f2';

const bases: { name: string; language: string }[] = [
  ...byTag.split(' ').map((name) => ({ name, language: Intl.getCanonicalLocales(name)[0]! })),
  ...Object.entries(named).map(([name, language]) => ({ name, language })),
];

/** Every voice in every shape, the recommended shape first. */
export const espeakVoices: readonly Voice[] = bases.flatMap(({ name, language }) =>
  variants.map(([suffix, gender]) => ({
    engine: 'espeak' as const,
    name: name + suffix,
    language,
    gender,
    timing: 'engine' as const,
    local: true,
    licence: 'GPL-3.0-or-later (engine; what it speaks is yours)',
  })),
);

/** Regions whose Spanish is Spain's; all others speak the American kind. */
const peninsular = new Set(['ES', 'EA', 'IC', 'GQ', 'AD', 'GI']);
/** Regions whose English is nearer to America's. */
const american = new Set(['US', 'CA', 'PH', 'PR', 'GU', 'VI', 'AS', 'UM', 'LR']);

/** The best voice for a language, null if espeak does not speak it. */
export function defaultEspeakVoice(tag: string): string | null {
  const base = baseFor(tag);
  return base === null ? null : base + bestVariant;
}

function baseFor(tag: string): string | null {
  const { primary, script, region } = parseLanguage(tag);
  const exact = (language: string): string | undefined =>
    bases.find((base) => base.language.toLowerCase() === language.toLowerCase())?.name;
  if (primary === 'en' && region !== '029')
    return region === undefined || american.has(region) ? 'en-us' : 'en-gb';
  if (primary === 'es') return region === undefined || peninsular.has(region) ? 'es' : 'es-419';
  if (primary === 'pt') return region === undefined || region === 'BR' ? 'pt-br' : 'pt';
  const found =
    (script && exact(`${primary}-${script}`)) ?? (region && exact(`${primary}-${region}`)) ?? exact(primary);
  return found || (bases.find((base) => parseLanguage(base.language).primary === primary)?.name ?? null);
}

/** What espeak itself calls one of our voices. */
export function espeakName(voice: string): string {
  const [base = '', variant] = voice.split('+');
  return (renamed[base] ?? base) + (variant ? `+${variant}` : '');
}
