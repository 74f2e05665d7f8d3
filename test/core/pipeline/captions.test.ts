import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cueLines, makeCues, type CaptionedNarration, type Cue } from '../../../core/pipeline/captions.ts';
import type { Mark } from '../../../core/tts/types.ts';

/** A typewriter: every character is 10 px wide, so that widths can be counted. */
const typewriter = { maxLineWidth: 320, measure: (text: string) => [...text].length * 10 };

/** Marks as an engine gives them: one a word, with pauses after punctuation. */
function speak(text: string, msPerCharacter = 60, pauseMs = 300): Mark[] {
  let at = 0;
  return [...text.matchAll(/[^\s]+/gu)].map((match): Mark => {
    const startMs = at;
    at += match[0].length * msPerCharacter;
    const mark = {
      kind: 'word',
      text: match[0],
      charStart: match.index,
      charEnd: match.index + match[0].length,
      startMs,
      endMs: at,
    } as const;
    if (/[.,!?]$/.test(match[0])) at += pauseMs;
    return mark;
  });
}

const narrate = (text: string, more: Partial<CaptionedNarration> = {}): CaptionedNarration => ({
  scene: 0,
  text,
  language: 'en',
  startMs: 1000,
  marks: speak(text),
  ...more,
});
const shown = (cues: Cue[]): string[] => cues.map((cue) => cueLines(cue).join(' / '));
const withoutSpace = (text: string): string => text.replace(/\s+/gu, '');

const anyText = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .array(fc.lorem({ maxCount: 12, mode: 'sentences' }), { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join(' ')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  {
    weight: 2,
    arbitrary: fc
      .array(
        fc.constantFrom(
          '吾輩は猫である。',
          '「名前',
          'word',
          'مرحبا',
          '👨‍👩‍👧',
          '—',
          'https://example.com/a-very/long/address?with=everything',
          '  ',
          '\n',
          'é',
          'x'.repeat(90),
        ),
        { maxLength: 40 },
      )
      .map((parts) => parts.join(' ')),
  },
);
/** Marks of any quality: complete, with holes, out of order, none. */
const anyMarks = (text: string): fc.Arbitrary<Mark[]> =>
  fc.oneof(
    fc.constant(speak(text)),
    fc.subarray(speak(text)),
    fc.shuffledSubarray(speak(text)),
    fc.array(
      fc.record({
        kind: fc.constantFrom('word' as const, 'sentence' as const),
        text: fc.constant(''),
        charStart: fc.nat(300),
        charEnd: fc.nat(300),
        startMs: fc.nat(60_000),
        endMs: fc.nat(60_000),
      }),
      { maxLength: 20 },
    ),
  );
const anyNarration = anyText.chain((text) =>
  fc.record({
    scene: fc.constant(0),
    text: fc.constant(text),
    language: fc.constantFrom('en', 'ja', 'ar', 'es'),
    startMs: fc.nat(5000),
    marks: anyMarks(text),
  }),
);

describe('every film', () => {
  test('shows the whole script and nothing else', () => {
    fc.assert(
      fc.property(anyNarration, (narration) => {
        const words = makeCues([narration], typewriter).flatMap((cue) => cue.lines.flat());
        const text = words
          .map((word) => (word.joined ? '' : ' ') + word.text)
          .join('')
          .trim();
        expect(withoutSpace(text)).toBe(withoutSpace(narration.text));
        if (!/[\u00a0\u2007\u202f]/.test(narration.text))
          expect(text.split(/\s+/u)).toEqual(narration.text.trim().split(/\s+/u));
      }),
      { numRuns: 150 },
    );
  });

  test('keeps every cue to two lines, and lines to the width unless one character is wider', () => {
    fc.assert(
      fc.property(anyNarration, fc.integer({ min: 30, max: 600 }), (narration, maxLineWidth) => {
        for (const cue of makeCues([narration], { ...typewriter, maxLineWidth })) {
          expect(cue.lines.length).toBeGreaterThan(0);
          expect(cue.lines.length).toBeLessThanOrEqual(2);
          for (const [index, line] of cue.lines.entries()) {
            const text = cueLines(cue)[index] ?? '';
            const graphemes = [...new Intl.Segmenter().segment(text)].length;
            if (line.length > 1 || graphemes > 1)
              expect(typewriter.measure(text), text).toBeLessThanOrEqual(maxLineWidth);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  test('never shows two cues at once, and times words inside their cue, in order', () => {
    fc.assert(
      fc.property(fc.array(anyNarration, { maxLength: 4 }), (narrations) => {
        const cues = makeCues(
          narrations.map((narration, scene) => ({
            ...narration,
            scene,
            startMs: narration.startMs + scene * 4000,
          })),
          typewriter,
        );
        cues.forEach((cue, index) => {
          expect(cue.endMs).toBeGreaterThan(cue.startMs);
          expect(cue.startMs).toBeGreaterThanOrEqual(cues[index - 1]?.endMs ?? 0);
          let at = cue.startMs;
          for (const word of cue.lines.flat()) {
            expect(Number.isInteger(word.startMs) && Number.isInteger(word.endMs)).toBe(true);
            expect(word.startMs).toBeGreaterThanOrEqual(at);
            expect(word.endMs).toBeGreaterThanOrEqual(word.startMs);
            expect(word.endMs).toBeLessThanOrEqual(cue.endMs);
            at = word.startMs;
          }
        });
      }),
      { numRuns: 100 },
    );
  });
});

describe('where cues are cut', () => {
  test('at sentence ends, then at clauses', () => {
    const text =
      'The door was open all night long. Nobody in the house had noticed it, because everyone was asleep by then.';
    expect(shown(makeCues([narrate(text)], typewriter))).toEqual([
      'The door was open / all night long.',
      'Nobody in the house / had noticed it,',
      'because everyone / was asleep by then.',
    ]);
  });

  test('not after abbreviations, with or without sentence marks', () => {
    const text = 'Then Dr. Smith came home. We all sat down and had tea together.';
    const first = 'Then Dr. Smith came home.';
    const ends = [25, text.length];
    const sentences = ends.map((charEnd, index): Mark => ({
      kind: 'sentence',
      text: '',
      charStart: ends[index - 1] ?? 0,
      charEnd,
      startMs: 0,
      endMs: 1,
    }));
    for (const marks of [speak(text), [...sentences, ...speak(text)], []]) {
      expect(shown(makeCues([narrate(text, { marks })], typewriter))[0]).toBe(first);
    }
  });

  test('very short sentences share a cue instead of flashing by', () => {
    const cues = makeCues(
      [narrate('Yes. No. Maybe.', { marks: speak('Yes. No. Maybe.', 50, 60) })],
      typewriter,
    );
    expect(shown(cues)).toEqual(['Yes. No. Maybe.']);
  });

  test('lines are even, and break after punctuation where that is nearly as even', () => {
    expect(shown(makeCues([narrate('When the rain comes, the bridge floods at once')], typewriter))).toEqual([
      'When the rain comes, / the bridge floods at once',
    ]);
  });

  test('Japanese breaks between words, with no punctuation at the start of a line', () => {
    const text = '吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。';
    const cues = makeCues([narrate(text, { language: 'ja', marks: [] })], {
      maxLineWidth: 120,
      measure: (part) => [...part].length * 10,
    });
    expect(cues.length).toBeGreaterThan(1);
    for (const line of cues.flatMap(cueLines)) expect(line).not.toMatch(/^[。、」]/u);
    expect(cues.flatMap(cueLines).join('')).toBe(text);
  });

  test('no-break spaces hold', () => {
    const lines = makeCues(
      [narrate('It is exactly one hundred and 12\u00a0km to the coast')],
      typewriter,
    ).flatMap(cueLines);
    expect(lines.filter((line) => line.includes('12\u00a0km'))).toHaveLength(1);
  });

  test('right-to-left text stays in reading order', () => {
    const text = 'مرحبا بالعالم، هذا اختبار';
    expect(
      makeCues([narrate(text, { language: 'ar' })], typewriter)
        .flatMap(cueLines)
        .join(' '),
    ).toBe(text);
  });
});

describe('when cues stand', () => {
  const long =
    'This is a rather long sentence that goes on and on, with commas and clauses, until at last it ends. '
      .repeat(6)
      .trim();

  test('from the first word, for six seconds at most', () => {
    const cues = makeCues([narrate(long)], typewriter);
    expect(cues[0]?.startMs).toBe(1000);
    for (const cue of cues) {
      expect(cue.startMs).toBe(cue.lines.flat()[0]?.startMs);
      expect(cue.endMs - cue.startMs).toBeLessThanOrEqual(6350);
      expect(cue.endMs - cue.startMs).toBeGreaterThanOrEqual(800);
    }
  });

  test('small gaps are closed, long pauses stay empty', () => {
    const text = 'First words here. Second words there. Third words after a pause.';
    const marks = speak(text).map((mark) =>
      mark.charStart >= 38 ? { ...mark, startMs: mark.startMs + 5000, endMs: mark.endMs + 5000 } : mark,
    );
    const [first, second, third] = makeCues([narrate(text, { marks })], { ...typewriter, maxLineWidth: 200 });
    expect(first?.endMs).toBe(second?.startMs);
    expect((third?.startMs ?? 0) - (second?.endMs ?? 0)).toBeGreaterThan(3000);
  });

  test('a short cue is held, but not over the next one nor the end of its scene', () => {
    const quick = { marks: speak('Go!', 50) };
    expect(makeCues([narrate('Go!', quick)], typewriter)[0]).toMatchObject({ startMs: 1000, endMs: 1800 });
    expect(makeCues([narrate('Go!', { ...quick, endMs: 1500 })], typewriter)[0]?.endMs).toBe(1500);
    const two = makeCues(
      [narrate('Go!', quick), narrate('Now!', { scene: 1, startMs: 1400, marks: speak('Now!') })],
      typewriter,
    );
    expect(two[0]?.endMs).toBe(1400);
  });

  test('words take their times from the marks, in film time', () => {
    const words = makeCues([narrate('one two three')], typewriter).flatMap((cue) => cue.lines.flat());
    expect(words).toEqual([
      { text: 'one', startMs: 1000, endMs: 1180 },
      { text: 'two', startMs: 1180, endMs: 1360 },
      { text: 'three', startMs: 1360, endMs: 1660 },
    ]);
  });

  test('a word without a mark gets the time between its neighbours', () => {
    const marks: Mark[] = [
      { kind: 'word', text: 'left', charStart: 0, charEnd: 4, startMs: 0, endMs: 400 },
      { kind: 'word', text: 'right', charStart: 9, charEnd: 14, startMs: 700, endMs: 1000 },
    ];
    const words = makeCues([narrate('left and right', { marks })], typewriter).flatMap((cue) =>
      cue.lines.flat(),
    );
    expect(words[1]).toEqual({ text: 'and', startMs: 1400, endMs: 1700 });
  });

  test('without any marks the words share the scene by length', () => {
    const words = makeCues([narrate('aa bbbb', { marks: [], startMs: 0, endMs: 350 })], typewriter).flatMap(
      (cue) => cue.lines.flat(),
    );
    expect(words.map((word) => [word.startMs, word.endMs])).toEqual([
      [0, 100],
      [150, 350],
    ]);
  });
});
