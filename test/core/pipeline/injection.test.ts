/** S23, S24: text that would be code for ffmpeg's filters or libass is shown as it is written, and does nothing. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../../core/config.ts';
import { createStudio, type Studio } from '../../../core/studio.ts';
import { testFfmpeg } from '../../helpers/samples.ts';

const size = { width: 640, height: 360 };
/** Nothing of ours is of this colour. */
const CANARY = { color: '0xff00ff', isShown: (r: number, g: number, b: number) => r > 200 && g < 60 && b > 200 }; // prettier-ignore
let folder: string;
let studio: Studio;
let hits = 0;
const server = createServer((socket) => {
  hits += 1;
  socket.destroy();
});

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'genscene-injection-'));
  studio = createStudio(
    loadConfig({ DATA_DIR: path.join(folder, 'data'), PATH: process.env['PATH'], TTS_ENGINE: 'none' }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const picture = `color=${CANARY.color}:s=${size.width}x${size.height}:d=1`;
  const args = ['-v', 'error', '-f', 'lavfi', '-i', picture, path.join(folder, 'canary.mp4')];
  await promisify(execFile)(testFfmpeg().paths.ffmpeg, args);
});
afterAll(async () => {
  server.close();
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

/** Each would do something where a filter or a style is made of it. */
function payloads(): string[] {
  const canary = path.join(folder, 'canary.mp4');
  const written = path.join(folder, 'pwned.txt');
  const { port } = server.address() as AddressInfo;
  return [
    `x',movie=${canary}[m];[m]null,drawtext=text='y`,
    `x',metadata=mode=print:file=${written},drawtext=text='y`,
    String.raw`x'[a];movie=http\://127.0.0.1\:${port}/meta[b];[a][b]overlay,drawtext=text='y`,
    `x',drawtext=textfile=${canary}:fontsize=20:y='60`,
    '%{pts} %{metadata:title} %{eif:1/0:d} 100% done',
    String.raw`It's 12:30, "C:\new" {\an8\fs1\1a&HFF&}x {\p1}m 0 0{\p0}`,
    '-vf null',
    'Grüße 你好 🎬 \u202Eabc\u202C',
  ];
}

/** Frames of a film, half a second apart, as packed RGB. */
async function framesOf(film: string): Promise<Buffer[]> {
  const raw = path.join(folder, 'frames.rgb');
  const args = ['-v', 'error', '-y', '-i', film, '-vf', 'fps=2', '-pix_fmt', 'rgb24', '-f', 'rawvideo', raw];
  await promisify(execFile)(testFfmpeg().paths.ffmpeg, args);
  const pixels = await readFile(raw);
  const bytes = size.width * size.height * 3;
  return Array.from({ length: pixels.length / bytes }, (_, index) =>
    pixels.subarray(index * bytes, (index + 1) * bytes),
  );
}

function countPixels(frame: Buffer, counts: (r: number, g: number, b: number) => boolean): number {
  let count = 0;
  for (let at = 0; at < frame.length; at += 3)
    if (counts(frame[at]!, frame[at + 1]!, frame[at + 2]!)) count += 1;
  return count;
}

it.each(['title', 'caption'] as const)(
  'as a %s',
  async (place) => {
    for (const [index, text] of payloads().entries()) {
      const scene = place === 'title' ? { title: { text }, duration: 1.5 } : { text };
      const { files } = await studio.render(
        {
          title: text,
          output: { resolution: 'preview', quality: 'draft' },
          scenes: [{ ...scene, media: { type: 'color', color: '#000000' } }],
          captions: { mode: 'burn' },
        },
        { outDir: path.join(folder, `${place}-${index}`) },
      );
      const frames = await framesOf(files.film);
      const white = frames.map((frame) => countPixels(frame, (r, g, b) => Math.min(r, g, b) > 180));
      // Visible: as many bright pixels as the strokes of some letters have.
      expect(Math.max(...white), text).toBeGreaterThan(60);
      expect(Math.max(...frames.map((frame) => countPixels(frame, CANARY.isShown))), text).toBe(0);
    }
    expect(existsSync(path.join(folder, 'pwned.txt'))).toBe(false);
    expect(hits).toBe(0);
  },
  120_000,
);
