/** `/queue`: what waits and what is under way. */
import type { JobStats } from '../../core/jobs/types.ts';
import type { ChatDeps } from '../take-on.ts';
import { sayDuration, wordsOf, type Words } from '../texts/index.ts';
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
      const text = outlook(stats, words);
      const lines = text ? [{ text }] : [];
      await invocation.whisper({ tone: 'neutral', title: words.title, lines, fields });
    },
  };
}

/** What someone who asks now may expect; null where the numbers say it. */
function outlook({ queued, running, workers }: JobStats, words: Words['queue']): string | null {
  if (workers.length === 0) return words.noWorkers;
  if (queued > 0) return null;
  const atOnce = workers.reduce((sum, { concurrency }) => sum + concurrency, 0);
  return running < atOnce ? words.empty : words.next;
}
