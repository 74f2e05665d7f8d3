/** Cleaning and cutting text: offsets stay true, nothing is lost, sentences end where people end them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { edit, mapText, originOf, replace } from '../../../core/tts/text/mapped-text.ts';
import { pausesOf } from '../../../core/tts/text/pauses.ts';
import { hasSpeech, normalise } from '../../../core/tts/text/normalise.ts';
import { segmentSentences } from '../../../core/tts/text/sentences.ts';

/** Text made of what breaks text handling: markup, marks, astral characters, odd spaces. */
const piece = fc.constantFrom(
  ...[
    'a',
    'Dr.',
    'EE. UU.',
    '3.5',
    '...',
    '…',
    '¿Qué?',
    '¡No!',
    '**b**',
    '_i_',
    '`c`',
    '[l](http://x.y/z)',
    '# ',
    '- ',
    '\n',
    '\n\n',
    '\r\n',
    ' ',
    '\t',
  ],
  ...[
    '😀',
    '👨‍👩‍👧',
    '🇪🇸',
    '1️⃣',
    'e\u0301',
    'ﬁ',
    '\u200b',
    '\u0000',
    '\ud800',
    '世界。',
    '<b>&amp;',
    '—',
    '-x-',
    '"',
    '“q”',
    "'",
    'https://a.b/c?d=e.',
    'me@x.org',
    '\u2028',
    '\ufeff',
    '한',
    '5 €',
    '12/05/2024',
    '3-5 km ',
    '$1,250.50',
    '&',
    '[pause 300ms]',
    '[pausa]',
    '\ue000',
  ],
);
const oddText = fc.oneof(
  fc.array(piece, { maxLength: 30 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 80 }),
);
const lexicon = { a: 'aitch', Dr: '/ˈdɒktə/', 'q x': '' };
const language = fc.constantFrom('en', 'es', 'de', 'zh', 'es-419', 'xx');

const said = (text: string, tag = 'en'): string => normalise(text, tag).spoken.text.trim();
const shown = (text: string): string => normalise(text, 'en').display.text;
const sentences = (text: string, tag = 'en'): string[] =>
  segmentSentences(text, tag).map(({ start, end }) => text.slice(start, end).trim());

describe('pauses', () => {
  const pauses = (text: string): (number | null)[][] => {
    const { spoken } = normalise(text, 'en');
    return segmentSentences(spoken.text, 'en').map((sentence) => {
      const { beforeMs, afterMs } = pausesOf(text, spoken, sentence);
      return [beforeMs, afterMs];
    });
  };

  it('are cut out of what is shown, end a sentence, and last as long as written', () => {
    const text = '[pause 1.5s] One [pause 300ms] two. [Pausa: 2 s] [pause] Three [pause 3] [pause 99s]';
    expect(shown(text).trim()).toBe('One two. Three [pause 3]');
    expect(pauses(text)).toEqual([
      [1500, 300],
      [null, 2500],
      [null, 10_000],
    ]);
    expect(pauses('No pause. None [here].')).toEqual([[null, null], [null, null]]); // prettier-ignore
  });

  it('cannot be forged by the sign that stands for them', () => {
    expect(pauses('One \ue000 two.')).toEqual([[null, null]]);
  });
});

describe('a lexicon', () => {
  const saidWith = (words: Record<string, string>, text: string, tag = 'en'): string =>
    normalise(text, tag, { lexicon: words }).spoken.text.trim();

  it('replaces whole words and phrases, shows them as written, and leaves addresses alone', () => {
    const words = { nginx: 'engine ex', 'Nginx Plus': 'engine plus', US: 'you ess', Ana: 'anna' };
    expect(saidWith(words, 'Nginx, nginx plus and NGINX; us in the US. Banana (Ana).')).toBe(
      'engine ex, engine plus and engine ex; us in the you ess. Banana (anna).',
    );
    expect(saidWith(words, 'At https://nginx.org and a@nginx.org')).toBe(
      'At nginx dot org and a at nginx dot org',
    );
    expect(normalise('**Nginx** runs', 'en', { lexicon: words }).display.text).toBe('Nginx runs');
    expect(saidWith({ 'a.m.': 'in the morning', 'C++': 'see plus plus' }, 'At 5 a.m. in C++ code')).toBe('At 5 in the morning in see plus plus code'); // prettier-ignore
  });

  it.each([
    ['es', '/xenˈsin/', 'jensín'],
    ['es', '/ˈwasa/', 'huása'],
    ['es', '/ˈɡera ˈθena/', 'guérra céna'],
    ['es', '/ˈt͡ʃe/', 'ché'],
    ['en', '/ˈɛndʒɪn ɛks/', 'enjin ex'],
    ['en', '/wɪn/', 'win'],
    ['fr', '/ʃa/', 'shah'],
  ])('%s: says %s as %s', (tag, ipa, respelt) => expect(saidWith({ word: ipa }, 'word', tag)).toBe(respelt));
});

describe('what voices read badly', () => {
  it.each([
    [
      'es',
      'El 12/05/2024, o 2024-05-12, a 20 °C.',
      'El 12 de mayo de 2024, o 12 de mayo de 2024, a 20 grados Celsius.',
    ],
    [
      'es',
      '1 km a 120 km/h, 3,5 kg y 10:30 h.',
      '1 kilómetro a 120 kilómetros por hora, 3,5 kilogramos y 10:30 horas.',
    ],
    ['es', 'Cuesta 5,50 €, €1 o $3M.', 'Cuesta 5 euros con 50, 1 euro o 3 millones de dólares.'],
    [
      'es',
      'En EE. UU. hay p. ej. osos, lobos, etc. Fin.',
      'En Estados Unidos hay por ejemplo osos, lobos, etcétera. Fin.',
    ],
    ['es', 'De 5-10 en 1939–1945, nº 7.', 'De 5 a 10 en 1939 a 1945, número 7.'],
    ['en', 'On 05/12/2024, or 2024-05-12.', 'On May 12th 2024, or May 12th 2024.'],
    ['en-GB', 'On 05/12/2024.', 'On December 5th 2024.'],
    [
      'en',
      '$5.50, €1, £2bn and $3 million.',
      '5 dollars and 50 cents, 1 euro, 2 billion pounds and $3 million.',
    ],
    [
      'en',
      'At 120 km/h, e.g. in No. 5, etc. Done.',
      'At 120 kilometres per hour, for example in number 5, et cetera. Done.',
    ],
    [
      'en',
      'Pages 5-10; call 555-1234 or 2024-99-99, 7-3.',
      'Pages 5 to 10; call 555-1234 or 2024-99-99, 7-3.',
    ],
    ['de', '5 km am 12/05/2024', '5 km am 12/05/2024'],
  ])('%s: %j', (tag, text, expected) => expect(said(text, tag)).toBe(expected));

  it.each([
    [
      'es',
      '1.250.021 y 3,14; 1º, 21:05, 15 % en 1969.',
      'un millón doscientos cincuenta mil veintiuno y tres coma uno cuatro; primero, veintiuno y cinco, quince por ciento en mil novecientos sesenta y nueve.',
    ],
    ['es', '21.000 100 101 731', 'veintiún mil cien ciento uno setecientos treinta y uno'],
    [
      'en',
      '1,250,021 and 3.14; 21st, 9:05, 15% in 1969, 2004 and 2024.',
      'one million two hundred and fifty thousand and twenty-one and three point one four; twenty-first, nine oh five, fifteen percent in nineteen sixty-nine, two thousand and four and twenty twenty-four.',
    ],
    ['en', '12th 20th 100 007', 'twelfth twentieth one hundred zero zero seven'],
  ])('%s, in words: %j', (tag, text, expected) =>
    expect(normalise(text, tag, { reads: 'words' }).spoken.text).toBe(expected),
  );

  it('is left to engines that read everything', () => {
    expect(normalise('5 km, $5', 'en', { reads: 'everything' }).spoken.text).toBe('5 km, $5');
  });

  it('leaves no digit to a voice that knows none', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[0-9 .,:%$€/ºkm-]{0,30}$/),
        fc.constantFrom('en', 'es'),
        (text, tag) => {
          expect(normalise(text, tag, { reads: 'words' }).spoken.text).not.toMatch(/[0-9]|undefined|NaN/);
        },
      ),
    );
  });
});

describe('emphasis', () => {
  it('is remembered by its place in the original', () => {
    const text = 'A **very** old *and [big](https://x.y)* house, _so_ `code` 2*3*4 ~~gone~~.';
    expect(normalise(text, 'en').emphasis.map(([start, end]) => text.slice(start, end))).toEqual(['very', 'and [big', 'so']); // prettier-ignore
  });
});

describe('mapped text', () => {
  it('keeps offsets monotone and inside the original through any edits', () => {
    fc.assert(
      fc.property(oddText, language, fc.constantFrom('words', 'numbers'), (original, tag, reads) => {
        const { display, spoken } = normalise(original, tag, { lexicon, reads });
        for (const mapped of [display, spoken]) {
          expect(mapped.starts).toHaveLength(mapped.text.length);
          expect(mapped.ends).toHaveLength(mapped.text.length);
          for (let unit = 0; unit < mapped.text.length; unit++) {
            expect(mapped.starts[unit]!).toBeGreaterThanOrEqual(mapped.starts[unit - 1] ?? 0);
            expect(mapped.ends[unit]!).toBeGreaterThanOrEqual(mapped.ends[unit - 1] ?? 0);
            expect(mapped.ends[unit]!).toBeGreaterThanOrEqual(mapped.starts[unit]!);
            expect(mapped.ends[unit]!).toBeLessThanOrEqual(original.length);
          }
        }
      }),
    );
  });

  it('maps letters that survive to themselves', () => {
    fc.assert(
      fc.property(oddText, (original) => {
        const { display } = normalise(original, 'en');
        Array.from(display.text.matchAll(/[a-z]/g)).forEach(({ index, 0: letter }) =>
          expect(original[display.starts[index]!]).toBe(letter),
        );
      }),
    );
  });

  it('maps a replacement to the whole of what it replaced', () => {
    const mapped = replace(mapText('a&b'), /&/g, ' and ');
    expect(mapped.text).toBe('a and b');
    expect(originOf(mapped, 2, 5)).toEqual([1, 2]);
    expect(originOf(mapped, 6, 7)).toEqual([2, 3]);
  });

  it('refuses edits that overlap', () => {
    expect(() =>
      edit(mapText('abc'), [
        { start: 0, end: 2, text: '' },
        { start: 1, end: 3, text: '' },
      ]),
    ).toThrow(RangeError);
  });
});

describe('normalise', () => {
  it.each([
    ['**Bold** and *soft* and `code` and ~~gone~~', 'Bold and soft and code and gone'],
    ['# Heading\n> quoted', 'Heading\nquoted'],
    ['see [the site](https://a.b/c) and ![a cat](x.png)', 'see the site and a cat'],
    ['2 * 3 * 4 and snake_case_name', '2 * 3 * 4 and snake_case_name'],
    ['e\u0301le\u0300ve\u200b\ufeff', 'élève'],
  ])('shows %j as %j', (text, expected) => expect(shown(text)).toBe(expected));

  it.each([
    ['“Hi” — she’s here…', 'en', '"Hi", she\'s here...'],
    ['Go to https://www.nasa.gov/webb?x=1.', 'en', 'Go to nasa dot gov.'],
    ['Ve a https://www.nasa.gov/webb, ya', 'es', 'Ve a nasa punto gov, ya'],
    ['Tom & Ana: ana@x.org', 'es', 'Tom y Ana: ana arroba x punto org'],
    [
      '-Aquellos que allí ves -respondió su amo- de los brazos',
      'es',
      'Aquellos que allí ves, respondió su amo, de los brazos',
    ],
    ['-5 a 1939–1945, e-mail', 'es', '-5 a 1939 a 1945, e-mail'],
    ['Hola 😀 mundo 👨‍👩‍👧🇪🇸 1️⃣', 'es', 'Hola mundo 1'],
    ['* one\n* two', 'en', 'one.\ntwo'],
    ['#webb wow!!!', 'en', 'webb wow!'],
  ])('says %j (%s) as %j', (text, tag, expected) => expect(said(text, tag)).toBe(expected));

  it('knows what can be said', () => {
    for (const text of ['a', '世', '5', '$', '%']) expect(hasSpeech(text)).toBe(true);
    for (const text of ['', ' ', '...', '¿?', '😀', '"—"']) expect(hasSpeech(said(text))).toBe(false);
  });
});

describe('sentences', () => {
  it('cover the text exactly, each with something to say and short enough for one call', () => {
    fc.assert(
      fc.property(oddText, language, (original, tag) => {
        const { text } = normalise(original, tag).spoken;
        const found = segmentSentences(text, tag);
        expect(found.map(({ start, end }) => text.slice(start, end)).join('')).toBe(text);
        found.forEach(({ start }, index) => expect(start).toBe(found[index - 1]?.end ?? 0));
        if (hasSpeech(text))
          for (const { start, end } of found) expect(hasSpeech(text.slice(start, end))).toBe(true);
      }),
    );
  });

  it.each([
    [
      'en',
      'Dr. Smith met Mr. J. R. Jones at 3.5 miles. They left.',
      ['Dr. Smith met Mr. J. R. Jones at 3.5 miles.', 'They left.'],
    ],
    ['en', 'He lives in the U.S. Army base. OK?', ['He lives in the U.S. Army base.', 'OK?']],
    ['en', 'See No. 5 on p. 12. Then stop.', ['See No. 5 on p. 12.', 'Then stop.']],
    ['en', 'Is it? No. He left.', ['Is it?', 'No.', 'He left.']],
    [
      'es',
      'El Sr. Pérez fue a EE. UU. con la Dra. Gil. Volvió.',
      ['El Sr. Pérez fue a EE. UU. con la Dra. Gil.', 'Volvió.'],
    ],
    ['es', '¿Qué tal? ¡Bien! Eran 13.5 mil... o más.', ['¿Qué tal?', '¡Bien!', 'Eran 13.5 mil... o más.']],
    ['es', '"¿Qué?" preguntó. Nada.', ['"¿Qué?" preguntó.', 'Nada.']],
    [
      'de',
      'Am 3. Oktober kam z. B. Anna. Dann ging sie.',
      ['Am 3. Oktober kam z. B. Anna.', 'Dann ging sie.'],
    ],
    [
      'en',
      'A title\n\nA line that was\nwrapped hard. Next',
      ['A title', 'A line that was\nwrapped hard.', 'Next'],
    ],
    ['zh', '你好世界。今天很好。', ['你好世界。', '今天很好。']],
  ])('%s: %j', (tag, text, expected) => expect(sentences(text, tag)).toEqual(expected));

  it('keep the empty line after them, which makes the longer pause', () => {
    const text = 'One.\n\nTwo\nThree';
    expect(segmentSentences(text, 'en').map(({ start, end }) => text.slice(start, end))).toEqual([
      'One.\n\n',
      'Two\n',
      'Three',
    ]);
  });

  it('cuts what is too long at commas, then spaces, then anywhere', () => {
    for (const text of [
      `${'word '.repeat(50)}stop, `.repeat(12),
      'word '.repeat(400),
      'x'.repeat(1500),
      '😀世'.repeat(600),
    ]) {
      const found = segmentSentences(text, 'en');
      expect(Math.max(...found.map(({ start, end }) => end - start))).toBeLessThanOrEqual(400);
      for (const { start } of found) expect(text.slice(start)).not.toMatch(/^[\udc00-\udfff]/);
    }
    expect(sentences(`${'word '.repeat(50)}stop, `.repeat(4))[0]).toMatch(/stop,$/);
  });
});
