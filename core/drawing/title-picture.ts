/** Draws titles: a centred, top or bottom block with a soft ground behind it. */
import type { Canvas, SKRSContext2D } from '@napi-rs/canvas';
import { around, paintBitmap, type Bitmap, type Bounds } from './bitmap.ts';
import { edgeFor, withAlpha } from './colors.ts';
import type { FontBook, TextSetting } from './fonts.ts';
import { captionBand, safeArea } from './frame-layout.ts';
import type { Frame, TitleOverlay } from './types.ts';
import { readPicture } from './picture-file.ts';
import { directionOf } from './text-direction.ts';
import { fitText, type FittedText } from './text-fitting.ts';
import { paintRuns, runBounds, type TextEffects, type TextRun } from './text-runs.ts';

const effects: TextEffects = { outline: 0, shadow: 0.16, shadowStrength: 0.55 };

export async function drawTitleBlock(overlay: TitleOverlay, frame: Frame, fonts: FontBook): Promise<Bitmap> {
  const room = roomFor(overlay, frame);
  const logo = overlay.logo === undefined ? null : await readPicture(overlay.logo, logoBox(frame, room));
  const texts = fitBlock(overlay, frame, room.bottom - room.top - (logo ? logo.height * 1.35 : 0), fonts);
  const block = placeBlock(texts, logo, overlay, frame, room, fonts);
  if (block.runs.length === 0 && !logo) return paintBitmap(null, frame, () => undefined);
  const scrim = scrimAround(block.bounds, Math.min(frame.width, frame.height));
  return paintBitmap(around([scrim, runBounds(block.runs, effects, fonts) ?? scrim]), frame, (context) => {
    paintScrim(context, scrim, edgeFor(overlay.colors.text));
    if (logo) context.drawImage(logo, block.logo.x, block.logo.y);
    if (block.bar) paintBar(context, block.bar, overlay.colors.accent);
    paintRuns(context, block.runs, effects, fonts);
  });
}

/** Top and bottom edges the block keeps to: the safe area, less the band of captions on its side. */
function roomFor(overlay: TitleOverlay, frame: Frame): { top: number; bottom: number } {
  const area = safeArea(frame);
  // A little lower than captions would be: watermarks stand in the upper corners.
  const top =
    overlay.captions === 'top'
      ? captionBand(frame, 'top')
      : area.top + Math.min(frame.width, frame.height) * 0.025;
  const bottom = frame.height - (overlay.captions === 'bottom' ? captionBand(frame, 'bottom') : area.bottom);
  // Captions across the middle leave the upper part to a centred title.
  return {
    top,
    bottom: overlay.captions === 'middle' && overlay.position !== 'bottom' ? frame.height * 0.375 : bottom,
  };
}

function logoBox(frame: Frame, room: { top: number; bottom: number }): { width: number; height: number } {
  const short = Math.min(frame.width, frame.height);
  return { width: short * 0.45, height: Math.min(short * 0.17, (room.bottom - room.top) * 0.27) };
}

type BlockTexts = {
  title: FittedText;
  titleSetting: TextSetting;
  subtitle: FittedText | null;
  subtitleSetting: TextSetting;
};

function fitBlock(overlay: TitleOverlay, frame: Frame, height: number, fonts: FontBook): BlockTexts {
  const short = Math.min(frame.width, frame.height);
  const area = safeArea(frame);
  const maxWidth = Math.min(frame.width - area.left - area.right, short * 1.45);
  const large = short * (overlay.position === 'center' ? 0.098 : 0.076);
  const common = {
    language: overlay.language,
    family: overlay.font,
    direction: directionOf(overlay.text, overlay.language),
  } as const;
  const titleBox = {
    maxWidth,
    maxHeight: height * (overlay.subtitle ? 0.58 : 0.9),
    maxLines: 3,
    leading: 1.14,
  };
  const title = fitText(overlay.text, { ...common, size: large, weight: 800 }, titleBox, fonts);
  const titleSetting = { ...common, size: title.size, weight: 800 } as const;
  // Never as large as the title, or the eye does not know where to begin.
  const smaller = Math.min(large * 0.46, title.size * 0.72);
  const direction = directionOf(overlay.subtitle ?? '', overlay.language);
  const subtitleBox = { maxWidth: maxWidth * 0.92, maxHeight: height * 0.26, maxLines: 3, leading: 1.3 };
  const subtitle = overlay.subtitle
    ? fitText(overlay.subtitle, { ...common, direction, size: smaller, weight: 600 }, subtitleBox, fonts)
    : null;
  const subtitleSetting = { ...common, direction, size: subtitle?.size ?? smaller, weight: 600 } as const;
  return { title, titleSetting, subtitle, subtitleSetting };
}

type Block = { runs: TextRun[]; bar: Bounds | null; logo: { x: number; y: number }; bounds: Bounds };

/** Logo, title, accent bar, subtitle: one below the other, all centred. */
function placeBlock(
  texts: BlockTexts,
  logo: Canvas | null,
  overlay: TitleOverlay,
  frame: Frame,
  room: { top: number; bottom: number },
  fonts: FontBook,
): Block {
  const { title, subtitle } = texts;
  const barHeight = Math.max(2, Math.round(title.size * 0.075));
  const gaps = {
    logo: logo ? logo.height * 0.35 : 0,
    bar: title.size * 0.36,
    subtitle: subtitle ? title.size * 0.3 : 0,
  };
  const heights = {
    logo: logo?.height ?? 0,
    title: title.lines.length * title.leading,
    subtitle: subtitle ? subtitle.lines.length * subtitle.leading : 0,
  };
  const total =
    heights.logo + gaps.logo + heights.title + gaps.bar + barHeight + gaps.subtitle + heights.subtitle;
  let y = { center: (room.top + room.bottom - total) / 2, top: room.top, bottom: room.bottom - total }[
    overlay.position as 'center' | 'top' | 'bottom'
  ];
  // A centred title belongs in the middle of the picture as long as that keeps it off the captions.
  if (overlay.position === 'center')
    y = Math.max(room.top, Math.min((frame.height - total) / 2, room.bottom - total));
  const top = y;
  const middle = frame.width / 2;
  const centred = (fitted: FittedText, setting: TextSetting, from: number): TextRun[] =>
    fitted.lines.map((text, line) => ({
      text,
      x: middle - fonts.width(text, setting) / 2,
      y: Math.round(from + line * fitted.leading + fitted.leading / 2 + setting.size * 0.35),
      color: overlay.colors.text,
      setting,
    }));
  const logoAt = { x: Math.round(middle - (logo?.width ?? 0) / 2), y: Math.round(y) };
  y += heights.logo + gaps.logo;
  const runs = centred(title, texts.titleSetting, y);
  y += heights.title + gaps.bar;
  const half = title.size * 0.7;
  const bar =
    title.lines.length > 0
      ? { left: middle - half, right: middle + half, top: y, bottom: y + barHeight }
      : null;
  y += barHeight + gaps.subtitle;
  if (subtitle) runs.push(...centred(subtitle, texts.subtitleSetting, y));
  const widest = Math.max(logo?.width ?? 0, ...runs.map((run) => fonts.width(run.text, run.setting)));
  return {
    runs,
    bar,
    logo: logoAt,
    bounds: { left: middle - widest / 2, right: middle + widest / 2, top, bottom: top + total },
  };
}

function scrimAround(block: Bounds, short: number): Bounds {
  const across = short * 0.16 + (block.right - block.left) * 0.2;
  const along = short * 0.13 + (block.bottom - block.top) * 0.22;
  return {
    left: block.left - across,
    right: block.right + across,
    top: block.top - along,
    bottom: block.bottom + along,
  };
}

/** An ellipse that is densest in the middle and melts into the picture. */
function paintScrim(context: SKRSContext2D, scrim: Bounds, color: string): void {
  const width = scrim.right - scrim.left;
  const height = scrim.bottom - scrim.top;
  context.save();
  context.translate((scrim.left + scrim.right) / 2, (scrim.top + scrim.bottom) / 2);
  context.scale(width / 2, height / 2);
  const ground = context.createRadialGradient(0, 0, 0, 0, 0, 1);
  // Raised cosine: no visible edge anywhere.
  for (let step = 0; step <= 10; step++)
    ground.addColorStop(step / 10, withAlpha(color, 0.5 * (0.5 + 0.5 * Math.cos((Math.PI * step) / 10))));
  context.fillStyle = ground;
  context.fillRect(-1, -1, 2, 2);
  context.restore();
}

function paintBar(context: SKRSContext2D, bar: Bounds, color: string): void {
  const height = bar.bottom - bar.top;
  context.fillStyle = color;
  context.beginPath();
  context.roundRect(bar.left, bar.top, bar.right - bar.left, height, height / 2);
  context.fill();
}
