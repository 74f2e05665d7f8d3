/** Marks: every word of the script once, in order, within the audio, whatever the engine announced. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignWords, parsePhoneLines, parseTimedPhones } from '../../../core/tts/engines/flite-words.ts';
import { escapeForEspeak } from '../../../core/tts/engines/espeak-words.ts';
import { writeForFlite } from '../../../core/tts/engines/flite-text.ts';
import { makeMarks, type SpokenSentence } from '../../../core/tts/marks.ts';
import { normalise } from '../../../core/tts/text/normalise.ts';
import { segmentSentences } from '../../../core/tts/text/sentences.ts';

const word = fc.constantFrom(
  'one',
  'dos,',
  '“three”',
  '3.5',
  '—',
  '...',
  '😀',
  '**b**',
  'end.',
  'Why?',
  '\n\n',
  'é',
  '[l](https://x.y)',
  '世界。好',
  '-',
  'a/b',
  '&',
);
const script = fc.array(word, { minLength: 1, maxLength: 25 }).map((words) => words.join(' '));

describe('marks', () => {
  it('give each token with a letter or digit one mark, in order, within the audio, for any engine', () => {
    const engineWords = fc.array(
      fc.record({
        at: fc.nat({ max: 60 }),
        length: fc.nat({ max: 8 }),
        startS: fc.double({ min: -0.1, max: 3, noNaN: true }),
        lastsS: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(script, fc.array(engineWords, { maxLength: 10 }), (original, perSentence) => {
        const text = normalise(original, 'en');
        let at = 0;
        const sentences = segmentSentences(text.spoken.text, 'en').map((sentence, index): SpokenSentence => {
          const startS = at;
          at += 2.5;
          const words = (perSentence[index] ?? []).map((found) => {
            const charStart = Math.min(found.at, sentence.end - sentence.start - 1);
            return {
              charStart,
              charEnd: Math.min(charStart + found.length, sentence.end - sentence.start),
              startS: found.startS,
              endS: found.startS + found.lastsS,
            };
          });
          return { ...sentence, startS, endS: startS + 2, words };
        });
        const marks = makeMarks(original, text, sentences);
        const words = marks.filter((mark) => mark.kind === 'word');
        const expected = (original.match(/\S+/gu) ?? []).filter((token) => /[\p{L}\p{N}]/u.test(token));
        expect(words.map((mark) => original.slice(mark.charStart, mark.charEnd))).toEqual(expected);
        let done = 0;
        for (const mark of words) {
          expect(mark.startMs).toBeGreaterThanOrEqual(done);
          expect(mark.endMs).toBeGreaterThanOrEqual(mark.startMs);
          done = mark.endMs;
        }
        expect(done).toBeLessThanOrEqual((sentences.at(-1)?.endS ?? 0) * 1000);
      }),
    );
  });

  const sentence = (text: string, words: [string, number, number][]): SpokenSentence[] => {
    let from = 0;
    const placed = words.map(([name, startS, endS]) => {
      const charStart = text.indexOf(name, from);
      from = charStart + name.length;
      return { charStart, charEnd: from, startS, endS };
    });
    return [{ start: 0, end: text.length, startS: 0, endS: 2, words: placed }];
  };
  const times = (text: string, words: [string, number, number][]): [string, number, number][] =>
    makeMarks(text, normalise(text, 'en', { reads: 'everything' }), sentence(text, words))
      .filter((mark) => mark.kind === 'word')
      .map((mark) => [mark.text, Math.round(mark.startMs), Math.round(mark.endMs)]);

  it('keep what the engine said, and never stretch the last word into the silence', () => {
    expect(
      times('one two', [
        ['one', 0.1, 0.5],
        ['two', 0.5, 1.2],
      ]),
    ).toEqual([
      ['one', 100, 500],
      ['two', 500, 1200],
    ]);
  });

  it('join several engine words of one token', () => {
    expect(
      times('in 1969 he', [
        ['in', 0, 0.2],
        ['19', 0.2, 0.6],
        ['69', 0.6, 1],
        ['he', 1, 1.4],
      ]),
    ).toEqual([
      ['in', 0, 200],
      ['1969', 200, 1000],
      ['he', 1000, 1400],
    ]);
  });

  it('put a skipped word into a gap, or share the word before it', () => {
    expect(
      times('one two six', [
        ['one', 0, 0.4],
        ['six', 1, 1.4],
      ]),
    ).toEqual([
      ['one', 0, 400],
      ['two', 400, 1000],
      ['six', 1000, 1400],
    ]);
    expect(
      times('ofa the six', [
        ['ofa', 0, 0.6],
        ['six', 0.6, 1.4],
      ]),
    ).toEqual([
      ['ofa', 0, 300],
      ['the', 300, 600],
      ['six', 600, 1400],
    ]);
    expect(times('the six', [['six', 0, 0.6]])).toEqual([
      ['the', 0, 300],
      ['six', 300, 600],
    ]);
  });

  it('show text without markup, placed in the original', () => {
    const original = 'A **bold** word';
    const [, , bold] = makeMarks(
      original,
      normalise(original, 'en'),
      sentence('A bold word', [
        ['A', 0, 0.1],
        ['bold', 0.2, 0.5],
        ['word', 0.6, 1],
      ]),
    );
    expect(bold).toMatchObject({ text: 'bold', charStart: 2, charEnd: 10, startMs: 200 });
  });
});

describe('flite words', () => {
  it('come from aligning the phones of the sentence with those of each word', () => {
    const phones = parseTimedPhones('pau:0.1 dh:0.2 ax:0.3 m:0.4 uw:0.5 n:0.6 pau:0.8 ih:0.9 z:1.0 pau:1.2');
    expect(phones[1]).toEqual({ name: 'dh', endS: 0.2 });
    // Alone, "the" is "dh iy"; a word of no phones has no time.
    expect(alignWords(phones, [['dh', 'iy'], ['m', 'uw', 'n'], [], ['ih', 'z']])).toEqual([
      [0.1, 0.3],
      [0.3, 0.6],
      null,
      [0.8, 1],
    ]);
    expect(parsePhoneLines('pau hh ax l ow pau \npau \npau ih z pau \n')).toEqual([
      ['hh', 'ax', 'l', 'ow'],
      [],
      ['ih', 'z'],
    ]);
  });

  it('never overlap or go back, for any two rows of phones', () => {
    const name = fc.constantFrom('aa', 'iy', 's', 't', 'pau');
    const row = fc
      .array(name, { maxLength: 20 })
      .map((names) => names.map((each, index) => ({ name: each, endS: (index + 1) / 10 })));
    const words = fc.array(fc.array(fc.constantFrom('aa', 'iy', 's', 't'), { maxLength: 4 }), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(row, words, (phones, list) => {
        const found = alignWords(phones, list).filter((time) => time !== null);
        found.forEach(([start, end], index) => {
          expect(start).toBeLessThan(end);
          expect(start).toBeGreaterThanOrEqual(found[index - 1]?.[1] ?? 0);
        });
      }),
    );
  });

  it('are written in the letters flite has', () => {
    const written = (text: string): string => writeForFlite(text).text.text.trim();
    expect(written('café €5.50 20°C æther')).toBe('cafe 5.50 euros 20 degrees C aether');
    expect(writeForFlite('Hello 世界, мир!').dropped).toEqual(['世界,', 'мир!']);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(written(text)).toMatch(/^\p{ASCII}*$/u);
      }),
    );
  });
});

describe('text for espeak', () => {
  it('is escaped, with a way back in UTF-16', () => {
    const escaped = escapeForEspeak('😀 <b> & [[x');
    expect(escaped.text).toBe('😀 &lt;b&gt; &amp;   x');
    expect(escaped.offsets).toHaveLength(Array.from(escaped.text).length + 1);
    expect(escaped.offsets.at(-1)).toBe('😀 <b> & [[x'.length);
    expect(escaped.offsets[Array.from(escaped.text).indexOf('b')]).toBe('😀 <b> & [[x'.indexOf('b'));
  });
});
