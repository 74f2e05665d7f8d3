/** A command, written once for all platforms. */
import type { z } from 'zod';
import type { Asker, Texts } from './asker.ts';
import type { Form } from './form.ts';
import type { Invocation } from './invocation.ts';

export type Option<S extends z.ZodType = z.ZodType> = {
  schema: S;
  description: Texts;
  /** Default: what the schema says. `file`: the value is an IncomingFile. */
  kind?: 'file';
  /** Shown instead of the values of an enum. */
  labels?: Readonly<Record<string, Texts>>;
  /** Suggestions while typing, best first, at most 25. Must answer within 2 s. */
  complete?: (typed: string, place: Asker) => Promise<{ value: string; label: string }[]>;
};
export type Options = Readonly<Record<string, Option>>;
export type OptionValues<O extends Options> = { [K in keyof O]: z.output<O[K]['schema']> };

export type Command<O extends Options = Options> = {
  /** `['video', 'new']` is `/video new`; one word is a command without subcommands. */
  path: readonly [string] | readonly [string, string];
  description: Texts;
  /** `ops`: operators only; hidden from others where the platform can. */
  access: 'everyone' | 'ops';
  /** `private`: only the asker sees the answer. */
  answer: 'public' | 'private';
  options: O;
  /** For platforms that have one line of text instead of options (Slack): which option gets it. */
  textOption?: keyof O & string;
  /**
   * The form to show instead of running, or null to run. Asked before the platform acknowledges, so it
   * must answer within a second.
   */
  form?(options: OptionValues<O>, invocation: Asker): Promise<Form | null>;
  run(options: OptionValues<O>, invocation: Invocation): Promise<void>;
};

/** Option definition as platforms register it; from `optionSpecs` (bot/options.ts). */
export type OptionSpec = {
  name: string;
  description: Texts;
  kind: 'text' | 'integer' | 'number' | 'boolean' | 'choice' | 'file';
  required: boolean;
  min?: number;
  max?: number;
  minLength?: number;
  maxLength?: number;
  choices?: { value: string; label: Texts }[];
  autocomplete: boolean;
};
