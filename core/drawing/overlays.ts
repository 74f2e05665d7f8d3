/** The door to overlays: what they are, when they stand, and how one becomes a bitmap to lay over its frames. */
import type { Bitmap } from './bitmap.ts';
import { drawCaption } from './caption-picture.ts';
import type { FontBook } from './fonts.ts';
import { drawLowerThird } from './lower-third-picture.ts';
import type { Frame, Overlay } from './types.ts';
import { drawTitleBlock } from './title-picture.ts';
import { drawWatermark } from './watermark-picture.ts';

export type { Bitmap } from './bitmap.ts';
export { captionSpans, titleSpan, watermarkSpan, type TitleOptions, type WatermarkOptions } from './spans.ts';
export { captionMeasure } from './frame-layout.ts';
export * from './types.ts';

/**
 * Draws an overlay once for all its frames. Text that no font can draw is left out; an overlay
 * without anything visible becomes 2 × 2 transparent pixels.
 * @throws {StudioError} media_unusable if a logo or watermark picture cannot be read
 */
export async function drawOverlay(overlay: Overlay, frame: Frame, fonts: FontBook): Promise<Bitmap> {
  const bitmap = await draw(overlay, frame, fonts);
  // Canvases are freed between turns of the event loop only: without one, a row of states drawn at
  // once kept 2 MB each.
  await new Promise((resolve) => setImmediate(resolve));
  return bitmap;
}

async function draw(overlay: Overlay, frame: Frame, fonts: FontBook): Promise<Bitmap> {
  switch (overlay.kind) {
    case 'caption':
      return drawCaption(overlay, frame, fonts);
    case 'title':
      return overlay.position === 'lowerThird'
        ? drawLowerThird(overlay, frame, fonts)
        : drawTitleBlock(overlay, frame, fonts);
    case 'watermark':
      return drawWatermark(overlay, frame, fonts);
  }
}
