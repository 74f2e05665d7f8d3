/** Form → Discord's modal, and what was filled in → values. */
import type { ModalSubmitInteraction } from 'discord.js';
import type { Config } from '../../core/config.ts';
import type { Form, FormField, FormValues, IncomingFile } from '../types.ts';
import { incomingFile } from './attachments.ts';
import { cut, plainText } from './text.ts';

const LABEL = 18;
const SELECT = 3;
const TEXT_INPUT = 4;
const FILE_UPLOAD = 19;
const LONGEST_TEXT = 4000;

/** Body of a modal: at most five fields, each with a label. */
export function formatForm(form: Form): object {
  return {
    custom_id: form.id,
    title: cut(plainText(form.title), 45),
    components: form.fields.slice(0, 5).map((field) => ({
      type: LABEL,
      label: cut(plainText(field.label), 45),
      ...(field.hint ? { description: cut(plainText(field.hint), 100) } : {}),
      component: inputOf(field),
    })),
  };
}

function inputOf(field: FormField): object {
  const common = { custom_id: field.name, required: field.required };
  switch (field.kind) {
    case 'text': {
      const longest = Math.min(field.maxLength ?? LONGEST_TEXT, LONGEST_TEXT);
      return {
        ...common,
        type: TEXT_INPUT,
        style: field.multiline ? 2 : 1,
        max_length: longest,
        ...(field.placeholder ? { placeholder: cut(plainText(field.placeholder), 100) } : {}),
        ...(field.value ? { value: field.value.slice(0, longest) } : {}),
      };
    }
    case 'choice': {
      const options = field.options.slice(0, 25).map(({ value, label }) => ({
        value,
        label: cut(plainText(label), 100),
        ...(value === field.value ? { default: true } : {}),
      }));
      return { ...common, type: SELECT, min_values: field.required ? 1 : 0, max_values: 1, options };
    }
    case 'files':
      return {
        ...common,
        type: FILE_UPLOAD,
        min_values: field.required ? 1 : 0,
        max_values: Math.min(field.most, 10),
      };
  }
}

/** Empty fields are left out. */
export function readForm(
  interaction: ModalSubmitInteraction,
  hosts: Pick<Config['discord'], 'attachmentHosts' | 'cdnBaseUrl'>,
): FormValues {
  const values: Record<string, string | IncomingFile[]> = {};
  for (const [name, field] of interaction.fields.fields) {
    const value = valueOf(field as FilledField, hosts);
    if (value !== undefined && value.length > 0) values[name] = value;
  }
  return values;
}

type FilledField = {
  type: number;
  value?: string;
  values?: readonly string[];
  attachments?: ReadonlyMap<string, Parameters<typeof incomingFile>[0]>;
};

/** By type: with any file in the modal the library gives every select an empty list of files. */
function valueOf(
  field: FilledField,
  hosts: Parameters<typeof readForm>[1],
): string | IncomingFile[] | undefined {
  switch (field.type) {
    case FILE_UPLOAD:
      return [...(field.attachments?.values() ?? [])].map((attachment) => incomingFile(attachment, hosts));
    case SELECT:
      return field.values?.[0];
    default:
      return field.value;
  }
}
