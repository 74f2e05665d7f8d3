/** Overlays of a segment: drawn once each, kept as YUVA, blended in their box with their fades. */
import { drawOverlay, type Bitmap, type OverlaySpan } from '../drawing/overlays.ts';
import type { FontBook } from '../drawing/fonts.ts';
import type { Frame, Kernel } from './kernel.ts';

/** Y, alpha, U, V and chroma alpha of one bitmap, one after another. */
type Drawn = { x: number; y: number; width: number; height: number; planes: Uint8Array };

export class OverlayLayer {
  private readonly kernel: Kernel;
  private readonly fonts: FontBook;
  private readonly spans: OverlaySpan[];
  private readonly drawn = new Map<OverlaySpan, Drawn | null>();
  private buffer = { at: 0, bytes: 0 };

  constructor(kernel: Kernel, fonts: FontBook, spans: OverlaySpan[]) {
    this.kernel = kernel;
    this.fonts = fonts;
    this.spans = spans;
  }

  /** Draws what is visible in segment frame `index` over `frame`, in the order of the plan. */
  async apply(frame: Frame, index: number): Promise<void> {
    for (const span of this.spans) {
      if (index >= span.endFrame) this.drawn.delete(span);
      const opacity = opacityAt(span, index);
      if (opacity <= 0) continue;
      const drawn = await this.draw(span, frame);
      if (drawn) this.blend(frame, drawn, opacity);
    }
  }

  private async draw(span: OverlaySpan, frame: Frame): Promise<Drawn | null> {
    const known = this.drawn.get(span);
    if (known !== undefined) return known;
    const bitmap = await drawOverlay(span.overlay, { width: frame.width, height: frame.height }, this.fonts);
    const drawn = bitmap && bitmap.width > 0 && bitmap.height > 0 ? this.convert(bitmap) : null;
    this.drawn.set(span, drawn);
    return drawn;
  }

  private convert(bitmap: Bitmap): Drawn {
    const { width, height } = bitmap;
    const luma = width * height;
    const chroma = luma / 4;
    const total = luma * 2 + chroma * 3;
    const mark = this.kernel.mark();
    const rgba = this.kernel.reserve(luma * 4);
    const out = this.kernel.reserve(total);
    this.kernel.view(rgba, luma * 4).set(bitmap.rgba);
    this.kernel.call.rgbaToYuva(
      rgba,
      width,
      height,
      out,
      out + luma,
      out + luma * 2,
      out + luma * 2 + chroma,
      out + luma * 2 + chroma * 2,
    );
    const planes = this.kernel.view(out, total).slice();
    this.kernel.release(mark);
    return { x: bitmap.x, y: bitmap.y, width, height, planes };
  }

  private blend(frame: Frame, drawn: Drawn, opacity: number): void {
    const { width, height, x, y } = drawn;
    if (this.buffer.bytes < drawn.planes.length) {
      this.buffer = { at: this.kernel.reserve(drawn.planes.length), bytes: drawn.planes.length };
    }
    const at = this.buffer.at;
    this.kernel.view(at, drawn.planes.length).set(drawn.planes);
    const luma = width * height;
    const chroma = luma / 4;
    const { overlay } = this.kernel.call;
    overlay(frame.y + y * frame.width + x, frame.width, at, at + luma, width, width, height, opacity);
    const place = (y / 2) * (frame.width / 2) + x / 2;
    const alpha = at + luma * 2 + chroma * 2;
    overlay(
      frame.u + place,
      frame.width / 2,
      at + luma * 2,
      alpha,
      width / 2,
      width / 2,
      height / 2,
      opacity,
    );
    overlay(
      frame.v + place,
      frame.width / 2,
      at + luma * 2 + chroma,
      alpha,
      width / 2,
      width / 2,
      height / 2,
      opacity,
    );
  }
}

/** Opacity 0..256 of a span in a frame; fades lie inside the span. */
export function opacityAt(span: OverlaySpan, index: number): number {
  if (index < span.startFrame || index >= span.endFrame) return 0;
  const rising = span.fadeInFrames > 0 ? (index - span.startFrame + 1) / (span.fadeInFrames + 1) : 1;
  const falling = span.fadeOutFrames > 0 ? (span.endFrame - index) / (span.fadeOutFrames + 1) : 1;
  return Math.round(256 * Math.min(1, rising, falling));
}
