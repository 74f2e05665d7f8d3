/** `/help`: how to write a script, and what there is. */
import { commandLine } from '../options.ts';
import type { ChatDeps } from '../take-on.ts';
import { wordsOf } from '../texts/index.ts';
import type { Command, Line } from '../types.ts';

type NoOptions = Record<never, never>;

export function help(
  { permissions, quotas }: ChatDeps,
  others: () => readonly Command[],
): Command<NoOptions> {
  return {
    path: ['help'],
    description: { en: 'How this works', es: 'Cómo funciona' },
    access: 'everyone',
    answer: 'private',
    options: {},
    async run(_options, invocation) {
      const words = wordsOf(invocation.locale).help;
      const isOperator = permissions.isOperator(invocation);
      const shown = others().filter(({ access }) => access === 'everyone' || isOperator);
      const { atOnce, perDay } = quotas.of(invocation);
      const lines: Line[] = [
        { text: words.intro },
        { text: words.example, style: 'quote' },
        { text: words.tags, style: 'small' },
        ...shown.map((command) => ({
          text: `${commandLine(command)} — ${command.description[invocation.locale]}`,
        })),
        ...(isOperator ? [] : [{ text: words.quota(atOnce, perDay), style: 'small' } satisfies Line]),
      ];
      await invocation.whisper({ tone: 'neutral', title: words.title, lines });
    },
  };
}
