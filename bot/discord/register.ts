/** Command definitions → Discord's application commands, sent only when they have changed. */
import { createHash } from 'node:crypto';
import { Routes, type REST } from 'discord.js';
import { optionSpecs } from '../options.ts';
import type { ChatStore, Command, OptionSpec, Texts } from '../types.ts';
import { cut } from './text.ts';

const CHAT_INPUT = 1;
const MESSAGE_MENU = 3;
const SUBCOMMAND = 1;
const MANAGE_GUILD = 0x20n;
const TYPES = { text: 3, integer: 4, boolean: 5, number: 10, choice: 3, file: 11 } as const;
const MOST_CHOICES = 25;

/** Name of the message menu entry, and the sentence it is called by. */
export const shortcutName: Texts = { en: 'Make a video of this', es: 'Haz un vídeo de esto' };

export type ApplicationCommand = Record<string, unknown> & { name: string; type: number };

/** All application commands of the definitions, as a bulk PUT takes them. */
export function commandManifest(commands: readonly Command[]): ApplicationCommand[] {
  const names = [...new Set(commands.map(({ path }) => path[0]))];
  const slash = names.map((name) =>
    slashCommand(
      name,
      commands.filter(({ path }) => path[0] === name),
    ),
  );
  const menu = {
    name: shortcutName.en,
    name_localizations: localized(shortcutName),
    type: MESSAGE_MENU,
    contexts: [0, 1],
  };
  return [...slash, menu];
}

/**
 * Replaces the registered commands if the definitions differ from those sent last.
 * @returns whether they were sent
 * @throws what the REST client throws
 */
export async function registerCommands(options: {
  rest: Pick<REST, 'put'>;
  applicationId: string;
  /** Register for this guild only, where they show at once. */
  guildId: string | undefined;
  commands: readonly Command[];
  store: Pick<ChatStore, 'fact' | 'saveFact'> | null;
}): Promise<boolean> {
  const { rest, applicationId, guildId, commands, store } = options;
  const body = commandManifest(commands);
  const name = `discord.commands.${applicationId}.${guildId ?? 'global'}`;
  const hash = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  if (store?.fact(name) === hash) return false;
  const route = guildId
    ? Routes.applicationGuildCommands(applicationId, guildId)
    : Routes.applicationCommands(applicationId);
  await rest.put(route, { body });
  store?.saveFact(name, hash);
  return true;
}

function slashCommand(name: string, family: readonly Command[]): ApplicationCommand {
  const [first] = family;
  const alone = family.length === 1 && first!.path.length === 1;
  const forOperators = family.every(({ access }) => access === 'ops');
  return {
    name,
    type: CHAT_INPUT,
    ...(alone ? described(first!.description) : described(familyDescription(family))),
    options: alone ? optionsOf(first!) : family.map(subcommand),
    ...(forOperators ? { default_member_permissions: String(MANAGE_GUILD) } : {}),
    contexts: [0, 1],
  };
}

function subcommand(command: Command): object {
  return {
    type: SUBCOMMAND,
    name: command.path[1],
    ...described(command.description),
    options: optionsOf(command),
  };
}

/** Shown nowhere but in settings: what its subcommands are called. */
function familyDescription(family: readonly Command[]): Texts {
  const names = family.map(({ path }) => path[1]).join(', ');
  return { en: names, es: names };
}

function optionsOf(command: Command): object[] {
  return optionSpecs(command).slice(0, 25).map(optionOf);
}

function optionOf(spec: OptionSpec): object {
  const tooMany = (spec.choices?.length ?? 0) > MOST_CHOICES;
  return {
    name: spec.name,
    type: TYPES[spec.kind],
    ...described(spec.description),
    required: spec.required,
    ...(spec.autocomplete || tooMany ? { autocomplete: true } : {}),
    ...(spec.choices && !tooMany && !spec.autocomplete
      ? {
          choices: spec.choices.map(({ value, label }) => ({
            name: cut(label.en, 100),
            name_localizations: localized(label, 100),
            value,
          })),
        }
      : {}),
    ...(spec.kind === 'text' && spec.minLength ? { min_length: Math.min(spec.minLength, 6000) } : {}),
    ...(spec.kind === 'text' && spec.maxLength ? { max_length: Math.min(spec.maxLength, 6000) } : {}),
    ...(spec.min !== undefined && (spec.kind === 'integer' || spec.kind === 'number')
      ? { min_value: spec.min }
      : {}),
    ...(spec.max !== undefined && (spec.kind === 'integer' || spec.kind === 'number')
      ? { max_value: spec.max }
      : {}),
  };
}

function described(text: Texts): object {
  return { description: cut(text.en, 100), description_localizations: localized(text, 100) };
}

/** English is said explicitly: Discord shows the only localization there is to everyone near it. */
function localized(text: Texts, most = 32): Record<string, string> {
  const en = cut(text.en, most);
  const es = cut(text.es, most);
  return { 'en-US': en, 'en-GB': en, 'es-ES': es, 'es-419': es };
}
