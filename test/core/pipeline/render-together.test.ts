/** Whatever other workers do with the segments of a film, all of them are there in the end, each counted once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Compositor } from '../../../core/compositor/pool.ts';
import { StudioError } from '../../../core/errors.ts';
import type { SegmentRun } from '../../../core/pipeline/render-segments.ts';
import { renderTogether } from '../../../core/pipeline/render-together.ts';
import type { Segment } from '../../../core/pipeline/segments.ts';
import type { Elsewhere, SharedFilm } from '../../../core/pipeline/shared-film.ts';

const encoding = { format: 'mp4', quality: 'draft' } as const;
const never = new AbortController().signal;
/** What becomes of a segment: nobody else takes it; or another does, and delivers, loses it or is too slow. */
type Fate = 'ours' | 'delivered' | 'undeliverable' | 'lost' | 'slow';
const fates: Fate[] = ['ours', 'delivered', 'undeliverable', 'lost', 'slow'];

const segmentOf = (frames: number, index: number): Segment =>
  ({ key: `key-${index}`, scene: index, kind: 'body', start: 0, plan: { frames } }) as Segment;

function openFilm(segments: Segment[], fateOf: Map<string, Fate>, threads: number, faulty?: string) {
  const rendered: string[] = [];
  const fetched: string[] = [];
  const settled: string[] = [];
  const elsewhere = new Map<string, Elsewhere>();
  const takenOver = new Set<string>();
  const own = new Set<string>();
  for (const [key, fate] of fateOf)
    if (fate !== 'ours')
      elsewhere.set(key, { delivered: false, frames: 1, heldMs: fate === 'slow' ? 1e9 : 0 });
  const film: SharedFilm = {
    async take(keys) {
      const key = keys.find((each) => takenOver.delete(each)) ?? keys.find((each) => !elsewhere.has(each) && !own.has(each)); // prettier-ignore
      if (key) own.add(key);
      return key ?? null;
    },
    settle: (key) => void settled.push(key),
    takeOver(key) {
      elsewhere.delete(key);
      takenOver.add(key);
    },
    elsewhere: () => elsewhere,
    async news() {
      await new Promise((resolve) => setImmediate(resolve));
      // One of the others gets somewhere.
      for (const [key, there] of elsewhere) {
        const fate = fateOf.get(key);
        if (fate === 'delivered' || fate === 'undeliverable')
          elsewhere.set(key, { ...there, delivered: true });
        if (fate === 'lost') elsewhere.delete(key);
      }
    },
    close: async () => {},
  };
  const run = {
    missing: segments,
    frames: segments.reduce((sum, { plan }) => sum + plan.frames, 0),
    file: ({ key }) => key,
    async find({ key }) {
      if (fateOf.get(key) === 'delivered') fetched.push(key);
      return fateOf.get(key) === 'delivered';
    },
    rendered: () => {},
    reused: 0,
    scenesReused: 0,
  } satisfies SegmentRun;
  let busy = 0;
  let most = 0;
  const compositor = {
    threads,
    async run(
      task: { file: string; plan: { frames: number } },
      options: { onProgress: (done: number) => void },
    ) {
      most = Math.max(most, ++busy);
      await new Promise((resolve) => setImmediate(resolve));
      busy -= 1;
      if (task.file === faulty) throw new StudioError('render_failed', 'It broke.');
      options.onProgress(task.plan.frames);
      rendered.push(task.file);
    },
    close: async () => {},
  } as unknown as Compositor;
  return { film, run, compositor, rendered, fetched, settled, most: () => most };
}

test('all segments get there, whatever others do', async () => {
  const cases = fc.record({
    segments: fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.constantFrom(...fates)), { minLength: 1, maxLength: 20 }),
    threads: fc.integer({ min: 1, max: 4 }),
  }); // prettier-ignore
  await fc.assert(
    fc.asyncProperty(cases, async ({ segments: given, threads }) => {
      const segments = given.map(([frames], index) => segmentOf(frames, index));
      const fateOf = new Map(given.map(([, fate], index) => [`key-${index}`, fate]));
      const world = openFilm(segments, fateOf, threads);
      let frames = 0;
      const helped = await renderTogether(world.run, encoding, world.compositor, world.film, never, (done) => (frames = done)); // prettier-ignore
      const keys = segments.map(({ key }) => key).toSorted();
      expect([...world.rendered, ...world.fetched].toSorted()).toEqual(keys);
      expect(world.settled.toSorted()).toEqual(keys);
      expect(frames).toBe(world.run.frames);
      expect(helped).toBe(world.fetched.length);
      expect(world.fetched.every((key) => fateOf.get(key) === 'delivered')).toBe(true);
      expect(world.most()).toBeLessThanOrEqual(threads);
    }),
    { numRuns: 60 },
  );
});

test('a segment that cannot be rendered ends the film with its scene, though others go on', async () => {
  const segments = [9, 8, 7].map(segmentOf);
  const world = openFilm(segments, new Map([['key-2', 'slow']]), 2, 'key-1');
  await expect(
    renderTogether(world.run, encoding, world.compositor, world.film, never, () => {}),
  ).rejects.toMatchObject({ code: 'render_failed', scene: 2, stage: 'rendering' });
});

test('a cancelled film does not wait for others', async () => {
  const segments = [9, 8].map(segmentOf);
  const world = openFilm(segments, new Map([['key-0', 'slow'], ['key-1', 'slow']]), 1); // prettier-ignore
  world.film.takeOver = () => {};
  const stop = new AbortController();
  setImmediate(() => stop.abort(new StudioError('cancelled', 'Cancelled.')));
  await expect(
    renderTogether(world.run, encoding, world.compositor, world.film, stop.signal, () => {}),
  ).rejects.toMatchObject({ code: 'cancelled' });
});
