/** The option that names a job, with the asker's own as suggestions. */
import { z } from 'zod';
import { titleOf } from '../messages.ts';
import { callerOf, type ChatDeps } from '../take-on.ts';
import { wordsOf } from '../texts/index.ts';
import type { Option } from '../types.ts';

export function jobOption(deps: ChatDeps) {
  return {
    schema: z.string().trim().min(1).max(80),
    description: { en: 'Which film; its id is on its card', es: 'Qué vídeo; su id está en la tarjeta' },
    async complete(typed, asker) {
      const { jobs } = await deps.studio.jobs({ limit: 50 }, callerOf(asker));
      const words = wordsOf(asker.locale);
      const wanted = typed.trim().toLowerCase();
      return jobs
        .map((job) => ({ value: job.id, label: `${titleOf(job, words)} · ${words.status[job.status]}` }))
        .filter(({ value, label }) => `${value} ${label}`.toLowerCase().includes(wanted))
        .slice(0, 25);
    },
  } as const satisfies Option;
}
