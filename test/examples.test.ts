/** The examples a newcomer meets first: valid, complete, small, and as good as the README says. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { Ffmpeg, findFfmpeg } from '../core/ffmpeg.ts';
import { storyboardSchema, type Storyboard } from '../core/schema/storyboard.ts';
import { parseStoryboardText } from '../core/storyboard-file.ts';

const examples = path.join(import.meta.dirname, '..', 'examples');
const assets = path.join(examples, 'assets');
const ffmpeg = new Ffmpeg(findFfmpeg({ searchPath: process.env['PATH'] ?? '' }));

const read = (name: string): string => readFileSync(path.join(examples, name), 'utf8');
const demo = storyboardSchema.parse(parseYaml(read('demo.yaml')));

/** Every file a storyboard names. */
function sources(storyboard: Storyboard): string[] {
  const named = storyboard.scenes.flatMap((scene) => [
    scene.audio,
    scene.media && 'src' in scene.media ? scene.media.src : undefined,
  ]);
  return [...named, storyboard.soundtrack?.src, storyboard.brand.logo].filter((src) => src !== undefined);
}

describe('the storyboards', () => {
  it.each(['demo.yaml', 'short.md', 'minimal.json'])(
    '%s is valid and names only files that exist',
    (name) => {
      const file = parseStoryboardText(read(name), name);
      expect(file.warnings).toEqual([]);
      const storyboard = storyboardSchema.parse(file.input);
      expect(sources(storyboard).length).toBeGreaterThan(0);
      for (const src of sources(storyboard)) expect(existsSync(path.join(examples, src)), src).toBe(true);
    },
  );

  it('short.md uses what a script can do: a title, pictures, a transition and a second voice', () => {
    const { input } = parseStoryboardText(read('short.md'), 'short.md');
    const script = storyboardSchema.parse(input);
    expect(script.title).toBeTruthy();
    expect(script.scenes.filter((scene) => scene.media?.type === 'image')).toHaveLength(3);
    expect(script.scenes.some((scene) => scene.voice?.language === 'es')).toBe(true);
    expect(script.scenes.some((scene) => scene.transition?.type === 'circle')).toBe(true);
  });
});

describe('the demo film', () => {
  const spoken = demo.scenes.filter((scene) => scene.text !== undefined);
  const languageOf = (scene: Storyboard['scenes'][number]): string => scene.voice?.language ?? demo.language;

  it('has at least six scenes and stays under a minute at a calm 145 words a minute', () => {
    expect(demo.scenes.length).toBeGreaterThanOrEqual(6);
    const words = spoken.flatMap((scene) => scene.text!.split(/\s+/)).length;
    const silent = demo.scenes.reduce(
      (sum, scene) => sum + (scene.duration === 'auto' ? 0 : scene.duration),
      0,
    );
    expect((words / 145) * 60 + silent).toBeGreaterThan(40);
    expect((words / 145) * 60 + silent).toBeLessThan(65);
  });

  it('is told in English and Spanish, with Spanish letters in its text and titles', () => {
    expect(new Set(spoken.map(languageOf))).toEqual(new Set(['en', 'es']));
    const spanish = spoken
      .filter((scene) => languageOf(scene) === 'es')
      .map((scene) => scene.text)
      .join(' ');
    expect(spanish).toMatch(/ñ/);
    expect(spanish).toMatch(/[áéíóú]/);
    expect(spanish.normalize('NFC')).toBe(spanish);
  });

  it('moves its pictures and changes scenes in several ways', () => {
    const effects = new Set(demo.scenes.flatMap((scene) => scene.effect ?? []));
    const transitions = new Set(demo.scenes.flatMap((scene) => scene.transition?.type ?? []));
    expect(effects.size).toBeGreaterThanOrEqual(3);
    expect(transitions.size).toBeGreaterThanOrEqual(3);
    expect([...transitions]).toEqual(expect.arrayContaining(['fade', 'smooth', 'circle', 'zoom']));
    expect(demo.scenes[0]!.transition).toBeUndefined();
  });

  it('shows stills, a clip, a gradient, titles, a lower third, a logo, captions and ducked music', () => {
    const kinds = demo.scenes.map((scene) => scene.media?.type);
    expect(kinds.filter((kind) => kind === 'image').length).toBeGreaterThanOrEqual(5);
    expect(kinds).toEqual(expect.arrayContaining(['video', 'gradient']));
    const clip = demo.scenes.find((scene) => scene.media?.type === 'video');
    expect(clip?.media).toMatchObject({ sound: 'duck' });
    expect(clip?.text).toBeTruthy();
    expect(demo.scenes.some((scene) => scene.title?.position === 'center' && scene.title.subtitle)).toBe(
      true,
    );
    expect(demo.scenes.some((scene) => scene.title?.position === 'lowerThird')).toBe(true);
    expect(demo.brand.logo).toBeTruthy();
    expect(demo.captions.mode).toBe('both');
    expect(demo.soundtrack).toMatchObject({ ducking: true, loop: true });
  });
});

describe('the assets', () => {
  const files = readdirSync(assets);
  const bytes = (name: string): number => statSync(path.join(assets, name)).size;

  it('weigh at most 3 MB together, and every one is used by an example', () => {
    expect(files.reduce((sum, name) => sum + bytes(name), 0)).toBeLessThanOrEqual(3_000_000);
    const used = new Set(sources(demo).map((src) => path.basename(src)));
    expect(files.toSorted()).toEqual([...used].toSorted());
  });

  it.each(files.filter((name) => name.endsWith('.jpg')))(
    '%s is a large picture that decodes whole',
    async (name) => {
      const picture = sharp(path.join(assets, name), { failOn: 'warning' });
      const { width, height, format } = await picture.metadata();
      expect(format).toBe('jpeg');
      expect(Math.max(width, height)).toBe(2400);
      expect(bytes(name)).toBeLessThanOrEqual(400_000);
      const { channels } = await picture.stats();
      // A real picture has light and shade in every channel.
      for (const channel of channels) expect(channel.stdev).toBeGreaterThan(20);
    },
  );

  it('lighthouse.jpg is tall enough for a sharp 9:16 crop', async () => {
    const { width, height } = await sharp(path.join(assets, 'lighthouse.jpg')).metadata();
    expect(height).toBeGreaterThanOrEqual(1920);
    expect(Math.min(width, (height * 9) / 16)).toBeGreaterThanOrEqual(1080);
  });

  it('logo.png is small and clear at its corners', async () => {
    const { data, info } = await sharp(path.join(assets, 'logo.png'))
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(bytes('logo.png')).toBeLessThan(40_000);
    expect(data[3]).toBe(0);
    expect(data[(Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2)) * 4 + 3]).toBe(255);
  });
});

describe('the clip and the music', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'examples-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function decode(name: string, options: string[]): Promise<Buffer> {
    const target = path.join(folder, `${name}.raw`);
    await ffmpeg.run({
      purpose: `decoding ${name}`,
      inputs: [{ source: path.join(assets, name), options: ['-protocol_whitelist', 'file'] }],
      outputs: [{ target, options: [...options, '-y'] }],
    });
    return readFileSync(target);
  }

  it('the clip is six seconds of H.264 with a sound of its own', async () => {
    const { streams, format } = await ffmpeg.probe(path.join(assets, 'ocean-sunset.mp4'));
    expect(streams.find((stream) => stream.codec_type === 'video')).toMatchObject({
      codec_name: 'h264',
      width: 1280,
      height: 720,
      pix_fmt: 'yuv420p',
    });
    expect(streams.find((stream) => stream.codec_type === 'audio')).toMatchObject({
      codec_name: 'aac',
      channels: 2,
    });
    expect(Number(format['duration'])).toBeCloseTo(6, 1);
    expect(statSync(path.join(assets, 'ocean-sunset.mp4')).size).toBeLessThanOrEqual(900_000);
  });

  it('the clip repeats without a jump: its last frame leads to its first as any frame leads to the next', async () => {
    const [width, height] = [320, 180];
    const frames = await decode('ocean-sunset.mp4', [
      '-an',
      '-vf',
      `scale=${width}:${height}`,
      '-pix_fmt',
      'gray',
      '-f',
      'rawvideo',
    ]);
    const size = width * height;
    const count = frames.length / size;
    expect(count).toBe(144);
    const change = (from: number, to: number): number => {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += Math.abs(frames[from * size + i]! - frames[to * size + i]!);
      return sum / size;
    };
    const changes = Array.from({ length: count - 1 }, (_, index) => change(index, index + 1));
    expect(Math.min(...changes)).toBeGreaterThan(0);
    expect(change(count - 1, 0)).toBeLessThanOrEqual(Math.max(...changes) * 1.25);
  });

  it('the music is 40 to 70 s of stereo that neither clips nor clicks where it repeats', async () => {
    const raw = await decode('lamplight.ogg', ['-f', 'f32le', '-ar', '48000', '-ac', '2']);
    const samples = new Float32Array(raw.buffer, raw.byteOffset, Math.floor(raw.length / 4));
    const seconds = samples.length / 2 / 48_000;
    expect(seconds).toBeGreaterThan(40);
    expect(seconds).toBeLessThan(70);
    // 16 bars of four beats at 72 a minute, to the sample.
    expect(samples.length / 2).toBe(Math.round(((16 * 4 * 60) / 72) * 48_000));
    let peak = 0;
    let steepest = 0;
    for (let i = 0; i < samples.length; i++) {
      peak = Math.max(peak, Math.abs(samples[i]!));
      if (i >= 2) steepest = Math.max(steepest, Math.abs(samples[i]! - samples[i - 2]!));
    }
    expect(peak).toBeGreaterThan(0.3);
    expect(peak).toBeLessThan(0.95);
    for (const channel of [0, 1]) {
      const join = Math.abs(samples[channel]! - samples[samples.length - 2 + channel]!);
      expect(join).toBeLessThan(steepest / 4);
    }
    expect(statSync(path.join(assets, 'lamplight.ogg')).size).toBeLessThanOrEqual(900_000);
  });
});
