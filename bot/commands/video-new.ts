/** `/video new` and `/video storyboard`: a film from a script, pictures and choices; the latter asks first. */
import { z } from 'zod';
import { takeFilm, type ChatDeps } from '../take-on.ts';
import type { Command, Options, OptionValues } from '../types.ts';
import {
  captionsOption,
  fileOption,
  filmForm,
  formatOption,
  scriptOption,
  voiceOption,
} from './film-options.ts';

export function videoNew(deps: ChatDeps): Command<ReturnType<typeof optionsOf>> {
  return filmCommand(deps, 'new', {
    en: 'Make a video from a script, pictures or both',
    es: 'Hacer un vídeo con un guion, imágenes o ambos',
  });
}

export function videoStoryboard(deps: ChatDeps): Command<ReturnType<typeof optionsOf>> {
  return filmCommand(deps, 'storyboard', {
    en: 'See the storyboard and a small draft before the film is made',
    es: 'Ver el guion gráfico y un borrador antes de hacer el vídeo',
  });
}

function optionsOf(deps: ChatDeps) {
  return {
    script: scriptOption,
    file: fileOption(
      'Script or storyboard: .txt, .md, .csv, .json, .yaml',
      'Guion: .txt, .md, .csv, .json, .yaml',
    ),
    image1: fileOption('Picture or clip of the first scene', 'Imagen o clip de la primera escena'),
    image2: fileOption('… of the second', '… de la segunda'),
    image3: fileOption('… of the third', '… de la tercera'),
    image4: fileOption('… of the fourth', '… de la cuarta'),
    image5: fileOption('… of the fifth', '… de la quinta'),
    url: {
      schema: z
        .url({ protocol: /^https?$/ })
        .max(2048)
        .optional(),
      description: { en: 'Address of a picture or clip', es: 'Dirección de una imagen o un clip' },
    },
    voice: voiceOption(deps),
    format: formatOption,
    captions: captionsOption,
    draft: {
      schema: z.boolean().optional(),
      description: { en: 'Show the storyboard first', es: 'Enseñar primero el guion gráfico' },
    },
  } as const satisfies Options;
}

function filmCommand(
  deps: ChatDeps,
  name: 'new' | 'storyboard',
  description: Command['description'],
): Command<ReturnType<typeof optionsOf>> {
  type Values = OptionValues<ReturnType<typeof optionsOf>>;
  const isDraft = (options: Values): boolean => name === 'storyboard' || options.draft === true;
  const filesOf = (options: Values) =>
    [options.file, options.image1, options.image2, options.image3, options.image4, options.image5].filter(
      (file) => file !== undefined,
    );
  return {
    path: ['video', name],
    description,
    access: 'everyone',
    answer: 'public',
    options: optionsOf(deps),
    textOption: 'script',
    async form(options, { locale }) {
      if (options.script?.trim() || options.url || filesOf(options).length > 0) return null;
      const { voice, format, captions } = options;
      const values = {
        ...(voice ? { voice } : {}),
        ...(format ? { format } : {}),
        ...(captions ? { captions } : {}),
      };
      return filmForm({ kind: 'new', draft: isDraft(options) }, values, {
        locale,
        formText: deps.limits.formText,
      });
    },
    run: (options, invocation) =>
      takeFilm(
        invocation,
        {
          text: options.script,
          files: filesOf(options),
          urls: options.url ? [options.url] : [],
          voice: options.voice,
          format: options.format,
          captions: options.captions,
          draft: isDraft(options),
        },
        deps,
      ),
  };
}
