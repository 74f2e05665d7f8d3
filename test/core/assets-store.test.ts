/** Uploads through the real ingest: what is kept, what is refused, and that refusals leave nothing. */
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAssetsStore, type AssetsStore, type AssetsStoreOptions } from '../../core/assets-store.ts';
import { createDiskGuard } from '../../core/disk-guard.ts';
import { StudioError } from '../../core/errors.ts';
import { createIngest } from '../../core/ingest/index.ts';
import { quarters, runFfmpeg, testFfmpeg, testFolder } from '../helpers/samples.ts';
import { canMount, mountSmallDisk } from '../helpers/small-disk.ts';

const DAY_MS = 24 * 3600_000;
const never = new AbortController().signal;
let samples: string;
let folder: string;
let store: AssetsStore;

beforeEach(async () => {
  samples = await testFolder();
  folder = path.join(await testFolder(), 'assets');
  await mkdir(folder);
  store = open();
});

function open(options: Partial<AssetsStoreOptions> = {}): AssetsStore {
  return createAssetsStore({
    folder,
    ffmpeg: testFfmpeg,
    guard: createDiskGuard([folder]),
    keepMs: DAY_MS * 7,
    maxBytes: 1024 ** 3,
    ...options,
  });
}

async function picture(width = 64, height = 48): Promise<Buffer> {
  return quarters(width, height).png().toBuffer();
}

async function sample(name: string, ...args: string[]): Promise<string> {
  const file = path.join(samples, name);
  await runFfmpeg(...args, file);
  return file;
}

const save = (content: Buffer | string, signal = never) => store.save(Readable.from([content]), signal);
const saveFile = (file: string) => store.save(createReadStream(file), never);
const video = ['-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=10:d=1'];
const sound = ['-f', 'lavfi', '-i', 'sine=440:d=1.5'];

describe('what is kept', () => {
  test('pictures, clips and sound, each with its facts', async () => {
    const png = await picture();
    expect(await save(png)).toMatchObject({
      type: 'image',
      width: 64,
      height: 48,
      duration: null,
      size: png.length,
    });
    expect(await saveFile(await sample('clip.mp4', ...video, '-pix_fmt', 'yuv420p'))).toMatchObject({
      type: 'video',
      width: 64,
      height: 48,
      duration: 1,
    });
    expect(await saveFile(await sample('tone.mp3', ...sound))).toMatchObject({
      type: 'audio',
      width: null,
      height: null,
      duration: expect.closeTo(1.5, 1),
    });
  });

  test('a file is what it is used as: sound in an MP4 is sound, a GIF that stands still a picture', async () => {
    expect((await saveFile(await sample('sound.mp4', ...sound, '-c:a', 'aac'))).type).toBe('audio');
    expect((await saveFile(await sample('moves.gif', ...video))).type).toBe('video');
    expect((await saveFile(await sample('still.gif', ...video, '-frames:v', '1'))).type).toBe('image');
  });

  test('the same content is one asset, also when it comes twice at once', async () => {
    const png = await picture();
    const [one, two] = await Promise.all([save(png), save(png)]);
    expect(one).toEqual(two);
    expect(await save(png)).toEqual(one);
    expect((await readdir(folder)).sort()).toEqual([one.id, `${one.id}.json`]);
    expect((await save(await picture(32, 32))).id).not.toBe(one.id);
  });

  test('its address works in the ingest, byte for byte', async () => {
    const png = await picture();
    const { id, src } = await save(png);
    expect(await readFile(path.join(folder, id))).toEqual(png);
    const ingest = createIngest({
      ffmpeg: testFfmpeg(),
      cacheDir: path.join(samples, 'cache'),
      assetsDir: folder,
    });
    expect(await ingest.picture(src)).toMatchObject({ width: 64, height: 48 });
  });

  test('another process finds it', async () => {
    const asset = await save(await picture());
    expect(await open().use(asset.id)).toEqual(asset);
  });

  test('an asset that lost half of itself is none, and can be uploaded again', async () => {
    const png = await picture();
    const { id } = await save(png);
    await writeFile(path.join(folder, id), png.subarray(0, 10));
    expect(await store.use(id)).toBeNull();
    expect((await save(png)).id).toBe(id);
    expect(await store.use(id)).not.toBeNull();
  });
});

describe('what is refused leaves nothing behind', () => {
  const refusals: [string, () => Promise<Buffer>, string][] = [
    ['an empty file', async () => Buffer.alloc(0), 'media_unusable'],
    ['text', async () => Buffer.from('Not a picture.'), 'media_unusable'],
    [
      'SVG',
      async () =>
        Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
      'media_unusable',
    ],
    ['a playlist', async () => Buffer.from('#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n'), 'media_unusable'],
    ['half a picture', async () => (await picture(640, 480)).subarray(0, 700), 'media_unusable'],
    [
      'half a clip',
      async () =>
        (await readFile(await sample('half.mp4', ...video, '-pix_fmt', 'yuv420p'))).subarray(0, 900),
      'media_unusable',
    ],
  ];
  test.each(refusals)('%s', async (_what, make, code) => {
    await expect(save(await make())).rejects.toMatchObject({ name: 'StudioError', code });
    expect(await readdir(folder)).toEqual([]);
  });

  test('a file over the limit, of which no more than the limit is taken', async () => {
    store = open({ maxFileBytes: 100_000 });
    let given = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          given += 10_000;
          yield Buffer.alloc(10_000, 1);
        }
      })(),
    );
    await expect(store.save(endless, never)).rejects.toMatchObject({ code: 'too_large' });
    expect(given).toBeLessThan(400_000);
    expect(endless.destroyed).toBe(true);
    expect(await readdir(folder)).toEqual([]);
  });

  test('an upload that breaks off, and one that is cancelled while it waits', async () => {
    const breaking = Readable.from(
      (async function* () {
        yield Buffer.alloc(1000);
        throw new Error('socket hang up');
      })(),
    );
    await expect(store.save(breaking, never)).rejects.toMatchObject({ name: 'StudioError' });
    const stop = new AbortController();
    const waiting = new Readable({ read() {} });
    waiting.push(Buffer.alloc(1000));
    const saving = store.save(waiting, stop.signal);
    stop.abort(new StudioError('cancelled', 'Cancelled.'));
    await expect(saving).rejects.toMatchObject({ code: 'cancelled' });
    expect(waiting.destroyed).toBe(true);
    expect(await readdir(folder)).toEqual([]);
  });

  test.runIf(canMount)('a file that fills the disk', async () => {
    const disk = mountSmallDisk(2 * 1024 ** 2);
    try {
      const small = open({ folder: disk.folder, guard: createDiskGuard([disk.folder]) });
      const large = Readable.from(Array.from({ length: 40 }, () => Buffer.alloc(100_000, 1)));
      await expect(small.save(large, never)).rejects.toMatchObject({ code: 'no_space', retryable: true });
      expect(await readdir(disk.folder)).toEqual([]);
    } finally {
      disk.unmount();
    }
  });
});

test('ids that are none lead nowhere', async () => {
  await writeFile(path.join(folder, '..', 'outside'), 'canary');
  for (const id of [
    '',
    '.',
    '..',
    '../outside',
    'upload',
    'f'.repeat(63),
    `${'f'.repeat(64)}/`,
    'F'.repeat(64),
  ])
    expect(await store.use(id)).toBeNull();
});

describe('what is trimmed', () => {
  const age = async (id: string, days: number): Promise<void> => {
    const then = new Date(Date.now() - days * DAY_MS);
    await utimes(path.join(folder, `${id}.json`), then, then);
  };
  const unwanted = () => false;

  test('uploads unused for long, but none that a job wants', async () => {
    const [old, wanted, used] = [
      await save(await picture(10, 10)),
      await save(await picture(20, 20)),
      await save(await picture(30, 30)),
    ];
    for (const { id } of [old, wanted, used]) await age(id, 8);
    await store.use(used.id);
    expect(await store.trim((id) => id === wanted.id)).toBe(old.size);
    expect(await store.use(old.id)).toBeNull();
    expect(await store.use(wanted.id)).toEqual(wanted);
    expect(await store.use(used.id)).toEqual(used);
  });

  test('the oldest first while all are too large, but none of today', async () => {
    const assets = [
      await save(await picture(10, 10)),
      await save(await picture(20, 20)),
      await save(await picture(30, 30)),
    ];
    await age(assets[0]!.id, 2);
    await age(assets[1]!.id, 3);
    const total = assets.reduce((sum, { size }) => sum + size, 0);
    store = open({ maxBytes: total - 1 });
    expect(await store.trim(unwanted)).toBe(assets[1]!.size);
    store = open({ maxBytes: 1 });
    expect(await store.trim(unwanted)).toBe(assets[0]!.size);
    expect(await readdir(folder)).toEqual([assets[2]!.id, `${assets[2]!.id}.json`].sort());
  });

  test('uploads that were under way when a process died', async () => {
    const dead = path.join(folder, '.upload-00000000-0000-4000-8000-000000000000');
    await mkdir(dead);
    await store.trim(unwanted);
    expect((await stat(dead)).isDirectory()).toBe(true);
    const then = new Date(Date.now() - 2 * 3600_000);
    await utimes(dead, then, then);
    await store.trim(unwanted);
    expect(await readdir(folder)).toEqual([]);
  });
});
