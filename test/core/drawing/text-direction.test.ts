import { describe, expect, test } from 'vitest';
import { directionOf, visualOrder } from '../../../core/drawing/text-direction.ts';

const order = (line: string, base: 'ltr' | 'rtl'): string => {
  const words = line.split(' ');
  return visualOrder(words, base)
    .map(({ index }) => words[index])
    .join(' ');
};

describe('direction of a line', () => {
  test.each([
    ['hello', 'ar', 'ltr'],
    ['123', 'he', 'ltr'],
    ['مرحبا hello', 'en', 'rtl'],
    ['hello مرحبا', 'en', 'ltr'],
    ['hello مرحبا', 'ar', 'rtl'],
    ['iPhone שלום', 'he-IL', 'rtl'],
    ['', 'ar', 'ltr'],
  ] as const)('%s in %s is %s', (text, language, direction) => {
    expect(directionOf(text, language)).toBe(direction);
  });
});

describe('words from left to right', () => {
  test('stay as they are where all is left to right', () => {
    expect(order('one two 3 , four', 'ltr')).toBe('one two 3 , four');
  });

  test('turn around in a right-to-left line, foreign words and their order kept', () => {
    expect(order('אבג דהו זחט', 'rtl')).toBe('זחט דהו אבג');
    expect(order('אבג Canon EOS זחט', 'rtl')).toBe('זחט Canon EOS אבג');
    expect(order('Canon EOS אבג', 'rtl')).toBe('אבג Canon EOS');
  });

  test('turn around inside a left-to-right line', () => {
    expect(order('see אבג דהו there', 'ltr')).toBe('see דהו אבג there');
  });

  test('numbers follow the letters before them, signs both neighbours or the line', () => {
    expect(order('אבג 12 דהו', 'rtl')).toBe('דהו 12 אבג');
    expect(order('see אבג 12 there', 'ltr')).toBe('see 12 אבג there');
    expect(order('אבג - דהו Canon', 'rtl')).toBe('Canon דהו - אבג');
    expect(order('see אבג - there', 'ltr')).toBe('see אבג - there');
  });

  test('outer punctuation of a foreign run belongs to the line', () => {
    const placed = visualOrder(['אבג', 'Canon,', 'EOS!', 'דהו'], 'rtl');
    expect(placed.find(({ index }) => index === 2)?.direction).toBe('rtl');
    expect(placed.find(({ index }) => index === 1)?.direction).toBe('ltr');
  });
});
