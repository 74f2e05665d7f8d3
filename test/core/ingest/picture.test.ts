import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIngest, type Ingest } from '../../../core/ingest/index.ts';
import { quarterColours, quarters, runFfmpeg, sampleFolder, testFfmpeg } from '../../helpers/samples.ts';

let dir: string;
let remove: () => Promise<void>;
let ingest: Ingest;
const file = (name: string): string => path.join(dir, name);
const take = (name: string, size: object = {}) => ingest.picture(name, { baseDir: dir, ...size });

beforeAll(async () => {
  ({ dir, remove } = await sampleFolder());
  ingest = createIngest({ ffmpeg: testFfmpeg(), cacheDir: file('cache') });
});
afterAll(() => remove());

const PRIMARIES = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
];

function expectColours(actual: number[][], expected: number[][], tolerance: number): void {
  actual.forEach((colour, quarter) =>
    colour.forEach((value, channel) =>
      expect(
        Math.abs(value - expected[quarter]![channel]!),
        `quarter ${quarter} is ${colour}`,
      ).toBeLessThanOrEqual(tolerance),
    ),
  );
}

describe('formats', () => {
  const formats: [string, () => Promise<unknown>, number][] = [
    [
      'progressive.jpg',
      () => quarters(300, 200).jpeg({ progressive: true, quality: 95 }).toFile(file('progressive.jpg')),
      6,
    ],
    ['palette.png', () => quarters(300, 200).png({ palette: true }).toFile(file('palette.png')), 3],
    ['deep.png', () => quarters(300, 200).toColourspace('rgb16').png().toFile(file('deep.png')), 3],
    ['lossless.webp', () => quarters(300, 200).webp({ lossless: true }).toFile(file('lossless.webp')), 3],
    ['picture.avif', () => quarters(300, 200).avif({ quality: 90 }).toFile(file('picture.avif')), 12],
    ['picture.tiff', () => quarters(300, 200).tiff({ compression: 'lzw' }).toFile(file('picture.tiff')), 3],
    ['picture.gif', () => quarters(300, 200).gif().toFile(file('picture.gif')), 3],
  ];
  it.each(formats)('keeps the colours of %s', async (name, make, tolerance) => {
    await make();
    const picture = await take(name);
    expect(picture).toMatchObject({ kind: 'picture', width: 300, height: 200, hasAlpha: false });
    expectColours(await quarterColours(picture.path), PRIMARIES, tolerance);
  });

  it('shows the ordinary picture of a JPEG with a gain map', async () => {
    const source = sharp(await quarters(300, 200).png().toBuffer()).pipelineColourspace('scrgb');
    // Its types do not know it yet.
    (source as unknown as { withGainMap(): void }).withGainMap();
    const hdr = await source.jpeg({ quality: 95 }).toBuffer();
    // The mark of a gain map, ISO 21496-1.
    expect(hdr.includes('urn:iso:std:iso:ts:21496')).toBe(true);
    await writeFile(file('gain.jpg'), hdr);
    const picture = await take('gain.jpg');
    expect(picture).toMatchObject({ width: 300, height: 200, hasAlpha: false });
    // The encoder of this sample darkens white for the ordinary picture; which colour is which stays.
    const [red, green, blue] = await quarterColours(picture.path);
    for (const [channel, colour] of [red, green, blue].entries())
      expect(colour![channel]! - colour![(channel + 1) % 3]!).toBeGreaterThan(120);
  });

  it('reads BMP, which only ffmpeg can', async () => {
    await quarters(300, 200).png().toFile(file('for-bmp.png'));
    await runFfmpeg('-i', file('for-bmp.png'), file('picture.bmp'));
    const picture = await take('picture.bmp');
    expect(picture).toMatchObject({ width: 300, height: 200 });
    expectColours(await quarterColours(picture.path), PRIMARIES, 3);
  });

  it('makes three sRGB channels of grayscale and CMYK', async () => {
    await sharp({ create: { width: 300, height: 200, channels: 3, background: '#808080' } })
      .toColourspace('b-w')
      .jpeg()
      .toFile(file('gray.jpg'));
    await quarters(300, 200).toColourspace('cmyk').jpeg({ quality: 95 }).toFile(file('cmyk.jpg'));
    const gray = await take('gray.jpg');
    expect(await sharp(gray.path).metadata()).toMatchObject({ channels: 3, space: 'srgb', depth: 'uchar' });
    expectColours(await quarterColours(gray.path), Array(4).fill([128, 128, 128]), 3);
    const cmyk = await take('cmyk.jpg');
    expect(await sharp(cmyk.path).metadata()).toMatchObject({ channels: 3, space: 'srgb' });
    const [red, green, blue] = await quarterColours(cmyk.path);
    // Ink cannot reach these colours; which channel leads must stay.
    expect(red![0]! - Math.max(red![1]!, red![2]!)).toBeGreaterThan(100);
    expect(green![1]! - Math.max(green![0]!, green![2]!)).toBeGreaterThan(10);
    expect(blue![2]! - Math.max(blue![0]!, blue![1]!)).toBeGreaterThan(40);
  });

  it.each(['8 bit', '16 bit'])('converts a wide-gamut profile to sRGB (%s)', async (depth) => {
    const colour = { r: 200, g: 90, b: 60 };
    const flat = sharp({ create: { width: 64, height: 64, channels: 3, background: colour } });
    const name = `p3-${depth.slice(0, 2).trim()}.png`;
    await (depth === '16 bit' ? flat.toColourspace('rgb16') : flat)
      .withIccProfile('p3')
      .png()
      .toFile(file(name));
    // The stored numbers differ from sRGB's; without conversion they would come out as they are.
    const picture = await take(name);
    expectColours(await quarterColours(picture.path), Array(4).fill([200, 90, 60]), 4);
  });

  it('keeps transparency, and calls an opaque RGBA picture opaque', async () => {
    await sharp({
      create: { width: 50, height: 40, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } },
    })
      .png()
      .toFile(file('half.png'));
    await quarters(50, 40).ensureAlpha().png().toFile(file('opaque.png'));
    const half = await take('half.png');
    expect(half.hasAlpha).toBe(true);
    expect([...(await sharp(half.path).raw().toBuffer()).subarray(0, 4)]).toEqual([255, 0, 0, 128]);
    expect(await take('opaque.png')).toMatchObject({ hasAlpha: false });
  });

  it('takes the first picture of an animation and says so', async () => {
    await runFfmpeg(
      '-f',
      'lavfi',
      '-i',
      'color=red:s=40x30:r=5:d=1,hue=H=t',
      '-f',
      'gif',
      file('moving.gif'),
    );
    const picture = await take('moving.gif');
    expect(picture).toMatchObject({ width: 40, height: 30 });
    expect(picture.warnings.join()).toContain('first picture');
  });
});

describe('geometry', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('turns EXIF orientation %i upright', async (orientation) => {
    await quarters(80, 60)
      .jpeg({ quality: 95 })
      .withMetadata({ orientation })
      .toFile(file(`exif${orientation}.jpg`));
    const picture = await take(`exif${orientation}.jpg`);
    const turned = orientation >= 5;
    expect(picture).toMatchObject({ width: turned ? 60 : 80, height: turned ? 80 : 60 });
    const [red, green, blue, white] = PRIMARIES as [number[], number[], number[], number[]];
    const upright: Record<number, number[][]> = {
      1: [red, green, blue, white],
      2: [green, red, white, blue],
      3: [white, blue, green, red],
      4: [blue, white, red, green],
      5: [red, blue, green, white],
      6: [blue, red, white, green],
      7: [white, green, blue, red],
      8: [green, white, red, blue],
    };
    expectColours(await quarterColours(picture.path), upright[orientation]!, 12);
    expect((await sharp(picture.path).metadata()).orientation ?? 1).toBe(1);
  });

  it('scales down to maxSide, to the default side, and to what covers a box; never up', async () => {
    await quarters(5000, 1000).jpeg().toFile(file('wide.jpg'));
    expect(await take('wide.jpg', { maxSide: 1000 })).toMatchObject({ width: 1000, height: 200 });
    expect(await take('wide.jpg')).toMatchObject({ width: 4096, height: 819 });
    expect(await take('wide.jpg', { cover: { width: 400, height: 500 }, maxSide: 8192 })).toMatchObject({
      width: 2500,
      height: 500,
    });
    expect(await take('wide.jpg', { cover: { width: 9000, height: 9000 }, maxSide: 8192 })).toMatchObject({
      width: 5000,
      height: 1000,
    });
  });
});

describe('refusals', () => {
  it.each([
    ['jpg', async () => quarters(800, 600).jpeg().toBuffer()],
    [
      'png',
      async () =>
        sharp({
          create: {
            width: 400,
            height: 300,
            channels: 3,
            background: '#123',
            noise: { type: 'gaussian', mean: 128, sigma: 60 },
          },
        })
          .png()
          .toBuffer(),
    ],
    [
      'webp',
      async () =>
        sharp({
          create: {
            width: 400,
            height: 300,
            channels: 3,
            background: '#123',
            noise: { type: 'gaussian', mean: 128, sigma: 60 },
          },
        })
          .webp()
          .toBuffer(),
    ],
  ])('refuses a %s that was cut short, with the reason', async (extension, make) => {
    const whole = await make();
    await writeFile(file(`cut.${extension}`), whole.subarray(0, Math.floor(whole.length * 0.6)));
    await expect(take(`cut.${extension}`)).rejects.toMatchObject({
      code: 'media_unusable',
      hint: expect.stringMatching(/again/),
    });
  });

  it('says that a cut JPEG is cut', async () => {
    const whole = await quarters(800, 600).jpeg().toBuffer();
    await writeFile(file('half.jpg'), whole.subarray(0, whole.length / 2));
    await expect(take('half.jpg')).rejects.toThrow(/cut short/);
  });

  it.each([
    ['jpg', async () => quarters(800, 600).jpeg().toBuffer()],
    ['png', async () => quarters(800, 600).png({ compressionLevel: 0 }).toBuffer()],
    ['gif', async () => quarters(800, 600).gif().toBuffer()],
  ])('uses what can be read of a cut %s if asked, and says so', async (extension, make) => {
    const whole = await make();
    await writeFile(file(`rest.${extension}`), whole.subarray(0, Math.floor(whole.length * 0.7)));
    const picture = await take(`rest.${extension}`, { useDamaged: true });
    expect(picture).toMatchObject({ width: 800, height: 600 });
    expect(picture.warnings).toEqual([expect.stringContaining('What could be read of it is used.')]);
    const [red, green] = await quarterColours(picture.path);
    expect(red![0]).toBeGreaterThan(240);
    expect(green![1]).toBeGreaterThan(240);
    await expect(take(`rest.${extension}`)).rejects.toMatchObject({ code: 'media_unusable' });
  });

  it('refuses what nothing can be read of, asked or not', async () => {
    const whole = await quarters(800, 600).tiff().toBuffer();
    await writeFile(file('cut.tif'), whole.subarray(0, whole.length / 2));
    for (const useDamaged of [true, false])
      await expect(take('cut.tif', { useDamaged })).rejects.toThrow(/TIFF picture is cut short/);
  });

  it('S29: refuses a PNG with bad data', async () => {
    const whole = await quarters(400, 300).png().toBuffer();
    const at = whole.indexOf('IDAT') + 30;
    whole.fill(0xaa, at, at + 60);
    await writeFile(file('bad.png'), whole);
    await expect(take('bad.png')).rejects.toMatchObject({ code: 'media_unusable' });
  });

  it.each([
    ['30000 × 30000 at 1 bit', png(30_000, 30_000, 1, 0)],
    ['65535 × 65535 at 1 bit', png(65_535, 65_535, 1, 0, 200)],
    ['16000 × 16000 RGBA at 16 bit', png(16_000, 16_000, 16, 6, 20)],
    ['a header that lies', png(20_000, 20_000, 8, 6, 1)],
  ])('S22: refuses %s by its header, without decoding', async (_name, bytes) => {
    await writeFile(file('bomb.png'), bytes);
    const before = process.memoryUsage().rss;
    await expect(take('bomb.png')).rejects.toMatchObject({
      code: 'media_unusable',
      message: expect.stringContaining('million px'),
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
  });

  it('refuses what is no picture, and says what it is instead', async () => {
    await runFfmpeg('-f', 'lavfi', '-i', 'testsrc=s=64x48:d=0.2', '-pix_fmt', 'yuv420p', file('clip.mp4'));
    await writeFile(file('clip.jpg'), await readFile(file('clip.mp4')));
    await writeFile(file('empty.png'), '');
    await writeFile(file('signature.png'), Buffer.from('89504e470d0a1a0a', 'hex'));
    await writeFile(file('text.png'), 'just words');
    await expect(take('clip.jpg')).rejects.toMatchObject({
      code: 'media_unusable',
      message: expect.stringContaining('clip'),
      hint: expect.stringContaining('video'),
    });
    await expect(take('empty.png')).rejects.toThrow(/empty/);
    await expect(take('signature.png')).rejects.toMatchObject({ code: 'media_unusable' });
    await expect(take('text.png')).rejects.toMatchObject({
      code: 'media_unusable',
      hint: expect.stringContaining('JPEG'),
    });
  });

  it('takes HEIC where libvips has a decoder for it, and else says how to go without', async () => {
    await writeFile(file('phone.heic'), Buffer.from(RED_HEIC, 'base64'));
    // sharp's own libvips has none, for the patents; whoever builds it against a system's gets it.
    if (sharp.format.heif.input.fileSuffix?.includes('.heic')) {
      expect(await take('phone.heic')).toMatchObject({ width: 64, height: 64 });
      return;
    }
    for (const useDamaged of [false, true])
      await expect(ingest.picture('phone.heic', { baseDir: dir, useDamaged })).rejects.toMatchObject({
        message: expect.stringContaining('HEIC'),
        hint: expect.stringContaining('JPEG'),
      });
  });

  it('refuses files over the byte limit', async () => {
    const small = createIngest({
      ffmpeg: testFfmpeg(),
      cacheDir: file('cache-small'),
      limits: { pictureBytes: 1000 },
    });
    await writeFile(file('large.png'), Buffer.alloc(1001));
    await expect(small.picture('large.png', { baseDir: dir })).rejects.toMatchObject({
      code: 'too_large',
      hint: expect.any(String),
    });
  });
});

/** A PNG of zeros whose header says this size; `rows` of them are really there (all by default). */
function png(width: number, height: number, bits: number, colourType: number, rows = height): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, colourType, 0, 0, 0], 8);
  const channels = colourType === 6 ? 4 : 1;
  const row = 1 + Math.ceil((width * bits * channels) / 8);
  const data = deflateSync(Buffer.alloc(row * rows), { level: 1 });
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** 64 × 64 px of red, as libheif writes them with x265. */
const RED_HEIC = [
  'AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAUBtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA',
  'AA5waXRtAAAAAAABAAAAImlsb2MAAAAAREAAAQABAAAAAAFkAAEAAAAAAAAAYQAAACNpaW5mAAAAAAABAAAAFWluZmUCAAAAAAEA',
  'AGh2YzEAAAAAwGlwcnAAAACiaXBjbwAAAHZodmNDAQQIAAAAAAAAAAAAHvAA/P36+gAADwMgAAEAF0ABDAH//wQIAAADAJ24AAAD',
  'AAAeugJAIQABACpCAQEECAAAAwCduAAAAwAAHqAggQTZbqSSmubgQEDAgAAAAwCAAAADAIQiAAEAB0QBwXKwIkAAAAAUaXNwZQAA',
  'AAAAAABAAAAAQAAAABBwaXhpAAAAAAMKCgoAAAAWaXBtYQAAAAAAAAABAAEDgQKDAAAAaW1kYXQAAABdKAGvBBhtf///////63f/',
  'M0zf///Qn///9NO7//+zA////Blq/yv/+4Sf+E/K889KekY2g/BlfEZLOsQk3pRdvzw05A8ni5YU8NV+T2kQ0cigj3WR/iShuzie',
  'WwnA',
].join('');
