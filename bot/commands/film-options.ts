/** Options and the form that making, drafting and editing a film share. */
import { z } from 'zod';
import { encodeFormId, type FormPurpose } from '../forms.ts';
import {
  captionLabels,
  captionNames,
  captionsSchema,
  formatLabels,
  formatNames,
  formatSchema,
} from '../looks.ts';
import { wordsOf } from '../texts/index.ts';
import type { ChatDeps } from '../take-on.ts';
import type { Form, IncomingFile, Locale, Option } from '../types.ts';

/** Most files one form or command takes. */
export const MOST_FILES = 10;

const fileSchema = z.custom<IncomingFile>(
  (value) => typeof value === 'object' && value !== null && 'open' in value,
  'must be a file',
);

export const fileOption = (en: string, es: string) =>
  ({ schema: fileSchema.optional(), kind: 'file', description: { en, es } }) as const satisfies Option;

export const scriptOption = {
  schema: z.string().max(6000).optional(),
  description: {
    en: 'What is told; a blank line parts scenes',
    es: 'Lo que se cuenta; una línea vacía separa escenas',
  },
} as const satisfies Option;

export const formatOption = {
  schema: formatSchema.optional(),
  description: { en: 'Shape of the picture', es: 'Forma de la imagen' },
  labels: formatLabels,
} as const satisfies Option;

export const captionsOption = {
  schema: captionsSchema.optional(),
  description: { en: 'Where captions go', es: 'Dónde van los subtítulos' },
  labels: captionLabels,
} as const satisfies Option;

export function voiceOption(deps: Pick<ChatDeps, 'studio'>) {
  return {
    schema: z.string().max(120).optional(),
    description: { en: 'Who speaks; see /voices', es: 'Quién habla; mira /voices' },
    complete: async (typed) => completeVoices(typed, deps),
  } as const satisfies Option;
}

/** Voices whose name or language has what was typed, those that begin with it first. */
export function completeVoices(
  typed: string,
  { studio }: Pick<ChatDeps, 'studio'>,
): { value: string; label: string }[] {
  const wanted = typed.trim().toLowerCase();
  const found = studio
    .voices()
    .map(({ name, language }) => ({ value: name, label: `${name} (${language})` }))
    .filter(({ label }) => label.toLowerCase().includes(wanted));
  const begins = (label: string): number => (label.toLowerCase().startsWith(wanted) ? 0 : 1);
  const unique = [...new Map(found.map((voice) => [voice.value, voice])).values()];
  return unique.sort((a, b) => begins(a.label) - begins(b.label)).slice(0, 25);
}

export type FilmFormValues = { script?: string; voice?: string; format?: string; captions?: string };

export function filmForm(
  purpose: FormPurpose,
  values: FilmFormValues,
  { locale, formText }: { locale: Locale; formText: number },
): Form {
  const words = wordsOf(locale);
  const choices = (names: readonly string[], labels: Record<string, Record<Locale, string>>) =>
    names.map((value) => ({ value, label: labels[value]![locale] }));
  return {
    id: encodeFormId(purpose),
    title: purpose.kind === 'new' ? words.form.newTitle : words.form.editTitle,
    submit: words.form.submit,
    fields: [
      {
        kind: 'text',
        name: 'script',
        label: words.form.script,
        hint: words.form.scriptHint,
        multiline: true,
        required: false,
        maxLength: formText,
        ...(values.script ? { value: values.script } : {}),
      },
      {
        kind: 'text',
        name: 'voice',
        label: words.form.voice,
        hint: words.form.voiceHint,
        multiline: false,
        required: false,
        maxLength: 120,
        ...(values.voice ? { value: values.voice } : {}),
      },
      {
        kind: 'choice',
        name: 'format',
        label: words.form.format,
        required: false,
        options: choices(formatNames, formatLabels),
        ...(values.format ? { value: values.format } : {}),
      },
      {
        kind: 'choice',
        name: 'captions',
        label: words.form.captions,
        required: false,
        options: choices(captionNames, captionLabels),
        ...(values.captions ? { value: values.captions } : {}),
      },
      {
        kind: 'files',
        name: 'files',
        label: words.form.files,
        hint: words.form.filesHint,
        required: false,
        most: MOST_FILES,
        accept: ['image', 'video', 'audio', 'text'],
      },
    ],
  };
}
