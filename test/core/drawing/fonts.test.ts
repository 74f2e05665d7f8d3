import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openFonts } from '../../../core/drawing/fonts.ts';
import { programFile } from '../../helpers/program.ts';

const fonts = openFonts();
const setting = { size: 40, weight: 700, language: 'en' } as const;

describe('what can be drawn', () => {
  test('the scripts that come with the project, and emoji', () => {
    for (const text of [
      'Grüße, ¿señor? žluťoučký',
      'Ελληνικά',
      'Русский',
      'नमस्ते',
      'مرحبا',
      'שלום',
      '😀👨‍👩‍👧❤️🇪🇸',
      '100% {\\an8} <b>',
      '→ ✓',
    ]) {
      expect(fonts.missing(text), text).toEqual([]);
    }
  });

  test('characters without a glyph are named once each, lone surrogates among them', () => {
    expect(fonts.missing('a\u{10ffff}b\u0378\u{10ffff}')).toEqual(['\u{10ffff}', '\u0378']);
    expect(fonts.missing('a\ud800b')).toEqual(['\ud800']);
  });

  test('are dropped for drawing, with controls and order overrides; all else stays', () => {
    expect(fonts.drawable('a\u{10ffff}b\u0000c\u0007d\u202eabc\u202c\ud800\u2066!')).toBe('abcdabc!');
    expect(fonts.drawable('e\u0301 👨‍👩‍👧 می\u200cخواهم\nnew\tline')).toBe('e\u0301 👨‍👩‍👧 می\u200cخواهم\nnew\tline');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        const drawn = fonts.drawable(text);
        expect(fonts.missing(drawn)).toEqual([]);
        expect(fonts.drawable(drawn)).toBe(drawn);
      }),
      { numRuns: 40 },
    );
  });
});

describe('setting', () => {
  test('widths grow with size, weight and text', () => {
    const width = fonts.width('Hello', setting);
    expect(width).toBeGreaterThan(60);
    expect(fonts.width('Hello', { ...setting, size: 80 })).toBeCloseTo(width * 2, 0);
    expect(fonts.width('Hello', { ...setting, weight: 400 })).toBeLessThan(width);
    expect(fonts.width('Hello world', setting)).toBeGreaterThan(width);
  });

  test('a family wanted comes first, an unknown or hostile one changes nothing', () => {
    expect(fonts.css({ ...setting, family: 'studio hebrew' })).toMatch(/^700 40px "studio hebrew",/);
    for (const family of ['No Such Font', 'x";url(http://h/)"'])
      expect(fonts.css({ ...setting, family })).toBe(fonts.css(setting));
    expect(fonts.has('Studio Sans')).toBe(true);
    expect(fonts.has('No Such Font')).toBe(false);
    expect(fonts.families()).toContain('Studio Sans');
  });

  test('the bold weights are real ones, not smeared', () => {
    const widths = ([400, 600, 700, 800] as const).map((weight) =>
      fonts.width('mmmm', { ...setting, weight }),
    );
    expect(new Set(widths).size).toBe(4);
  });
});

test('opening again, here or in a worker thread, gives the same fonts', async () => {
  const again = openFonts();
  expect(again.version).toBe(fonts.version);
  expect(again.version).toMatch(/^[0-9a-f]{16}$/);
  const source = `
    const { parentPort } = require('node:worker_threads');
    import(${JSON.stringify(programFile('core/drawing/fonts.ts'))}).then(({ openFonts }) => {
      const fonts = openFonts();
      parentPort.postMessage({ version: fonts.version, width: fonts.width('Hello', ${JSON.stringify(setting)}), missing: fonts.missing('مرحبا😀') });
    });`;
  const worker = new Worker(source, { eval: true });
  const [answer] = (await once(worker, 'message')) as [unknown];
  await worker.terminate();
  expect(answer).toEqual({ version: fonts.version, width: fonts.width('Hello', setting), missing: [] });
});
