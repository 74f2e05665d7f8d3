/** The operator's limits and folders, as someone at the API meets them: with the field and the limit. */
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quarters, makeClip, makeTone, sampleFolder } from '../helpers/samples.ts';
import { startService, tiny, type Service } from './service.ts';

let dir: string;
let remove: () => Promise<void>;
let service: Service;
let server: Server;
let address: string;
const root = (): string => path.join(dir, 'root');

beforeAll(async () => {
  ({ dir, remove } = await sampleFolder());
  await mkdir(root());
  await quarters(60, 40).png().toFile(path.join(root(), 'small.png'));
  await quarters(600, 400).png({ compressionLevel: 0 }).toFile(path.join(root(), 'large.png'));
  await quarters(600, 400).png().toFile(path.join(root(), 'wide.png'));
  await makeClip(path.join(root(), 'long.mp4'), { seconds: 3, fps: 10, tone: 440 });
  await makeClip(path.join(root(), 'fast.mp4'), { seconds: 0.5, fps: 60 });
  await makeTone(path.join(root(), 'long.mp3'), { seconds: 3 });
  await writeFile(path.join(dir, 'secret.png'), await quarters(60, 40).png().toBuffer());
  const picture = await quarters(300, 200).png({ compressionLevel: 0 }).toBuffer();
  server = createServer((_request, response) => response.end(picture));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  service = await startService({
    TTS_ENGINE: 'none',
    MEDIA_ROOTS: root(),
    MEDIA_ALLOW_HOSTS: new URL(address).host,
    PUBLIC_BASE_URL: 'https://films.example.com/studio',
    MEDIA_MAX_PICTURE_MB: '0.4',
    MEDIA_MAX_PICTURE_MPX: '0.2',
    MEDIA_MAX_CLIP_S: '2',
    MEDIA_MAX_SOUND_S: '2',
    MEDIA_MAX_FPS: '50',
    FILM_MAX_SCENES: '3',
    FILM_MAX_S: '4',
    FILM_MAX_DOWNLOADS: '3',
    FILM_MAX_DOWNLOAD_MB: '0.4',
  });
});
afterAll(async () => {
  await service.stop();
  server.close();
  await remove();
});

type Scenes = Record<string, unknown>[];
const post = (scenes: Scenes, rest: object = {}) =>
  service.json('/api/compose', { json: { ...tiny, scenes, ...rest } });
/** The error of a film that fails while it is made. */
async function failure(scenes: Scenes, rest: object = {}) {
  const { status, body } = await post(scenes, rest);
  expect(status, JSON.stringify(body)).toBe(202);
  return (await service.ended(body.id)).error;
}
const image = (src: string) => ({ media: { type: 'image', src }, duration: 0.3 });
const video = (src: string) => ({ media: { type: 'video', src }, duration: 0.3 });

describe('one film', () => {
  it('has no more scenes, seconds and addresses than the settings say', async () => {
    const words = Array.from({ length: 4 }, (_, index) => ({
      ...image(`${address}/${index}.png`),
      duration: 2,
    }));
    const { status, body } = await post(words);
    expect(status).toBe(400);
    expect(body.error.issues).toEqual([
      { path: 'scenes', message: 'has 4 entries; 3 are the most here (FILM_MAX_SCENES)' },
      { path: 'scenes', message: expect.stringContaining('a film may last 4 s (FILM_MAX_S)') },
      {
        path: 'scenes[3].media.src',
        message: expect.stringContaining('a film may fetch 3 (FILM_MAX_DOWNLOADS)'),
      },
    ]);
  });

  it('that turns out too long is refused when its speech is measured', async () => {
    expect(
      await failure([{ text: 'One two three four five six seven eight nine ten. '.repeat(4) }]),
    ).toMatchObject({
      code: 'invalid_storyboard',
      message: expect.stringContaining('4 s are the most'),
      hint: expect.stringContaining('FILM_MAX_S'),
    });
  });

  it('fetches no more in all than the settings say', async () => {
    const error = await failure([1, 2, 3].map((name) => image(`${address}/${name}.png`)));
    expect(error).toMatchObject({
      code: 'too_large',
      message: expect.stringContaining('more than 0.4 MB of downloads'),
    });
    expect(error?.issues?.[0]?.message).toContain('FILM_MAX_DOWNLOAD_MB');
  });
});

describe('one file', () => {
  it.each([
    ['large.png', image, 'too_large', 'larger than 410 kB', 'MEDIA_MAX_PICTURE_MB'],
    ['wide.png', image, 'media_unusable', 'more than 0.2 million px', 'MEDIA_MAX_PICTURE_MPX'],
    ['long.mp4', video, 'media_unusable', 'lasts 3 s; at most 2 s', 'MEDIA_MAX_CLIP_S'],
    ['fast.mp4', video, 'media_unusable', '60 frames a second; at most 50', 'MEDIA_MAX_FPS'],
    ['long.mp3', (audio: string) => ({ audio }), 'media_unusable', 'longer than 2 s', 'MEDIA_MAX_SOUND_S'],
  ])('%s beyond a limit is refused, and which', async (name, scene, code, words, setting) => {
    const error = await failure([scene(path.join(root(), name))]);
    expect(error).toMatchObject({
      code,
      scene: 1,
      message: expect.stringContaining(words),
      hint: expect.stringContaining(setting),
    });
  });
});

it('tells every fault of a film with its field', async () => {
  const scenes = [image(path.join(root(), 'wide.png')), video(path.join(root(), 'fast.mp4'))];
  const error = await failure([...scenes, image(path.join(root(), 'small.png'))]);
  expect(error?.issues).toEqual([
    { path: 'scenes[0].media.src', message: expect.stringContaining('million px') },
    { path: 'scenes[1].media.src', message: expect.stringContaining('MEDIA_MAX_FPS') },
  ]);
});

describe('sources', () => {
  it('may be paths in the folders that the operator opened, and nowhere else', async () => {
    const { body } = await post([image(path.join(root(), 'small.png')), image('small.png')]);
    expect((await service.ended(body.id)).status).toBe('done');
    for (const src of [
      path.join(dir, 'secret.png'),
      '../secret.png',
      '/etc/hostname',
      `${root()}/../secret.png`,
    ])
      expect(await failure([image(src)])).toMatchObject({ code: 'url_not_allowed' });
  });

  it('may not be the service itself', async () => {
    expect(await failure([image('https://films.example.com/files/x/film.mp4')])).toMatchObject({
      code: 'url_not_allowed',
      message: expect.stringContaining('this service itself'),
    });
  });
});
