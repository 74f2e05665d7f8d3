import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { openFonts } from '../../../core/drawing/fonts.ts';
import { layOutSheet, type SheetCell } from '../../../core/drawing/sheet-layout.ts';
import { sheetWords } from '../../../core/drawing/sheet-words.ts';
import { transitionTypes } from '../../../core/schema/storyboard.ts';
import { drawSheet } from '../../../core/drawing/sheet.ts';

const fonts = openFonts();

function cell(number: number, width: number, height: number, more: Partial<SheetCell> = {}): SheetCell {
  const rgb = new Uint8Array(width * height * 3);
  // Each picture in a colour of its own, to be found again.
  for (let at = 0; at < rgb.length; at += 3)
    rgb.set([(number * 40) % 256, 255 - ((number * 40) % 256), 128], at);
  return { picture: { rgb, width, height }, number, durationS: 2.5, ...more };
}
const cells = (count: number, width = 64, height = 36): SheetCell[] =>
  Array.from({ length: count }, (_, index) => cell(index + 1, width, height));

const shapes = [
  [64, 36],
  [36, 64],
  [48, 48],
  [48, 60],
] as const;

describe('the sheet', () => {
  test('is a PNG within 4096 px a side and never absurdly tall or wide, from 1 to 300 scenes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.constantFrom(...shapes), (count, [width, height]) => {
        const layout = layOutSheet({ cells: cells(count, width, height), durationS: 10 });
        expect(Math.max(layout.width, layout.height)).toBeLessThanOrEqual(4096);
        expect(layout.columns * Math.ceil(count / layout.columns)).toBeGreaterThanOrEqual(count);
        if (count > 3) {
          expect(layout.height / layout.width).toBeLessThan(1.6);
          expect(layout.height / layout.width).toBeGreaterThan(0.35);
        }
        expect(Math.max(layout.cellWidth, layout.pictureHeight)).toBeGreaterThan(150);
      }),
      { numRuns: 60 },
    );
  });

  test('shows every picture, in order', async () => {
    const input = { title: 'A film', durationS: 20, cells: cells(5) };
    const layout = layOutSheet(input);
    const { data, info } = await sharp(drawSheet(input, fonts))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([layout.width, layout.height]);
    input.cells.forEach((one, index) => {
      const x = Math.round(
        layout.margin + (index % layout.columns) * (layout.cellWidth + layout.gap) + layout.cellWidth / 2,
      );
      const y = Math.round(
        layout.headerHeight +
          Math.floor(index / layout.columns) * (layout.cellHeight + layout.gap) +
          layout.pictureHeight / 2,
      );
      const at = (y * info.width + x) * 3;
      expect([...data.subarray(at, at + 3)]).toEqual([...one.picture.rgb.subarray(0, 3)]);
    });
  });

  test('takes any text', () => {
    const hostile = [
      '',
      '\u0000',
      'x'.repeat(5000),
      '漢字'.repeat(400),
      'مرحبا بالعالم '.repeat(50),
      '👨‍👩‍👧\ud800',
      '<b>&{\\an8}%',
    ];
    const input = {
      title: 'x'.repeat(300),
      durationS: 60,
      cells: hostile.map((text, index) => cell(index + 1, 64, 36, { heading: text, text, transition: text })),
    };
    expect(drawSheet(input, fonts).subarray(1, 4).toString()).toBe('PNG');
  });

  test('words change it: nothing is drawn blank', () => {
    const draw = (more: Partial<SheetCell>, title?: string): string =>
      drawSheet({ title, durationS: 4, cells: [cell(1, 64, 36, more)] }, fonts).toString('base64');
    const sheets = [
      draw({}),
      draw({}, 'Title'),
      draw({ heading: 'Heading' }),
      draw({ text: 'Narration' }),
      draw({ transition: 'fade' }),
      draw({ durationS: 3 }),
      draw({ number: 2 }),
    ];
    expect(new Set(sheets).size).toBe(sheets.length);
  });
});

test('a Spanish film’s sheet speaks Spanish', () => {
  expect(sheetWords('es-MX').scenes(4)).toBe('4 escenas');
  expect(sheetWords('en').scenes(1)).toBe('1 scene');
  for (const transition of transitionTypes.filter((type) => type !== 'none'))
    expect(sheetWords('es').transitions[transition], transition).toEqual(expect.any(String));
});
