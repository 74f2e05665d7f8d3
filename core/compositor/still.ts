/** A still on its canvas, as planes in kernel memory, sampled sub-pixel exactly for each frame. */
import type { Sharp } from 'sharp';
import { drawGradient } from '../drawing/gradient.ts';
import { openSharp } from '../libvips.ts';
import type { Frame, Kernel } from './kernel.ts';
import { canvasSize, viewAt } from './motion.ts';
import type { Fit, StillLayer } from './plan.ts';
import type { Shelf } from './shelf.ts';

export type Still = {
  canvas: Frame;
  effect: StillLayer['effect'];
};

/** Packed RGB, 3 bytes a pixel. */
type Rgb = { rgb: Uint8Array; width: number; height: number };

/** Decodes, fits and converts a still once a shelf; `frameWidth` × `frameHeight` px is the film's size. */
export async function prepareStill(
  kernel: Kernel,
  layer: StillLayer,
  frameWidth: number,
  frameHeight: number,
  shelf: Shelf,
): Promise<Still> {
  const size = canvasSize(layer.effect, frameWidth, frameHeight);
  const { picture, fit, background } = layer;
  const key = JSON.stringify({ picture, fit, background, ...size });
  const known = shelf.still(key);
  const pixels = known ? null : await drawCanvas(layer, size.width, size.height);
  const canvas = kernel.frame(size.width, size.height);
  if (pixels) convert(kernel, pixels, canvas);
  else kernel.view(canvas.y, canvas.bytes).set(known!);
  shelf.keepStill(key, known ?? kernel.view(canvas.y, canvas.bytes).slice());
  return { canvas, effect: layer.effect };
}

function convert(kernel: Kernel, pixels: Rgb, canvas: Frame): void {
  const mark = kernel.mark();
  const rgb = kernel.reserve(pixels.rgb.length);
  kernel.view(rgb, pixels.rgb.length).set(pixels.rgb);
  kernel.call.rgbToYuv(rgb, canvas.width, canvas.height, canvas.y, canvas.u, canvas.v);
  kernel.release(mark);
}

/** Draws frame `index` of a scene of `total` frames into `out`. */
export function sampleStill(
  kernel: Kernel,
  still: Still,
  index: number,
  total: number,
  out: Frame,
  scratch: number,
): void {
  const { canvas } = still;
  const view = viewAt(still.effect, index, total, out.width, out.height);
  if (canvas.width === out.width && canvas.height === out.height && still.effect === 'none') {
    kernel.view(out.y, out.bytes).set(kernel.view(canvas.y, canvas.bytes));
    return;
  }
  const { resample } = kernel.call;
  resample(
    canvas.y,
    canvas.width,
    canvas.height,
    canvas.width,
    out.y,
    out.width,
    out.height,
    out.width,
    view.x,
    view.y,
    view.scaleX,
    view.scaleY,
    scratch,
  );
  // Chroma sample k lies on luma column 2k and between luma rows 2k and 2k + 1; hence the quarter px.
  const chromaX = view.x / 2 + (1 - view.scaleX) / 4;
  const chromaY = view.y / 2;
  for (const plane of ['u', 'v'] as const) {
    resample(
      canvas[plane],
      canvas.width / 2,
      canvas.height / 2,
      canvas.width / 2,
      out[plane],
      out.width / 2,
      out.height / 2,
      out.width / 2,
      chromaX,
      chromaY,
      view.scaleX,
      view.scaleY,
      scratch,
    );
  }
}

async function drawCanvas(layer: StillLayer, width: number, height: number): Promise<Rgb> {
  if ('colors' in layer.picture) return drawColors(layer.picture.colors, width, height);
  return fitPicture(layer.picture.path, layer.fit, layer.background, width, height);
}

function drawColors(colors: string[], width: number, height: number): Rgb {
  return { rgb: drawGradient(colors, width, height).rgb, width, height };
}

async function fitPicture(
  path: string,
  fit: Fit,
  background: string,
  width: number,
  height: number,
): Promise<Rgb> {
  const sharp = await openSharp();
  const open = () => sharp(path, { limitInputPixels: false }).flatten({ background }).toColourspace('srgb');
  const packed = (image: Sharp) => image.removeAlpha().raw().toBuffer();
  if (fit === 'cover')
    return { rgb: await packed(open().resize(width, height, { fit: 'cover' })), width, height };
  if (fit === 'contain')
    return { rgb: await packed(open().resize(width, height, { fit: 'contain', background })), width, height };
  // A small copy, blurred there and enlarged, looks the same as a large blur and costs a hundredth.
  const small = await open()
    .resize(Math.ceil(width / 12), Math.ceil(height / 12), { fit: 'cover' })
    .blur(Math.max(1.2, width / 12 / 45))
    .modulate({ brightness: 0.55, saturation: 0.9 })
    .png()
    .toBuffer();
  const front = await sharp(path, { limitInputPixels: false })
    .resize(width, height, { fit: 'inside' })
    .png({ compressionLevel: 0 })
    .toBuffer();
  const behind = await sharp(small)
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .removeAlpha()
    .png({ compressionLevel: 0 })
    .toBuffer();
  return { rgb: await packed(sharp(behind).composite([{ input: front, gravity: 'centre' }])), width, height };
}
