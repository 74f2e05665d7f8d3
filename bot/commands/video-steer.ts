/** `/video status|cancel|retry|rerender`: one film, by its id. */
import { captionModes, formats } from '../looks.ts';
import { jobCard } from '../messages.ts';
import { cancelJob, onJob, remakeJob, retryJob } from '../steer.ts';
import type { ChatDeps } from '../take-on.ts';
import type { Command, Options } from '../types.ts';
import { captionsOption, formatOption, voiceOption } from './film-options.ts';
import { jobOption } from './job-option.ts';

type IdOptions = { id: ReturnType<typeof jobOption> };

export function videoStatus(deps: ChatDeps): Command<IdOptions> {
  return {
    path: ['video', 'status'],
    description: { en: 'How far a film is', es: 'Cómo va un vídeo' },
    access: 'everyone',
    answer: 'private',
    options: { id: jobOption(deps) },
    textOption: 'id',
    run: ({ id }, invocation) =>
      onJob(
        invocation,
        id,
        'see',
        (_invocation, { job }) => {
          // A look at it, not its card: that one stays where it is.
          const { key: _key, ...card } = jobCard(job, { locale: invocation.locale });
          return invocation.whisper(card);
        },
        deps,
      ),
  };
}

export function videoCancel(deps: ChatDeps): Command<IdOptions> {
  return {
    path: ['video', 'cancel'],
    description: { en: 'Stop a film', es: 'Parar un vídeo' },
    access: 'everyone',
    answer: 'private',
    options: { id: jobOption(deps) },
    textOption: 'id',
    run: ({ id }, invocation) => onJob(invocation, id, 'steer', cancelJob, deps),
  };
}

export function videoRetry(deps: ChatDeps): Command<IdOptions> {
  return {
    path: ['video', 'retry'],
    description: {
      en: 'Try a failed or cancelled film again',
      es: 'Reintentar un vídeo fallido o cancelado',
    },
    access: 'everyone',
    answer: 'private',
    options: { id: jobOption(deps) },
    textOption: 'id',
    run: ({ id }, invocation) => onJob(invocation, id, 'steer', retryJob, deps),
  };
}

export function videoRerender(deps: ChatDeps) {
  const options = {
    id: jobOption(deps),
    format: formatOption,
    captions: captionsOption,
    voice: voiceOption(deps),
  } as const satisfies Options;
  return {
    path: ['video', 'rerender'],
    description: {
      en: 'Make a film again, in another format, with other captions or another voice',
      es: 'Rehacer un vídeo con otro formato, otros subtítulos u otra voz',
    },
    access: 'everyone',
    answer: 'public',
    options,
    textOption: 'id',
    run: ({ id, format, captions, voice }, invocation) =>
      onJob(
        invocation,
        id,
        'see',
        remakeJob((film) => ({
          ...film,
          ...(voice ? { voice: { ...film.voice, name: voice } } : {}),
          output: { ...film.output, ...(format ? { aspectRatio: formats[format] } : {}) },
          captions: { ...film.captions, ...(captions ? captionModes[captions] : {}) },
        })),
        deps,
      ),
  } satisfies Command<typeof options>;
}
