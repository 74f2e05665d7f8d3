/** Draws a lower third: a panel in the brand's colour with an accent bar, a name and a line below it. */
import { paintBitmap, type Bitmap } from './bitmap.ts';
import { readableOn, withAlpha } from './colors.ts';
import type { FontBook, TextSetting } from './fonts.ts';
import { captionBand, safeArea } from './frame-layout.ts';
import type { Frame, TitleOverlay } from './types.ts';
import { directionOf } from './text-direction.ts';
import { fitText } from './text-fitting.ts';
import { paintRuns, type TextRun } from './text-runs.ts';

export function drawLowerThird(overlay: TitleOverlay, frame: Frame, fonts: FontBook): Bitmap {
  const short = Math.min(frame.width, frame.height);
  const area = safeArea(frame);
  const common = { language: overlay.language, family: overlay.font };
  const maxWidth = Math.min(frame.width - area.left - area.right - short * 0.12, short * 1.1);
  const maxHeight = frame.height * 0.4;

  const direction = directionOf(overlay.text, overlay.language);
  const nameBox = { maxWidth, maxHeight: maxHeight * 0.62, maxLines: 2, leading: 1.16 };
  const name = fitText(
    overlay.text,
    { ...common, direction, size: short * 0.056, weight: 700 },
    nameBox,
    fonts,
  );
  const belowDirection = directionOf(overlay.subtitle ?? '', overlay.language);
  const belowBox = { maxWidth, maxHeight: maxHeight * 0.38, maxLines: 2, leading: 1.28 };
  const belowSize = Math.min(short * 0.036, name.size * 0.7);
  const below = fitText(
    overlay.subtitle ?? '',
    { ...common, direction: belowDirection, size: belowSize, weight: 400 },
    belowBox,
    fonts,
  );
  if (name.lines.length + below.lines.length === 0) return paintBitmap(null, frame, () => undefined);

  const nameSetting: TextSetting = { ...common, direction, size: name.size, weight: 700 };
  const belowSetting: TextSetting = { ...common, direction: belowDirection, size: below.size, weight: 400 };
  const widthOf = (line: string, setting: TextSetting): number => fonts.width(line, setting);
  const textWidth = Math.max(
    ...name.lines.map((line) => widthOf(line, nameSetting)),
    ...below.lines.map((line) => widthOf(line, belowSetting)),
  );
  const padding = { x: short * 0.034, y: short * 0.024 };
  const bar = Math.max(3, Math.round(short * 0.011));
  const gap = below.lines.length > 0 ? short * 0.006 : 0;
  const height = name.lines.length * name.leading + gap + below.lines.length * below.leading + padding.y * 2;
  const width = textWidth + padding.x * 2 + bar;
  // Right-to-left names stand at the right, mirrored.
  const mirrored = direction === 'rtl';
  const left = Math.round(mirrored ? frame.width - area.right - width : area.left);
  const standing = overlay.captions === 'bottom' ? captionBand(frame, 'bottom') : area.bottom;
  const top = Math.round(frame.height - standing - height);
  const right = Math.round(left + width);
  const bottom = Math.round(top + height);

  const ground = overlay.colors.primary;
  const color = readableOn(ground, overlay.colors.text);
  const textLeft = mirrored ? left + padding.x : left + bar + padding.x;
  const placed = (lines: string[], setting: TextSetting, leading: number, from: number): TextRun[] =>
    lines.map((text, line) => ({
      text,
      x: mirrored ? textLeft + textWidth - widthOf(text, setting) : textLeft,
      y: Math.round(from + line * leading + leading / 2 + setting.size * 0.35),
      color,
      setting,
    }));
  const runs = [
    ...placed(name.lines, nameSetting, name.leading, top + padding.y),
    ...placed(
      below.lines,
      belowSetting,
      below.leading,
      top + padding.y + name.lines.length * name.leading + gap,
    ),
  ];
  const edge = short * 0.03;
  return paintBitmap(
    { left: left - edge, top: top - edge, right: right + edge, bottom: bottom + edge },
    frame,
    (context) => {
      context.save();
      context.shadowColor = 'rgba(0,0,0,0.35)';
      context.shadowBlur = short * 0.02;
      context.shadowOffsetY = short * 0.004;
      context.fillStyle = withAlpha(ground, 0.93);
      const round = short * 0.01;
      context.beginPath();
      context.roundRect(
        left,
        top,
        width,
        bottom - top,
        mirrored ? [round, 0, 0, round] : [0, round, round, 0],
      );
      context.fill();
      context.restore();
      context.fillStyle = overlay.colors.accent;
      context.fillRect(mirrored ? right - bar : left, top, bar, bottom - top);
      paintRuns(context, runs, { outline: 0, shadow: 0, shadowStrength: 0 }, fonts);
    },
  );
}
