/** Reads a logo or watermark picture at the size it is shown. */
import { createCanvas, ImageData, type Canvas } from '@napi-rs/canvas';
import { StudioError } from '../errors.ts';
import { openSharp } from '../libvips.ts';

/** No logo needs more; a picture that says it has is a trap. */
const pixelLimit = 50_000_000;

/**
 * Decodes a vetted picture and scales it down to fit the box, keeping its shape and transparency;
 * small ones grow to twice their size at most.
 * @throws {StudioError} media_unusable
 */
export async function readPicture(path: string, box: { width: number; height: number }): Promise<Canvas> {
  try {
    const sharp = await openSharp();
    const source = sharp(path, { limitInputPixels: pixelLimit });
    const about = await source.metadata();
    // Orientations 5 to 8 lie on their side (EXIF).
    const lying = (about.orientation ?? 1) >= 5;
    const [width, height] = lying ? [about.height, about.width] : [about.width, about.height];
    const scale = Math.min(box.width / width, box.height / height, 2);
    const { data, info } = await source
      .rotate()
      .resize(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)), {
        fit: 'fill',
      })
      .toColourspace('srgb')
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const canvas = createCanvas(info.width, info.height);
    const pixels = new Uint8ClampedArray(data.buffer, data.byteOffset, data.byteLength);
    canvas.getContext('2d').putImageData(new ImageData(pixels, info.width, info.height), 0, 0);
    return canvas;
  } catch (error) {
    throw new StudioError('media_unusable', 'The logo or watermark picture cannot be read.', {
      hint: 'Use a PNG, JPEG or WebP picture.',
      cause: error,
    });
  }
}
