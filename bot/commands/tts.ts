/** `/tts`: a text as speech, played in the channel. */
import { z } from 'zod';
import { idempotency, takeOn, type ChatDeps } from '../take-on.ts';
import type { Command, Options } from '../types.ts';
import { voiceOption } from './film-options.ts';

function optionsOf(deps: ChatDeps) {
  return {
    text: {
      schema: z.string().trim().min(1).max(5000),
      description: { en: 'What is said', es: 'Lo que se dice' },
    },
    voice: voiceOption(deps),
    language: {
      schema: z.string().max(20).optional(),
      description: { en: 'Language, such as en or es-MX', es: 'Idioma, como es o en-US' },
    },
    format: {
      schema: z.enum(['mp3', 'wav', 'ogg']).optional(),
      description: { en: 'Kind of file', es: 'Tipo de archivo' },
    },
  } as const satisfies Options;
}

export function tts(deps: ChatDeps): Command<ReturnType<typeof optionsOf>> {
  return {
    path: ['tts'],
    description: { en: 'Hear a text', es: 'Escuchar un texto' },
    access: 'everyone',
    answer: 'public',
    options: optionsOf(deps),
    textOption: 'text',
    run({ text, voice, language, format }, invocation) {
      const { team, channel } = invocation.place;
      const settings = deps.store.settings(team, channel);
      const name = voice ?? settings.voice;
      // A voice that is named without a language is meant in its own.
      const spoken = language ?? (name ? undefined : (settings.locale ?? invocation.locale));
      const request = {
        text,
        ...(name ? { voice: { name } } : {}),
        ...(spoken ? { language: spoken } : {}),
        ...(format ? { format } : {}),
      };
      return takeOn(
        invocation,
        (caller) => deps.studio.speak(request, caller, idempotency(invocation)),
        deps,
        { text, goesOn: false },
      );
    },
  };
}
