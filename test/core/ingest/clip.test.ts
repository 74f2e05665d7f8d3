import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { Ffmpeg, type FfmpegRun } from '../../../core/ffmpeg.ts';
import { createIngest } from '../../../core/ingest/index.ts';
import { makeClip, makeTone, runFfmpeg, testFfmpeg } from '../../helpers/samples.ts';
import {
  BLUE,
  expectColours,
  GREEN,
  plain,
  PRIMARIES,
  quartersClip,
  RED,
  shownColours,
  WHITE,
  x264,
  clips,
  useClipFolder,
} from './clip-frames.ts';

const { file, take } = useClipFolder();

describe('formats', () => {
  const formats: [name: string, encode: string[], kept: string][] = [
    ['h264.mp4', x264, '.mp4'],
    ['h264.mkv', x264, '.mkv'],
    ['h264.ts', x264, '.mkv'],
    [
      'hevc.mp4',
      ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none', '-crf', '12'],
      '.mp4',
    ],
    ['vp8.webm', ['-c:v', 'libvpx', '-b:v', '2M', '-deadline', 'realtime'], '.mkv'],
    ['vp9.webm', ['-c:v', 'libvpx-vp9', '-b:v', '2M', '-deadline', 'realtime', '-cpu-used', '8'], '.mkv'],
    ['av1.mp4', ['-c:v', 'libaom-av1', '-cpu-used', '8', '-usage', 'realtime', '-crf', '20'], '.mp4'],
    ['prores.mov', ['-pix_fmt', 'yuv422p10le', '-c:v', 'prores_ks'], '.mov'],
    ['mpeg4.avi', ['-c:v', 'mpeg4', '-q:v', '2', '-bf', '2'], '.mkv'],
    ['mjpeg.avi', ['-pix_fmt', 'yuvj420p', '-c:v', 'mjpeg', '-q:v', '2'], '.mkv'],
  ];
  it.each(formats)('copies %s without encoding', async (name, encode, kept) => {
    await quartersClip(
      name,
      name.startsWith('mjpeg') ? 'scale=out_range=full,format=yuvj420p' : plain,
      ...encode,
    );
    const clip = await take(name);
    expect(clip).toMatchObject({
      kind: 'clip',
      width: 192,
      height: 128,
      rotation: 0,
      hdr: null,
      audio: null,
    });
    expect(clip.startS).toBeCloseTo(name === 'mpeg4.avi' ? 0.1 : 0, 3);
    expect(clip.codec).toBe(name.split('.')[0]);
    expect(path.extname(clip.path)).toBe(kept);
    expect(clip.durationS).toBeCloseTo(1, 1);
    expect(clip.fps).toBeCloseTo(10, 0);
    expectColours(await shownColours(clip), PRIMARIES, 18);
  });

  it.each(['moving.gif', 'moving.png', 'moving.webp'])('encodes %s once, in time', async (name) => {
    const frames = [RED, GREEN, BLUE, WHITE].map(([r, g, b]) => ({
      create: { width: 41, height: 31, channels: 4 as const, background: { r: r!, g: g!, b: b!, alpha: 1 } },
    }));
    const pages = await Promise.all(frames.map((frame) => sharp(frame).png().toBuffer()));
    if (name.endsWith('.png')) {
      await Promise.all(pages.map((page, index) => writeFile(file(`apng${index}.png`), page)));
      await runFfmpeg('-framerate', '5', '-i', file('apng%d.png'), '-f', 'apng', '-plays', '0', file(name));
    } else {
      const film = sharp(pages, { join: { animated: true } });
      await (
        name.endsWith('.gif')
          ? film.gif({ delay: [200, 200, 200, 200] })
          : film.webp({ delay: [200, 100, 300, 200], lossless: true })
      ).toFile(file(name));
    }
    const clip = await take(name);
    expect(clip).toMatchObject({ width: 40, height: 30, codec: 'h264', audio: null });
    expect(clip.durationS).toBeCloseTo(0.8, 1);
    expect((await shownColours(clip, 0))[0]).toSatisfy(
      (colour: number[]) => colour[0]! > 230 && colour[1]! < 25,
    );
    expect((await shownColours(clip, 0.35))[0]).toSatisfy(
      (colour: number[]) => colour[2]! > 230 && colour[0]! < 25,
    );
  });
});

describe('what else is in the file', () => {
  it.each([
    ['subtitles.mp4', ['-c:s', 'mov_text']],
    ['subtitles.mkv', ['-c:s', 'ass']],
    ['timecode.mov', ['-sn', '-timecode', '01:00:00:00']],
  ])('%s: passes over it', async (name, options) => {
    await writeFile(file('words.srt'), '1\n00:00:00,000 --> 00:00:01,000\nHello\n');
    await makeClip(file('spoken.mp4'), { tone: 500 });
    await runFfmpeg('-i', file('spoken.mp4'), '-i', file('words.srt'), '-map', '0', '-map', '1', '-c', 'copy', ...options, file(name)); // prettier-ignore
    const clip = await take(name);
    expect(clip.durationS).toBeCloseTo(1, 1);
    expect(clip.audio?.durationS).toBeCloseTo(1, 1);
    expect(clip.warnings).toEqual([]);
  });

  it('says which format it does not open', async () => {
    await makeClip(file('old.mov'), { encode: ['-c:v', 'svq1'] });
    await expect(take('old.mov')).rejects.toMatchObject({
      code: 'media_unusable',
      message: 'A stream of the file is in a format that is not taken (svq1).',
      hint: expect.stringContaining('MP4'),
    });
  });

  it.each(['long.mkv', 'long.flv', 'long.ts'])(
    '%s: sound after the picture is no picture cut short',
    async (name) => {
      await makeClip(file('second.mp4'));
      await makeTone(file('three.m4a'), { seconds: 3, encode: ['-ar', '44100'] });
      await runFfmpeg('-i', file('second.mp4'), '-i', file('three.m4a'), '-map', '0', '-map', '1', '-c', 'copy', file(name)); // prettier-ignore
      const clip = await take(name);
      expect(clip.durationS).toBeCloseTo(1, 1);
      expect(clip.warnings).toEqual([]);
    },
  );
});

describe('refusals', () => {
  it('does not take cover art for a clip', async () => {
    await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
      .jpeg()
      .toFile(file('cover.jpg'));
    for (const name of ['song.mp3', 'song.m4a']) {
      await runFfmpeg(
        '-f',
        'lavfi',
        '-i',
        'sine=d=1',
        '-i',
        file('cover.jpg'),
        '-map',
        '0',
        '-map',
        '1',
        '-c:v',
        'copy',
        '-disposition:v',
        'attached_pic',
        file(name),
      );
      await expect(take(name)).rejects.toMatchObject({
        code: 'media_unusable',
        message: expect.stringContaining('cover'),
        hint: expect.stringContaining('soundtrack'),
      });
      expect((await clips.ingest.track(name, { baseDir: clips.dir })).durationS).toBeCloseTo(1, 1);
    }
  });

  it.each([
    [
      '1000 frames a second',
      ['-f', 'lavfi', '-i', 'color=black:s=16x16:r=1000:d=0.5'],
      /1000 frames a second; at most 240/,
    ],
    [
      'ten hours',
      ['-f', 'lavfi', '-i', 'color=black:s=16x16:r=1/120:d=36000'],
      /lasts 36000 s; at most 3600 s/,
    ],
    [
      '8k at 60',
      ['-f', 'lavfi', '-i', 'color=black:s=7680x4320:r=60:d=0.01'],
      /7680 × 4320 px; at most 17 million px/,
    ],
  ])('S22: refuses %s by its headers', async (name, source, reason) => {
    const sample = `${name.replaceAll(' ', '-')}.mp4`;
    await runFfmpeg(
      ...source,
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-pix_fmt',
      'yuv420p',
      file(sample),
    );
    const counting = new CountingFfmpeg(testFfmpeg().paths);
    const own = createIngest({ ffmpeg: counting, cacheDir: file('cache-bombs') });
    await expect(own.clip(sample, { baseDir: clips.dir })).rejects.toMatchObject({
      code: 'media_unusable',
      message: expect.stringMatching(reason),
      hint: expect.any(String),
    });
    expect(counting.runs).toEqual([]);
  });

  it('S22: refuses animations with too many pixels in all, and stills as clips', async () => {
    await runFfmpeg(
      '-f',
      'lavfi',
      '-i',
      'color=black:s=400x400:r=50:d=1',
      '-vf',
      'format=gray',
      file('bomb.gif'),
    );
    await runFfmpeg('-f', 'lavfi', '-i', 'color=black:s=40x40:r=1:d=1', file('still.gif'));
    const own = createIngest({
      ffmpeg: testFfmpeg(),
      cacheDir: file('cache-gif'),
      limits: { animationPixels: 4e6 },
    });
    await expect(own.clip('bomb.gif', { baseDir: clips.dir })).rejects.toThrow(/50 frames of 400 × 400/);
    await expect(take('still.gif')).rejects.toMatchObject({ hint: expect.stringContaining('image') });
    await expect(take('quarters.png')).rejects.toMatchObject({ hint: expect.stringContaining('image') });
  });

  it('refuses what is damaged, and warns of what is only shorter', async () => {
    await makeClip(file('whole.mp4'), { seconds: 3, width: 320, height: 240 });
    const whole = await readFile(file('whole.mp4'));
    await writeFile(file('no-index.mp4'), whole.subarray(0, 3000));
    await writeFile(
      file('random.mp4'),
      Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 7919) % 251)),
    );
    await writeFile(file('garbage.mp4'), Buffer.concat([whole.subarray(0, 48), Buffer.alloc(5000, 0x55)]));
    for (const name of ['no-index.mp4', 'random.mp4', 'garbage.mp4'])
      await expect(take(name), name).rejects.toMatchObject({
        code: 'media_unusable',
        hint: expect.any(String),
      });

    await runFfmpeg('-i', file('whole.mp4'), '-c', 'copy', '-movflags', '+faststart', file('faststart.mp4'));
    const fast = await readFile(file('faststart.mp4'));
    await writeFile(file('cut.mp4'), fast.subarray(0, Math.floor(fast.length * 0.6)));
    const clip = await take('cut.mp4');
    expect(clip.durationS).toBeLessThan(2.5);
    expect(clip.warnings.join()).toContain('cut short');
  });
});

describe('work', () => {
  it('converts once for all who ask at the same time, and not again later', async () => {
    await makeClip(file('shared.mp4'), { tone: 500 });
    await writeFile(file('same-content.mp4'), await readFile(file('shared.mp4')));
    const counting = new CountingFfmpeg(testFfmpeg().paths);
    const own = createIngest({ ffmpeg: counting, cacheDir: file('cache-shared') });
    const taken = await Promise.all(
      ['shared.mp4', 'shared.mp4', 'same-content.mp4'].map((name) => own.clip(name, { baseDir: clips.dir })),
    );
    expect(new Set(taken.map((clip) => clip.path)).size).toBe(1);
    expect(counting.runs.toSorted()).toEqual(['copying a clip', 'decoding sound', 'looking at a clip']);
    const later = createIngest({ ffmpeg: counting, cacheDir: file('cache-shared') });
    expect(await later.clip('shared.mp4', { baseDir: clips.dir })).toEqual(taken[0]);
    expect(counting.runs).toHaveLength(3);
  });

  it('stops when told to, and leaves nothing half done', async () => {
    await makeClip(file('stopped.mp4'), { tone: 600 });
    const stop = new AbortController();
    const slow = new CountingFfmpeg(testFfmpeg().paths, () => stop.abort());
    const own = createIngest({ ffmpeg: slow, cacheDir: file('cache-stopped') });
    await expect(own.clip('stopped.mp4', { baseDir: clips.dir, signal: stop.signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
    await expect
      .poll(async () =>
        (await readdir(file('cache-stopped'))).filter(
          (name) => name.startsWith('.tmp-') || name.startsWith('clip-'),
        ),
      )
      .toEqual([]);
  });

  it('shows ffmpeg neither the name nor the place of the source', async () => {
    await makeClip(file("-i odd'name:%d.mp4"));
    const counting = new CountingFfmpeg(testFfmpeg().paths);
    const own = createIngest({ ffmpeg: counting, cacheDir: file('cache-names') });
    await own.clip("-i odd'name:%d.mp4", { baseDir: clips.dir });
    for (const input of counting.sources)
      expect(input).toMatch(/^file:.*\/cache-names\/(original-[0-9a-f]{64}|\.tmp-[0-9a-f-]+\.mp4)$/);
  });
});

class CountingFfmpeg extends Ffmpeg {
  readonly runs: string[] = [];
  readonly sources: string[] = [];
  private readonly onRun: () => void;

  constructor(paths: { ffmpeg: string; ffprobe: string }, onRun: () => void = () => {}) {
    super(paths);
    this.onRun = onRun;
  }

  override run(task: FfmpegRun): Promise<void> {
    this.runs.push(task.purpose);
    this.sources.push(...task.inputs.map((input) => String(input.source)));
    const running = super.run(task);
    this.onRun();
    return running;
  }
}
