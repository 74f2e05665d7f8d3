/** Clips that are partly transparent: the colour of the scene is seen through them. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { makeTone, runFfmpeg } from '../../helpers/samples.ts';
import { expectColours, GREEN, RED, shownColours, useClipFolder } from './clip-frames.ts';

const { file, take } = useClipFolder();

/** Left half red (a little less with each frame), right half nothing. */
async function half(frame = 0): Promise<Buffer> {
  const background = { r: 255 - frame, g: 0, b: 0, alpha: 1 };
  const left = sharp({ create: { width: 64, height: 64, channels: 4, background } });
  return sharp({ create: { width: 128, height: 64, channels: 4, background: '#00000000' } })
    .composite([{ input: await left.png().toBuffer(), left: 0, top: 0 }])
    .png()
    .toBuffer();
}

/** Half a second at 10 frames a second, with sound where the format has any. */
async function halfClip(name: string, encode: string[]): Promise<void> {
  if (/\.(gif|webp)$/.test(name)) {
    const frames = await Promise.all([0, 4, 8, 12, 16].map(half));
    const film = sharp(frames, { join: { animated: true } });
    const options = { delay: frames.map(() => 100), loop: 0 };
    await (name.endsWith('.gif') ? film.gif(options) : film.webp({ ...options, lossless: true })).toFile(
      file(name),
    );
    return;
  }
  await writeFile(file('half.png'), await half());
  await makeTone(file('tone.wav'), { seconds: 0.5 });
  const sound = /\.(webm|mov)$/.test(name) ? ['-i', file('tone.wav'), '-shortest'] : [];
  const picture = ['-loop', '1', '-framerate', '10', '-t', '0.5', '-i', file('half.png')];
  await runFfmpeg(...picture, ...sound, ...encode, file(name));
}

const vpx = ['-pix_fmt', 'yuva420p', '-auto-alt-ref', '0', '-deadline', 'realtime', '-cpu-used', '8'];

describe('transparency', () => {
  it.each([
    ['vp9.webm', ['-c:v', 'libvpx-vp9', ...vpx, '-b:v', '2M']],
    ['vp8.webm', ['-c:v', 'libvpx', ...vpx, '-b:v', '2M']],
    ['prores-4444.mov', ['-c:v', 'prores_ks', '-profile:v', '4', '-pix_fmt', 'yuva444p10le']],
    ['animation.mov', ['-c:v', 'qtrle', '-pix_fmt', 'argb']],
    ['moving.gif', []],
    ['moving.png', ['-f', 'apng', '-plays', '0']],
    ['moving.webp', []],
  ])('of %s shows the background', async (name, encode) => {
    await halfClip(name, encode);
    const green = await take(name, { background: '#0f0' });
    expectColours(await shownColours(green), [RED, GREEN, RED, GREEN], 20);
    const black = await take(name);
    expectColours(await shownColours(black), [RED, [0, 0, 0], RED, [0, 0, 0]], 20);
    expect(green.hash).not.toBe(black.hash);
    expect(green.durationS).toBeCloseTo(0.5, 1);
    if (path.extname(name) === '.webm') expect(green.audio?.durationS).toBeCloseTo(0.5, 1);
  });

  it('is looked for only where it can be: other clips are one file for all backgrounds', async () => {
    await writeFile(file('half.png'), await half());
    await runFfmpeg('-i', file('half.png'), '-c:v', 'libx264', '-pix_fmt', 'yuv420p', file('opaque.mp4'));
    const [one, two] = [await take('opaque.mp4', { background: '#123456' }), await take('opaque.mp4')];
    expect(one.path).toBe(two.path);
    expect(one.codec).toBe('h264');
  });
});
