/** The chart of usage: bars as tall as their values, whatever the values and words are. */
import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { openFonts } from '../../../core/drawing/fonts.ts';
import { drawUsageChart, type UsageChart } from '../../../core/drawing/usage-chart.ts';

const fonts = openFonts();
const days = Array.from({ length: 30 }, (_, day) =>
  new Date(Date.UTC(2031, 4, day + 1)).toISOString().slice(0, 10),
);
const chart = (values: number[], changes: Partial<UsageChart> = {}): UsageChart => ({
  title: 'Last 30 days',
  language: 'en',
  days,
  measures: [{ label: 'Films', values, total: String(values.length), say: String }],
  ...changes,
});

/** Inked pixels of the first measure's colour in the column of each day. */
async function heights(png: Buffer): Promise<number[]> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const step = (info.width - 96) / 30;
  return days.map((_, day) => {
    const x = Math.round(48 + (day + 0.5) * step);
    let inked = 0;
    for (let y = 0; y < info.height; y++) {
      const at = (y * info.width + x) * 3;
      if (Math.abs(data[at]! - 0x25) + Math.abs(data[at + 1]! - 0x63) + Math.abs(data[at + 2]! - 0xc9) < 12)
        inked++;
    }
    return inked;
  });
}

test('bars are as tall as their values, a small one still shows, nothing shows for nothing', async () => {
  const values = days.map((_, day) => [0, 10, 20, 0.01][day % 4]!);
  const tall = await heights(drawUsageChart(chart(values), fonts));
  const [none, half, whole, little] = tall;
  expect(none).toBe(0);
  expect(whole).toBeGreaterThan(60);
  expect(Math.abs(half! - whole! / 2)).toBeLessThanOrEqual(2);
  expect(little).toBeGreaterThan(0);
  expect(tall).toEqual(days.map((_, day) => tall[day % 4]));
});

test('grows by what it has to show, and is always 1200 px wide', async () => {
  const plain = await sharp(drawUsageChart(chart([]), fonts)).metadata();
  const groups = [{ label: 'Who', rows: [{ label: 'Ada', value: 3, text: '3 films' }] }];
  const more = await sharp(drawUsageChart(chart([1], { groups }), fonts)).metadata();
  expect(plain).toMatchObject({ format: 'png', width: 1200 });
  expect(more.width).toBe(1200);
  expect(more.height).toBeGreaterThan(plain.height);
  const empty = await sharp(
    drawUsageChart(chart([1], { groups: [{ label: 'Who', rows: [] }] }), fonts),
  ).metadata();
  expect(empty.height).toBe(plain.height);
});

test('any numbers and any words can be drawn', () => {
  const anyText = fc.string({ unit: 'binary', maxLength: 80 });
  const row = fc.record({ label: anyText, value: fc.nat(), text: anyText });
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), { maxLength: 30 }),
      anyText,
      fc.array(fc.record({ label: anyText, rows: fc.array(row, { maxLength: 8 }) }), { maxLength: 3 }),
      (values, title, groups) => {
        const png = drawUsageChart(chart(values, { title, groups }), fonts);
        expect(png.subarray(1, 4).toString()).toBe('PNG');
      },
    ),
    { numRuns: 25 },
  );
});
