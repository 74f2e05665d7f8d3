/** Films/minute of worker processes: many light films, each made by one worker. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NewJob } from '../../core/jobs/types.ts';
import { storyboardSchema } from '../../core/schema/storyboard.ts';
import { withWorkers } from './worker-processes.ts';

/** From the moment all workers are there and the films are added to the last film's end. */
export function filmsPerMinute(
  url: string,
  { films, workers }: { films: number; workers: number },
): Promise<number> {
  return withWorkers(url, workers, {}, async ({ jobs }) => {
    const started = performance.now();
    for (let i = 0; i < films; i += 1) await jobs.add(film(i));
    for (;;) {
      const { done, failed } = await jobs.stats();
      if (failed > 0) throw new Error('A film of the bench failed.');
      if (done === films) break;
      await sleep(50);
    }
    return films / ((performance.now() - started) / 60_000);
  });
}

/** Pictures differ from film to film, so that no segment is reused. */
function film(index: number): NewJob {
  const color = (salt: number): string =>
    `#${(((index + 1) * 7919 + salt * 104_729) % 0xffffff).toString(16).padStart(6, '0')}`;
  const storyboard = storyboardSchema.parse({
    title: `Film ${index}`,
    scenes: [
      { duration: 2, media: { type: 'gradient', colors: [color(1), color(2)] } },
      { duration: 2, media: { type: 'gradient', colors: [color(3), color(4)] } },
    ],
    output: { resolution: 'preview', quality: 'draft' },
    captions: { mode: 'off' },
  });
  return { request: { kind: 'compose', storyboard }, owner: `key:${index % 3}`, origin: { platform: 'api' } };
}
