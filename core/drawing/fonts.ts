/**
 * The fonts all text is drawn with: Noto Sans in four weights, its Arabic and Hebrew companions and
 * a one-colour emoji font come with the project; Chinese, Japanese, Korean and colour emoji come
 * from the system where they are installed. Knows what can be drawn and how wide it gets.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createCanvas, GlobalFonts, type SKRSContext2D } from '@napi-rs/canvas';

export type FontWeight = 400 | 600 | 700 | 800;

/** How a text is set. `family` is a family wanted before the project's own, e.g. a brand's. */
export type TextSetting = {
  /** px */
  size: number;
  weight: FontWeight;
  /** BCP-47; chooses between Chinese, Japanese and Korean forms of one character. */
  language: string;
  direction?: 'ltr' | 'rtl';
  family?: string | undefined;
};

/** Extents of a text around its pen position, px. `left` and `up` are positive away from it. */
export type TextExtent = { width: number; left: number; right: number; up: number; down: number };

export type FontBook = {
  /** Changes whenever other fonts would draw other pixels: goes into content keys. */
  readonly version: string;
  /** The `font` value of a canvas context. */
  css(setting: TextSetting): string;
  /** Prepares a context so that `fillText` and `strokeText` draw in this setting from the left edge. */
  apply(context: SKRSContext2D, setting: TextSetting): void;
  /** Advance width, px. */
  width(text: string, setting: TextSetting): number;
  /** Advance width and inked box, px. */
  extent(text: string, setting: TextSetting): TextExtent;
  /** Visible characters of a text that no font here can draw, each once, in order. */
  missing(text: string): string[];
  /** The text without what cannot or must not be drawn: controls, order overrides, missing characters. */
  drawable(text: string): string;
  /** Families that can be named in a storyboard, sorted. */
  families(): string[];
  /** Whether a family can be used; upper and lower case are the same. */
  has(family: string): boolean;
};

const fontFiles: { family: string; package: string; file: string }[] = [
  ...weightsOf('Studio Sans', 'noto-sans', 'NotoSans', [400, 600, 700, 800]),
  ...weightsOf('Studio Arabic', 'noto-sans-arabic', 'NotoSansArabic', [400, 600, 700, 800]),
  ...weightsOf('Studio Hebrew', 'noto-sans-hebrew', 'NotoSansHebrew', [400, 600, 700, 800]),
  ...weightsOf('Studio Emoji', 'noto-emoji', 'NotoEmoji', [400, 700]),
];

/** System families tried after the project's own; colour emoji come before one-colour ones. */
const systemFamilies = [
  'Noto Color Emoji',
  'Apple Color Emoji',
  'Segoe UI Emoji',
  'Noto Sans CJK JP',
  'Noto Sans CJK SC',
  'Noto Sans CJK KR',
  'Noto Sans CJK TC',
];

/**
 * Opens the fonts. Registered once a process: Skia's font table is shared by all worker threads,
 * so later calls, from any thread, only look.
 * @throws {Error} when a font package is not installed
 */
export function openFonts(): FontBook {
  const version = registerFonts();
  const known = new Set(GlobalFonts.families.map((entry) => entry.family.toLowerCase()));
  const system = systemFamilies.filter((family) => known.has(family.toLowerCase()));
  const stack = ['Studio Sans', 'Studio Arabic', 'Studio Hebrew', ...system, 'Studio Emoji']
    .map(quoted)
    .join(',');
  const context = createCanvas(64, 64).getContext('2d');
  const drawn = new Map<string, boolean>();

  const has = (family: string): boolean => known.has(family.toLowerCase());
  const css = ({ size, weight, family }: TextSetting): string =>
    `${weight} ${Math.round(size * 100) / 100}px ${family !== undefined && has(family) ? `${quoted(family)},` : ''}${stack}`;
  const apply = (target: SKRSContext2D, setting: TextSetting): void => {
    target.font = css(setting);
    target.lang = setting.language;
    target.direction = setting.direction ?? 'ltr';
    target.textAlign = 'left';
    target.textBaseline = 'alphabetic';
  };
  const isDrawn = (character: string): boolean => {
    let answer = drawn.get(character);
    if (answer === undefined) drawn.set(character, (answer = hasGlyph(context, character, `100px ${stack}`)));
    return answer;
  };
  const missing = (text: string): string[] => {
    if (certain.test(text)) return [];
    const found = [...text].filter((character) => !neverDrawn.test(character) && !ignorable.test(character));
    return [...new Set(found)].filter((character) => loneSurrogate.test(character) || !isDrawn(character));
  };

  return {
    version,
    css,
    apply,
    width(text, setting) {
      apply(context, setting);
      return context.measureText(text).width;
    },
    extent(text, setting) {
      apply(context, setting);
      const box = context.measureText(text);
      return {
        width: box.width,
        left: box.actualBoundingBoxLeft,
        right: box.actualBoundingBoxRight,
        up: box.actualBoundingBoxAscent,
        down: box.actualBoundingBoxDescent,
      };
    },
    missing,
    drawable(text) {
      if (certain.test(text)) return text;
      const boxes = new Set(missing(text));
      return [...text].filter((character) => !boxes.has(character) && !neverDrawn.test(character)).join('');
    },
    families: () => [...new Set(GlobalFonts.families.map((entry) => entry.family))].sort(),
    has,
  };
}

/** Text that needs no look-up: the letters and signs Noto Sans surely has. */
const certain = /^[\x20-\x7e\u00a0-\u00ac\u00ae-\u017f\u2013\u2014\u2018-\u201e\u2026\u20ac]*$/;
/**
 * Controls, and the marks that reorder what follows (U+202A–202E, U+2066–2069): with them a text
 * could read otherwise than it is written. White space is the caller's to break at.
 */
// oxlint-disable-next-line no-control-regex
const neverDrawn = /^[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]$/;
/** Joins, selects or spaces other characters: without a picture of its own. */
const ignorable = /^[\p{Default_Ignorable_Code_Point}\s]$/u;
const loneSurrogate = /^[\ud800-\udfff]$/;

function weightsOf(family: string, folder: string, name: string, weights: FontWeight[]) {
  const styles = { 400: 'Regular', 600: 'SemiBold', 700: 'Bold', 800: 'ExtraBold' };
  return weights.map((weight) => ({
    family,
    package: `@expo-google-fonts/${folder}`,
    file: `${weight}${styles[weight]}/${name}_${weight}${styles[weight]}.ttf`,
  }));
}

/** Registers what is not registered yet; answers a hash over the fonts there are and the drawing library. */
function registerFonts(): string {
  const require = createRequire(import.meta.url);
  const hash = createHash('sha256').update(require('@napi-rs/canvas/package.json').version as string);
  for (const font of fontFiles) {
    const manifest = require.resolve(`${font.package}/package.json`);
    const file = path.join(path.dirname(manifest), font.file);
    // A package of one version has one content; reading 6 MB in each worker would only cost time.
    hash.update(
      `\n${font.family} ${font.file} ${require(manifest).version as string} ${statSync(file).size}`,
    );
    if (!isRegistered(font.family, Number.parseInt(font.file, 10)))
      GlobalFonts.registerFromPath(file, font.family);
  }
  hash.update(JSON.stringify(GlobalFonts.families.map((entry) => entry.family).sort()));
  return hash.digest('hex').slice(0, 16);
}

function isRegistered(family: string, weight: number): boolean {
  const styles = GlobalFonts.families.find((entry) => entry.family === family)?.styles;
  return styles?.some((style) => style.weight === weight) ?? false;
}

/**
 * Whether a character is drawn as itself. Skia draws what it has no glyph for as the box of the
 * first font: nearly always the width already tells them apart; where it does not, the pixels do.
 */
function hasGlyph(context: SKRSContext2D, character: string, font: string): boolean {
  context.font = font;
  context.lang = 'en';
  context.direction = 'ltr';
  context.textAlign = 'left';
  // U+10FFFF is a noncharacter: no font may have it.
  if (Math.abs(context.measureText(character).width - context.measureText('\u{10ffff}').width) > 0.01)
    return true;
  return !pixelsOf(context, character).equals(pixelsOf(context, '\u{10ffff}'));
}

function pixelsOf(context: SKRSContext2D, character: string): Buffer {
  context.clearRect(0, 0, 64, 64);
  context.save();
  context.scale(0.5, 0.5);
  context.fillStyle = '#fff';
  context.fillText(character, 4, 96);
  context.restore();
  return Buffer.from(context.getImageData(0, 0, 64, 64).data);
}

function quoted(family: string): string {
  return `"${family.replace(/["\\]/g, '')}"`;
}
