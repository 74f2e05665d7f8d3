/** One small good file of each format, for fuzzing to damage. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { makeClip, makeTone, quarters, runFfmpeg } from '../helpers/samples.ts';

export type Sample = { name: string; kind: 'picture' | 'clip' | 'track'; bytes: Buffer };

const size = { width: 48, height: 32, fps: 10, seconds: 0.5 };
const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
const vpx = ['-deadline', 'realtime', '-cpu-used', '8'];

/** Writes them into `dir` and gives their bytes. */
export async function makeSamples(dir: string): Promise<Sample[]> {
  const file = (name: string): string => path.join(dir, name);
  const picture = quarters(48, 32);
  await Promise.all([
    picture.clone().jpeg({ progressive: true }).toFile(file('p.jpg')),
    picture.clone().png().toFile(file('p.png')),
    picture.clone().webp().toFile(file('p.webp')),
    picture.clone().avif({ effort: 0 }).toFile(file('p.avif')),
    picture.clone().tiff().toFile(file('p.tif')),
    picture.clone().gif().toFile(file('p.gif')),
  ]);
  await runFfmpeg('-i', file('p.png'), file('p.bmp'));
  const still = await picture.png().toBuffer();
  await sharp([still, still, still], { join: { animated: true } })
    .webp({ delay: [50, 90, 50] })
    .toFile(file('a.webp'));
  const clips: [name: string, encode: string[], tone?: number][] = [
    ['h264.mp4', [...h264, '-c:a', 'aac'], 440],
    ['h264.ts', h264],
    ['h264.mov', [...h264, '-movflags', 'frag_keyframe+empty_moov']],
    ['mpeg4.avi', ['-c:v', 'mpeg4']],
    ['vp8.webm', ['-c:v', 'libvpx', ...vpx, '-c:a', 'libopus'], 440],
    ['vp9.mkv', ['-c:v', 'libvpx-vp9', ...vpx, '-pix_fmt', 'yuva420p']],
    ['a.gif', []],
    ['theora.ogv', ['-c:v', 'libtheora']],
  ];
  for (const [name, encode, tone] of clips)
    await makeClip(file(name), { ...size, encode, ...(tone ? { tone } : {}) });
  await writeFile(file('s.srt'), '1\n00:00:00,000 --> 00:00:01,000\nHello\n');
  await runFfmpeg('-i', file('h264.mp4'), '-i', file('s.srt'), '-map', '0', '-map', '1', '-c', 'copy', '-c:s', 'ass', file('subtitles.mkv')); // prettier-ignore
  const tracks = ['t.mp3', 't.wav', 't.flac', 't.ogg', 't.opus', 't.m4a', 't.aac', 't.aiff', 't.wma'];
  for (const name of tracks) await makeTone(file(name), { seconds: 0.4 });
  const amrFrame = Buffer.concat([Buffer.from([0x3c]), Buffer.alloc(31, 0x5a)]);
  await writeFile(
    file('t.amr'),
    Buffer.concat([Buffer.from('#!AMR\n'), amrFrame, Buffer.alloc(5, 0x7c), amrFrame, amrFrame]),
  );
  const sample = async (name: string, kind: Sample['kind']): Promise<Sample> => ({
    name,
    kind,
    bytes: await readFile(file(name)),
  });
  return Promise.all([
    ...['p.jpg', 'p.png', 'p.webp', 'p.avif', 'p.tif', 'p.gif', 'p.bmp'].map((name) =>
      sample(name, 'picture'),
    ),
    ...['a.webp', 'subtitles.mkv', ...clips.map(([name]) => name)].map((name) => sample(name, 'clip')),
    ...['t.amr', ...tracks].map((name) => sample(name, 'track')),
  ]);
}
