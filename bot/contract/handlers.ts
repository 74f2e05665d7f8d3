/** What a chat platform calls. */
import type { Asker, Locale } from './asker.ts';
import type { Command } from './command.ts';
import type { Form, FormValues } from './form.ts';
import type { IncomingFile } from './incoming-file.ts';
import type { Invocation } from './invocation.ts';
import type { Confirmation } from './message.ts';

/**
 * Handlers answer through the invocation and never throw: faults become private
 * messages. A platform acknowledges before, except where `form…` is asked first.
 */
export type ChatHandlers = {
  /** To register; those of ops too. */
  readonly commands: readonly Command[];
  /**
   * The form a command, button or shortcut opens, or null: acknowledge and call `command`/`action`/
   * `shortcut`. Never rejects; answers within a second or so.
   */
  formFor(what: Press, asker: Asker): Promise<Form | null>;
  /** `options` as they came (strings, numbers, booleans, IncomingFile); validated here. */
  command(
    path: readonly string[],
    options: Readonly<Record<string, unknown>>,
    invocation: Invocation,
  ): Promise<void>;
  action(action: string, invocation: Invocation): Promise<void>;
  /** What is asked before this action counts, for platforms whose buttons cannot ask; null: nothing known. */
  confirmation?(action: string, locale: Locale): Confirmation | null;
  submit(formId: string, values: FormValues, invocation: Invocation): Promise<void>;
  /** "Make a video of this" on someone's message. */
  shortcut(message: SourceMessage, invocation: Invocation): Promise<void>;
  /** A mention of the bot: its text without the mention. */
  mention(message: SourceMessage, invocation: Invocation): Promise<void>;
  complete(
    path: readonly string[],
    option: string,
    typed: string,
    asker: Asker,
  ): Promise<{ value: string; label: string }[]>;
};

export type Press =
  | { kind: 'command'; path: readonly string[]; options: Readonly<Record<string, unknown>> }
  | { kind: 'action'; action: string };

/** A message of a person that a film is made of. */
export type SourceMessage = { text: string; files: IncomingFile[]; author: string; link?: string };
