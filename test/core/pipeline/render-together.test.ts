/** Whatever other workers do with the segments of a film, all of them are there in the end, each counted once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Compositor } from '../../../core/compositor/pool.ts';
import type { SegmentPart } from '../../../core/compositor/encode.ts';
import { StudioError } from '../../../core/errors.ts';
import { nextShare } from '../../../core/pipeline/next-share.ts';
import type { SegmentRun } from '../../../core/pipeline/render-segments.ts';
import { renderTogether } from '../../../core/pipeline/render-together.ts';
import type { Segment } from '../../../core/pipeline/segments.ts';
import type { Elsewhere, SharedFilm } from '../../../core/pipeline/shared-film.ts';

const encoding = { format: 'mp4', quality: 'draft' } as const;
const never = new AbortController().signal;
/** What becomes of a segment: nobody else takes it; or another does, and delivers, loses it or is too slow. */
type Fate = 'ours' | 'delivered' | 'undeliverable' | 'lost' | 'slow';
const fates: Fate[] = ['ours', 'delivered', 'undeliverable', 'lost', 'slow'];

/** Neighbours of so many frames each, a scene each. */
function segmentsOf(frames: readonly number[]): Segment[] {
  let start = 0;
  return frames.map((each, index) => {
    const base = { kind: 'still', picture: { path: `/${index}`, hash: `${index}` } };
    const plan = { frames: each, fps: 30, base, incoming: null };
    const segment = { key: `key-${index}`, scene: index, kind: 'body', start, plan } as unknown as Segment;
    start += each;
    return segment;
  });
}

function openFilm(segments: Segment[], fateOf: Map<string, Fate>, threads: number, faulty?: string) {
  const rendered: string[] = [];
  const fetched: string[] = [];
  const settled: string[] = [];
  const elsewhere = new Map<string, Elsewhere>();
  const takenOver = new Set<string>();
  const own = new Set<string>();
  for (const [key, fate] of fateOf)
    if (fate !== 'ours')
      elsewhere.set(
        key,
        fate === 'slow'
          ? { worker: key, delivered: false, frames: 1, heldMs: 1e9 }
          : { worker: 'other', delivered: false, frames: 0, heldMs: 0 },
      );
  const film: SharedFilm = {
    async take(choose) {
      const [forced] = takenOver;
      if (forced) takenOver.delete(forced);
      const free = new Set(
        segments.map(({ key }) => key).filter((key) => !elsewhere.has(key) && !own.has(key)),
      );
      const taken = forced ? [forced] : choose(free, 2);
      for (const key of taken) own.add(key);
      return taken;
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
      task: { parts: SegmentPart[] },
      options: { onProgress: (done: number, finished: number) => void },
    ) {
      most = Math.max(most, ++busy);
      let frames = 0;
      for (const [index, { file, plan, scene }] of task.parts.entries()) {
        await new Promise((resolve) => setImmediate(resolve));
        if (file === faulty) throw new StudioError('render_failed', 'It broke.', { scene });
        frames += plan.frames;
        rendered.push(file);
        // Of the last one only the end is told.
        if (index < task.parts.length - 1) options.onProgress(frames, index + 1);
      }
      busy -= 1;
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
      const segments = segmentsOf(given.map(([frames]) => frames));
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
  const segments = segmentsOf([9, 8, 7]);
  const world = openFilm(segments, new Map([['key-2', 'slow']]), 2, 'key-1');
  await expect(
    renderTogether(world.run, encoding, world.compositor, world.film, never, () => {}),
  ).rejects.toMatchObject({ code: 'render_failed', scene: 2, stage: 'rendering' });
});

test('a cancelled film does not wait for others', async () => {
  const segments = segmentsOf([9, 8]);
  const world = openFilm(segments, new Map([['key-0', 'slow'], ['key-1', 'slow']]), 1); // prettier-ignore
  world.film.takeOver = () => {};
  const stop = new AbortController();
  setImmediate(() => stop.abort(new StudioError('cancelled', 'Cancelled.')));
  await expect(
    renderTogether(world.run, encoding, world.compositor, world.film, stop.signal, () => {}),
  ).rejects.toMatchObject({ code: 'cancelled' });
});

test('a share is some of what is free, neighbours in their order, from the end that was asked for', () => {
  const cases = fc.record({
    frames: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 30 }),
    taken: fc.array(fc.integer({ min: 0, max: 29 })),
    threads: fc.integer({ min: 1, max: 8 }),
    workers: fc.integer({ min: 1, max: 8 }),
    from: fc.constantFrom('front' as const, 'back' as const),
  });
  fc.assert(
    fc.property(cases, ({ frames, taken, threads, workers, from }) => {
      const all = segmentsOf(frames);
      const free = all.filter((_, index) => !taken.includes(index));
      const share = nextShare(free, { threads, workers, from });
      const at = share.map((segment) => free.indexOf(segment));
      expect(share.length > 0).toBe(free.length > 0);
      for (const [index, segment] of share.entries()) {
        if (index === 0) continue;
        expect(at[index]).toBe(at[index - 1]! + 1);
        expect(segment.start).toBe(share[index - 1]!.start + share[index - 1]!.plan.frames);
      }
      if (share.length > 1) expect(from === 'front' ? at[0] : at.at(-1)).toBe(from === 'front' ? 0 : free.length - 1); // prettier-ignore
      if (share.length === 1)
        expect(share[0]!.plan.frames).toBe(Math.max(...free.map(({ plan }) => plan.frames)));
    }),
  );
});
