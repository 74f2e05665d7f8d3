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
    '$2.5 million',
    '9:30 a.m.',
    '-5 °C',
    'Felipe VI',
    '+34 612 345 678',
    '2½ tazas',
    'May 12, 2024',
    "'80s",
    '<b>x</b>',
    '1. ',
  ],
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
    expect(saidWith({ 'a.m.': 'in the morning', 'C++': 'see plus plus' }, 'At 5 a.m. in C++ code')).toBe('At five in the morning in see plus plus code'); // prettier-ignore
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
      'en',
      'On 2024-05-12, 05/12/2024, 12.05.2024 or 5/12/24.',
      'On May twelfth twenty twenty-four, May twelfth twenty twenty-four, May twelfth twenty twenty-four or May twelfth twenty twenty-four.',
    ],
    [
      'en',
      'May 12, 2024; 2 Jan. 2010; Sat., Oct. 5; 10–12 October.',
      'May twelfth, twenty twenty-four; the second of January twenty ten; Saturday, October fifth; the tenth to the twelfth of October.',
    ],
    [
      'en',
      "In 1066, 1905, 2009, the 1990s and the '80s.",
      'In ten sixty-six, nineteen oh five, two thousand and nine, the nineteen nineties and the eighties.',
    ],
    [
      'en',
      'At 10:30, 10:05 am, 9am, 3:45 p.m., 14:00h; 9:30-17:00.',
      'At ten thirty, ten oh five a.m., nine a.m., three forty-five p.m., fourteen hundred hours; nine thirty to seventeen hundred.',
    ],
    [
      'en',
      '$2.5 million, $3.5B, £1,299.99, $0.50, 5 €, US$ 20, 20 USD.',
      'two point five million dollars, three point five billion dollars, one thousand two hundred and ninety-nine pounds and ninety-nine pence, fifty cents, five euros, twenty dollars, twenty dollars.',
    ],
    [
      'en',
      '$5-10, $10-$20, $9.99/month.',
      'five to ten dollars, ten to twenty dollars, nine dollars and ninety-nine cents per month.',
    ],
    [
      'en',
      '1,000.50, 1.000,50, 1,234, 10 000, 007, .5',
      'one thousand point five zero, one thousand point five zero, one thousand two hundred and thirty-four, ten thousand, zero zero seven, point five',
    ],
    [
      'en',
      '-5 °C, −3, -5.5, 2,500 sq ft, 1 km, a 5 km run, 5-10 km',
      'minus five degrees Celsius, minus three, minus five point five, two thousand five hundred square feet, one kilometre, a five kilometre run, five to ten kilometres',
    ],
    [
      'en',
      '3 m², 10 km2, 6\'2", 60 fps, 100 Mbps, 1.5 million km',
      'three square metres, ten square kilometres, six foot two, sixty frames per second, one hundred megabits per second, one point five million kilometres',
    ],
    [
      'en',
      '12.5 %, 10-15%, 21st, 101st, #1, 18+, ~5',
      'twelve point five percent, ten to fifteen percent, twenty-first, one hundred and first, number one, eighteen plus, about five',
    ],
    [
      'en',
      '5-10, 1939–1945, 2024-25, 3-1, 7 - 3 = 4',
      'five to ten, nineteen thirty-nine to nineteen forty-five, twenty twenty-four to twenty-five, three to one, seven minus three equals four',
    ],
    [
      'en',
      'Call 555-1234, +1 (555) 123-4567 or 911.',
      'Call five five five, one two three four, plus one, five five five, one two three, four five six seven or nine one one.',
    ],
    [
      'en',
      'v2.0.1, Python 3.10, IP 192.168.1.1',
      'version two point zero point one, Python three point ten, IP one hundred and ninety-two point one hundred and sixty-eight point one point one',
    ],
    [
      'en',
      '1/2 cup, 3/4, 2 1/4 cups, 2½, 24/7, 9/11',
      'one half cup, three quarters, two and one quarter cups, two and one half, twenty-four seven, nine eleven',
    ],
    [
      'en',
      'Henry VIII, World War II, Chapter IV, the XX century; I am, Vitamin C, a CV, Malcolm X',
      'Henry the eighth, World War two, Chapter four, the twentieth century; I am, Vitamin C, a CV, Malcolm X',
    ],
    [
      'en',
      "Mr. and Mrs. Smith, St. John, Main St. near Dr. Who, No. 5. No. I won't.",
      "Mister and Missus Smith, Saint John, Main Street near Doctor Who, number five. No. I won't.",
    ],
    [
      'en',
      'e.g. at 120 km/h, etc. Done.',
      'for example at one hundred and twenty kilometres per hour, et cetera. Done.',
    ],
    [
      'en',
      '16:9, 4K, A380, COVID-19, H2O, 10², and/or, C++, C#',
      'sixteen to nine, four K, A three hundred and eighty, COVID-nineteen, H two O, ten squared, and or, C plus plus, C sharp',
    ],
    ['en', '1. First\n2. Second', 'one, First.\ntwo, Second'],
    [
      'en',
      '12th 20th 100 and 1,250,021',
      'twelfth twentieth one hundred and one million two hundred and fifty thousand and twenty-one',
    ],
    [
      'es',
      'El 12/05/2024, 2024-05-12, 12.05.2024 y 1 de mayo.',
      'El doce de mayo de dos mil veinticuatro, doce de mayo de dos mil veinticuatro, doce de mayo de dos mil veinticuatro y uno de mayo.',
    ],
    [
      'es',
      'A las 10:30, a la 1:15, a las 15:45 h, de 9:00 a 14:00.',
      'A las diez y treinta, a la una y quince, a las quince y cuarenta y cinco horas, de nueve a catorce.',
    ],
    [
      'es',
      '1 €, 5,50 €, 1.000,50 €, 3,5 M€, 2,5 millones de €, $20, 5 €/mes',
      'un euro, cinco euros con cincuenta , mil euros con cincuenta , tres coma cinco millones de euros, dos coma cinco millones de euros, veinte dólares, cinco euros por mes',
    ],
    [
      'es',
      '1.000,50; 1,000.50; 1.500; 1.5; 3,14; 0,05; 10 000; 007',
      'mil coma cincuenta; mil punto cincuenta; mil quinientos; uno punto cinco; tres coma catorce; cero coma cero cinco; diez mil; cero cero siete',
    ],
    [
      'es',
      '1 km, 21 km, 1 h, 21 h, 200 t, 37,5 ºC, -5 °C, 1,5 millones de km',
      'un kilómetro, veintiún kilómetros, una hora, veintiuna horas, doscientas toneladas, treinta y siete coma cinco grados Celsius, menos cinco grados Celsius, uno coma cinco millones de kilómetros',
    ],
    [
      'es',
      '21 casas, 31 años, 1 hermana, 200.000 personas, 101 problemas, 21.000 euros, 1.000.000 euros',
      'veintiuna casas, treinta y un años, una hermana, doscientas mil personas, ciento un problemas, veintiún mil euros, un millón de euros',
    ],
    [
      'es',
      '1.º, 3.ª planta, 1.er piso, 5º piso, 1º piso, 2do, 21º',
      'primero, tercera planta, primer piso, quinto piso, primer piso, segundo, vigésimo primero',
    ],
    [
      'es',
      'Siglo XXI, siglos XV-XVI, Felipe VI, Alfonso XIII, Isabel II, II Guerra Mundial, la V República',
      'Siglo veintiuno, siglos quince a dieciséis, Felipe sexto, Alfonso trece, Isabel segunda, segunda Guerra Mundial, la quinta República',
    ],
    [
      'es',
      'págs. 5-10, 1939–1945, 10-15 %, 3-1, 16:9',
      'páginas cinco a diez, mil novecientos treinta y nueve a mil novecientos cuarenta y cinco, diez a quince por ciento, tres a uno, dieciséis a nueve',
    ],
    [
      'es',
      'Llama al 612 345 678 o al +34 912345678.',
      'Llama al seis uno dos, tres cuatro cinco, seis siete ocho o al más tres cuatro, nueve uno dos tres cuatro cinco seis siete ocho.',
    ],
    [
      'es',
      'El Sr. y la Sra. Gil, D. Juan, C/ Mayor, n.º 7, EE. UU., p. ej. 3, no 3, etc. Fin.',
      'El señor y la señora Gil, don Juan, calle Mayor, número siete, Estados Unidos, por ejemplo tres, no tres, etcétera. Fin.',
    ],
    [
      'es',
      '1/2 taza, 2½ tazas, 1/3, 24/7, 2+2=4, 2 x 3, versión 1.2.3',
      'media taza, dos y media tazas, un tercio, veinticuatro siete, dos más dos igual a cuatro, dos por tres, versión uno punto dos punto tres',
    ],
    [
      'es',
      'y/o 120 km/h, 5 m², H2O, COVID-19, MCMXC, 21 % y ±2',
      'y o ciento veinte kilómetros por hora, cinco metros cuadrados, H dos O, COVID-diecinueve, mil novecientos noventa, veintiuno por ciento y más menos dos',
    ],
    ['es', '1.250.021 y 731', 'un millón doscientos cincuenta mil veintiuno y setecientos treinta y uno'],
    [
      'en',
      'I gave $20 to 3 people. The part I like is Part I.',
      'I gave twenty dollars to three people. The part I like is Part one.',
    ],
    [
      'en',
      'He lives on Main St. The shop is on Wall St. near St. Mary. At 5.30pm, 60 70 80 90.',
      'He lives on Main Street. The shop is on Wall Street near Saint Mary. At five thirty p.m., sixty seventy eighty ninety.',
    ],
    [
      'es',
      'Hay 700 000 000 personas. Franklin D. Roosevelt y D. Juan, a las 10h30.',
      'Hay setecientos millones de personas. Franklin D. Roosevelt y don Juan, a las diez y treinta.',
    ],
    ['en-GB', 'On 05/12/2024.', 'On December fifth twenty twenty-four.'],
    [
      'es-MX',
      'El 1 de mayo costó $1,250.50 por 1,500 km.',
      'El primero de mayo costó mil doscientos cincuenta pesos con cincuenta por mil quinientos kilómetros.',
    ],
    ['de', '5 km am 12/05/2024', '5 km am 12/05/2024'],
  ])('%s: %j', (tag, text, expected) => expect(said(text, tag)).toBe(expected));

  it('is left to engines that read everything', () => {
    expect(normalise('5 km, $5', 'en', { reads: 'everything' }).spoken.text).toBe('5 km, $5');
  });

  it('keeps the place of each word', () => {
    const text = 'Up $2.5 million at 9:30 a.m. on May 12, 2024: -5 °C for 10–15 km.';
    const { spoken } = normalise(text, 'en');
    const placeOf = (word: string): string => {
      const at = spoken.text.indexOf(word);
      return text.slice(...originOf(spoken, at, at + word.length));
    };
    expect(['two point five', 'million dollars', 'nine thirty', 'twelfth', 'twenty-four', 'minus', 'five degrees', 'ten', 'to fif', 'fifteen', 'kilometres'].map(placeOf)).toEqual(['$2.5', ' million', '9:30', '12', '2024', '-', '5 °C', '10', '–15', '15', 'km']); // prettier-ignore
  });

  it('leaves no digit to a voice that knows none', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.stringMatching(/^[0-9 .,:/%$€/ºªkmhstIVX½²x*#~+=−–-]{0,30}$/),
          fc
            .array(
              fc.constantFrom(
                '1',
                '21',
                '2024',
                '1.5',
                '1,000',
                ' de mayo',
                ' May',
                '$',
                '€',
                ' M',
                ' km',
                ':',
                '30',
                ' a.m.',
                '-',
                '/',
                ' ',
                '.º',
                'th',
                '+34 ',
                'v',
                'siglo ',
                'XX',
                '½',
                ' millones de ',
              ),
              { maxLength: 12 },
            )
            .map((parts) => parts.join('')),
        ),
        fc.constantFrom('en', 'es', 'es-MX'),
        (text, tag) => {
          expect(normalise(text, tag).spoken.text).not.toMatch(/[0-9]|undefined|NaN|null/);
        },
      ),
      { numRuns: 300 },
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
      fc.property(oddText, language, fc.constantFrom('words', 'everything'), (original, tag, reads) => {
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
    ['<b>Bold</b>, a &lt; b &amp; c<br>d', 'Bold, a < b & cd'],
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
    ['Hola 😀 mundo 👨‍👩‍👧🇪🇸 1️⃣', 'es', 'Hola mundo uno'],
    [
      'Write @ana at example.com, see README.md; so.no',
      'en',
      'Write at ana at example dot com, see README dot md; so.no',
    ],
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
