/** Segments are joined without a decoder looking into each; what comes out is the same. */
import path from 'node:path';
import { expect, it } from 'vitest';
import { joinFilm } from '../../../core/pipeline/package.ts';
import { readFfmpeg, runFfmpeg, testFfmpeg, testFolder } from '../../helpers/samples.ts';

const FPS = 30;

it.each([
  { format: 'mp4', extension: 'mp4', encoder: ['-c:v', 'libx264', '-preset', 'superfast'] },
  {
    format: 'webm',
    extension: 'mkv',
    encoder: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'],
  },
] as const)(
  '$format: all frames, in their order and at their times',
  async ({ format, extension, encoder }) => {
    const folder = await testFolder();
    const lengths = [45, 2, 31];
    const segments = await Promise.all(
      lengths.map(async (frames, index) => {
        const file = path.join(folder, `segment-${index}.${extension}`);
        const look = `mandelbrot=s=320x180:r=${FPS}:start_scale=${index + 1}`;
        await runFfmpeg('-f', 'lavfi', '-i', look, '-frames:v', String(frames), ...encoder, '-pix_fmt', 'yuv420p', file); // prettier-ignore
        return { file, frames };
      }),
    );
    const frames = lengths.reduce((sum, length) => sum + length);
    const sound = path.join(folder, format === 'webm' ? 'sound.webm' : 'sound.m4a');
    await runFfmpeg('-f', 'lavfi', '-i', `sine=r=48000:d=${frames / FPS}`, sound);
    const out = path.join(folder, `film.${format}`);
    const input = { segments, sound, frames, fps: FPS, format, title: undefined, workDir: folder, out };
    await joinFilm(input, testFfmpeg(), new AbortController().signal);

    const decoded = await hashesOf(out);
    expect(decoded.map(({ time }) => Math.round(time * FPS))).toEqual([...Array(frames).keys()]);
    const alone = await Promise.all(segments.map(({ file }) => hashesOf(file)));
    expect(decoded.map(({ hash }) => hash)).toEqual(alone.flat().map(({ hash }) => hash));
  },
);

/** Of each decoded picture: its time, s, and a hash of its pixels. */
async function hashesOf(file: string): Promise<{ time: number; hash: string }[]> {
  const text = (await readFfmpeg('-i', file, '-map', '0:v', '-fps_mode', 'passthrough', '-f', 'framemd5')).toString(); // prettier-ignore
  const [, seconds = 1] = (/^#tb 0: 1\/(\d+)/m.exec(text) ?? []).map(Number);
  const rows = text.split('\n').filter((line) => /^0,/.test(line));
  return rows.map((row) => {
    const columns = row.split(',').map((column) => column.trim());
    return { time: Number(columns[2]) / seconds, hash: columns[5]! };
  });
}
