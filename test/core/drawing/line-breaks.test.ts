import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  breakWide,
  fillLines,
  joinPieces,
  splitPieces,
  wrapLines,
} from '../../../core/drawing/line-breaks.ts';

const texts = (text: string, language = 'en'): string[] =>
  splitPieces(text, language).map((piece) => piece.text);

describe('pieces', () => {
  test('are the words between spaces, where these exist', () => {
    expect(texts('  The quick\n\tfox, "it’s" 100% done…  ')).toEqual([
      'The',
      'quick',
      'fox,',
      '"it’s"',
      '100%',
      'done…',
    ]);
    expect(texts('12\u00a0km')).toEqual(['12\u00a0km']);
    expect(texts(' \n ')).toEqual([]);
  });

  test('keep punctuation where Chinese and Japanese rules want it', () => {
    for (const piece of splitPieces('彼は「猫です。」と言った（笑）。価格は￥100です', 'ja')) {
      expect(piece.text).not.toMatch(/^[。、」）]/u);
      expect(piece.text).not.toMatch(/[「（￥]$/u);
    }
  });

  test('know their place in the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 80 }),
        fc.constantFrom('en', 'ja', 'th'),
        (text, language) => {
          const pieces = splitPieces(text, language);
          for (const piece of pieces) expect(text.slice(piece.start, piece.end)).toBe(piece.text);
          expect(joinPieces(pieces).replace(/\s+/gu, '')).toBe(text.replace(/\s+/gu, ''));
        },
      ),
    );
  });
});

describe('a word too wide for a line', () => {
  const fits = (most: number) => (part: string) => part.length <= most;
  const piece = (text: string) => ({ text, joined: false, start: 0, end: text.length });

  test('is broken into the longest parts that fit, and lost nowhere', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 30 }),
        (text, most) => {
          const parts = breakWide(piece(text), fits(most));
          expect(parts.map((part) => part.text).join('')).toBe(text);
          const graphemes = (part: string): number => [...new Intl.Segmenter().segment(part)].length;
          for (const part of parts)
            if (graphemes(part.text) > 1) expect(part.text.length).toBeLessThanOrEqual(most);
        },
      ),
    );
  });

  test('breaks after a slash or hyphen rather than within a name', () => {
    expect(breakWide(piece('example.com/some/path'), fits(14)).map((part) => part.text)).toEqual([
      'example.com/',
      'some/path',
    ]);
  });

  test('never breaks inside one emoji or under an accent', () => {
    expect(breakWide(piece('👨‍👩‍👧e\u0301'), fits(1)).map((part) => part.text)).toEqual(['👨‍👩‍👧', 'e\u0301']);
  });
});

describe('lines', () => {
  const width = (words: string[], line: number[]): number =>
    line.reduce((sum, index) => sum + (words[index]?.length ?? 0) * 10, 0) + (line.length - 1) * 10;

  test('are as few as possible, within the width, and even', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 30 }), (words) => {
        const pieces = words.map((text) => ({ text, joined: false, start: 0, end: 0 }));
        const widths = words.map((word) => word.length * 10);
        const even = wrapLines(pieces, widths, 10, 200);
        const full = fillLines(pieces, widths, 10, 200);
        expect(even.flat()).toEqual(words.map((_, index) => index));
        expect(even.length).toBe(full.length);
        const widest = (lines: number[][]): number => Math.max(0, ...lines.map((line) => width(words, line)));
        expect(widest(even)).toBeLessThanOrEqual(200);
        expect(widest(even)).toBeLessThanOrEqual(widest(full));
      }),
    );
  });
});
