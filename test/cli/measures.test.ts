import { expect, it } from 'vitest';
import { clock, fileSize, spell } from '../../cli/measures.ts';

it.each([
  [0, '0:00'],
  [59.6, '1:00'],
  [754, '12:34'],
  [3723, '1:02:03'],
])('clock of %d s is %s', (seconds, words) => {
  expect(clock(seconds)).toBe(words);
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [64_000, '64.0 kB'],
  [14_234_567, '14.2 MB'],
  [5e12, '5000.0 GB'],
])('%d bytes are %s', (bytes, words) => {
  expect(fileSize(bytes)).toBe(words);
});

it('short times are in tenths of a second, long ones on the clock', () => {
  expect([spell(8.44), spell(64)]).toEqual(['8.4 s', '1:04']);
});
