/** Draws the watermark: a small text or picture in a corner, with a faint shadow so that it shows on any ground. */
import { paintBitmap, type Bitmap } from './bitmap.ts';
import type { FontBook, TextSetting } from './fonts.ts';
import { cornerArea } from './frame-layout.ts';
import type { Frame, WatermarkOverlay } from './types.ts';
import { readPicture } from './picture-file.ts';
import { directionOf } from './text-direction.ts';
import { fitText } from './text-fitting.ts';
import { paintRuns, runBounds } from './text-runs.ts';

const effects = { outline: 0, shadow: 0.2, shadowStrength: 0.6 };

/** @throws {StudioError} media_unusable if its picture cannot be read */
export async function drawWatermark(
  overlay: WatermarkOverlay,
  frame: Frame,
  fonts: FontBook,
): Promise<Bitmap> {
  if (overlay.picture !== undefined) return drawMarkPicture(overlay, overlay.picture, frame);
  const short = Math.min(frame.width, frame.height);
  const text = overlay.text ?? '';
  const common = {
    language: 'en',
    direction: directionOf(text, 'en'),
    weight: 600,
    family: overlay.font,
  } as const;
  const box = { maxWidth: frame.width * 0.45, maxHeight: short * 0.2, maxLines: 1, leading: 1.2 };
  const fitted = fitText(text, { ...common, size: short * 0.032 }, box, fonts);
  const setting: TextSetting = { ...common, size: fitted.size };
  const widths = fitted.lines.map((line) => fonts.width(line, setting));
  const corner = inCorner(overlay, frame, Math.max(0, ...widths), fitted.lines.length * fitted.leading);
  const runs = fitted.lines.map((line, index) => ({
    text: line,
    x: corner.x + (overlay.position.endsWith('Right') ? corner.width - (widths[index] ?? 0) : 0),
    y: Math.round(corner.y + (index + 0.5) * fitted.leading + fitted.size * 0.35),
    color: '#ffffff',
    setting,
  }));
  return paintBitmap(
    runBounds(runs, effects, fonts),
    frame,
    (context) => paintRuns(context, runs, effects, fonts),
    overlay.opacity,
  );
}

async function drawMarkPicture(overlay: WatermarkOverlay, path: string, frame: Frame): Promise<Bitmap> {
  const short = Math.min(frame.width, frame.height);
  const picture = await readPicture(path, { width: short * 0.26, height: short * 0.1 });
  const { x, y } = inCorner(overlay, frame, picture.width, picture.height);
  const bounds = { left: x, top: y, right: x + picture.width, bottom: y + picture.height };
  return paintBitmap(bounds, frame, (context) => context.drawImage(picture, x, y), overlay.opacity);
}

function inCorner(overlay: WatermarkOverlay, frame: Frame, width: number, height: number) {
  const area = cornerArea(frame);
  const x = overlay.position.endsWith('Left') ? area.left : frame.width - area.right - width;
  const y = overlay.position.startsWith('top') ? area.top : frame.height - area.bottom - height;
  return { x: Math.round(x), y: Math.round(y), width };
}
