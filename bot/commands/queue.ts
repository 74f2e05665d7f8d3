/** `/queue`: what waits and what is under way. */
import type { ChatDeps } from '../take-on.ts';
import { sayDuration, wordsOf } from '../texts/index.ts';
import type { Command, Message } from '../types.ts';

type NoOptions = Record<never, never>;

export function queue({ studio }: ChatDeps): Command<NoOptions> {
  return {
    path: ['queue'],
    description: { en: 'What waits and what is under way', es: 'Qué espera y qué está en marcha' },
    access: 'everyone',
    answer: 'private',
    options: {},
    async run(_options, invocation) {
      const words = wordsOf(invocation.locale).queue;
      const { queue: stats } = await studio.status();
      const fields: NonNullable<Message['fields']> = [
        { name: words.waiting, value: String(stats.queued) },
        { name: words.running, value: String(stats.running) },
        { name: words.workers, value: String(stats.workers.length) },
      ];
      if (stats.oldestWaitMs !== null)
        fields.push({ name: words.wait, value: sayDuration(stats.oldestWaitMs / 1000) });
      if (stats.lastHour.meanRenderSeconds !== null)
        fields.push({ name: words.mean, value: sayDuration(stats.lastHour.meanRenderSeconds) });
      const lines =
        stats.workers.length === 0
          ? [{ text: words.noWorkers }]
          : stats.queued === 0
            ? [{ text: words.empty }]
            : [];
      await invocation.whisper({ tone: 'neutral', title: words.title, lines, fields });
    },
  };
}
