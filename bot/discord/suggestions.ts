/** Suggestions while an option is typed, within Discord's limits. */
import { optionSpecs } from '../options.ts';
import type { Asker, ChatHandlers } from '../types.ts';
import { cut, plainText } from './text.ts';

const MOST = 25;
const LONGEST = 100;

/** From the command, or from the option's own values where they are too many for a fixed list. */
export async function choicesOf(
  handlers: Pick<ChatHandlers, 'commands' | 'complete'>,
  path: readonly string[],
  option: string,
  typed: string,
  asker: Asker,
): Promise<{ name: string; value: string }[]> {
  const definition = handlers.commands.find((command) => command.path.join(' ') === path.join(' '));
  const spec = definition && optionSpecs(definition).find(({ name }) => name === option);
  const suggestions =
    spec?.choices && !spec.autocomplete
      ? spec.choices
          .map(({ value, label }) => ({ value, label: label[asker.locale] }))
          .filter(({ value, label }) => `${value} ${label}`.toLowerCase().includes(typed.toLowerCase()))
      : await handlers.complete(path, option, typed, asker);
  return suggestions
    .filter(({ value, label }) => value.length > 0 && value.length <= LONGEST && label.length > 0)
    .slice(0, MOST)
    .map(({ value, label }) => ({ name: cut(plainText(label), LONGEST), value }));
}
