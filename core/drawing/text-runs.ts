/** Rows of text at fixed places, drawn with an outline and a soft shadow so that they can be read on any picture. */
import type { SKRSContext2D } from '@napi-rs/canvas';
import { around, type Bounds } from './bitmap.ts';
import { edgeFor, withAlpha } from './colors.ts';
import type { FontBook, TextSetting } from './fonts.ts';

export type TextRun = {
  text: string;
  /** Left end of the text, px of the frame. */
  x: number;
  /** Baseline, px of the frame. */
  y: number;
  color: string;
  setting: TextSetting;
};

export type TextEffects = {
  /** Width of the outline beside the letters, as a share of the text size. */
  outline: number;
  /** Blur of the shadow, as a share of the text size. */
  shadow: number;
  /** 0 to 1 */
  shadowStrength: number;
};

/** Where runs draw, with their outline and shadow. */
export function runBounds(runs: readonly TextRun[], effects: TextEffects, fonts: FontBook): Bounds | null {
  return around(
    runs.map(({ text, x, y, setting }) => {
      const extent = fonts.extent(text, setting);
      const edge = setting.size * (effects.outline + effects.shadow * 1.6 + 0.06) + 2;
      return {
        left: x - extent.left - edge,
        top: y - extent.up - edge,
        right: x + Math.max(extent.right, extent.width) + edge,
        bottom: y + extent.down + edge,
      };
    }),
  );
}

/** Draws runs: all shadows and outlines first, so that none lies over a neighbour's letters. */
export function paintRuns(
  context: SKRSContext2D,
  runs: readonly TextRun[],
  effects: TextEffects,
  fonts: FontBook,
): void {
  context.lineJoin = 'round';
  context.lineCap = 'round';
  for (const run of runs) {
    const edge = edgeFor(run.color);
    fonts.apply(context, run.setting);
    context.save();
    if (effects.shadow > 0) {
      context.shadowColor = withAlpha(edge, effects.shadowStrength);
      context.shadowBlur = run.setting.size * effects.shadow;
      context.shadowOffsetY = run.setting.size * 0.04;
    }
    if (effects.outline > 0) {
      context.lineWidth = run.setting.size * effects.outline * 2;
      context.strokeStyle = withAlpha(edge, 0.92);
      context.strokeText(run.text, run.x, run.y);
    } else {
      context.fillStyle = run.color;
      context.fillText(run.text, run.x, run.y);
    }
    context.restore();
  }
  for (const run of runs) {
    fonts.apply(context, run.setting);
    context.fillStyle = run.color;
    context.fillText(run.text, run.x, run.y);
  }
}
