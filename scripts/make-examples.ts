/**
 * Paints, films and composes everything the example storyboards use, into examples/assets.
 *   npx tsx scripts/make-examples.ts [picture | clip | music | logo …]
 * Seeded throughout: the same sources make the same pictures and sounds.
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Ffmpeg, findFfmpeg } from '../core/ffmpeg.ts';
import { paintCityBlueHour } from './make-examples/city-blue-hour.ts';
import { paintDawnMountains } from './make-examples/dawn-mountains.ts';
import { paintGlowingSea } from './make-examples/glowing-sea.ts';
import { paintLighthouse } from './make-examples/lighthouse.ts';
import { saveLogo } from './make-examples/logo.ts';
import { paintMilkyWayLake } from './make-examples/milky-way-lake.ts';
import { composeMusic } from './make-examples/music.ts';
import { clip, oceanFrames, surf } from './make-examples/ocean-sunset.ts';
import type { Painting } from './make-examples/painting.ts';
import { interleave, sampleRate } from './make-examples/sound.ts';
import { paintStoryboardDesk } from './make-examples/storyboard-desk.ts';

const assets = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'examples', 'assets');
const ffmpeg = new Ffmpeg(findFfmpeg({ searchPath: process.env['PATH'] ?? '' }));

const pictures: Record<string, (scale: number) => Painting> = {
  'city-blue-hour': paintCityBlueHour,
  lighthouse: paintLighthouse,
  'milky-way-lake': paintMilkyWayLake,
  'glowing-sea': paintGlowingSea,
  'dawn-mountains': paintDawnMountains,
};

const makers: Record<string, () => Promise<void>> = {
  ...Object.fromEntries(
    Object.entries(pictures).map(([name, paint]) => [name, () => savePicture(name, paint(1))]),
  ),
  'storyboard-desk': () => savePicture('storyboard-desk', paintDesk()),
  clip: makeClip,
  music: makeMusic,
  logo: () => saveLogo(path.join(assets, 'logo.png')),
};

await main(process.argv.slice(2));

async function main(wanted: string[]): Promise<void> {
  const unknown = wanted.filter((name) => !(name in makers));
  if (unknown.length > 0)
    throw new Error(`Unknown: ${unknown.join(', ')}. There are: ${Object.keys(makers).join(', ')}`);
  await mkdir(assets, { recursive: true });
  for (const [name, make] of Object.entries(makers)) {
    if (wanted.length === 0 || wanted.includes(name)) await make();
  }
}

function savePicture(name: string, painting: Painting): Promise<void> {
  return painting.save(path.join(assets, `${name}.jpg`), 82);
}

/** The cards on the desk show the other pictures, in the film's order. */
function paintDesk(): Painting {
  return paintStoryboardDesk(
    1,
    Object.values(pictures).map((paint) => paint(0.34)),
  );
}

async function makeClip(): Promise<void> {
  const { width, height, fps } = clip;
  const sound = interleave(surf());
  const raw = ['-f', 'f32le', '-ar', String(sampleRate), '-ac', '2'];
  const sounds = path.join(assets, 'ocean-sunset.m4a');
  await ffmpeg.run({
    purpose: 'encoding the surf',
    inputs: [{ source: Readable.from([sound]), options: raw }],
    outputs: [{ target: sounds, options: ['-c:a', 'aac', '-b:a', '80k'] }],
  });
  const frames = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgb24',
    '-video_size',
    `${width}x${height}`,
    '-framerate',
    String(fps),
  ];
  const picture = '-c:v libx264 -preset slow -crf 27 -tune animation -pix_fmt yuv420p -g 48'.split(' ');
  const colour =
    '-vf scale=out_color_matrix=bt709:out_range=tv -colorspace bt709 -color_primaries bt709 -color_trc bt709'.split(
      ' ',
    );
  await ffmpeg.run({
    purpose: 'encoding the sea',
    inputs: [
      { source: Readable.from(oceanFrames(), { objectMode: false }), options: frames },
      { source: sounds, options: ['-protocol_whitelist', 'file'] },
    ],
    outputs: [
      {
        target: path.join(assets, 'ocean-sunset.mp4'),
        options: [
          ...picture,
          ...colour,
          '-c:a',
          'copy',
          '-map',
          '0:v',
          '-map',
          '1:a',
          '-movflags',
          '+faststart',
          '-fflags',
          '+bitexact',
        ],
      },
    ],
  });
  await rm(sounds);
}

/** Ogg Vorbis: it keeps the exact length, so the loop has no gap. */
async function makeMusic(): Promise<void> {
  const raw = ['-f', 'f32le', '-ar', String(sampleRate), '-ac', '2'];
  const options = [
    '-c:a',
    'libvorbis',
    '-q:a',
    '3',
    '-metadata',
    'title=Lamplight',
    '-fflags',
    '+bitexact',
    '-flags:a',
    '+bitexact',
  ];
  await ffmpeg.run({
    purpose: 'encoding the music',
    inputs: [{ source: Readable.from([interleave(composeMusic())]), options: raw }],
    outputs: [{ target: path.join(assets, 'lamplight.ogg'), options }],
  });
}
