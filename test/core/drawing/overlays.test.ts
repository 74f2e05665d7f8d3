import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFonts } from '../../../core/drawing/fonts.ts';
import { safeArea } from '../../../core/drawing/frame-layout.ts';
import {
  captionMeasure,
  drawOverlay,
  type Bitmap,
  type CaptionOverlay,
  type Frame,
  type TitleOverlay,
  type WatermarkOverlay,
} from '../../../core/drawing/overlays.ts';
import { cueLines, makeCues } from '../../../core/pipeline/captions.ts';
import { aspectRatios, brandSchema, captionsSchema, frameSize } from '../../../core/schema/storyboard.ts';

const fonts = openFonts();
const small: Frame = { width: 640, height: 360 };
const colors = brandSchema.parse({}).colors;

const captionOf = (text: string | string[], more: Partial<CaptionOverlay> = {}): CaptionOverlay => ({
  kind: 'caption',
  lines: [text].flat().map((line) => line.split(' ').map((word) => ({ text: word }))),
  language: 'en',
  lit: null,
  style: 'line',
  position: 'bottom',
  size: 'medium',
  background: 'none',
  color: '#ffffff',
  highlight: '#ff0000',
  ...more,
});
const titleOf = (text: string, more: Partial<TitleOverlay> = {}): TitleOverlay => ({
  kind: 'title',
  text,
  position: 'center',
  language: 'en',
  colors,
  captions: null,
  ...more,
});
const markOf = (more: Partial<WatermarkOverlay>): WatermarkOverlay => ({
  kind: 'watermark',
  position: 'topRight',
  opacity: 1,
  ...more,
});

type Box = { left: number; top: number; right: number; bottom: number; count: number };

/** Box in the frame around the pixels that satisfy the test. */
function boxOf(bitmap: Bitmap, test: (r: number, g: number, b: number, a: number) => boolean): Box {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity, count: 0 };
  const { rgba, width } = bitmap;
  for (let at = 0; at < rgba.length; at += 4) {
    if (!test(rgba[at]!, rgba[at + 1]!, rgba[at + 2]!, rgba[at + 3]!)) continue;
    const x = bitmap.x + ((at / 4) % width);
    const y = bitmap.y + Math.floor(at / 4 / width);
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x + 1);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y + 1);
    box.count++;
  }
  return box;
}
const isWhite = (r: number, g: number, b: number, a: number): boolean =>
  a > 200 && r > 200 && g > 200 && b > 200;
const isRed = (r: number, g: number, b: number, a: number): boolean => a > 200 && r > 180 && g < 80 && b < 80;
const isVisible = (_r: number, _g: number, _b: number, a: number): boolean => a > 40;

function expectSound(bitmap: Bitmap, frame: Frame): void {
  for (const side of [bitmap.x, bitmap.y, bitmap.width, bitmap.height]) expect(side % 2).toBe(0);
  expect(bitmap.x).toBeGreaterThanOrEqual(0);
  expect(bitmap.y).toBeGreaterThanOrEqual(0);
  expect(bitmap.width).toBeGreaterThan(0);
  expect(bitmap.height).toBeGreaterThan(0);
  expect(bitmap.x + bitmap.width).toBeLessThanOrEqual(frame.width);
  expect(bitmap.y + bitmap.height).toBeLessThanOrEqual(frame.height);
  expect(bitmap.rgba.length).toBe(bitmap.width * bitmap.height * 4);
}

describe('text is shown as it is written', () => {
  /** Each beside what a renderer that takes it as code would show. */
  const literal: [string, string][] = [
    ['100% done', '100 done'],
    ["It's 12:30", 'Its 1230'],
    ['{\\an8}x', 'x'],
    ['C:\\new', 'C: ew'],
    ['{\\alpha&HFF&}hidden', 'hidden'],
    ['<b>bold</b>', 'bold'],
    ['&amp;', '&'],
    ['%{pts}', ''],
    ["x',drawtext=text='y", 'x'],
    ['$HOME `id`', 'id'],
    ['-vf null', 'null'],
    ['tab\there', 'tabhere'],
    ['Grüße 你好 🎬', 'Gre'],
  ];

  test('in captions, titles and watermarks', async () => {
    for (const make of [
      (text: string) => captionOf(text),
      (text: string) => titleOf(text),
      (text: string) => titleOf(text, { position: 'lowerThird', subtitle: text }),
      (text: string) => markOf({ text }),
    ]) {
      const seen = new Map<string, string>();
      for (const text of literal.flat()) {
        const bitmap = await drawOverlay(make(text), small, fonts);
        expectSound(bitmap, small);
        if (text !== '') expect(boxOf(bitmap, isVisible).count, text).toBeGreaterThan(20);
        const picture = `${bitmap.width} ${Buffer.from(bitmap.rgba).toString('base64')}`;
        const twin = seen.get(picture);
        if (twin !== undefined) expect(text, 'drawn alike').toBe(twin);
        seen.set(picture, text);
      }
    }
  });

  test('whatever it is made of, without trouble', async () => {
    const texts = [
      '',
      ' ',
      '\u0000\u0007\u001b[31m',
      '\ud800',
      'a\ud800b',
      '\u200d\u200d',
      '\u0301',
      'x' + '\u0301\u0302\u0303'.repeat(60),
      '\u202Eabc\u202C',
      '\ufeff',
      '\u{10ffff}',
      'line\nfeed\r\nand\u2028more',
      '﷽',
      '👨‍👩‍👧‍👦'.repeat(40),
      'x'.repeat(5000),
      'word '.repeat(1000),
      '漢'.repeat(5000),
      'ا'.repeat(3000),
    ];
    for (const text of texts) {
      for (const overlay of [
        captionOf(text),
        captionOf(text, { style: 'karaoke', lit: 0, background: 'box' }),
        titleOf(text, { subtitle: text }),
        titleOf(text, { position: 'lowerThird' }),
        markOf({ text }),
      ]) {
        expectSound(await drawOverlay(overlay, small, fonts), small);
      }
    }
  });

  test('any string at all draws inside any frame', async () => {
    const anyFrame = fc
      .record({ width: fc.integer({ min: 8, max: 300 }), height: fc.integer({ min: 8, max: 300 }) })
      .map((frame) => ({ width: frame.width * 2, height: frame.height * 2 }));
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 60 }),
        anyFrame,
        fc.constantFrom('top', 'middle', 'bottom'),
        async (text, frame, position) => {
          expectSound(
            await drawOverlay(captionOf(text, { position: position as 'top' }), frame, fonts),
            frame,
          );
          expectSound(await drawOverlay(titleOf(text, { captions: position as 'top' }), frame, fonts), frame);
          expectSound(await drawOverlay(titleOf(text, { position: 'lowerThird' }), frame, fonts), frame);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('a text without anything visible is transparent', async () => {
    const bitmap = await drawOverlay(captionOf('\u0000 \u0007'), small, fonts);
    expect(bitmap).toMatchObject({ width: 2, height: 2 });
    expect(bitmap.rgba.every((value) => value === 0)).toBe(true);
  });
});

describe('captions', () => {
  const long =
    'Every line of this narration fits between the margins, however long the words may become or however narrow the picture.';

  test.each(
    aspectRatios.flatMap((aspectRatio) =>
      (['preview', '1080', '4k'] as const).map((resolution) => ({ aspectRatio, resolution })),
    ),
  )('stay in the safe area at $aspectRatio $resolution, as wide as they were measured', async (output) => {
    const frame = frameSize(output);
    const area = safeArea(frame);
    for (const size of ['small', 'large'] as const) {
      const captions = captionsSchema.parse({ size });
      const options = captionMeasure(captions, frame, fonts);
      const cue = makeCues([{ scene: 0, text: long, language: 'en', startMs: 0, marks: [] }], options)[0]!;
      for (const position of ['top', 'bottom'] as const) {
        const bitmap = await drawOverlay(captionOf('', { lines: cue.lines, size, position }), frame, fonts);
        expectSound(bitmap, frame);
        const text = boxOf(bitmap, isWhite);
        expect(text.left).toBeGreaterThanOrEqual(area.left);
        expect(text.right).toBeLessThanOrEqual(frame.width - area.right);
        expect(text.top).toBeGreaterThanOrEqual(area.top - 1);
        expect(text.bottom).toBeLessThanOrEqual(frame.height - area.bottom + 1);
        const widest = Math.max(...cueLines(cue).map((line) => options.measure(line, 'en')));
        expect(Math.abs(text.right - text.left - widest)).toBeLessThan(frame.height * 0.02 + 4);
        // Readable: at least a twenty-fifth of the short side from line to line.
        expect((text.bottom - text.top) / cue.lines.length).toBeGreaterThan(
          Math.min(frame.width, frame.height) / 30,
        );
      }
    }
  });

  test('upright films leave more room below than wide ones', () => {
    const share = (frame: Frame) => safeArea(frame).bottom / frame.height;
    expect(share({ width: 1080, height: 1920 })).toBeGreaterThan(2 * share({ width: 1920, height: 1080 }));
  });

  test('light exactly the spoken word and leave all letters where they are', async () => {
    const words = 'The quick brown fox';
    const lit = await Promise.all(
      [null, 0, 1, 2, 3].map((index) =>
        drawOverlay(captionOf(words, { style: 'karaoke', lit: index }), small, fonts),
      ),
    );
    for (const state of lit)
      expect([state.x, state.y, state.width, state.height]).toEqual([
        lit[0]!.x,
        lit[0]!.y,
        lit[0]!.width,
        lit[0]!.height,
      ]);
    const boxes = lit.map((state) => boxOf(state, isRed));
    expect(boxes[0]!.count).toBe(0);
    for (let index = 2; index < boxes.length; index++)
      expect(boxes[index]!.left).toBeGreaterThan(boxes[index - 1]!.right);
    // Skia's text gamma depends on the colour, so edges may differ a little; a moved letter would differ wholly.
    for (const state of lit) {
      let most = 0;
      for (let at = 3; at < state.rgba.length; at += 4)
        most = Math.max(most, Math.abs(state.rgba[at]! - lit[0]!.rgba[at]!));
      expect(most).toBeLessThan(60);
    }
  });

  test('the lit line is set as the plain line is', async () => {
    const plain = boxOf(await drawOverlay(captionOf('The quick brown fox'), small, fonts), isWhite);
    const karaoke = boxOf(
      await drawOverlay(captionOf('The quick brown fox', { style: 'karaoke' }), small, fonts),
      isWhite,
    );
    expect(Math.abs(plain.left - karaoke.left) + Math.abs(plain.right - karaoke.right)).toBeLessThanOrEqual(
      3,
    );
  });

  test('right-to-left words run from right to left, foreign ones among them in place', async () => {
    const overlay = (lit: number) =>
      captionOf('שלום Canon EOS עולם', { language: 'he', style: 'karaoke', lit });
    const boxes = await Promise.all(
      [0, 1, 2, 3].map(async (lit) => boxOf(await drawOverlay(overlay(lit), small, fonts), isRed)),
    );
    const [shalom, canon, eos, olam] = boxes as [Box, Box, Box, Box];
    expect(olam.right).toBeLessThan(canon.left);
    expect(canon.right).toBeLessThan(eos.left);
    expect(eos.right).toBeLessThan(shalom.left);
  });

  test('single words are larger than lines, and shrink when they are too long', async () => {
    const height = async (overlay: CaptionOverlay): Promise<number> => {
      const box = boxOf(await drawOverlay(overlay, small, fonts), isWhite);
      expect(box.right - box.left).toBeLessThan(small.width * 0.86);
      return box.bottom - box.top;
    };
    const word = await height(captionOf('Hxp', { style: 'word' }));
    expect(word).toBeGreaterThan(1.5 * (await height(captionOf('Hxp'))));
    expect(await height(captionOf('Hxp' + 'm'.repeat(24), { style: 'word' }))).toBeLessThan(word);
  });

  test('a box is dark and holds the text', async () => {
    const bitmap = await drawOverlay(captionOf(['two lines', 'gpqÅ'], { background: 'box' }), small, fonts);
    const dark = boxOf(bitmap, (r, g, b, a) => a > 150 && r + g + b < 120);
    const text = boxOf(bitmap, isWhite);
    expect(dark.left).toBeLessThan(text.left - 4);
    expect(dark.right).toBeGreaterThan(text.right + 4);
    expect(dark.top).toBeLessThan(text.top - 2);
    expect(dark.bottom).toBeGreaterThan(text.bottom + 2);
  });

  test('dark text gets a light outline', async () => {
    const bitmap = await drawOverlay(captionOf('Dark', { color: '#101030' }), small, fonts);
    expect(boxOf(bitmap, isWhite).count).toBeGreaterThan(50);
  });

  test('emoji are pictures, in colour where a colour font is installed', async () => {
    const [party, missing] = [
      await drawOverlay(captionOf('🎉'), small, fonts),
      await drawOverlay(captionOf('\u{10ffff}'), small, fonts),
    ];
    expect(boxOf(party, isVisible).count).toBeGreaterThan(100);
    expect(boxOf(missing, isVisible).count).toBe(0);
    const colourful = boxOf(
      party,
      (r, g, b, a) => a > 200 && Math.max(r, g, b) - Math.min(r, g, b) > 60,
    ).count;
    expect(colourful > 30).toBe(fonts.has('Noto Color Emoji'));
  });
});

describe('titles', () => {
  test.each(aspectRatios)('of any length fit at %s, and keep off the captions', async (aspectRatio) => {
    const frame = frameSize({ resolution: 'sd', aspectRatio });
    const two = captionOf(['Two lines', 'of captions'], { size: 'large' });
    const captionTop = boxOf(await drawOverlay(two, frame, fonts), isWhite).top;
    for (const text of [
      'Hi',
      'The Long Way Home',
      'Donaudampfschifffahrtsgesellschaft',
      'word '.repeat(40).trim(),
      'W'.repeat(200),
    ]) {
      for (const position of ['center', 'bottom', 'lowerThird', 'top'] as const) {
        const bitmap = await drawOverlay(
          titleOf(text, { subtitle: 'A subtitle of some length', position, captions: 'bottom' }),
          frame,
          fonts,
        );
        expectSound(bitmap, frame);
        const box = boxOf(bitmap, isWhite);
        const area = safeArea(frame);
        expect(box.left).toBeGreaterThanOrEqual(area.left - 2);
        expect(box.right).toBeLessThanOrEqual(frame.width - area.right + 2);
        expect(box.top).toBeGreaterThan(frame.height * 0.04);
        expect(box.bottom, `${position} ${text}`).toBeLessThan(captionTop);
      }
    }
  });

  test('no letter of a long title is lost', async () => {
    // Equal words: the ink of forty is forty times the ink of one, at the same size.
    const ink = async (count: number): Promise<number> => {
      const bitmap = await drawOverlay(
        titleOf('HHHH '.repeat(count).trim(), { position: 'lowerThird' }),
        { width: 3840, height: 2160 },
        fonts,
      );
      const box = boxOf(bitmap, isWhite);
      return box.count;
    };
    expect((await ink(4)) / (await ink(1))).toBeCloseTo(4, 1);
  });

  test('lower thirds of right-to-left names stand at the right', async () => {
    const left = await drawOverlay(titleOf('Ada Lovelace', { position: 'lowerThird' }), small, fonts);
    const right = await drawOverlay(
      titleOf('עדה לאבלייס', { position: 'lowerThird', language: 'he' }),
      small,
      fonts,
    );
    expect(left.x + left.width).toBeLessThan(small.width / 1.8);
    expect(right.x).toBeGreaterThan(small.width / 2.2);
  });

  test('text the colour of its panel becomes readable', async () => {
    const bitmap = await drawOverlay(
      titleOf('Hello', {
        position: 'lowerThird',
        colors: { ...colors, primary: '#ffffff', text: '#ffffff' },
      }),
      small,
      fonts,
    );
    expect(boxOf(bitmap, (r, g, b, a) => a > 200 && r + g + b < 150).count).toBeGreaterThan(50);
  });
});

describe('pictures', () => {
  let folder = '';
  const file = (name: string): string => path.join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'overlays-'));
    await sharp({ create: { width: 400, height: 100, channels: 4, background: '#ff0000' } })
      .png()
      .toFile(file('red.png'));
    await writeFile(file('broken.png'), 'not a picture');
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('a logo stands above a centred title, in its shape', async () => {
    const bitmap = await drawOverlay(titleOf('Hello', { logo: file('red.png') }), small, fonts);
    const [logo, text] = [boxOf(bitmap, isRed), boxOf(bitmap, isWhite)];
    expect(logo.bottom).toBeLessThan(text.top);
    expect((logo.right - logo.left) / (logo.bottom - logo.top)).toBeCloseTo(4, 0);
    expect(Math.abs((logo.left + logo.right) / 2 - small.width / 2)).toBeLessThan(3);
  });

  test('a watermark stands in its corner, as strong as wanted', async () => {
    for (const position of ['topLeft', 'topRight', 'bottomLeft', 'bottomRight'] as const) {
      for (const mark of [
        markOf({ picture: file('red.png'), position, opacity: 0.5 }),
        markOf({ text: '© me', position, opacity: 0.5 }),
      ]) {
        const bitmap = await drawOverlay(mark, small, fonts);
        expectSound(bitmap, small);
        expect(bitmap.x + bitmap.width / 2 < small.width / 2).toBe(position.endsWith('Left'));
        expect(bitmap.y + bitmap.height / 2 < small.height / 2).toBe(position.startsWith('top'));
        expect(Math.max(...bitmap.rgba.filter((_, at) => at % 4 === 3))).toBe(128);
      }
    }
  });

  test('one that cannot be read is an error that says so', async () => {
    await expect(drawOverlay(markOf({ picture: file('broken.png') }), small, fonts)).rejects.toMatchObject({
      code: 'media_unusable',
    });
    await expect(
      drawOverlay(titleOf('Hello', { logo: file('none.png') }), small, fonts),
    ).rejects.toMatchObject({ code: 'media_unusable' });
  });
});

test('the same overlay is the same pixels, here and next time', async () => {
  const overlay = captionOf('Same again, مرحبا 🎉', { style: 'karaoke', lit: 1 });
  const [one, other] = [
    await drawOverlay(overlay, small, fonts),
    await drawOverlay(structuredClone(overlay), small, openFonts()),
  ];
  expect(Buffer.from(one.rgba).equals(Buffer.from(other.rgba))).toBe(true);
});
