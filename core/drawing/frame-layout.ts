/**
 * Where text may stand in a frame, and how large it is: safe areas by shape of the frame, sizes by
 * its short side. Upright films leave room for the buttons and names that phone apps lay over them.
 */
import type { Captions } from '../schema/storyboard.ts';
import type { FontBook, TextSetting } from './fonts.ts';
import type { CaptionOverlay, Frame } from './types.ts';

/** Margins in px from each side of the frame. */
export type SafeArea = { left: number; right: number; top: number; bottom: number };

/** Shares of height (top, bottom) and width (side) by shape; the first that is wide enough applies. */
const shapes = [
  { least: 1.4, side: 0.08, top: 0.07, bottom: 0.075, corner: 0.035 },
  { least: 0.95, side: 0.07, top: 0.07, bottom: 0.09, corner: 0.04 },
  { least: 0.7, side: 0.07, top: 0.07, bottom: 0.1, corner: 0.04 },
  { least: 0, side: 0.085, top: 0.11, bottom: 0.2, corner: 0.045 },
] as const;

const shapeOf = (frame: Frame) =>
  shapes.find((shape) => frame.width / frame.height >= shape.least) ?? shapes[3];

/** The part of the frame captions and titles keep to. */
export function safeArea(frame: Frame): SafeArea {
  const shape = shapeOf(frame);
  const side = Math.round(frame.width * shape.side);
  return {
    left: side,
    right: side,
    top: Math.round(frame.height * shape.top),
    bottom: Math.round(frame.height * shape.bottom),
  };
}

/** The part of the frame a watermark keeps to: nearer to the edge, below bottom captions. */
export function cornerArea(frame: Frame): SafeArea {
  const shape = shapeOf(frame);
  const edge = Math.round(Math.min(frame.width, frame.height) * shape.corner);
  const upright = shape.least === 0;
  return {
    left: edge,
    right: edge,
    top: upright ? Math.round(frame.height * 0.08) : edge,
    bottom: upright ? Math.round(frame.height * 0.14) : edge,
  };
}

/** Share of the short side; upright films are watched on small screens. */
const sizes = { small: 0.042, medium: 0.051, large: 0.062 } as const;

/** Size of caption letters in px. */
export function captionSize(captions: Pick<CaptionOverlay, 'size' | 'style'>, frame: Frame): number {
  const short = Math.min(frame.width, frame.height);
  const upright = frame.width / frame.height < 0.7 ? 1.12 : 1;
  return short * sizes[captions.size] * upright * (captions.style === 'word' ? 1.75 : 1);
}

/** Width in px a caption line may take: within the safe area, and no more than some 42 letters. */
export function captionWidth(captions: Pick<CaptionOverlay, 'size' | 'style'>, frame: Frame): number {
  const area = safeArea(frame);
  const size = captionSize(captions, frame);
  return Math.floor(Math.min(frame.width - area.left - area.right - size * 0.5, size * 25));
}

/** px between the baselines of caption lines, as a multiple of their size. */
export const captionLeading = 1.26;

/** Height in px that two caption lines take at their edge of the frame, the margin included. */
export function captionBand(frame: Frame, edge: 'top' | 'bottom'): number {
  const size = captionSize({ size: 'medium', style: 'line' }, frame);
  return safeArea(frame)[edge] + size * (2 * captionLeading + 0.95);
}

/**
 * What `makeCues` must know to wrap captions exactly as they will be drawn.
 * @param font the brand's font family, if it has one
 */
export function captionMeasure(
  captions: Captions,
  frame: Frame,
  fonts: FontBook,
  font?: string,
): { maxLineWidth: number; measure: (text: string, language: string) => number } {
  // Cues are the same in all styles: "one word at a time" still has sidecars with whole lines.
  const lines = { size: captions.size, style: 'line' } as const;
  const size = captionSize(lines, frame);
  return {
    maxLineWidth: captionWidth(lines, frame),
    measure: (text, language) => fonts.width(fonts.drawable(text), captionSetting(size, language, font)),
  };
}

/** How caption words are set. */
export function captionSetting(size: number, language: string, family?: string): TextSetting {
  return { size, weight: 700, language, family };
}
