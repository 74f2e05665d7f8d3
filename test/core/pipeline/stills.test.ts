/** Sheet and poster need no speech: they are drawn while it is made. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openCache, type ContentCache } from '../../../core/cache.ts';
import { openCompositor, type Compositor } from '../../../core/compositor/pool.ts';
import { openFonts } from '../../../core/drawing/fonts.ts';
import { StudioError } from '../../../core/errors.ts';
import { findFfmpeg } from '../../../core/ffmpeg.ts';
import type { Ingest } from '../../../core/ingest/types.ts';
import { planTimeline, type SceneMeasure } from '../../../core/pipeline/timeline.ts';
import { gatherFilm } from '../../../core/pipeline/plan-film.ts';
import { render } from '../../../core/pipeline/render.ts';
import { beginSheet, drawStills } from '../../../core/pipeline/stills.ts';
import type { Speech, SpeechRequest } from '../../../core/tts/types.ts';
import { validateStoryboard } from '../../../core/validate.ts';
import { testFfmpeg } from '../../helpers/samples.ts';

let folder: string;
let cacheDir: string;
let cache: ContentCache;
let real: Compositor;
let compositor: Compositor;
const drawn: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'genscene-stills-'));
  cacheDir = path.join(folder, 'cache');
  cache = await openCache(cacheDir, 1e9);
  real = openCompositor({ paths: findFfmpeg({ searchPath: '/usr/local/bin:/usr/bin' }), threads: 1 });
  compositor = {
    ...real,
    run: (task, options) => {
      drawn.push(task.kind);
      return real.run(task, options);
    },
  };
});
afterEach(async () => {
  drawn.length = 0;
  for (const name of await readdir(cacheDir)) await rm(path.join(cacheDir, name));
});
afterAll(async () => {
  await real.close();
  await rm(folder, { recursive: true, force: true });
});

const checked = validateStoryboard({
  title: 'Two places',
  output: { resolution: 'preview', quality: 'draft' },
  scenes: [
    {
      text: 'Here it begins, and it takes a while.',
      media: { type: 'gradient', colors: ['#204080', '#f0a040'] },
    },
    { text: 'Here it ends.', media: { type: 'gradient', colors: ['#802040', '#40f0a0'] } },
  ],
});
if (!checked.ok) throw new Error('The storyboard of this test is wrong');
const { storyboard } = checked;
const ingest = {} as Ingest;
const versions = { test: '1' };

const renderWith = (speak: (request: SpeechRequest) => Promise<never>, using: Compositor): Promise<unknown> =>
  render(
    {
      storyboard,
      outDir: path.join(folder, 'out'),
      signal: new AbortController().signal,
      onProgress: () => undefined,
    },
    {
      speech: { speak, check: () => null } as unknown as Speech,
      ...{ ingest, versions, cache, compositor: using, fonts: openFonts(), ffmpeg: testFfmpeg() },
    },
  );

it('draws all scenes and the poster before anybody has said a word', async () => {
  const posterIsThere = async (): Promise<boolean> =>
    (await readdir(cacheDir)).some((name) => name.endsWith('.jpg') && !name.includes('.tmp.'));
  const silent = async ({ signal }: SpeechRequest): Promise<never> => {
    while (!signal?.aborted && !(await posterIsThere())) await sleep(20);
    throw new StudioError('speech_failed', 'It stays silent.');
  };
  await expect(renderWith(silent, compositor)).rejects.toMatchObject({
    code: 'speech_failed',
    stage: 'voicing',
  });
  expect(drawn).toEqual(['frame', 'frame', 'frame']);
});

it('no longer waits for speech when a picture cannot be drawn', async () => {
  const waiting: SpeechRequest[] = [];
  const slow = async (request: SpeechRequest): Promise<never> => {
    waiting.push(request);
    await sleep(60_000, undefined, { signal: request.signal });
    throw new Error('It should have been stopped');
  };
  const broken: Compositor = {
    ...real,
    run: () => Promise.reject(new StudioError('media_unusable', 'No picture.')),
  };
  await expect(renderWith(slow, broken)).rejects.toMatchObject({
    code: 'media_unusable',
    stage: 'rendering',
    scene: 1,
  });
  expect(waiting.length).toBeGreaterThan(0);
  expect(waiting.every(({ signal }) => signal?.aborted)).toBe(true);
});

it('draws nothing for a film that is as it was, and only the page when a length is another', async () => {
  const { signal } = new AbortController();
  const gathered = await gatherFilm({ storyboard, signal }, { ingest });
  const deps = { compositor, cache, versions };
  const show = async (seconds: number): Promise<string> => {
    const stills = await drawStills(gathered, storyboard, deps, { signal, onScene: () => undefined });
    const measures = storyboard.scenes.map((): SceneMeasure => ({
      duration: seconds,
      speechS: null,
      clipS: null,
      hasTitle: false,
      transition: { type: 'fade', duration: 0.5 },
    }));
    return (await beginSheet(stills, { storyboard, timeline: planTimeline(measures, 30) }, deps, signal))
      .drawn;
  };
  const first = await show(3);
  expect(drawn).toEqual(['frame', 'frame', 'frame', 'sheet']);
  expect((await sharp(first).metadata()).format).toBe('png');
  expect(await show(3)).toBe(first);
  expect(drawn).toHaveLength(4);
  expect(await show(4)).not.toBe(first);
  expect(drawn.slice(4)).toEqual(['sheet']);
});
