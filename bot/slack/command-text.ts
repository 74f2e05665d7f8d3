/**
 * One line of text → a command and its options. Slack has no options, so they are written
 * `name:value` before or behind the text; what is left is the command's text, or fills its required
 * options in order.
 */
import { optionSpecs } from '../options.ts';
import type { Command, OptionSpec } from '../types.ts';
import { plainText } from './escape.ts';

export type ReadCommand = { path: readonly string[]; options: Record<string, unknown> };

/** `name` is the slash command without its slash. Null if no command begins with it. */
export function readCommandText(
  commands: readonly Command[],
  name: string,
  text: string,
): ReadCommand | null {
  const group = commands.filter(({ path }) => path[0] === name);
  const typed = plainText(text).trim();
  // What apps on Slack answer to; nobody wants a film that says "help".
  if (group.length > 0 && /^(help|ayuda)$/i.test(typed) && commands.some(({ path }) => path[0] === 'help'))
    return { path: ['help'], options: {} };
  const [command, rest] = chosen(group, typed);
  // `/ops sttaus`: said to be unknown, rather than answered as something else.
  if (!command) return group.length === 0 ? null : { path: [name, rest], options: {} };
  return { path: command.path, options: readOptionsText(command, rest) };
}

/** The subcommand that is named, else the one that takes text, else the first one where nothing is named. */
function chosen(group: readonly Command[], text: string): [Command | undefined, string] {
  const takesText = group.find(({ textOption }) => textOption !== undefined);
  const alone = group.find(({ path }) => path.length === 1);
  if (alone) return [alone, text];
  const [, word = '', rest = ''] = /^(\S*)\s*([\s\S]*)$/.exec(text) ?? [];
  const named = group.find(({ path }) => path[1] === word.toLowerCase());
  // "list of my favourite birds" is a script, for `list` takes nothing.
  const isMeant = named && (rest === '' || !takesText || Object.keys(named.options).length > 0);
  if (isMeant) return [named, rest.trim()];
  if (takesText) return [takesText, text];
  return text === '' ? [group[0], ''] : [undefined, word];
}

function readOptionsText(command: Command, text: string): Record<string, unknown> {
  const specs = optionSpecs(command).filter(({ kind }) => kind !== 'file');
  const { options, rest } = takeNamed(specs, text);
  if (rest === '') return options;
  if (command.textOption) return { [command.textOption]: rest, ...options };
  const words = rest.split(/\s+/);
  // A number that may be left out is left out where a word stands: `maintenance 30 edge-origin new disk`.
  const isLeftOut = ({ kind, required }: OptionSpec): boolean =>
    !required && (kind === 'integer' || kind === 'number') && !/^[-+.]?\d/.test(words[0] ?? '');
  const open = specs.filter(({ name, kind }) => !(name in options) && kind !== 'boolean');
  open.forEach((spec, index) => {
    if (words.length === 0 || isLeftOut(spec)) return;
    // The last one gets all that is left.
    const taken = words.splice(0, index === open.length - 1 ? words.length : 1);
    options[spec.name] = valueOf(spec, taken.join(' '));
  });
  return options;
}

/** Options written `name:value` or `name:"some words"` at either end, and switches as `--name`. */
function takeNamed(
  specs: readonly OptionSpec[],
  text: string,
): { options: Record<string, unknown>; rest: string } {
  const options: Record<string, unknown> = {};
  const names = specs.map(({ name }) => name).join('|');
  if (!names) return { options, rest: text };
  const token = `(?:(${names})[:=](?:["“”]([^"“”]*)["“”]|(\\S+))|(?:--|—)(${names}))`;
  const ends = [new RegExp(`^${token}(?:\\s+|$)`, 'i'), new RegExp(`(?:^|\\s+)${token}$`, 'i')];
  let rest = text;
  for (const end of ends) {
    for (let found = end.exec(rest); found; found = end.exec(rest)) {
      const [all, name, quoted, bare, flag] = found;
      const spec = specs.find((each) => each.name === (name ?? flag)?.toLowerCase());
      if (spec) options[spec.name] = flag ? true : valueOf(spec, quoted ?? bare ?? '');
      rest = rest.replace(all, '').trim();
    }
  }
  return { options, rest };
}

function valueOf({ kind, choices }: OptionSpec, text: string): unknown {
  if (kind === 'boolean') return /^(?:yes|true|on|1|s[ií]|sí)$/i.test(text);
  if (kind === 'integer' || kind === 'number') {
    const number = Number(text);
    return Number.isNaN(number) ? text : number;
  }
  if (kind !== 'choice') return text;
  const lower = text.toLowerCase();
  const known = choices?.find(({ value, label }) =>
    [value, label.en, label.es].some((word) => word.toLowerCase() === lower),
  );
  return known?.value ?? text;
}

/** `[script] voice:… format:…`, for the hint Slack shows behind a command. */
export function usageHint(group: readonly Command[]): string {
  if (group.length > 1) {
    const text = group.some(({ textOption }) => textOption) ? '[text] | ' : '';
    return text + group.map(({ path }) => path[1]).join(' | ');
  }
  const [command] = group;
  if (!command) return '';
  const names = optionSpecs(command).filter(({ kind }) => kind !== 'file');
  return names
    .map(({ name, required }) => (name === command.textOption ? `[${name}]` : required ? name : `${name}:…`))
    .join(' ');
}
