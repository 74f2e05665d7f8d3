/** Byte ranges and conditions, against the words of RFC 9110. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRange, precondition, rangeApplies } from '../../api/byte-range.ts';

const file = { etag: '"a-1"', modifiedAt: new Date('2026-01-02T03:04:05.678Z') };

describe('parseRange', () => {
  test.each([
    // 14.1.2, on its own example of 10,000 bytes.
    ['bytes=0-499', { start: 0, end: 499 }],
    ['bytes=500-999', { start: 500, end: 999 }],
    ['bytes=-500', { start: 9500, end: 9999 }],
    ['bytes=9500-', { start: 9500, end: 9999 }],
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=-1', { start: 9999, end: 9999 }],
    ['bytes=0-', { start: 0, end: 9999 }],
    // More than there is: as much as there is.
    ['bytes=9999-99999999999999999999999', { start: 9999, end: 9999 }],
    ['bytes=-20000', { start: 0, end: 9999 }],
    // Units are case-insensitive (14.1).
    ['Bytes=1-2', { start: 1, end: 2 }],
    ['bytes= 1-2 ', { start: 1, end: 2 }],
    // Not satisfiable: begins behind the end, or is of no length.
    ['bytes=10000-', 'unsatisfiable'],
    ['bytes=999999999-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    // Invalid (first behind last), other units, several, nonsense: as if there were none.
    ['bytes=5-4', null],
    ['bytes=', null],
    ['bytes=-', null],
    ['bytes=a-b', null],
    ['bytes=0-1,3-4', null],
    ['bytes=0x0-0x5', null],
    ['bytes=1.5-2', null],
    ['bytes=--5', null],
    ['bytes=0-1-2', null],
    ['by tes=0-1', null],
    ['seconds=0-1', null],
    ['0-1', null],
    ['', null],
    [undefined, null],
  ])('%s', (header, expected) => {
    expect(parseRange(header, 10_000)).toEqual(expected);
  });

  test('an empty file satisfies no range', () => {
    for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-5'])
      expect(parseRange(header, 0)).toBe('unsatisfiable');
  });

  test('whatever is asked, the answer lies within the file and is what was asked for', () => {
    const part = fc.oneof(fc.constant(''), fc.nat(200).map(String), fc.bigInt(0n, 10n ** 30n).map(String));
    fc.assert(
      fc.property(part, part, fc.nat(100), (first, last, size) => {
        const range = parseRange(`bytes=${first}-${last}`, size);
        if (range === null) {
          expect(last !== '' && first !== '' ? BigInt(last) < BigInt(first) : first + last === '').toBe(true);
          return;
        }
        if (range === 'unsatisfiable') {
          const isPastTheEnd =
            first === '' ? size === 0 || BigInt(last) === 0n : BigInt(first) >= BigInt(size);
          expect(isPastTheEnd).toBe(true);
          return;
        }
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.end).toBeGreaterThanOrEqual(range.start);
        expect(range.end).toBeLessThan(size);
        if (first !== '') expect(BigInt(range.start)).toBe(BigInt(first));
        else expect(range.end).toBe(size - 1);
        if (first === '') expect(BigInt(range.end - range.start + 1) <= BigInt(last)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('no header makes it throw or answer anything else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `bytes=${text}`),
        ),
        fc.nat(50),
        (header, size) => {
          const range = parseRange(header, size);
          expect(range === null || range === 'unsatisfiable' || range.end < size).toBe(true);
        },
      ),
    );
  });
});

describe('conditions', () => {
  const date = file.modifiedAt.toUTCString();
  const before = new Date(file.modifiedAt.getTime() - 60_000).toUTCString();

  test.each([
    [{}, null],
    [{ 'if-none-match': '"a-1"' }, 304],
    [{ 'if-none-match': 'W/"a-1"' }, 304],
    [{ 'if-none-match': '"x", W/"a-1"' }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"a-2"' }, null],
    [{ 'if-modified-since': date }, 304],
    [{ 'if-modified-since': before }, null],
    [{ 'if-modified-since': 'yesterday, I think' }, null],
    // If-None-Match outranks If-Modified-Since (13.1.3).
    [{ 'if-none-match': '"a-2"', 'if-modified-since': date }, null],
    [{ 'if-match': '"a-1"' }, null],
    [{ 'if-match': '*' }, null],
    [{ 'if-match': '"a-2"' }, 412],
    // Strong comparison (13.1.1).
    [{ 'if-match': 'W/"a-1"' }, 412],
    [{ 'if-unmodified-since': date }, null],
    [{ 'if-unmodified-since': before }, 412],
    // If-Match outranks If-Unmodified-Since (13.1.4).
    [{ 'if-match': '"a-1"', 'if-unmodified-since': before }, null],
  ])('%j', (headers, expected) => {
    expect(precondition(headers, file)).toBe(expected);
  });

  test.each([
    [undefined, true],
    ['"a-1"', true],
    [date, true],
    ['"a-2"', false],
    ['W/"a-1"', false],
    [before, false],
    ['', false],
  ])('If-Range: %s', (header, expected) => {
    expect(rangeApplies(header === undefined ? {} : { 'if-range': header }, file)).toBe(expected);
  });
});
