/** Films made before with this key, to look at again. */
import type { GenScene, Job } from '../../clients/genscene.ts';
import { find, make } from './dom.ts';

export async function showRecent(client: GenScene, open: (job: Job) => void): Promise<void> {
  const { jobs } = await client.jobs({ kind: 'compose', limit: 6 });
  find('recent').replaceChildren(
    ...jobs.map((job) => {
      const poster = job.posterUrl === null ? '' : `background-image: url("${job.posterUrl}")`;
      return make(
        'li',
        {},
        make(
          'button',
          { type: 'button', onclick: () => open(job) },
          make('span', { class: 'thumb', style: poster }, job.status === 'done' ? '' : job.status),
          make('span', { class: 'caption' }, job.title ?? 'Untitled film'),
        ),
      );
    }),
  );
}
