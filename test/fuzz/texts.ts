/** Words as people, editors and attackers write them. */
import fc from 'fast-check';

const PAYLOADS = [
  "text=%{pts};'[in]movie=/etc/passwd[x]",
  '{\\an8}{\\p1}m 0 0 l 9 9',
  'a\\Nb\\hc',
  '100% done: it\'s 12:30, "ok"?',
  '$(id) `id` && rm -rf / #',
  '../../etc/passwd\u0000.png',
  '<script>alert(1)</script> &amp;',
  '@everyone <!channel> [x](http://e)',
  '[end](',
  '{{7*7}} %s %n',
  'שלום עולם abc 123',
  'مرحبا بالعالم',
  '漢字かなカナ 한국어',
  '👩‍👩‍👧‍👦🏳️‍🌈🇪🇸',
  'e\u0301\u200d\ufeff\u202e',
  'a'.repeat(190),
];

/** Short text: ordinary, strange, hostile, and all of them together. */
export const words = (maxLength = 120): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...PAYLOADS),
        fc.lorem({ maxCount: 4 }),
        fc.string({ unit: 'binary', maxLength: 20 }),
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        fc.constantFrom('\n', '\r\n', '\t', '\u2028', ' ', '\u00a0'),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((parts) => parts.join('').slice(0, maxLength));
