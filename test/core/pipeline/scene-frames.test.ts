/** Pictures of scenes are drawn once, whatever else of the film changes. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCache } from '../../../core/cache.ts';
import { openCompositor, type Compositor } from '../../../core/compositor/pool.ts';
import { findFfmpeg } from '../../../core/ffmpeg.ts';
import { drawSceneFrames, type SceneFrame } from '../../../core/pipeline/scene-frames.ts';
import type { SceneLayer } from '../../../core/pipeline/segments.ts';
import { planTimeline, type SceneMeasure } from '../../../core/pipeline/timeline.ts';

let folder: string;
let compositor: Compositor;
let drawn = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'genscene-frames-'));
  const real = openCompositor({ paths: findFfmpeg({ searchPath: '/usr/local/bin:/usr/bin' }), threads: 1 });
  compositor = {
    ...real,
    run: (task, options) => {
      drawn += 1;
      return real.run(task, options);
    },
  };
});
afterAll(async () => {
  await compositor.close();
  await rm(folder, { recursive: true, force: true });
});

const layer = (color: string): SceneLayer => ({
  kind: 'still',
  picture: { colors: [color, '#101010'] },
  fit: 'cover',
  background: '#000000',
  effect: 'zoomIn',
});

async function draw(colors: string[], seconds: number[]): Promise<{ frames: SceneFrame[]; drawn: number }> {
  drawn = 0;
  const scenes = seconds.map((duration): SceneMeasure => ({
    duration,
    speechS: null,
    clipS: null,
    hasTitle: false,
    transition: { type: 'fade', duration: 0.5 },
  }));
  const frames = await drawSceneFrames(
    {
      timeline: planTimeline(scenes, 30),
      layers: colors.map(layer),
      overlays: [],
    },
    { width: 160, height: 90 },
    { compositor, cache: await openCache(folder, 1e9), versions: { test: '1' } },
    { signal: new AbortController().signal, onScene: () => undefined },
  );
  return { frames, drawn };
}

it('opens again only the scenes that changed, and shows the same', async () => {
  const first = await draw(['#ff0000', '#00ff00', '#0000ff'], [2, 2, 2]);
  expect(first.drawn).toBe(3);
  const again = await draw(['#ff0000', '#00ff00', '#0000ff'], [2, 2, 2]);
  expect(again.drawn).toBe(0);
  for (const [index, { rgb }] of again.frames.entries())
    expect(Buffer.from(await rgb()).equals(await first.frames[index]!.rgb())).toBe(true);
  // The first is longer now: it moves otherwise, and the others stand elsewhere in the film but look the same.
  const edited = await draw(['#ff0000', '#00ff00', '#0000ff'], [3, 2, 2]);
  expect(edited.drawn).toBe(1);
  expect((await draw(['#ff0000', '#ffff00', '#0000ff'], [2, 2, 2])).drawn).toBe(1);
});

it('draws anew what is damaged on the disk', async () => {
  const first = await draw(['#123456'], [1.5]);
  for (const name of await readdir(folder)) await writeFile(path.join(folder, name), 'not a picture');
  const mended = await draw(['#123456'], [1.5]);
  expect(Buffer.from(await mended.frames[0]!.rgb()).equals(await first.frames[0]!.rgb())).toBe(true);
  expect(drawn).toBe(1);
});
