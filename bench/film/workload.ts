/**
 * The film that is measured, made by a script with fixed seeds: ten scenes of photographs in slow motion
 * and clips, captions, crossfades, ducked music. The pictures have the spectrum and the grain of
 * photographs, so that the encoder has as much to do as it has with real ones.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import type { StoryboardInput } from '../../core/schema/storyboard.ts';

const run = promisify(execFile);

export const FADE_S = 0.5;
const PHOTO = { width: 2400, height: 1600 };
const sentences = [
  'The harbour wakes before the town does.',
  'Nets are mended where the sun comes first.',
  'A boat leaves, and another one returns.',
  'By noon the market smells of salt and bread.',
  'Children count the gulls on the long wall.',
  'The old crane has not moved for thirty years.',
  'Rain passes over the hills and stays away.',
  'In the evening the lamps are lit one by one.',
  'Someone plays a song that everybody knows.',
  'And the tide takes back what it had lent.',
];
/** For scenes too short for a sentence. */
const words = [
  'Harbour.',
  'Nets.',
  'Boats.',
  'Salt.',
  'Gulls.',
  'Cranes.',
  'Rain.',
  'Lamps.',
  'Songs.',
  'Tide.',
];
const effects = ['zoomIn', 'panRight', 'zoomOut', 'panLeft'] as const;
/** Which scenes are clips; the others are photographs. */
const clipScenes = [2, 5, 8];

export type Workload = {
  folder: string;
  storyboard: StoryboardInput;
  /** `startS`: where in the clip the scene begins. */
  scenes: { kind: 'photo' | 'clip'; file: string; seconds: number; startS: number; effect: string }[];
  music: string;
  seconds: number;
};

/**
 * @param options.seconds of the whole film; scenes are as many as asked for and equally long. A scene lasts
 * at least as long as its sentence (some 4 s), or its word (1.5 s) where `text` asks for words.
 * Pictures and clips that lie in `folder` are taken as they are.
 */
export async function makeWorkload(
  folder: string,
  options: { seconds?: number; scenes?: number; text?: 'sentences' | 'words' } = {},
): Promise<Workload> {
  const { seconds = 60, scenes: count = 10 } = options;
  const spoken = options.text === 'words' ? words : sentences;
  await mkdir(folder, { recursive: true });
  const sceneSeconds = Math.round(((seconds + (count - 1) * FADE_S) / count) * 1000) / 1000;
  const scenes: Workload['scenes'] = [];
  for (let index = 0; index < count; index++) {
    const kind = clipScenes.includes(index % 10) ? 'clip' : 'photo';
    // Long films show the same ten again, each time a little elsewhere: equal segments would be rendered once.
    const again = Math.floor(index / 10);
    const base = kind === 'clip' ? `clip${index % 10}-${sceneSeconds}s.mp4` : `photo${index % 10}.jpg`;
    const made = path.join(folder, base);
    if (!existsSync(made))
      await (kind === 'clip' ? makeClip(made, index, sceneSeconds) : makePhoto(made, index));
    const file = kind === 'photo' && again > 0 ? made.replace('.jpg', `-${again}.jpg`) : made;
    if (!existsSync(file)) await shiftPhoto(made, file, again);
    scenes.push({
      kind,
      file,
      seconds: sceneSeconds,
      startS: kind === 'clip' ? again / 30 : 0,
      effect: kind === 'photo' ? effects[index % 4]! : 'none',
    });
  }
  const music = path.join(folder, 'music.wav');
  await makeMusic(music, Math.min(seconds, 60));
  const storyboard: StoryboardInput = {
    title: 'Bench',
    language: 'en',
    scenes: scenes.map((scene, index) => ({
      text: spoken[index % spoken.length]!,
      duration: scene.seconds,
      media:
        scene.kind === 'clip'
          ? { type: 'video', src: path.basename(scene.file), start: scene.startS }
          : { type: 'image', src: path.basename(scene.file) },
      ...(scene.kind === 'photo' ? { effect: effects[index % 4]! } : {}),
      ...(index > 0 ? { transition: { type: 'fade', duration: FADE_S } } : {}),
    })),
    soundtrack: { src: path.basename(music), volume: 0.4, ducking: true },
    output: { resolution: '1080', fps: 30 },
    captions: { mode: 'both' },
  };
  return { folder, storyboard, scenes, music, seconds };
}

/** Writes the storyboard with changes of the output; returns the file. */
export async function writeStoryboard(
  { folder, storyboard }: Workload,
  name: string,
  change: (storyboard: StoryboardInput) => StoryboardInput = (same) => same,
): Promise<string> {
  const file = path.join(folder, `${name}.json`);
  await writeFile(file, JSON.stringify(change(storyboard), null, 2));
  return file;
}

/**
 * Light of falling amplitude over nine octaves and colour over three, as photographs have, and a
 * sensor's grain over it.
 */
async function makePhoto(file: string, seed: number): Promise<void> {
  const { width, height } = PHOTO;
  const random = seeded(seed + 1);
  const light = await field(random, { octaves: 9, falling: 0.66, strength: 0.5 });
  const [warm, green] = [
    await field(random, { octaves: 3, falling: 0.5, strength: 0.35 }),
    await field(random, { octaves: 3, falling: 0.5, strength: 0.25 }),
  ];
  const pixels = Buffer.alloc(width * height * 3);
  for (let at = 0; at < light.length; at++) {
    const level = 120 + light[at]! + (random() - 0.5) * 14;
    pixels[at * 3] = clamp(level + warm[at]!);
    pixels[at * 3 + 1] = clamp(level + green[at]!);
    pixels[at * 3 + 2] = clamp(level - warm[at]! - green[at]!);
  }
  await sharp(pixels, { raw: { ...PHOTO, channels: 3 } })
    .jpeg({ quality: 92 })
    .toFile(file);
}

/** The same photograph, some pixels further to the right. */
async function shiftPhoto(from: string, to: string, again: number): Promise<void> {
  const left = again * 6;
  await sharp(from)
    .extract({ left, top: 0, width: PHOTO.width - left, height: PHOTO.height })
    .jpeg({ quality: 92 })
    .toFile(to);
}

/** A field of smooth noise: random grids, each finer and fainter than the one before, laid over one another. */
async function field(
  random: () => number,
  { octaves, falling, strength }: { octaves: number; falling: number; strength: number },
): Promise<Float32Array> {
  const { width, height } = PHOTO;
  const sum = new Float32Array(width * height);
  for (let octave = 0; octave < octaves; octave++) {
    const columns = 4 * 2 ** octave;
    const rows = Math.ceil((columns * height) / width);
    const grid = Uint8Array.from({ length: columns * rows }, () => random() * 255);
    const { data } = await sharp(grid, { raw: { width: columns, height: rows, channels: 1 } })
      .resize(width, height, { kernel: 'cubic', fit: 'fill' })
      .toColourspace('b-w')
      .raw()
      .toBuffer({ resolveWithObject: true });
    const weight = strength * falling ** octave;
    for (let at = 0; at < sum.length; at++) sum[at]! += (data[at]! - 128) * weight;
  }
  return sum;
}

function clamp(level: number): number {
  return Math.max(0, Math.min(255, level));
}

/** A moving photograph with noise that changes each frame, as a phone records it: BT.709, 20 Mbit/s at most. */
async function makeClip(file: string, seed: number, seconds: number): Promise<void> {
  const still = `${file}.jpg`;
  await makePhoto(still, seed + 100);
  const bt709 = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];
  const move = [
    `crop=1920:1080:x='200+180*sin(t*0.7)':y='240+150*cos(t*0.5)'`,
    `noise=alls=4:allf=t:all_seed=${seed}`,
    'scale=out_color_matrix=bt709:out_range=tv,format=yuv420p',
  ].join(',');
  await run('ffmpeg', [
    ...['-v', 'error', '-y', '-loop', '1', '-framerate', '30', '-t', String(seconds + 1), '-i', still],
    ...['-vf', move, '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '21', '-g', '60'],
    ...['-maxrate', '20M', '-bufsize', '20M', ...bt709, '-an', file],
  ]);
}

async function makeMusic(file: string, seconds: number): Promise<void> {
  const notes = [220, 277.2, 329.6, 440].map(
    (hz, index) => `0.12*sin(2*PI*${hz}*t)*(0.6+0.4*sin(t*${index + 1}))`,
  );
  await run('ffmpeg', [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', `aevalsrc='${notes.join('+')}':s=48000:d=${seconds}`],
    ...['-ac', '2', file],
  ]);
}

/** Mulberry32: the same numbers everywhere. */
function seeded(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
