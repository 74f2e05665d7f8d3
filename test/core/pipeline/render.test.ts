/** Whole films through the real pipeline, small: what a user of the studio gets, keeps and loses. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCompositor, type Compositor } from '../../../core/compositor/pool.ts';
import { loadConfig } from '../../../core/config.ts';
import { Ffmpeg, findFfmpeg, runningChildren } from '../../../core/ffmpeg.ts';
import type { StoryboardInput } from '../../../core/schema/storyboard.ts';
import { createStudio, type RenderedJob, type Studio } from '../../../core/studio.ts';
import { programFile } from '../../helpers/program.ts';

const searchPath = process.env['PATH'] ?? '/usr/bin';
const ffmpeg = new Ffmpeg(findFfmpeg({ searchPath }));
let folder: string;
let studio: Studio;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'genscene-render-'));
  studio = createStudio(loadConfig({ DATA_DIR: path.join(folder, 'data'), PATH: searchPath }));
  const noise = {
    create: {
      width: 700,
      height: 400,
      channels: 3,
      background: '#808080',
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
  } as const;
  await sharp(noise).blur(2).jpeg().toFile(path.join(folder, 'picture.jpg'));
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

const small = { resolution: 'preview', quality: 'draft' } as const;
const colors = ['#203040', '#a04030', '#308050', '#604080', '#907020'];
const plain = (count: number, duration = 1): StoryboardInput['scenes'] =>
  Array.from({ length: count }, (_, index) => ({
    media: { type: 'color', color: colors[index % colors.length]! },
    duration,
    title: { text: `Scene ${index + 1}` },
  }));

const render = (
  storyboard: StoryboardInput,
  name: string,
  signal?: AbortSignal,
  onProgress?: Parameters<Studio['render']>[1]['onProgress'],
): Promise<RenderedJob> =>
  studio.render(storyboard, { outDir: path.join(folder, name), baseDir: folder, signal, onProgress });

describe('a film', () => {
  it('has the planned frames, sound as long as its picture, the loudness asked for, captions in time', async () => {
    const seen: number[] = [];
    const job = await render(
      {
        title: 'Two voices',
        output: small,
        scenes: [
          { text: 'The light comes slowly over the hills.', media: { type: 'image', src: 'picture.jpg' } },
          {
            text: 'La luz llega despacio, y la casa despierta.',
            voice: { language: 'es' },
            media: { type: 'gradient', colors: ['#112233', '#ffaa44'] },
            transition: { type: 'smooth', duration: 0.5 },
          },
        ],
        captions: { style: 'karaoke' },
      },
      'two-voices',
      undefined,
      (progress) => seen.push(progress.progress),
    );
    const probe = await ffmpeg.probe(job.files.film);
    const [video, audio] = ['video', 'audio'].map((type) =>
      probe.streams.find((stream) => stream.codec_type === type)!,
    );
    expect(video).toMatchObject({ codec_name: 'h264', width: 640, height: 360, color_space: 'bt709' });
    expect(Number(video!['nb_frames'])).toBe(Math.round(job.duration! * 30));
    expect(Math.abs(Number(video!['duration']) - Number(audio!['duration']))).toBeLessThanOrEqual(1 / 30);
    expect(Math.abs(job.loudness!.lufs! + 14)).toBeLessThanOrEqual(1);
    expect(job.loudness!.truePeakDb!).toBeLessThanOrEqual(-1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    const srt = await readFile(job.files.srt!, 'utf8');
    expect(srt.replaceAll('\n', ' ')).toContain('La luz llega despacio');
    const ends = [...srt.matchAll(/--> 00:00:(\d\d),(\d{3})/g)].map(
      (match) => Number(match[1]) + Number(match[2]) / 1000,
    );
    expect(Math.max(...ends)).toBeLessThanOrEqual(job.duration!);
    expect((await sharp(job.files.poster).metadata()).width).toBe(640);
    expect((await sharp(job.files.sheet).metadata()).format).toBe('png');
    expect((await readdir(path.join(folder, 'two-voices'))).toSorted()).toEqual([
      'captions.srt',
      'captions.vtt',
      'film.mp4',
      'poster.jpg',
      'sheet.png',
    ]);
  });

  it.each([
    ['16:9', 640, 360],
    ['9:16', 360, 640],
    ['1:1', 360, 360],
    ['4:5', 360, 450],
  ] as const)('comes in %s', async (aspectRatio, width, height) => {
    const job = await render(
      { output: { ...small, aspectRatio }, scenes: plain(1, 0.5) },
      `aspect-${width}-${height}`,
    );
    const probe = await ffmpeg.probe(job.files.film);
    expect(probe.streams[0]).toMatchObject({ width, height });
  });

  it('comes as WebM', async () => {
    const job = await render({ output: { ...small, format: 'webm' }, scenes: plain(2, 0.6) }, 'webm');
    const probe = await ffmpeg.probe(job.files.film);
    expect(probe.streams.map((stream) => stream.codec_name)).toEqual(['vp9', 'opus']);
  });

  it('shows every text as it is written, however strange', async () => {
    const strange = [
      `It's 12:30, 100% "done"; {\\an8}x C:\\new %{pts} [in] 'q'`,
      'Line one\nline two\r\n\ttab',
      'שלום مرحبا 日本語 😀',
      'x'.repeat(180),
    ];
    const scenes = strange.map((text) => ({
      title: { text },
      duration: 0.4,
      media: { type: 'color' as const, color: '#102030' },
    }));
    const job = await render({ output: small, scenes, captions: { mode: 'off' } }, 'strange');
    expect(job.status).toBe('done');
    const rgb = await sharp(job.files.sheet).raw().toBuffer();
    expect(new Set(rgb).size).toBeGreaterThan(50);
  });
});

describe('rendering again', () => {
  it('reuses everything when nothing changed, and nine of ten scenes when one did', async () => {
    const scenes = plain(10, 1.5);
    const named: number[] = [];
    const first = await render({ output: small, scenes }, 'ten', undefined, ({ stage, scene }) => {
      if (stage === 'rendering' && scene !== null) named.push(scene);
    });
    expect(first.scenesReused).toBe(0);
    // Drawn side by side, told in order.
    expect(named).toEqual(named.toSorted((a, b) => a - b));
    expect(named.at(-1)).toBe(10);
    const film = await readFile(first.files.film);
    await writeFile(first.files.film, 'changed by somebody');
    const same = await render({ output: small, scenes }, 'ten');
    expect([same.scenesReused, same.segments.reused]).toEqual([10, same.segments.total]);
    // A copy of what was joined, whatever somebody did to the film they got.
    expect((await readFile(same.files.film)).equals(film)).toBe(true);
    const edited = await render(
      { output: small, scenes: scenes.with(4, { ...scenes[4]!, title: { text: 'Edited' } }) },
      'ten',
    );
    expect(edited.scenesReused).toBe(9);
    // Its body, and at most the windows on its two sides.
    expect(edited.segments.total - edited.segments.reused).toBeLessThanOrEqual(3);
  });
});

describe('what goes wrong', () => {
  it('every fault of a storyboard comes at once, before anything is made', async () => {
    const wrong = {
      scens: [],
      output: { fps: 31 },
      scenes: [{ text: 'x', voice: { name: 'nobody' } }, { media: { type: 'image' } }],
    };
    const error = await studio
      .render(wrong, { outDir: path.join(folder, 'wrong') })
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'invalid_storyboard' });
    const paths = (error as { issues: { path: string }[] }).issues.map((issue) => issue.path);
    expect(paths).toEqual(expect.arrayContaining(['scens', 'output.fps', 'scenes[1].media.src']));
    await expect(stat(path.join(folder, 'wrong'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('an unknown voice is named before rendering', async () => {
    await expect(
      render({ output: small, scenes: [{ text: 'Hello.', voice: { name: 'nobody' } }] }, 'voiceless'),
    ).rejects.toMatchObject({ code: 'invalid_storyboard', issues: [{ path: 'scenes[0].voice' }] });
  });

  it('a broken picture names its scene, leaves no film, and keeps an older one', async () => {
    await writeFile(path.join(folder, 'broken.jpg'), Buffer.from('ffd8ffe000104a46494600', 'hex'));
    const before = await render({ output: small, scenes: plain(1, 0.5) }, 'kept');
    const written = (await stat(before.files.film)).mtimeMs;
    const scenes = [
      ...plain(1, 0.5),
      { media: { type: 'image' as const, src: 'broken.jpg' }, duration: 0.5 },
    ];
    await expect(render({ output: small, scenes }, 'kept')).rejects.toMatchObject({
      stage: 'fetching',
      scene: 2,
    });
    expect((await stat(before.files.film)).mtimeMs).toBe(written);
    expect((await readdir(path.join(folder, 'kept'))).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('cancelled in mid-render it stops, cleans up, and leaves no ffmpeg', async () => {
    const abort = new AbortController();
    const rendering = render(
      { output: { resolution: 'hd' }, scenes: plain(6, 4) },
      'cancelled',
      abort.signal,
      (progress) => {
        if (progress.stage === 'rendering' && progress.progress > 20) abort.abort();
      },
    );
    await expect(rendering).rejects.toMatchObject({ code: 'cancelled' });
    expect(await readdir(path.join(folder, 'cancelled'))).not.toContain('film.mp4');
    expect(
      (await readdir(path.join(folder, 'cancelled'))).filter((name) => name.startsWith('.render')),
    ).toEqual([]);
    expect(runningChildren()).toEqual([]);
  });

  it('S30: kill -9 of the renderer leaves no ffmpeg behind, and the next run uses what was finished', async () => {
    const data = path.join(folder, 'killed-data');
    const board = path.join(folder, 'killed.json');
    const storyboard = {
      output: { resolution: 'hd' as const },
      scenes: plain(8, 3),
      captions: { mode: 'off' as const },
    };
    await writeFile(board, JSON.stringify(storyboard));
    const child = spawn(
      process.execPath,
      [programFile('cli.ts'), 'render', board, '--out', path.join(folder, 'killed')],
      { env: { ...process.env, DATA_DIR: data }, stdio: 'ignore' },
    );
    const segments = path.join(data, 'cache', 'segments');
    const finished = async (): Promise<string[]> =>
      (await readdir(segments).catch(() => [])).filter((name) => /^[0-9a-f]{64}\.mp4$/.test(name));
    // Between two encoders there may be none for a moment: kill when one is seen, not at the first glance.
    let encoding: number[] = [];
    while ((await finished()).length < 3 || encoding.length === 0) {
      expect(child.exitCode, 'the renderer ended before it could be killed').toBeNull();
      await sleep(20);
      encoding = await descendants(child.pid!);
    }
    child.kill('SIGKILL');
    await expect
      .poll(() => Promise.all(encoding.map(isAlive)), { timeout: 20_000 })
      .toEqual(encoding.map(() => false));
    const kept = (await finished()).length;
    const again = createStudio(loadConfig({ DATA_DIR: data, PATH: searchPath }));
    const job = await again.render(storyboard, { outDir: path.join(folder, 'killed') });
    await again.close();
    expect(job.segments.reused).toBeGreaterThanOrEqual(kept);
    expect((await readdir(path.join(folder, 'killed'))).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

/** Process ids of ffmpeg children of a process, by /proc. */
async function descendants(parent: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const match = /^\d+ \((.*)\) \S (\d+)/.exec(text);
    if (match && Number(match[2]) === parent && match[1] === 'ffmpeg') found.push(pid);
  }
  return found;
}

/** Running, not merely waiting to be reaped. */
async function isAlive(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text !== '' && !/\) Z /.test(text);
}

it('begins the sheet and the sound before the segments: people wait for the one, an edited film for the other', async () => {
  const begun: string[] = [];
  const noting = (real: Compositor): Compositor => ({
    ...real,
    run(task, options) {
      begun.push(task.kind);
      return real.run(task, options);
    },
  });
  const noted = createStudio(loadConfig({ DATA_DIR: path.join(folder, 'noted'), PATH: searchPath }), {
    openCompositor: (options) => noting(openCompositor(options)),
  });
  try {
    await noted.render({ output: small, scenes: plain(2) }, { outDir: path.join(folder, 'noted-film') });
  } finally {
    await noted.close();
  }
  const long = begun.filter((kind) => kind !== 'frame');
  expect(long.slice(0, 3)).toEqual(['sheet', 'sound', 'segments']);
});
