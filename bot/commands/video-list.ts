/** `/video list`: the films of the asker, newest first. */
import { z } from 'zod';
import { jobStatuses, type Job } from '../../core/schema/job.ts';
import { titleOf } from '../messages.ts';
import { callerOf, type ChatDeps } from '../take-on.ts';
import { clockTime, wordsOf, type Words } from '../texts/index.ts';
import { en } from '../texts/en.ts';
import { es } from '../texts/es.ts';
import type { Command, Line, Options } from '../types.ts';

const SHOWN = 15;

const options = {
  status: {
    schema: z.enum(jobStatuses).optional(),
    description: { en: 'Only those in this state', es: 'Solo los que están en este estado' },
    labels: Object.fromEntries(
      jobStatuses.map((status) => [status, { en: en.status[status], es: es.status[status] }]),
    ),
  },
} as const satisfies Options;

export function videoList({ studio }: ChatDeps): Command<typeof options> {
  return {
    path: ['video', 'list'],
    description: { en: 'Your films', es: 'Tus vídeos' },
    access: 'everyone',
    answer: 'private',
    options,
    async run({ status }, invocation) {
      const words = wordsOf(invocation.locale);
      const { jobs, nextCursor } = await studio.jobs(
        { limit: SHOWN, ...(status ? { status } : {}) },
        callerOf(invocation),
      );
      const lines: Line[] = jobs.flatMap((job) => linesOf(job, words));
      if (jobs.length === 0) lines.push({ text: status ? words.list.none : words.list.empty });
      if (nextCursor) lines.push({ text: words.list.more, style: 'small' });
      await invocation.whisper({ tone: 'neutral', title: words.list.title, lines });
    },
  };
}

function linesOf(job: Job, words: Words): Line[] {
  const facts = [words.status[job.status]];
  if (job.duration !== null) facts.push(clockTime(job.duration));
  else if (job.progress > 0 && job.progress < 100) facts.push(`${Math.floor(job.progress)} %`);
  return [
    { text: titleOf(job, words), style: 'strong' },
    { text: [...facts, job.id].join(' · '), style: 'small' },
  ];
}
