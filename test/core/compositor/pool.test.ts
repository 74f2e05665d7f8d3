/** Threads, encoder and join together: segments joined are the film that one piece would be. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCompositor, type Compositor } from '../../../core/compositor/pool.ts';
import type { SegmentPlan, StillLayer } from '../../../core/compositor/plan.ts';
import { Ffmpeg, findFfmpeg } from '../../../core/ffmpeg.ts';
import { joinFilm } from '../../../core/pipeline/package.ts';

const paths = findFfmpeg({ searchPath: '/usr/local/bin:/usr/bin' });
const ffmpeg = new Ffmpeg(paths);
const never = new AbortController().signal;
let folder: string;
let compositor: Compositor;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'genscene-pool-'));
  compositor = openCompositor({ paths, threads: 2 });
});
afterAll(async () => {
  await compositor.close();
  await rm(folder, { recursive: true, force: true });
});

const gradient: StillLayer = {
  kind: 'still',
  picture: { colors: ['#103050', '#e0a040', '#802060'] },
  fit: 'cover',
  background: '#000000',
  effect: 'panRight',
};
const plan = (frames: number, offset: number, sceneFrames: number, fps = 30): SegmentPlan => ({
  width: 320,
  height: 180,
  fps,
  frames,
  base: { ...gradient, sceneFrames, offset },
  incoming: null,
  transition: null,
  overlays: [],
});

async function renderFilm(
  name: string,
  cuts: number[],
  fps = 30,
  format: 'mp4' | 'webm' = 'mp4',
): Promise<string> {
  const total = cuts.reduce((sum, frames) => sum + frames, 0);
  let offset = 0;
  const segments = await Promise.all(
    cuts.map(async (frames, index) => {
      const file = path.join(folder, `${name}-${index}.${format === 'mp4' ? 'mp4' : 'mkv'}`);
      const task = {
        kind: 'segment',
        plan: plan(frames, offset, total, fps),
        encoding: { format, quality: 'standard' },
        file,
      } as const;
      offset += frames;
      await compositor.run(task);
      return { file, frames };
    }),
  );
  const sound = path.join(folder, `${name}.${format === 'mp4' ? 'm4a' : 'webm'}`);
  const codec = format === 'mp4' ? 'aac' : 'libopus';
  await ffmpeg.run({
    purpose: 'silence',
    inputs: [{ source: 'anullsrc=r=48000:cl=stereo', options: ['-f', 'lavfi'] }],
    outputs: [{ target: sound, options: ['-t', String(total / fps), '-c:a', codec] }],
  });
  const out = path.join(folder, `${name}.film.${format}`);
  await joinFilm(
    { segments, sound, frames: total, fps, format, title: `it's 100% "${name}"; \\n`, workDir: folder, out },
    ffmpeg,
    never,
  );
  return out;
}

/** Packets of the picture in file order, in ticks of 1/90000 s, as ffmpeg's framecrc lists them. */
async function packets(file: string): Promise<{ pts: number; dts: number }[]> {
  const list = `${file}.framecrc`;
  await ffmpeg.run({
    purpose: 'listing packets',
    inputs: [{ source: file }],
    outputs: [{ target: list, options: ['-map', '0:v', '-c', 'copy', '-copyts', '-f', 'framecrc'] }],
  });
  const lines = (await readFile(list, 'utf8')).split('\n').filter((line) => /^0,/.test(line));
  return lines.map((line) => {
    const [, dts, pts] = line.split(',').map(Number);
    return { dts: dts!, pts: pts! };
  });
}

/** Mean luma difference of two films, in 8-bit steps. */
async function difference(a: string, b: string): Promise<number> {
  const decode = async (file: string): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    const { Writable } = await import('node:stream');
    const sink = new Writable({
      autoDestroy: false,
      emitClose: false,
      write: (chunk: Buffer, _encoding, done) => (chunks.push(chunk), done()),
    });
    await ffmpeg.run({
      purpose: 'decoding',
      inputs: [{ source: file }],
      outputs: [
        {
          target: sink,
          options: ['-map', '0:v', '-f', 'rawvideo', '-pix_fmt', 'gray', '-fps_mode', 'passthrough'],
        },
      ],
    });
    return Buffer.concat(chunks);
  };
  const [first, second] = await Promise.all([decode(a), decode(b)]);
  expect(first.length).toBe(second.length);
  let sum = 0;
  for (let index = 0; index < first.length; index++) sum += Math.abs(first[index]! - second[index]!);
  return sum / first.length;
}

describe('joined segments', () => {
  it('have every planned frame, evenly spaced, and look like a film rendered in one piece', async () => {
    const cut = await renderFilm('cut', [40, 1, 2, 15, 3, 59]);
    const whole = await renderFilm('whole', [120]);
    const shown = (await packets(cut)).toSorted((a, b) => a.pts - b.pts);
    expect(shown).toHaveLength(120);
    const first = shown[0]!.pts;
    expect(shown.map((packet) => packet.pts - first)).toEqual(
      Array.from({ length: 120 }, (_, index) => index * 3000),
    );
    expect(await difference(cut, whole)).toBeLessThan(1.5);
  });

  it.each([24, 25, 50, 60])('keep time at %i fps', async (fps) => {
    const film = await renderFilm(`fps${fps}`, [11, 5, 14], fps);
    const decoded = await packets(film);
    const dts = decoded.map((packet) => packet.dts);
    expect(dts).toEqual(dts.toSorted((a, b) => a - b));
    expect(new Set(dts).size).toBe(30);
    const shown = decoded.map((packet) => packet.pts).toSorted((a, b) => a - b);
    expect(shown.map((pts) => pts - shown[0]!)).toEqual(
      Array.from({ length: 30 }, (_, index) => (index * 90000) / fps),
    );
  });

  it('work as WebM too', async () => {
    const film = await renderFilm('web', [20, 10], 30, 'webm');
    expect(await packets(film)).toHaveLength(30);
  });
});

describe('the pool', () => {
  it('stops within a second when cancelled and leaves neither ffmpeg nor half a file', async () => {
    const abort = new AbortController();
    const file = path.join(folder, 'long.mp4');
    const rendering = compositor.run(
      {
        kind: 'segment',
        plan: plan(100_000, 0, 100_000),
        encoding: { format: 'mp4', quality: 'high' },
        file,
      },
      { signal: abort.signal, onProgress: () => abort.abort() },
    );
    await expect(rendering).rejects.toMatchObject({ code: 'cancelled' });
    expect((await readdir(folder)).filter((name) => name.startsWith('long'))).toEqual([]);
  });

  it('names what is wrong with a picture, and goes on with the next task', async () => {
    const broken: SegmentPlan = {
      ...plan(5, 0, 5),
      base: {
        ...gradient,
        picture: { path: path.join(folder, 'nothing.png'), hash: 'x' },
        sceneFrames: 5,
        offset: 0,
      },
    };
    await expect(
      compositor.run({
        kind: 'segment',
        plan: broken,
        encoding: { format: 'mp4', quality: 'draft' },
        file: path.join(folder, 'broken.mp4'),
      }),
    ).rejects.toMatchObject({ code: 'render_failed' });
    const rgb = await compositor.run({ kind: 'frame', plan: plan(5, 0, 5), index: 2 });
    expect(rgb).toHaveLength(320 * 180 * 3);
  });

  it('counts frames while it works', async () => {
    const counts: number[] = [];
    await compositor.run(
      {
        kind: 'segment',
        plan: plan(60, 0, 60),
        encoding: { format: 'mp4', quality: 'standard' },
        file: path.join(folder, 'counted.mp4'),
      },
      { onProgress: (frames) => counts.push(frames) },
    );
    await sleep(0);
    expect(counts.at(-1)).toBe(60);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });
});
