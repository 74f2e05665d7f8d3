/** Pictures from outside: decoded by sharp within limits and written anew, upright and in 8-bit sRGB. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import type { Metadata, Sharp } from 'sharp';
import type { Ffmpeg } from '../ffmpeg.ts';
import { openSharp, sharpVersion } from '../libvips.ts';
import type { Cache } from './cache.ts';
import { contentKey } from './content-key.ts';
import type { IngestLimits } from './limits.ts';
import { identify, type MediaType } from './media-type.ts';
import type { Original } from './originals.ts';
import { pictureError } from './picture-error.ts';
import { unusable } from './refusal.ts';
import { guardedInput } from './guarded-input.ts';
import type { Picture, PictureContext } from './types.ts';

type Deps = { ffmpeg: Ffmpeg; cache: Cache; limits: IngestLimits };
type PictureRecord = Omit<Picture, 'path'> & { extension: string };
type Wishes = Pick<PictureContext, 'maxSide' | 'cover' | 'useDamaged'>;

/** Raised whenever the same source would give other pixels. */
const VERSION = 1;
/** Opaque pictures up to this are kept without loss, px; larger ones decode as fast from JPEG at a fifth of the bytes. */
const LOSSLESS_PIXELS = 500_000;

export function pictureKey(original: Original, wishes: Wishes): string {
  return contentKey(
    'picture',
    VERSION,
    sharpVersion,
    original.sha256,
    wishes.maxSide ?? null,
    wishes.cover ?? null,
    ...(wishes.useDamaged ? ['damaged'] : []),
  );
}

/**
 * @throws {StudioError} media_unusable, timeout, no_space, cancelled
 */
export async function makePicture(
  deps: Deps,
  original: Original,
  wishes: Wishes,
  signal: AbortSignal,
): Promise<Picture> {
  const { cache, limits } = deps;
  const key = pictureKey(original, wishes);
  const ready = await cachedPicture(cache, key);
  if (ready) return ready;
  const source = await original.file(signal);
  const type = await identify(source);
  if (type.family === 'video')
    throw unusable(`This is a clip (${type.name}) and no picture.`, 'Use it with the media type "video".');
  if (type.family === 'sound')
    throw unusable(
      `This is a sound file (${type.name}) and no picture.`,
      'Use it as soundtrack or narration.',
    );
  const readable = type.name === 'BMP' ? await convertBitmap(deps, source, type, wishes, signal) : source;
  const temp = await cache.temp('.picture');
  try {
    const record: PictureRecord = {
      ...(await convert(readable, temp, wishes, limits, type)),
      source: original.sha256,
    };
    signal.throwIfAborted();
    await cache.publish(temp, key + record.extension);
    await cache.writeRecord(`${key}.json`, record);
    return withPath(cache, key, record);
  } catch (error) {
    throw pictureError(error, limits, type);
  } finally {
    await rm(temp, { force: true });
    if (readable !== source) await rm(readable, { force: true });
  }
}

async function cachedPicture(cache: Cache, key: string): Promise<Picture | null> {
  const record = await cache.readRecord<PictureRecord>(`${key}.json`);
  return record && (await cache.use(key + record.extension)) ? withPath(cache, key, record) : null;
}

function withPath(cache: Cache, key: string, { extension, ...picture }: PictureRecord): Picture {
  return { ...picture, path: cache.path(key + extension) };
}

/** Damaged ones only if asked: then once more, with what cannot be read left grey or black. */
async function convert(
  source: string,
  target: string,
  wishes: Wishes,
  limits: IngestLimits,
  type: MediaType,
): Promise<Omit<PictureRecord, 'source'>> {
  const whole = write(source, target, wishes, limits, 'error');
  if (!wishes.useDamaged) return whole;
  try {
    return await whole;
  } catch (error) {
    const { code, message } = pictureError(error, limits, type);
    // What none of the libraries can decode is not damaged.
    if (code !== 'media_unusable' || type.name === 'HEIC') throw error;
    const rest = await write(source, target, wishes, limits, 'none');
    return { ...rest, warnings: [...rest.warnings, `${message} What could be read of it is used.`] };
  }
}

async function write(
  source: string,
  target: string,
  wishes: Wishes,
  limits: IngestLimits,
  failOn: 'error' | 'none',
): Promise<Omit<PictureRecord, 'source'>> {
  const sharp = await openSharp();
  const image = sharp(source, { limitInputPixels: limits.picturePixels, failOn, pages: 1 });
  const meta = await image.metadata();
  const { width, height } = targetSize(meta, wishes, limits);
  const upright = image
    .timeout({ seconds: Math.ceil(limits.pictureMs / 1000) })
    .autoOrient()
    .resize(width, height, { fit: 'fill', withoutEnlargement: true })
    .toColourspace('srgb');
  // sharp works on 16-bit pictures with a profile in P3, and would hand those numbers on as sRGB.
  if (meta.hasProfile && meta.depth !== 'uchar') upright.withIccProfile('srgb', { attach: false });
  const written = meta.hasAlpha
    ? await writeWithAlpha(upright, target)
    : await writeOpaque(upright, width * height, target);
  return {
    kind: 'picture',
    hash: await sha256File(target),
    width,
    height,
    warnings:
      meta.pages && meta.pages > 1 && meta.format !== 'heif'
        ? ['Only the first picture of the file is used.']
        : [],
    ...written,
  };
}

/** Never enlarged; small enough for maxSide, and no larger than needed to cover the box, px. */
export function targetSize(
  meta: Pick<Metadata, 'width' | 'height' | 'autoOrient'>,
  size: Pick<Wishes, 'maxSide' | 'cover'>,
  limits: Pick<IngestLimits, 'pictureSide'>,
): { width: number; height: number } {
  const { width, height } = meta.autoOrient;
  const most = (size.maxSide ?? limits.pictureSide) / Math.max(width, height);
  const enough = size.cover ? Math.max(size.cover.width / width, size.cover.height / height) : 1;
  const scale = Math.min(1, most, enough);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

type Written = Pick<PictureRecord, 'hasAlpha' | 'extension'>;

async function writeOpaque(image: Sharp, pixels: number, target: string): Promise<Written> {
  if (pixels <= LOSSLESS_PIXELS) {
    await image.png({ compressionLevel: 3 }).toFile(target);
    return { hasAlpha: false, extension: '.png' };
  }
  await image.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toFile(target);
  return { hasAlpha: false, extension: '.jpg' };
}

/** Many an "RGBA" picture is opaque all over; it is then written, and later blended, as one. */
async function writeWithAlpha(image: Sharp, target: string): Promise<Written> {
  const { data, info } = await image.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const sharp = await openSharp();
  const raw = sharp(data, { raw: { width: info.width, height: info.height, channels: 4 } });
  if (isOpaque(data)) return writeOpaque(raw.removeAlpha(), info.width * info.height, target);
  await raw.png({ compressionLevel: 3 }).toFile(target);
  return { hasAlpha: true, extension: '.png' };
}

function isOpaque(rgba: Buffer): boolean {
  for (let offset = 3; offset < rgba.length; offset += 4) if (rgba[offset] !== 255) return false;
  return true;
}

/** libvips here reads no BMP, ffmpeg does: to PNG, once its header has passed the size limit. */
async function convertBitmap(
  { cache, ffmpeg, limits }: Deps,
  source: string,
  type: MediaType,
  { useDamaged = false }: Wishes,
  signal: AbortSignal,
): Promise<string> {
  const { width, height } = await bitmapSize(source);
  if (!(width > 0 && height > 0))
    throw unusable('The size of the picture cannot be read.', 'Save it again as PNG or JPEG.');
  if (width * height > limits.picturePixels) throw pictureError(new Error('exceeds pixel limit'), limits);
  const temp = await cache.temp('.png');
  try {
    await ffmpeg.run({
      purpose: 'reading a BMP',
      inputs: [{ source: `file:${source}`, options: guardedInput(type) }],
      outputs: [
        {
          target: temp,
          options: [
            '-map',
            '0:v:0',
            '-frames:v',
            '1',
            '-c:v',
            'png',
            '-compression_level',
            '1',
            '-f',
            'image2',
            '-update',
            '1',
          ],
        },
      ],
      signal,
      strict: !useDamaged,
      timeoutMs: limits.pictureMs,
    });
    return temp;
  } catch (error) {
    await rm(temp, { force: true });
    signal.throwIfAborted();
    throw pictureError(
      error instanceof Error && error.message.includes('ffmpeg failed')
        ? new Error('damaged', { cause: error })
        : error,
      limits,
    );
  }
}

/** Width and height from the header: 16-bit in the oldest variant, 32-bit (height signed) in all others. */
async function bitmapSize(source: string): Promise<{ width: number; height: number }> {
  const handle = await open(source, 'r');
  try {
    const header = Buffer.alloc(26);
    await handle.read(header, 0, 26, 0);
    if (header.readUInt32LE(14) === 12)
      return { width: header.readUInt16LE(18), height: header.readUInt16LE(20) };
    return { width: header.readInt32LE(18), height: Math.abs(header.readInt32LE(22)) };
  } finally {
    await handle.close();
  }
}

async function sha256File(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
