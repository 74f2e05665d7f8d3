import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cue } from '../../../core/pipeline/captions.ts';
import { toSrt, toVtt } from '../../../core/pipeline/sidecars.ts';

const cue = (startMs: number, endMs: number, ...lines: string[]): Cue => ({
  scene: 0,
  startMs,
  endMs,
  language: 'en',
  lines: lines.map((line) => [{ text: line, startMs, endMs }]),
});

type Read = { startMs: number; endMs: number; text: string };

/** Reads either format the way players do: blocks between blank lines, a timing line, then text. */
function read(file: string, point: ',' | '.'): Read[] {
  const timing = new RegExp(
    `^(\\d{2,}):(\\d{2}):(\\d{2})\\${point}(\\d{3}) --> (\\d{2,}):(\\d{2}):(\\d{2})\\${point}(\\d{3})$`,
  );
  const ms = (parts: (string | undefined)[]): number =>
    ((Number(parts[0]) * 60 + Number(parts[1])) * 60 + Number(parts[2])) * 1000 + Number(parts[3]);
  return file
    .split(/\n\n+/)
    .map((block) => block.replace(/\n$/, '').split('\n'))
    .filter((lines) => lines[0] !== 'WEBVTT' && lines.join('') !== '')
    .map((lines, index) => {
      expect(lines[0]).toBe(String(index + 1));
      const match = timing.exec(lines[1] ?? '');
      expect(match, lines[1]).not.toBeNull();
      return {
        startMs: ms(match!.slice(1, 5)),
        endMs: ms(match!.slice(5, 9)),
        text: lines.slice(2).join('\n'),
      };
    });
}

const unescape = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

describe('sidecars', () => {
  test('SRT, to the letter', () => {
    expect(toSrt([cue(1000, 3723456, 'Hello', 'world'), cue(3723456, 3724000, 'Bye')])).toBe(
      '1\n00:00:01,000 --> 01:02:03,456\nHello\nworld\n\n2\n01:02:03,456 --> 01:02:04,000\nBye\n',
    );
  });

  test('VTT, to the letter', () => {
    expect(toVtt([cue(0, 999, 'a < b & c --> d')])).toBe(
      'WEBVTT\n\n1\n00:00:00.000 --> 00:00:00.999\na &lt; b &amp; c --&gt; d\n',
    );
    expect(toVtt([])).toBe('WEBVTT\n');
  });

  test('both read back with exact times and text, whatever the text', () => {
    const anyLine = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        '<b>x</b>',
        'a --> b',
        '00:00:01,000 --> 00:00:02,000',
        '{\\an8}x',
        '&amp;',
        '1',
        'NOTE x',
        'a\r\n\r\nb',
        '\u2028',
        '\ud800',
        '\u0000',
      ),
    );
    const anyCue = fc.record({
      at: fc.nat(40_000_000),
      length: fc.integer({ min: 1, max: 9000 }),
      lines: fc.array(anyLine, { minLength: 1, maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(anyCue, { maxLength: 6 }), (made) => {
        const cues = made.map(({ at, length, lines }) => cue(at, at + length, ...lines));
        const visible = (text: string): string =>
          text
            // oxlint-disable-next-line no-control-regex
            .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
            .replace(/\p{Surrogate}/gu, '')
            .trim();
        const expected = cues
          .map((one) => ({
            startMs: one.startMs,
            endMs: one.endMs,
            text: one.lines
              .map((line) => visible(line[0]?.text ?? ''))
              .filter(Boolean)
              .join('\n'),
          }))
          .filter((one) => one.text !== '');
        expect(read(toVtt(cues), '.').map((one) => ({ ...one, text: unescape(one.text) }))).toEqual(expected);
        const plain = (one: Read): Read => ({ ...one, text: one.text.replaceAll('\u2060', '') });
        expect(read(toSrt(cues), ',').map(plain)).toEqual(expected.map(plain));
        expect(toVtt(cues).slice(6)).not.toMatch(/-->.*-->/);
      }),
      { numRuns: 200 },
    );
  });

  test('SRT text is no markup to players that take tags', () => {
    const text = toSrt([cue(0, 1000, '<i>x</i> {\\an8} 1 < 2 {a}')]).split('\n')[2] ?? '';
    expect(text).not.toMatch(/<[A-Za-z/]|\{\\/);
    expect(text.replaceAll('\u2060', '')).toBe('<i>x</i> {\\an8} 1 < 2 {a}');
  });

  test('words joined without a space stay joined', () => {
    const words = [
      { text: '吾輩は', startMs: 0, endMs: 10 },
      { text: '猫', joined: true, startMs: 10, endMs: 20 },
      { text: 'OK', startMs: 20, endMs: 30 },
    ];
    expect(toSrt([{ scene: 0, startMs: 0, endMs: 30, language: 'ja', lines: [words] }])).toContain(
      '吾輩は猫 OK\n',
    );
  });
});
