/** Threads, encoder and join together: segments joined are the film that one piece would be. */
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Composer } from '../../../core/compositor/compose.ts';
import { Kernel } from '../../../core/compositor/kernel.ts';
import { openCompositor, type Compositor } from '../../../core/compositor/pool.ts';
import type { SegmentPlan, StillLayer } from '../../../core/compositor/plan.ts';
import { Shelf } from '../../../core/compositor/shelf.ts';
import { openFonts } from '../../../core/drawing/fonts.ts';
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

/** How a film's segments are encoded: each by an encoder of its own, or all by one. */
type Way = 'apart' | 'together';

async function renderFilm(
  way: Way,
  cuts: number[],
  { fps = 30, format = 'mp4' as 'mp4' | 'webm' } = {},
): Promise<string> {
  const total = cuts.reduce((sum, frames) => sum + frames, 0);
  const name = `${way}-${format}-${fps}-${cuts.join('-')}`;
  let offset = 0;
  const parts = cuts.map((frames, index) => {
    const file = path.join(folder, `${name}-${index}.${format === 'mp4' ? 'mp4' : 'mkv'}`);
    const part = { plan: plan(frames, offset, total, fps), file };
    offset += frames;
    return part;
  });
  const encoding = { format, quality: 'standard' } as const;
  if (way === 'together') await compositor.run({ kind: 'segments', parts, encoding });
  else await Promise.all(parts.map((part) => compositor.run({ kind: 'segments', parts: [part], encoding })));
  const segments = parts.map((part) => ({ file: part.file, frames: part.plan.frames }));
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

describe.each<Way>(['apart', 'together'])('segments encoded %s and joined', (way) => {
  it('have every planned frame, evenly spaced, and look like a film rendered in one piece', async () => {
    const cut = await renderFilm(way, [40, 1, 2, 15, 3, 59]);
    const whole = await renderFilm(way, [120]);
    const shown = (await packets(cut)).toSorted((a, b) => a.pts - b.pts);
    expect(shown).toHaveLength(120);
    const first = shown[0]!.pts;
    expect(shown.map((packet) => packet.pts - first)).toEqual(
      Array.from({ length: 120 }, (_, index) => index * 3000),
    );
    expect(await difference(cut, whole)).toBeLessThan(1.5);
  });

  it.each([24, 25, 50, 60])('keep time at %i fps', async (fps) => {
    const film = await renderFilm(way, [11, 5, 14], { fps });
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
    const film = await renderFilm(way, [20, 10], { format: 'webm' });
    expect(await packets(film)).toHaveLength(30);
  });
});

describe('segments of one encoder', () => {
  const encoding = { format: 'mp4', quality: 'standard' } as const;

  it('are named as they are finished, and stay when a later one fails', async () => {
    // ffmpeg counts up where a name has a per cent sign; a folder's own must not be taken for one.
    const odd = path.join(folder, '100%d of it');
    await mkdir(odd);
    const missing = { path: path.join(folder, 'nothing.png'), hash: 'x' };
    const plans = [plan(40, 0, 200), plan(30, 40, 200), plan(40, 70, 200), plan(10, 110, 200)];
    plans[3] = { ...plans[3]!, base: { ...gradient, picture: missing, sceneFrames: 200, offset: 110 } };
    const parts = plans.map((each, index) => ({ plan: each, file: path.join(odd, `${index}.mp4`) }));
    const finished: number[] = [];
    const rendering = compositor.run(
      { kind: 'segments', parts, encoding },
      { onProgress: (_frames, count) => finished.push(count) },
    );
    await expect(rendering).rejects.toMatchObject({ code: 'render_failed' });
    const left = await readdir(odd);
    expect(left.toSorted()).toEqual(['0.mp4', '1.mp4', '2.mp4', '3.mp4'].slice(0, left.length));
    expect(left.length).toBe(finished.at(-1));
    expect(left.length).toBeGreaterThan(0);
    for (const [index, name] of left.toSorted().entries())
      expect(await packets(path.join(odd, name))).toHaveLength(plans[index]!.frames);
  });

  it('stop when cancelled; what is finished stays', async () => {
    const abort = new AbortController();
    const names = ['ended.mp4', 'stopped.mp4'];
    const parts = [plan(60, 0, 100_000), plan(90_000, 60, 100_000)].map((each, index) => ({
      plan: each,
      file: path.join(folder, names[index]!),
    }));
    const rendering = compositor.run(
      { kind: 'segments', parts, encoding },
      { signal: abort.signal, onProgress: (_frames, finished) => finished > 0 && abort.abort() },
    );
    await expect(rendering).rejects.toMatchObject({ code: 'cancelled' });
    const left = (await readdir(folder)).filter((name) => /^(ended|stopped)/.test(name));
    expect(left).toEqual(['ended.mp4']);
  });

  it('show a clip and a still as segments opened anew do', async () => {
    const clip = path.join(folder, 'clip.mp4');
    await ffmpeg.run({
      purpose: 'making a clip',
      inputs: [{ source: 'testsrc2=s=320x180:r=25:d=4', options: ['-f', 'lavfi'] }],
      outputs: [{ target: clip, options: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'] }],
    });
    const moving = {
      kind: 'clip',
      path: clip,
      hash: 'c',
      normalise: 'format=yuv420p',
      fit: 'cover',
      background: '#000000',
      width: 320,
      height: 180,
      startS: 0.2,
      endS: 3.8,
      whenShort: 'freeze',
      sceneFrames: 100,
    } as const;
    const still = { ...gradient, sceneFrames: 50 };
    const into = { type: 'fade', direction: null } as const;
    const plans: SegmentPlan[] = [
      {
        ...plan(10, 0, 50),
        base: { ...still, offset: 40 },
        incoming: { ...moving, offset: 0 },
        transition: into,
      },
      { ...plan(80, 0, 50), base: { ...moving, offset: 10 } },
      {
        ...plan(10, 0, 50),
        base: { ...moving, offset: 90 },
        incoming: { ...moving, offset: 0 },
        transition: into,
      },
      { ...plan(20, 0, 50), base: { ...moving, offset: 10 } },
    ];
    const kernel = new Kernel();
    const deps = { kernel, ffmpeg, fonts: openFonts(), signal: never };
    const shelf = new Shelf();
    for (const each of plans) {
      const pictures: Buffer[][] = [];
      for (const given of [{ ...deps, shelf }, deps]) {
        const composer = await Composer.open(each, given);
        const frames: Buffer[] = [];
        for (let index = 0; index < each.frames; index++)
          frames.push(Buffer.from(await composer.frame(index)));
        await composer.close();
        pictures.push(frames);
      }
      expect(pictures[0]).toHaveLength(each.frames);
      const odd = pictures[0]!.findIndex((frame, index) => !frame.equals(pictures[1]![index]!));
      expect(odd, 'the first frame that differs').toBe(-1);
    }
    await shelf.closeClips();
  });
});

describe('the pool', () => {
  it('stops within a second when cancelled and leaves neither ffmpeg nor half a file', async () => {
    const abort = new AbortController();
    const file = path.join(folder, 'long.mp4');
    const rendering = compositor.run(
      {
        kind: 'segments',
        parts: [{ plan: plan(100_000, 0, 100_000), file }],
        encoding: { format: 'mp4', quality: 'high' },
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
        kind: 'segments',
        parts: [{ plan: broken, file: path.join(folder, 'broken.mp4') }],
        encoding: { format: 'mp4', quality: 'draft' },
      }),
    ).rejects.toMatchObject({ code: 'render_failed' });
    const rgb = await compositor.run({ kind: 'frame', plan: plan(5, 0, 5), index: 2 });
    expect(rgb).toHaveLength(320 * 180 * 3);
  });

  it('counts frames while it works', async () => {
    const counts: number[] = [];
    await compositor.run(
      {
        kind: 'segments',
        parts: [{ plan: plan(60, 0, 60), file: path.join(folder, 'counted.mp4') }],
        encoding: { format: 'mp4', quality: 'standard' },
      },
      { onProgress: (frames) => counts.push(frames) },
    );
    await sleep(0);
    expect(counts.at(-1)).toBe(60);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });
});
