/** Films of anything: whole or refused. Half a film, a child or a folder of scratch never stays. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../core/config.ts';
import { transitionTypes } from '../../core/schema/storyboard.ts';
import { createStudio, type RenderedJob, type Studio } from '../../core/studio.ts';
import { sampleFolder, testFfmpeg } from '../helpers/samples.ts';
import { damage, damaged } from './damage.ts';
import { fuzz, fuzzTimeout, outcomeOf } from './rounds.ts';
import { makeSamples, type Sample } from './samples.ts';
import { words } from './texts.ts';

let dir: string;
let remove: () => Promise<void>;
let samples: Sample[];
let studio: Studio;

beforeAll(async () => {
  ({ dir, remove } = await sampleFolder());
  samples = await makeSamples(dir);
  studio = createStudio(
    loadConfig({ DATA_DIR: path.join(dir, 'data'), PATH: process.env['PATH'], TTS_ENGINE: 'none' }),
  );
});
afterAll(async () => {
  await studio.close();
  await remove();
});

/** Of a scene: a sample, sometimes damaged; text and title of any kind. */
const scene = fc.record({
  sample: fc.nat(1000),
  harm: fc.oneof(fc.constant(null), fc.constant(null), fc.constant(null), damage),
  text: fc.oneof(fc.constant(''), words(24)),
  title: fc.oneof(fc.constant(''), words(60)),
  fit: fc.constantFrom('cover', 'contain', 'blur'),
  whenShort: fc.constantFrom('loop', 'freeze', 'slow'),
  transition: fc.constantFrom(...transitionTypes),
  duration: fc.integer({ min: 2, max: 8 }).map((tenths) => tenths / 10),
});
type SceneCase = typeof scene extends fc.Arbitrary<infer Case> ? Case : never;

let files = 0;

async function sceneOf({ sample, harm, text, title, fit, whenShort, transition, duration }: SceneCase) {
  const visible = samples.filter(({ kind }) => kind !== 'track');
  const { name, kind, bytes } = visible[sample % visible.length]!;
  const src = `${files++}-${name}`;
  await writeFile(path.join(dir, src), harm ? damaged(bytes, harm) : bytes);
  return {
    media: kind === 'picture' ? { type: 'image', src, fit } : { type: 'video', src, fit, whenShort },
    ...(text === '' ? {} : { text }),
    ...(title === '' ? {} : { title: { text: title } }),
    duration,
    transition: { type: transition, duration: 0.1 },
  };
}

/** Frames and seconds of sound are those of the job, as counted in the file. */
async function expectWhole(job: RenderedJob): Promise<void> {
  const { streams } = await testFfmpeg().probe(job.files.film, { format: 'mov' });
  const [video, sound] = ['video', 'audio'].map((type) => streams.find((one) => one.codec_type === type)!);
  expect(Number(video!['nb_frames'])).toBe(Math.round(job.duration! * 24));
  expect(Math.abs(Number(sound!['duration']) - job.duration!)).toBeLessThan(0.1);
}

it(
  'films of damaged media and hostile words',
  () =>
    fuzz('films', fc.array(scene, { minLength: 1, maxLength: 3 }), async (cases) => {
      const out = path.join(dir, 'out');
      await mkdir(out);
      try {
        const scenes = await Promise.all(cases.map(sceneOf));
        const outcome = await outcomeOf(async () => {
          const job = await studio.render(
            { scenes, output: { resolution: 'preview', quality: 'draft', fps: 24, aspectRatio: '1:1' } },
            { outDir: out, baseDir: dir },
          );
          await expectWhole(job);
        }, ['media_unusable', 'invalid_storyboard', 'too_large']);
        const left = await readdir(out);
        expect(left.filter((name) => name.startsWith('.'))).toEqual([]);
        expect(left.includes('film.mp4')).toBe(outcome === 'taken');
        return outcome;
      } finally {
        await rm(out, { recursive: true, force: true });
      }
    }),
  fuzzTimeout(),
);
