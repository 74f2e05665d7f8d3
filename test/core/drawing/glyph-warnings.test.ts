import { describe, expect, test } from 'vitest';
import { openFonts } from '../../../core/drawing/fonts.ts';
import { glyphWarnings } from '../../../core/drawing/glyph-warnings.ts';
import { storyboardSchema, type StoryboardInput } from '../../../core/schema/storyboard.ts';

const fonts = openFonts();
const warningsOf = (input: StoryboardInput): string[] => glyphWarnings(storyboardSchema.parse(input), fonts);

describe('warnings about characters', () => {
  test('none where all can be drawn', () => {
    expect(warningsOf({ scenes: [{ text: 'Grüße 🎉 مرحبا\n{\\an8}', title: { text: '100%' } }] })).toEqual(
      [],
    );
  });

  test('one for each place, with the character and its code', () => {
    const scene = { text: 'a\u0378 b\u{10ffff}', title: { text: 'x\u0378', subtitle: '\u0379' } };
    expect(
      warningsOf({ scenes: [{ text: 'fine' }, scene], brand: { watermark: { text: '\u0380' } } }),
    ).toEqual([
      'No font here can draw U+0380 in the watermark; left out of the picture.',
      'No font here can draw U+0378, U+10FFFF in the captions of scene 2; left out of the picture.',
      'No font here can draw U+0378 in the title of scene 2; left out of the picture.',
      'No font here can draw U+0379 in the subtitle of scene 2; left out of the picture.',
    ]);
  });

  test('narration that is not burned in is no matter', () => {
    expect(warningsOf({ scenes: [{ text: '\u0378' }], captions: { mode: 'sidecar' } })).toEqual([]);
  });

  test('long lists are cut short', () => {
    const many = Array.from({ length: 12 }, (_, index) => String.fromCodePoint(0xf0000 + index)).join('');
    expect(warningsOf({ scenes: [{ text: many }] })[0]).toMatch(/and 4 more in the captions of scene 1/);
  });

  test('a font that is not installed is said', () => {
    expect(warningsOf({ scenes: [{}], brand: { font: 'No Such Font' } })).toEqual([
      'The font "No Such Font" is not installed here; Noto Sans is used instead.',
    ]);
  });
});
