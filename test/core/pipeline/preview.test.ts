/** The small copy of a film for upload limits: how large, how long, and what of it is made anew. */
import { readdir, stat, truncate } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openCache } from '../../../core/cache.ts';
import { runningChildren } from '../../../core/ffmpeg.ts';
import { joinFilm } from '../../../core/pipeline/package.ts';
import type { PreviewInput } from '../../../core/pipeline/preview-parts.ts';
import { makePreview } from '../../../core/pipeline/preview.ts';
import { readFfmpeg, runFfmpeg, testFfmpeg, testFolder } from '../../helpers/samples.ts';

/** Noise: the worst an encoder can be given. */
const noise = "geq=lum='random(1)*255':cb=128:cr=128";
const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-crf', '10', '-pix_fmt', 'yuv420p', '-x264-params', 'stitchable=1']; // prettier-ignore

type Part = { look: string; frames: number };

/** A film of ours of such parts, with the files it was joined of. */
async function openFilm(parts: Part[], { size = '640x480', fps = 30 } = {}) {
  const dir = await testFolder();
  const cache = await openCache(path.join(dir, 'cache'), 1e9);
  const [width, height] = size.split('x').map(Number) as [number, number];
  let made = 0;
  const film = async (of: Part[]): Promise<PreviewInput> => {
    const segments = await Promise.all(
      of.map(async ({ look, frames }) => {
        const file = path.join(dir, `segment-${made++}.mp4`);
        const source = `nullsrc=s=${size}:r=${fps},${look}`;
        await runFfmpeg('-f', 'lavfi', '-i', source, '-frames:v', String(frames), ...encoder, '-video_track_timescale', '90000', file); // prettier-ignore
        return { file, frames, key: `${look}-${frames}` };
      }),
    );
    const out = path.join(dir, `film-${made}.mp4`);
    const frames = of.reduce((sum, part) => sum + part.frames, 0);
    const seconds = frames / fps;
    const sound = path.join(dir, `sound-${made}.m4a`);
    await runFfmpeg('-f', 'lavfi', '-i', `sine=d=${seconds}`, '-c:a', 'aac', sound);
    await joinFilm(
      { segments, sound, frames, fps, format: 'mp4', title: undefined, workDir: dir, out },
      testFfmpeg(),
      new AbortController().signal,
    );
    return { film: out, segments, sound, fps, width, height, workDir: dir, out: `${out}.preview.mp4`, maxBytes: 8e6 }; // prettier-ignore
  };
  const preview = (input: PreviewInput, signal = new AbortController().signal) =>
    makePreview(input, { ffmpeg: testFfmpeg(), cache, versions: {} }, signal);
  const kept = () => readdir(path.join(dir, 'cache'));
  return { film: await film(parts), filmOf: film, preview, kept, folder: path.join(dir, 'cache') };
}

async function streamsOf(file: string) {
  const { streams, format } = await testFfmpeg().probe(file, { extra: ['-count_frames'] });
  const video = streams.find((stream) => stream.codec_type === 'video')!;
  const audio = streams.find((stream) => stream.codec_type === 'audio');
  return { video, audio, frames: Number(video['nb_read_frames']), duration: Number(format['duration']) };
}

/** Mean luma of each frame, 0..255. */
async function lightOf(file: string): Promise<number[]> {
  const bytes = await readFfmpeg('-i', file, '-map', '0:v', '-vf', 'scale=1:1:flags=area', '-pix_fmt', 'yuv444p', '-f', 'rawvideo'); // prettier-ignore
  return [...bytes].filter((_, index) => index % 3 === 0);
}

const grey = (luma: number): string => `geq=lum=${luma}:cb=128:cr=128`;

test.each([
  ['wide', '640x480', 480, 360],
  ['tall', '480x640', 360, 480],
])(
  'a %s film of noise fits the limit, with picture and sound over its whole length',
  async (_, size, width, height) => {
    const { film, preview } = await openFilm([{ look: noise, frames: 60 }, { look: noise, frames: 31 }], { size }); // prettier-ignore
    const maxBytes = 200_000;
    expect((await stat(film.film)).size).toBeGreaterThan(maxBytes * 4);
    const bytes = await preview({ ...film, maxBytes });
    expect(bytes).toBe((await stat(film.out)).size);
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    const { video, audio, frames, duration } = await streamsOf(film.out);
    expect(video).toMatchObject({ width, height });
    expect(audio).toBeDefined();
    expect(frames).toBe(91);
    expect(duration).toBeCloseTo(91 / 30, 1);
  },
);

test('after an edit only what changed is encoded, and every frame is in its place', async () => {
  const parts = [
    { look: grey(40), frames: 20 },
    { look: grey(80), frames: 1 },
    { look: grey(120), frames: 13 },
    { look: grey(160), frames: 2 },
    { look: grey(200), frames: 24 },
  ];
  const { film, filmOf, preview, kept } = await openFilm(parts, { size: '320x240', fps: 24 });
  const lights = (of: Part[]) => of.flatMap(({ look, frames }) => Array<number>(frames).fill(Number(/lum=(\d+)/.exec(look)![1]))); // prettier-ignore
  const expectLights = async (file: string, of: Part[]): Promise<void> => {
    const seen = await lightOf(file);
    expect(seen.length).toBe(lights(of).length);
    for (const [index, light] of lights(of).entries()) expect(Math.abs(seen[index]! - light), `frame ${index}`).toBeLessThan(4); // prettier-ignore
  };
  await preview(film);
  await expectLights(film.out, parts);
  const before = await kept();
  expect(before).toHaveLength(5);

  const edited = parts.with(1, { look: grey(20), frames: 3 }).with(3, { look: grey(10), frames: 2 });
  const next = await filmOf(edited);
  await preview(next);
  await expectLights(next.out, edited);
  expect((await kept()).filter((name) => !before.includes(name))).toHaveLength(2);

  const again = { ...next, out: `${next.out}.again.mp4` };
  await preview(again);
  await expectLights(again.out, edited);
  expect(await kept()).toHaveLength(7);
});

test('parts that a disk lost or cut are made again', async () => {
  const parts = [40, 120, 200].map((luma) => ({ look: grey(luma), frames: 12 }));
  const { film, preview, kept, folder } = await openFilm(parts, { size: '320x240', fps: 24 });
  await preview(film);
  const [first = '', second = ''] = await kept();
  await truncate(path.join(folder, first), 0);
  await truncate(path.join(folder, second), 900);
  await preview(film);
  expect((await streamsOf(film.out)).frames).toBe(36);
});

test('of a film longer than three minutes the beginning is shown', async () => {
  const { film, preview } = await openFilm(
    [{ look: grey(50), frames: 100 }, { look: grey(150), frames: 100 }, { look: grey(250), frames: 10 }],
    { size: '64x64', fps: 1 },
  ); // prettier-ignore
  await preview(film);
  expect((await lightOf(film.out)).length).toBe(180);
  expect((await streamsOf(film.out)).duration).toBeCloseTo(180, 0);
});

test('a film of 60 frames a second becomes one of 30', async () => {
  const { film, preview } = await openFilm(
    [{ look: grey(50), frames: 61 }, { look: grey(150), frames: 59 }],
    { size: '320x240', fps: 60 },
  ); // prettier-ignore
  await preview(film);
  const { video, frames, duration } = await streamsOf(film.out);
  expect(video['r_frame_rate']).toBe('30/1');
  expect(frames).toBe(60);
  expect(duration).toBeCloseTo(2, 1);
});

test('a cancelled preview leaves no encoder and no file behind', async () => {
  const { film, preview, kept } = await openFilm([{ look: noise, frames: 150 }], { size: '320x240' });
  const stop = new AbortController();
  const making = preview(film, stop.signal);
  await expect.poll(() => runningChildren().map(({ purpose }) => purpose)).toContain('making the preview');
  stop.abort();
  await expect(making).rejects.toMatchObject({ code: 'cancelled' });
  expect(runningChildren()).toEqual([]);
  expect(await kept()).toEqual([]);
});
