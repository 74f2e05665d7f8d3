/** `/voices`: who can speak, by language. */
import { z } from 'zod';
import { refusal } from '../refusals.ts';
import type { ChatDeps } from '../take-on.ts';
import { wordsOf } from '../texts/index.ts';
import type { Command, Line, Option, Options } from '../types.ts';

const LANGUAGES_SHOWN = 20;
const NAMES_SHOWN = 12;

function optionsOf({ studio }: ChatDeps) {
  return {
    language: {
      schema: z.string().trim().max(20).optional(),
      description: { en: 'Language, such as en or es-MX', es: 'Idioma, como es o en-US' },
      async complete(typed) {
        const wanted = typed.trim().toLowerCase();
        const languages = new Set(studio.voices().map(({ language }) => language));
        return [...languages]
          .filter((language) => language.toLowerCase().startsWith(wanted))
          .sort()
          .slice(0, 25)
          .map((language) => ({ value: language, label: language }));
      },
    } satisfies Option,
  } as const satisfies Options;
}

export function voices(deps: ChatDeps): Command<ReturnType<typeof optionsOf>> {
  return {
    path: ['voices'],
    description: { en: 'Who can speak', es: 'Quién puede hablar' },
    access: 'everyone',
    answer: 'private',
    options: optionsOf(deps),
    textOption: 'language',
    async run({ language }, invocation) {
      const words = wordsOf(invocation.locale);
      const found = deps.studio.voices(language);
      if (found.length === 0) return invocation.whisper(refusal(words.voices.none(language ?? '')));
      const groups = new Map<string, string[]>();
      for (const voice of found)
        groups.set(voice.language, [...(groups.get(voice.language) ?? []), voice.name]);
      const sorted = [...groups].sort(
        ([a], [b]) => rank(a, invocation.locale) - rank(b, invocation.locale) || (a < b ? -1 : 1),
      );
      const shown = sorted.slice(0, LANGUAGES_SHOWN);
      const lines = shown.flatMap(([tag, names]): Line[] => [
        { text: tag, style: 'strong' },
        { text: namesLine(names, words.card.more) },
      ]);
      const rest = found.length - shown.reduce((sum, [, names]) => sum + names.length, 0);
      if (rest > 0) lines.push({ text: words.voices.more(rest), style: 'small' });
      await invocation.whisper({ tone: 'neutral', title: words.voices.title(found.length), lines });
    },
  };
}

/** The languages of the asker and of the bot come first. */
function rank(tag: string, locale: string): number {
  if (tag.startsWith(locale)) return 0;
  return /^(en|es)\b/.test(tag) ? 1 : 2;
}

function namesLine(names: string[], more: (count: number) => string): string {
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  return names.length > NAMES_SHOWN ? `${shown}, ${more(names.length - NAMES_SHOWN)}` : shown;
}
