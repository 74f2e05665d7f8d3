/**
 * What is laid over the pictures as plain data: captions, titles and the watermark, and when.
 * An overlay holds all that decides its pixels (with the frame size and the fonts' version), so
 * that it can be hashed into content keys and sent to worker threads.
 */
import type { Brand, Captions, Scene } from '../schema/storyboard.ts';

/** Raise when the same overlay is drawn to other pixels than before: it belongs into content keys. */
export const drawingVersion = 1;

/** px; both even. */
export type Frame = { width: number; height: number };

export type ShownWord = { text: string; joined?: boolean };

export type CaptionOverlay = {
  kind: 'caption';
  lines: ShownWord[][];
  language: string;
  /** Number of the lit word, counted from 0 through all lines; null lights none. */
  lit: number | null;
  /** `word` shows its only word large. */
  style: Captions['style'];
  position: Captions['position'];
  size: Captions['size'];
  background: Captions['background'];
  color: string;
  highlight: string;
  font?: string | undefined;
};

export type TitleOverlay = {
  kind: 'title';
  text: string;
  subtitle?: string | undefined;
  position: NonNullable<Scene['title']>['position'];
  language: string;
  colors: Brand['colors'];
  font?: string | undefined;
  /** Path of a vetted picture, shown above centred titles. */
  logo?: string | undefined;
  /** Where captions may stand at the same time: the title keeps off it. */
  captions: Captions['position'] | null;
};

export type WatermarkOverlay = {
  kind: 'watermark';
  text?: string | undefined;
  /** Path of a vetted picture. */
  picture?: string | undefined;
  position: NonNullable<Brand['watermark']>['position'];
  /** 0 to 1 */
  opacity: number;
  font?: string | undefined;
};

export type Overlay = CaptionOverlay | TitleOverlay | WatermarkOverlay;

/** An overlay on the film's frames `startFrame` up to, not including, `endFrame`; fades lie inside. */
export type OverlaySpan = {
  overlay: Overlay;
  startFrame: number;
  endFrame: number;
  fadeInFrames: number;
  fadeOutFrames: number;
};
