/** Who speaks in a sherpa model, from the names its makers gave: languages and genders. */
import type { Voice } from '../types.ts';
import type { Notes } from './sherpa-checks.ts';
import type { Folder, SherpaSpeaker, VoiceNote } from './sherpa-model.ts';

const byName: Record<string, string> = {
  arabic: 'ar', catalan: 'ca', chinese: 'zh', czech: 'cs', danish: 'da', dutch: 'nl', english: 'en', finnish: 'fi',
  french: 'fr', german: 'de', greek: 'el', hindi: 'hi', hungarian: 'hu', italian: 'it', japanese: 'ja', korean: 'ko',
  norwegian: 'nb', polish: 'pl', portuguese: 'pt', romanian: 'ro', russian: 'ru', slovak: 'sk', spanish: 'es',
  swedish: 'sv', turkish: 'tr', ukrainian: 'uk', vietnamese: 'vi',
}; // prettier-ignore

/** The language as a BCP-47 tag: of its note, its folder's name (`es_MX`), or the model's own words. */
export function languageOfModel({ name, note }: Folder, notes: Notes): string {
  if (note.language) return note.language;
  const [, language, region] = /(?:^|[-_])([a-z]{2,3})_([A-Z]{2})(?:[-_]|$)/.exec(name) ?? [];
  if (language && region) return `${language}-${region}`;
  const told = notes.get('language').toLowerCase();
  const [, primary, area] = /^([a-z]{2,3})(?:[-_]([a-z]{2}))?$/i.exec(notes.get('voice') || told) ?? [];
  if (primary) return area ? `${primary.toLowerCase()}-${area.toUpperCase()}` : primary.toLowerCase();
  return byName[told.split(/[\s(]/)[0]!] ?? 'und';
}

export function vitsSpeaker(id: number, count: number, language: string, note: VoiceNote): SherpaSpeaker {
  return { id, name: count > 1 ? String(id) : null, language, gender: note.gender ?? 'unknown' };
}

/** Kokoro's names begin with a letter for the language and one for the gender: `ef_dora`. */
const kokoroLanguages: Record<string, string> = {
  a: 'en-US', b: 'en-GB', e: 'es', f: 'fr', h: 'hi', i: 'it', j: 'ja', p: 'pt-BR', z: 'zh',
}; // prettier-ignore

export function kokoroSpeaker(id: number, name: string | undefined, isMulti: boolean): SherpaSpeaker {
  const [, language = 'a', gender] = /^([a-z])([fm])_/.exec(name ?? '') ?? [];
  const spoken = kokoroLanguages[language] ?? 'en-US';
  // The first model has English only, and a name without prefix for its mixed voice.
  return { id, name: name ?? String(id), language: isMulti || spoken === 'en-GB' ? spoken : 'en-US', gender: genderOf(gender) }; // prettier-ignore
}

/** Kitten's end with it: `expr-voice-2-f`. */
export function kittenSpeaker(id: number, name: string | undefined): SherpaSpeaker {
  const [, gender] = /-([fm])$/i.exec(name ?? '') ?? [];
  return { id, name: name ?? String(id), language: 'en-US', gender: genderOf(gender?.toLowerCase()) };
}

function genderOf(letter: string | undefined): Voice['gender'] {
  return letter === 'f' ? 'female' : letter === 'm' ? 'male' : 'unknown';
}

const supertonicFirst = ['en', 'ko', 'es', 'pt', 'fr'];
const supertonicThird =
  'en ko ja ar bg cs da de el es et fi fr hi hr hu id it lt lv nl pl pt ro ru sk sl sv tr uk vi'.split(' ');

/** The second model speaks five languages, the third 31. */
export function supertonicLanguages(folderName: string): readonly string[] {
  return /supertonic-?[12]\b/i.test(folderName) ? supertonicFirst : supertonicThird;
}

/**
 * What the model must be told about a language with each sentence: Supertonic always, Kokoro where it
 * is neither American English nor Chinese, which it reads by its lexicons.
 */
export function languageOrder(kind: string, language: string): string | null {
  const tag = language.toLowerCase();
  const [primary = ''] = tag.split('-');
  if (kind === 'supertonic') return primary;
  if (kind !== 'kokoro' || primary === 'zh' || tag === 'en' || tag === 'en-us') return null;
  return primary === 'en' ? 'en-gb' : primary === 'pt' ? 'pt-br' : primary;
}
