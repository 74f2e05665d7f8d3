/** The rule that autoscalers go by, as docs/scaling.md puts it. */
import { expect, test } from 'vitest';
import { wantedWorkers } from '../../../core/jobs/scaling.ts';

type Now = Parameters<typeof wantedWorkers>[0];

test.each<[string, Partial<Now>, number]>([
  ['nothing to do', {}, 0],
  ['nothing to do, with workers', { workers: [{ concurrency: 1 }, { concurrency: 1 }] }, 0],
  ['one that waits while nobody works', { queued: 1 }, 1],
  ['what runs keeps its slots', { running: 3 }, 3],
  ['ten of half a minute each, as long as nothing is known', { queued: 10 }, 5],
  ['ten of six seconds each', { queued: 10, meanRenderSeconds: 6 }, 1],
  ['never more than wait, however long they take', { queued: 10, meanRenderSeconds: 3000 }, 10],
  ['waiting ones come on top of running ones', { queued: 4, running: 2, meanRenderSeconds: 30 }, 4],
  ['workers of two slots each', { queued: 10, workers: [{ concurrency: 2 }] }, 3],
  ['workers of one and of three', { running: 5, workers: [{ concurrency: 1 }, { concurrency: 3 }] }, 3],
])('%s', (_, now, wanted) => {
  expect(wantedWorkers({ queued: 0, running: 0, meanRenderSeconds: null, workers: [], ...now })).toBe(wanted);
});
