/** `/stats`: what was made lately, in numbers and as bars of text. */
import type { UsageRow } from '../../core/jobs/types.ts';
import type { Caller } from '../../core/studio-service.ts';
import { callerOf, type ChatDeps } from '../take-on.ts';
import { saySize, sayDuration, wordsOf } from '../texts/index.ts';
import type { Command, Line, Message } from '../types.ts';

type NoOptions = Record<never, never>;

const DAY_MS = 24 * 3600_000;
const BAR_LENGTH = 20;

/** Everyone sees their own; operators see all. */
export function stats({ studio, permissions, now }: ChatDeps): Command<NoOptions> {
  return {
    path: ['stats'],
    description: { en: 'What was made lately', es: 'Lo que se hizo últimamente' },
    access: 'everyone',
    answer: 'private',
    options: {},
    async run(_options, invocation) {
      const words = wordsOf(invocation.locale);
      const sees: Caller['sees'] = permissions.isOperator(invocation) ? 'all' : 'own';
      const days = await studio.usage(
        { by: 'day', from: now() - 7 * DAY_MS },
        { ...callerOf(invocation), sees },
      );
      const sum = (pick: (row: UsageRow) => number): number =>
        days.reduce((total, row) => total + pick(row), 0);
      const scenes = sum((row) => row.scenes);
      const fields: NonNullable<Message['fields']> = [
        { name: words.stats.films, value: String(sum((row) => row.done)) },
        { name: words.stats.failed, value: String(sum((row) => row.failed)) },
        { name: words.stats.minutes, value: (sum((row) => row.filmSeconds) / 60).toFixed(1) },
      ];
      if (scenes > 0)
        fields.push({
          name: words.stats.reused,
          value: `${Math.round((sum((row) => row.scenesReused) / scenes) * 100)} %`,
        });
      if (sees === 'all') {
        const { uptimeSeconds, disk } = await studio.status();
        fields.push({ name: words.stats.uptime, value: sayDuration(uptimeSeconds) });
        if (disk) fields.push({ name: words.stats.disk, value: saySize(disk.freeBytes, words) });
      }
      await invocation.whisper({
        tone: 'neutral',
        title: `${words.stats.title} · ${words.stats.week}`,
        lines: dayBars(days, now()),
        fields,
      });
    },
  };
}

/** One line a day, the oldest first, days without films too. */
export function dayBars(rows: readonly Pick<UsageRow, 'key' | 'done'>[], now: number): Line[] {
  const done = new Map(rows.map(({ key, done: count }) => [key, count]));
  const most = Math.max(1, ...done.values());
  return Array.from({ length: 7 }, (_, index) => {
    const day = new Date(now - (6 - index) * DAY_MS).toISOString().slice(0, 10);
    const count = done.get(day) ?? 0;
    const bar = '█'.repeat(Math.round((count / most) * BAR_LENGTH));
    return { text: `${day.slice(5)} ${bar} ${count}`.replace('  ', ' '), style: 'bar' };
  });
}
