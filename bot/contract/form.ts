/** Forms (modals): what is asked for, and what comes back. */
import type { IncomingFile } from './incoming-file.ts';

/** A modal. `id` comes back with the values, at most 100 characters, and holds all that is needed to go on. */
export type Form = {
  id: string;
  /** At most 45 characters (24 are shown by Slack). */
  title: string;
  submit: string;
  fields: FormField[];
};
export type FormField =
  | {
      kind: 'text';
      name: string;
      label: string;
      hint?: string;
      placeholder?: string;
      value?: string;
      multiline: boolean;
      required: boolean;
      maxLength?: number;
    }
  | {
      kind: 'choice';
      name: string;
      label: string;
      hint?: string;
      value?: string;
      required: boolean;
      options: { value: string; label: string }[];
    }
  | {
      kind: 'files';
      name: string;
      label: string;
      hint?: string;
      required: boolean;
      most: number;
      accept: readonly ('image' | 'video' | 'audio' | 'text')[];
    };
/** Empty and absent fields are left out. */
export type FormValues = Record<string, string | IncomingFile[]>;
