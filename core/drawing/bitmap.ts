/** Draws on a canvas no larger than needed, and cuts the result to what is visible. */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import type { Frame } from './types.ts';

/** A picture to lay over a frame at (x, y). All four numbers are even, and it lies inside the frame. */
export type Bitmap = {
  x: number;
  y: number;
  width: number;
  height: number;
  /** 4 bytes a pixel, straight (not premultiplied) alpha. */
  rgba: Uint8Array;
};

/** Edges in px of the frame; may reach beyond it. */
export type Bounds = { left: number; top: number; right: number; bottom: number };

/** The smallest bounds around all of these; null if there are none. */
export function around(bounds: readonly Bounds[]): Bounds | null {
  if (bounds.length === 0) return null;
  return {
    left: Math.min(...bounds.map((one) => one.left)),
    top: Math.min(...bounds.map((one) => one.top)),
    right: Math.max(...bounds.map((one) => one.right)),
    bottom: Math.max(...bounds.map((one) => one.bottom)),
  };
}

/**
 * Lets `paint` draw in the coordinates of the frame and returns what it drew.
 * @param bounds where it draws at most; null draws nothing
 * @param opacity 0 to 1, over everything drawn
 */
export function paintBitmap(
  bounds: Bounds | null,
  frame: Frame,
  paint: (context: SKRSContext2D) => void,
  opacity = 1,
): Bitmap {
  const left = evenDown(clamp(bounds?.left ?? 0, 0, frame.width));
  const top = evenDown(clamp(bounds?.top ?? 0, 0, frame.height));
  const right = evenUp(clamp(bounds?.right ?? 0, 0, frame.width), frame.width);
  const bottom = evenUp(clamp(bounds?.bottom ?? 0, 0, frame.height), frame.height);
  if (!bounds || right <= left || bottom <= top) return emptyBitmap();
  const context = createCanvas(right - left, bottom - top).getContext('2d');
  context.translate(-left, -top);
  paint(context);
  const { data } = context.getImageData(0, 0, right - left, bottom - top);
  const rgba = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (opacity < 1)
    for (let at = 3; at < rgba.length; at += 4) rgba[at] = Math.round((rgba[at] ?? 0) * opacity);
  return crop({ x: left, y: top, width: right - left, height: bottom - top, rgba });
}

/** Two by two transparent pixels: what a text without visible characters comes to. */
function emptyBitmap(): Bitmap {
  return { x: 0, y: 0, width: 2, height: 2, rgba: new Uint8Array(16) };
}

function crop(bitmap: Bitmap): Bitmap {
  const { width, height, rgba } = bitmap;
  const alpha = new Uint32Array(rgba.buffer, rgba.byteOffset, width * height);
  const visible = (at: number): boolean => (alpha[at] as number) >>> 24 !== 0;
  const rowIsVisible = (y: number): boolean => {
    for (let x = 0; x < width; x++) if (visible(y * width + x)) return true;
    return false;
  };
  let top = 0;
  while (top < height && !rowIsVisible(top)) top++;
  if (top === height) return emptyBitmap();
  let bottom = height;
  while (!rowIsVisible(bottom - 1)) bottom--;
  let left = width;
  let right = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = 0; x < left; x++) if (visible(y * width + x)) left = x;
    for (let x = width - 1; x >= right; x--) if (visible(y * width + x)) right = x + 1;
  }
  [left, top, right, bottom] = [evenDown(left), evenDown(top), evenUp(right, width), evenUp(bottom, height)];
  const cut = new Uint8Array((right - left) * (bottom - top) * 4);
  for (let y = top; y < bottom; y++) {
    cut.set(rgba.subarray((y * width + left) * 4, (y * width + right) * 4), (y - top) * (right - left) * 4);
  }
  return { x: bitmap.x + left, y: bitmap.y + top, width: right - left, height: bottom - top, rgba: cut };
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
const evenDown = (value: number): number => Math.floor(value / 2) * 2;
const evenUp = (value: number, most: number): number => Math.min(Math.ceil(value / 2) * 2, evenDown(most));
