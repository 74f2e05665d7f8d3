/** Form → Slack modal, and the state of a submitted modal → form values. */
import type { types } from '@slack/bolt';
import type { Form, FormField, FormValues } from '../types.ts';
import { cut } from './escape.ts';
import { incomingFile, type FileAccess, type SlackFileObject } from './incoming-files.ts';

/** All forms carry it; which one it is stands in the context. */
export const FORM_CALLBACK = 'form';

/** What a modal must remember, because a submission names neither channel nor message. At most 3000 characters. */
export type FormContext = {
  form: string;
  channel: string;
  thread?: string;
  /** Address for private answers, good for half an hour. */
  respond?: string;
};

/** Slack's limits: title and submit, label, placeholder, hint, options of a choice. */
const limits = { title: 24, label: 2000, placeholder: 150, hint: 2000, options: 100, option: 75, text: 3000 };

export function formView(form: Form, context: FormContext, close: string): types.ModalView {
  return {
    type: 'modal',
    callback_id: FORM_CALLBACK,
    private_metadata: JSON.stringify(context),
    title: words(form.title, limits.title),
    submit: words(form.submit, limits.title),
    close: words(close, limits.title),
    blocks: form.fields.map(fieldBlock),
  };
}

/** @throws {SyntaxError} for metadata that is not ours */
export function readFormContext(privateMetadata: string): FormContext {
  return JSON.parse(privateMetadata) as FormContext;
}

function fieldBlock(field: FormField): types.KnownBlock {
  return {
    type: 'input',
    block_id: field.name,
    optional: !field.required,
    label: words(field.label, limits.label),
    ...(field.hint ? { hint: words(field.hint, limits.hint) } : {}),
    element: element(field),
  };
}

type InputElement = Extract<types.KnownBlock, { type: 'input' }>['element'];

function element(field: FormField): InputElement {
  switch (field.kind) {
    case 'text': {
      const max_length = Math.min(field.maxLength ?? limits.text, limits.text);
      return {
        type: 'plain_text_input',
        action_id: field.name,
        multiline: field.multiline,
        max_length,
        ...(field.value ? { initial_value: field.value.slice(0, max_length) } : {}),
        ...(field.placeholder ? { placeholder: words(field.placeholder, limits.placeholder) } : {}),
      };
    }
    case 'choice': {
      const options = field.options
        .slice(0, limits.options)
        .map(({ value, label }) => ({ text: words(label, limits.option), value: value.slice(0, 150) }));
      const chosen = options.find(({ value }) => value === field.value);
      return {
        type: 'static_select',
        action_id: field.name,
        options,
        ...(chosen ? { initial_option: chosen } : {}),
      };
    }
    case 'files':
      return {
        type: 'file_input',
        action_id: field.name,
        max_files: Math.min(Math.max(field.most, 1), 10),
        filetypes: field.accept.flatMap((kind) => fileTypes[kind]),
      };
  }
}

/** Endings as Slack's file field knows them; what a file really is the ingest finds out. */
const fileTypes = {
  image: ['jpg', 'jpeg', 'png', 'gif', 'webp', 'avif', 'heic', 'tiff'],
  video: ['mp4', 'mov', 'webm', 'mkv', 'm4v'],
  audio: ['mp3', 'wav', 'm4a', 'ogg', 'flac', 'aac'],
  text: ['txt', 'md', 'markdown', 'json', 'csv', 'yaml', 'yml'],
} as const satisfies Record<string, readonly string[]>;

function words(text: string, most: number) {
  return { type: 'plain_text' as const, text: cut(text, most) || ' ' };
}

/** State of a submitted view as Slack sends it, as far as our fields go. */
export type ViewState = Record<
  string,
  Record<
    string,
    {
      value?: string | null;
      selected_option?: { value: string } | null;
      files?: SlackFileObject[];
    }
  >
>;

export function readFormValues(state: ViewState, access: FileAccess): FormValues {
  const values: FormValues = {};
  for (const block of Object.values(state)) {
    for (const [name, field] of Object.entries(block)) {
      const text = field.value ?? field.selected_option?.value;
      if (text) values[name] = text;
      else if (field.files?.length) values[name] = field.files.map((file) => incomingFile(file, access));
    }
  }
  return values;
}
