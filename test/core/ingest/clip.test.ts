import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ffmpeg, type FfmpegRun } from '../../../core/ffmpeg.ts';
import { createIngest, normaliseFilter, type Clip, type Ingest } from '../../../core/ingest/index.ts';
import { makeClip, quarters, readFfmpeg, runFfmpeg, sampleFolder, testFfmpeg } from '../../helpers/samples.ts';

let dir: string;
let remove: () => Promise<void>;
let ingest: Ingest;
const file = (name: string): string => path.join(dir, name);
const take = (name: string, part: object = {}): Promise<Clip> => ingest.clip(name, { baseDir: dir, ...part });

beforeAll(async () => {
  ({ dir, remove } = await sampleFolder());
  ingest = createIngest({ ffmpeg: testFfmpeg(), cacheDir: file('cache') });
  await quarters(192, 128).png().toFile(file('quarters.png'));
});
afterAll(() => remove());

const PRIMARIES = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
];
const [RED, GREEN, BLUE, WHITE] = PRIMARIES as [number[], number[], number[], number[]];

/** Writes a clip of the four quarters: 10 frames at 10 a second. */
async function quartersClip(name: string, filter: string, ...encode: string[]): Promise<void> {
  await runFfmpeg('-loop', '1', '-framerate', '10', '-t', '1', '-i', file('quarters.png'), '-vf', filter, ...encode, file(name));
}

/** First frame from `seconds` on, decoded as the renderer does it, taken as the BT.709 it claims to be. */
async function shownColours(clip: Clip, seconds = clip.startS): Promise<number[][]> {
  const { width, height } = clip;
  const filter = `${normaliseFilter(clip)},scale=in_color_matrix=bt709:in_range=limited:flags=accurate_rnd+full_chroma_int,format=rgb24`;
  const pixels = await readFfmpeg('-copyts', '-ss', seconds.toFixed(3), '-i', clip.path, '-map', '0:v:0', '-vf', filter, '-frames:v', '1', '-f', 'rawvideo');
  expect(pixels.length).toBe(width * height * 3);
  const at = (x: number, y: number): number[] => {
    const offset = (Math.floor(height * y) * width + Math.floor(width * x)) * 3;
    return [...pixels.subarray(offset, offset + 3)];
  };
  return [at(0.25, 0.25), at(0.75, 0.25), at(0.25, 0.75), at(0.75, 0.75)];
}

function expectColours(actual: number[][], expected: number[][], tolerance = 14): void {
  actual.forEach((colour, quarter) =>
    colour.forEach((value, channel) => expect(Math.abs(value - expected[quarter]![channel]!), `quarter ${quarter} is ${colour}`).toBeLessThanOrEqual(tolerance)),
  );
}

const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '12'];
const plain = 'scale=out_color_matrix=bt601:out_range=limited,format=yuv420p';

describe('formats', () => {
  const formats: [name: string, encode: string[], kept: string][] = [
    ['h264.mp4', x264, '.mp4'],
    ['h264.mkv', x264, '.mkv'],
    ['h264.ts', x264, '.mkv'],
    ['hevc.mp4', ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none', '-crf', '12'], '.mp4'],
    ['vp8.webm', ['-c:v', 'libvpx', '-b:v', '2M', '-deadline', 'realtime'], '.mkv'],
    ['vp9.webm', ['-c:v', 'libvpx-vp9', '-b:v', '2M', '-deadline', 'realtime', '-cpu-used', '8'], '.mkv'],
    ['av1.mp4', ['-c:v', 'libaom-av1', '-cpu-used', '8', '-usage', 'realtime', '-crf', '20'], '.mp4'],
    ['prores.mov', ['-pix_fmt', 'yuv422p10le', '-c:v', 'prores_ks'], '.mov'],
    ['mpeg4.avi', ['-c:v', 'mpeg4', '-q:v', '2', '-bf', '2'], '.mkv'],
    ['mjpeg.avi', ['-pix_fmt', 'yuvj420p', '-c:v', 'mjpeg', '-q:v', '2'], '.mkv'],
  ];
  it.each(formats)('copies %s without encoding', async (name, encode, kept) => {
    await quartersClip(name, name.startsWith('mjpeg') ? 'scale=out_range=full,format=yuvj420p' : plain, ...encode);
    const clip = await take(name);
    expect(clip).toMatchObject({ kind: 'clip', width: 192, height: 128, rotation: 0, hdr: null, audio: null });
    expect(clip.startS).toBeCloseTo(name === 'mpeg4.avi' ? 0.1 : 0, 3);
    expect(clip.codec).toBe(name.split('.')[0]);
    expect(path.extname(clip.path)).toBe(kept);
    expect(clip.durationS).toBeCloseTo(1, 1);
    expect(clip.fps).toBeCloseTo(10, 0);
    expectColours(await shownColours(clip), PRIMARIES, 18);
  });

  it.each(['moving.gif', 'moving.png', 'moving.webp'])('encodes %s once, in time', async (name) => {
    const frames = [RED, GREEN, BLUE, WHITE].map(([r, g, b]) => ({ create: { width: 41, height: 31, channels: 4 as const, background: { r: r!, g: g!, b: b!, alpha: 1 } } }));
    const pages = await Promise.all(frames.map((frame) => sharp(frame).png().toBuffer()));
    if (name.endsWith('.png')) {
      await Promise.all(pages.map((page, index) => writeFile(file(`apng${index}.png`), page)));
      await runFfmpeg('-framerate', '5', '-i', file('apng%d.png'), '-f', 'apng', '-plays', '0', file(name));
    } else {
      const film = sharp(pages, { join: { animated: true } });
      await (name.endsWith('.gif') ? film.gif({ delay: [200, 200, 200, 200] }) : film.webp({ delay: [200, 100, 300, 200], lossless: true })).toFile(file(name));
    }
    const clip = await take(name);
    expect(clip).toMatchObject({ width: 40, height: 30, codec: 'h264', audio: null });
    expect(clip.durationS).toBeCloseTo(0.8, 1);
    expect((await shownColours(clip, 0))[0]).toSatisfy((colour: number[]) => colour[0]! > 230 && colour[1]! < 25);
    expect((await shownColours(clip, 0.35))[0]).toSatisfy((colour: number[]) => colour[2]! > 230 && colour[0]! < 25);
  });
});

describe('looks', () => {
  it.each([
    ['BT.601, as untagged SD is', plain, []],
    ['BT.709', 'scale=out_color_matrix=bt709:out_range=limited,format=yuv420p', ['-colorspace', 'bt709', '-color_range', 'tv']],
    ['full range', 'scale=out_color_matrix=bt601:out_range=full,format=yuvj420p', ['-colorspace', 'smpte170m', '-color_range', 'pc']],
    ['4:4:4 at 10 bit', 'scale=out_color_matrix=bt709:out_range=limited,format=yuv444p10le', ['-colorspace', 'bt709', '-color_range', 'tv']],
    ['4:2:2 BT.601', 'scale=out_color_matrix=bt601:out_range=limited,format=yuv422p', ['-colorspace', 'bt470bg']],
    ['BT.2020 colours without HDR', 'scale=out_color_matrix=bt2020:out_range=limited,format=yuv420p10le', ['-colorspace', 'bt2020nc', '-color_primaries', 'bt709', '-color_trc', 'bt709']],
  ])('shows the same colours from %s', async (name, filter, tags) => {
    const sample = `${name.replaceAll(/\W/g, '-')}.mp4`;
    await quartersClip(sample, filter, ...x264, ...tags);
    expectColours(await shownColours(await take(sample)), PRIMARIES);
  });

  it('shows RGB video', async () => {
    await quartersClip('rgb.mov', 'format=rgb24', '-c:v', 'qtrle');
    expectColours(await shownColours(await take('rgb.mov')), PRIMARIES);
  });

  it.each([
    [90, [0, 1, -1, 0], [BLUE, RED, WHITE, GREEN]],
    [180, [-1, 0, 0, -1], [WHITE, BLUE, GREEN, RED]],
    [270, [0, -1, 1, 0], [GREEN, WHITE, RED, BLUE]],
  ])('turns a clip recorded at %i° upright exactly once', async (rotation, matrix, expected) => {
    await quartersClip('upright.mp4', plain, ...x264);
    await writeFile(file(`turned${rotation}.mp4`), withMatrix(await readFile(file('upright.mp4')), matrix));
    const clip = await take(`turned${rotation}.mp4`);
    const sideways = rotation !== 180;
    expect(clip).toMatchObject({ rotation, width: sideways ? 128 : 192, height: sideways ? 192 : 128 });
    expectColours(await shownColours(clip), expected);
  });

  it('makes pixels square', async () => {
    await quartersClip('wide.mp4', `${plain},setsar=4/3`, ...x264);
    await quartersClip('tall.mp4', `${plain},setsar=3/4`, ...x264);
    const wide = await take('wide.mp4');
    const tall = await take('tall.mp4');
    expect(wide).toMatchObject({ width: 256, height: 128 });
    expect(tall).toMatchObject({ width: 192, height: 170 });
    expectColours(await shownColours(wide), PRIMARIES);
    expectColours(await shownColours(tall), PRIMARIES);
  });

  it('cuts odd sides to even ones', async () => {
    await quartersClip('odd.webm', 'scale=161:121:out_color_matrix=bt601,setsar=1,format=yuv420p', '-c:v', 'libvpx-vp9', '-b:v', '2M', '-deadline', 'realtime', '-cpu-used', '8');
    const clip = await take('odd.webm');
    expect(clip).toMatchObject({ width: 160, height: 120 });
    expectColours(await shownColours(clip), PRIMARIES, 18);
  });

  it('removes the combs of interlaced video', async () => {
    const moving = 'color=black:s=320x240:r=50:d=1,drawbox=x=0:y=0:w=40:h=240:c=white:t=fill,scroll=h=0.06,interlace=scan=tff,format=yuv420p';
    await runFfmpeg('-f', 'lavfi', '-i', moving, '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '5', '-flags', '+ildct+ilme', '-x264-params', 'tff=1', file('interlaced.mp4'));
    const clip = await take('interlaced.mp4');
    expect(clip.interlaced).toBe(true);
    const comb = async (filter: string): Promise<number> => {
      const frame = await readFfmpeg('-ss', '0.5', '-i', clip.path, '-vf', filter, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'gray');
      let sum = 0;
      // Rows against their neighbours: every other row is off by the movement of one field.
      for (let y = 20; y < 220; y += 1) for (let x = 0; x < 320; x += 1) sum += Math.abs(frame[y * 320 + x]! - frame[(y + 1) * 320 + x]!);
      return sum;
    };
    expect(await comb('null')).toBeGreaterThan(100_000);
    expect(await comb(normaliseFilter(clip))).toBeLessThan((await comb('null')) / 10);
  });

  it.each([
    // 203 cd/m² is reference white, coded 58 % in PQ and 75 % in HLG (BT.2408): a bright, unclipped white in SDR.
    ['pq', 'smpte2084', 573],
    ['hlg', 'arib-std-b67', 721],
  ])('maps %s to SDR', async (hdr, transfer, code) => {
    await runFfmpeg(
      ...['-f', 'lavfi', '-i', 'color=black:s=64x64:r=10:d=0.3', '-vf', `format=yuv420p10le,geq=lum=${code}:cb=512:cr=512`, '-c:v', 'libx265', '-preset', 'ultrafast'],
      ...['-x265-params', `log-level=none:colorprim=bt2020:transfer=${transfer}:colormatrix=bt2020nc:range=limited`, file(`${hdr}.mp4`)],
    );
    const clip = await take(`${hdr}.mp4`);
    expect(clip.hdr).toBe(hdr);
    for (const filter of [normaliseFilter(clip), normaliseFilter(clip, { width: 16, height: 16 })]) {
      const [luma] = await readFfmpeg('-i', clip.path, '-vf', filter, '-frames:v', '1', '-f', 'rawvideo');
      expect(luma).toBeGreaterThan(185);
      expect(luma).toBeLessThan(215);
    }
  });
});

describe('time', () => {
  it('keeps what an edit list hides hidden', async () => {
    await runFfmpeg('-f', 'lavfi', '-i', 'testsrc=s=160x120:r=25:d=4', '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '100', '-pix_fmt', 'yuv420p', file('long.mp4'));
    await runFfmpeg('-ss', '1.52', '-i', file('long.mp4'), '-c', 'copy', file('trimmed.mp4'));
    const clip = await take('trimmed.mp4');
    expect(clip.durationS).toBeCloseTo(2.48, 1);
    const ours = await readFfmpeg('-copyts', '-i', clip.path, '-vf', normaliseFilter(clip), '-frames:v', '1', '-f', 'rawvideo');
    const original = await readFfmpeg('-ss', '1.52', '-i', file('long.mp4'), '-vf', normaliseFilter(clip), '-frames:v', '1', '-f', 'rawvideo');
    expect(ours.equals(original)).toBe(true);
  });

  it('starts at zero and keeps picture and sound together when the picture starts later', async () => {
    // A tone that begins exactly with the picture, half a second into the file.
    await runFfmpeg(
      ...['-f', 'lavfi', '-i', "aevalsrc='if(gte(t,0.5),0.5*sin(2*PI*1000*t),0)':s=48000:d=2", '-itsoffset', '0.5', '-f', 'lavfi', '-i', 'testsrc=s=160x120:r=25:d=1.5'],
      ...['-map', '1:v', '-map', '0:a', ...x264, '-pix_fmt', 'yuv420p', '-c:a', 'pcm_s16le', '-fps_mode', 'vfr', file('late.mov')],
    );
    const clip = await take('late.mov');
    const probe = await testFfmpeg().probe(clip.path);
    expect(Number(probe.streams[0]!['start_time'])).toBeCloseTo(0, 2);
    expect(clip.durationS).toBeCloseTo(1.5, 1);
    const sound = await samples(clip.audio!.path);
    expect(level(sound, 0, 0.05)).toBeGreaterThan(0.3);
    expect(clip.audio!.durationS).toBeCloseTo(clip.durationS, 3);
  });

  it('cuts the wanted part, its sound to the sample', async () => {
    await runFfmpeg(
      ...['-f', 'lavfi', '-i', 'testsrc=s=160x120:r=25:d=2', '-f', 'lavfi', '-i', "aevalsrc='if(between(t,1.1,1.2),0.5*sin(2*PI*1000*t),0)':s=48000:d=2"],
      ...[...x264, '-pix_fmt', 'yuv420p', '-c:a', 'flac', '-strict', '-2', file('beep.mp4')],
    );
    const clip = await take('beep.mp4', { start: 1, end: 1.5 });
    expect(clip).toMatchObject({ startS: 1, durationS: 0.5 });
    const sound = await samples(clip.audio!.path);
    expect(sound.length / 2).toBe(24_000);
    expect(level(sound, 0.02, 0.09)).toBeLessThan(0.001);
    expect(level(sound, 0.11, 0.19)).toBeGreaterThan(0.3);
    expect(level(sound, 0.22, 0.5)).toBeLessThan(0.001);
    const whole = await take('beep.mp4', { sound: false });
    expect(whole).toMatchObject({ hash: clip.hash, path: clip.path, audio: null });
  });

  it('fills up sound that ends before the picture', async () => {
    await runFfmpeg('-f', 'lavfi', '-i', 'testsrc=s=160x120:r=25:d=2', '-f', 'lavfi', '-i', 'sine=d=0.5', ...x264, '-pix_fmt', 'yuv420p', '-c:a', 'aac', file('short-sound.mp4'));
    const clip = await take('short-sound.mp4');
    expect(clip.audio!.durationS).toBeCloseTo(clip.durationS, 4);
  });

  it('names the option that does not fit', async () => {
    await makeClip(file('second.mp4'));
    await expect(take('second.mp4', { start: 5 })).rejects.toMatchObject({ code: 'media_unusable', issues: [{ path: 'start' }] });
    await expect(take('second.mp4', { start: 0.5, end: 0.5 })).rejects.toMatchObject({ issues: [{ path: 'end' }] });
    const clip = await take('second.mp4', { end: 3 });
    expect(clip.durationS).toBeCloseTo(1, 1);
    expect(clip.warnings.join()).toContain('3 s');
  });
});

describe('refusals', () => {
  it('does not take cover art for a clip', async () => {
    await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } }).jpeg().toFile(file('cover.jpg'));
    for (const name of ['song.mp3', 'song.m4a']) {
      await runFfmpeg('-f', 'lavfi', '-i', 'sine=d=1', '-i', file('cover.jpg'), '-map', '0', '-map', '1', '-c:v', 'copy', '-disposition:v', 'attached_pic', file(name));
      await expect(take(name)).rejects.toMatchObject({ code: 'media_unusable', message: expect.stringContaining('cover'), hint: expect.stringContaining('soundtrack') });
      expect((await ingest.track(name, { baseDir: dir })).durationS).toBeCloseTo(1, 1);
    }
  });

  it.each([
    ['1000 frames a second', ['-f', 'lavfi', '-i', 'color=black:s=16x16:r=1000:d=0.5'], /frames a second/],
    ['ten hours', ['-f', 'lavfi', '-i', 'color=black:s=16x16:r=1/120:d=36000'], /longer than/],
    ['8k at 60', ['-f', 'lavfi', '-i', 'color=black:s=7680x4320:r=60:d=0.01'], /too large/],
  ])('S22: refuses %s by its headers', async (name, source, reason) => {
    const sample = `${name.replaceAll(' ', '-')}.mp4`;
    await runFfmpeg(...source, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', file(sample));
    const counting = new CountingFfmpeg(testFfmpeg().paths);
    const own = createIngest({ ffmpeg: counting, cacheDir: file('cache-bombs') });
    await expect(own.clip(sample, { baseDir: dir })).rejects.toMatchObject({ code: 'media_unusable', message: expect.stringMatching(reason), hint: expect.any(String) });
    expect(counting.runs).toEqual([]);
  });

  it('S22: refuses animations with too many pixels in all, and stills as clips', async () => {
    await runFfmpeg('-f', 'lavfi', '-i', 'color=black:s=400x400:r=50:d=1', '-vf', 'format=gray', file('bomb.gif'));
    await runFfmpeg('-f', 'lavfi', '-i', 'color=black:s=40x40:r=1:d=1', file('still.gif'));
    const own = createIngest({ ffmpeg: testFfmpeg(), cacheDir: file('cache-gif'), limits: { animationPixels: 4e6 } });
    await expect(own.clip('bomb.gif', { baseDir: dir })).rejects.toThrow(/50 frames of 400 × 400/);
    await expect(take('still.gif')).rejects.toMatchObject({ hint: expect.stringContaining('image') });
    await expect(take('quarters.png')).rejects.toMatchObject({ hint: expect.stringContaining('image') });
  });

  it('refuses what is damaged, and warns of what is only shorter', async () => {
    await makeClip(file('whole.mp4'), { seconds: 3, width: 320, height: 240 });
    const whole = await readFile(file('whole.mp4'));
    await writeFile(file('no-index.mp4'), whole.subarray(0, 3000));
    await writeFile(file('random.mp4'), Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 7919) % 251)));
    await writeFile(file('garbage.mp4'), Buffer.concat([whole.subarray(0, 48), Buffer.alloc(5000, 0x55)]));
    for (const name of ['no-index.mp4', 'random.mp4', 'garbage.mp4']) await expect(take(name), name).rejects.toMatchObject({ code: 'media_unusable', hint: expect.any(String) });

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
    const clips = await Promise.all(['shared.mp4', 'shared.mp4', 'same-content.mp4'].map((name) => own.clip(name, { baseDir: dir })));
    expect(new Set(clips.map((clip) => clip.path)).size).toBe(1);
    expect(counting.runs.toSorted()).toEqual(['copying a clip', 'decoding sound', 'looking at a clip']);
    const later = createIngest({ ffmpeg: counting, cacheDir: file('cache-shared') });
    expect(await later.clip('shared.mp4', { baseDir: dir })).toEqual(clips[0]);
    expect(counting.runs).toHaveLength(3);
  });

  it('stops when told to, and leaves nothing half done', async () => {
    await makeClip(file('stopped.mp4'), { tone: 600 });
    const stop = new AbortController();
    const slow = new CountingFfmpeg(testFfmpeg().paths, () => stop.abort());
    const own = createIngest({ ffmpeg: slow, cacheDir: file('cache-stopped') });
    await expect(own.clip('stopped.mp4', { baseDir: dir, signal: stop.signal })).rejects.toMatchObject({ code: 'cancelled' });
    await expect.poll(async () => (await readdir(file('cache-stopped'))).filter((name) => name.startsWith('.tmp-') || name.startsWith('clip-'))).toEqual([]);
  });

  it('shows ffmpeg neither the name nor the place of the source', async () => {
    await makeClip(file("-i odd'name:%d.mp4"));
    const counting = new CountingFfmpeg(testFfmpeg().paths);
    const own = createIngest({ ffmpeg: counting, cacheDir: file('cache-names') });
    await own.clip("-i odd'name:%d.mp4", { baseDir: dir });
    for (const input of counting.sources) expect(input).toMatch(/^file:.*\/cache-names\/(original-[0-9a-f]{64}|\.tmp-[0-9a-f-]+\.mp4)$/);
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

/** Sets the display matrix of an MP4's only track: a, b, c, d as in the tkhd box. */
function withMatrix(mp4: Buffer, [a, b, c, d]: number[]): Buffer {
  const matrix = [a!, b!, 0, c!, d!, 0, 0, 0, 0x4000];
  const at = mp4.indexOf('tkhd', 0, 'latin1') + 44;
  matrix.forEach((value, index) => mp4.writeInt32BE(value * 0x10000, at + index * 4));
  return mp4;
}

/** Interleaved stereo samples. */
async function samples(wav: string): Promise<Float32Array> {
  const bytes = await readFfmpeg('-i', wav, '-f', 'f32le');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** RMS between two times, seconds. */
function level(sound: Float32Array, from: number, to: number): number {
  const part = sound.subarray(Math.round(from * 48_000) * 2, Math.round(to * 48_000) * 2);
  return Math.sqrt(part.reduce((sum, value) => sum + value * value, 0) / part.length);
}
