/** `/settings`: what films of this channel are like unless someone says otherwise. Operators change it. */
import { z } from 'zod';
import { captionLabels, formatLabels } from '../looks.ts';
import { refusal } from '../refusals.ts';
import type { ChatDeps } from '../take-on.ts';
import { wordsOf } from '../texts/index.ts';
import type { ChannelSettings, Command, Locale, Message, Options } from '../types.ts';
import { captionsOption, formatOption, voiceOption } from './film-options.ts';

function optionsOf(deps: ChatDeps) {
  return {
    voice: voiceOption(deps),
    format: formatOption,
    captions: captionsOption,
    language: {
      schema: z.enum(['en', 'es']).optional(),
      description: { en: 'Language of films', es: 'Idioma de los vídeos' },
      labels: { en: { en: 'English', es: 'Inglés' }, es: { en: 'Spanish', es: 'Español' } },
    },
    reset: {
      schema: z.boolean().optional(),
      description: { en: 'Forget all settings of this channel', es: 'Olvidar los ajustes de este canal' },
    },
  } as const satisfies Options;
}

export function settings(deps: ChatDeps): Command<ReturnType<typeof optionsOf>> {
  return {
    path: ['settings'],
    description: {
      en: 'Voice, format, captions and language of this channel',
      es: 'Voz, formato, subtítulos e idioma de este canal',
    },
    access: 'everyone',
    answer: 'private',
    options: optionsOf(deps),
    async run({ voice, format, captions, language, reset }, invocation) {
      const words = wordsOf(invocation.locale);
      const { team, channel } = invocation.place;
      const changes: ChannelSettings = {
        ...(voice ? { voice } : {}),
        ...(format ? { format } : {}),
        ...(captions ? { captions } : {}),
        ...(language ? { locale: language } : {}),
      };
      const changesSomething = reset === true || Object.keys(changes).length > 0;
      const before = deps.store.settings(team, channel);
      if (!changesSomething) return invocation.whisper(settingsMessage(before, invocation.locale));
      // A direct message is its person's own channel.
      if (!invocation.place.isDirect && !deps.permissions.isOperator(invocation))
        return invocation.whisper(refusal(words.refusals.opsOnly));
      if (voice && !deps.studio.voices().some(({ name }) => name.toLowerCase() === voice.toLowerCase()))
        return invocation.whisper(refusal(words.refusals.voiceUnknown(voice)));
      const after = reset === true ? changes : { ...before, ...changes };
      deps.store.saveSettings(team, channel, after);
      const message = settingsMessage(after, invocation.locale);
      const text = reset === true ? words.settings.reset : words.settings.saved;
      await invocation.whisper({ ...message, tone: 'good', lines: [{ text }] });
    },
  };
}

function settingsMessage(
  { voice, format, captions, locale: language }: ChannelSettings,
  locale: Locale,
): Message {
  const words = wordsOf(locale).settings;
  const label = (labels: Record<string, Record<Locale, string>>, value: string | undefined): string =>
    value === undefined ? words.none : (labels[value]?.[locale] ?? value);
  return {
    tone: 'neutral',
    title: words.title,
    fields: [
      { name: words.voice, value: voice ?? words.none },
      { name: words.format, value: label(formatLabels, format) },
      { name: words.captions, value: label(captionLabels, captions) },
      { name: words.language, value: language ?? words.none },
    ],
  };
}
