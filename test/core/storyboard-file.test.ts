import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StudioError } from '../../core/errors.ts';
import { decodeStoryboard, parseStoryboardText } from '../../core/storyboard-file.ts';

const json = '{\n  "scenes": [\n    { "text": "Hi" },\n    { "text": "Ho",\n      "durration": 3 }\n  ]\n}';

function refusal(run: () => unknown): StudioError {
  try {
    run();
  } catch (error) {
    if (error instanceof StudioError) return error;
    throw error;
  }
  throw new Error('expected a StudioError');
}

describe('format', () => {
  it.each([
    ['a.json', json, 'json'],
    ['a.YML', 'scenes:\n  - text: Hi', 'yaml'],
    ['a.md', 'Hi', 'script'],
    ['pasted', json, 'json'],
    ['pasted', 'scenes:\n  - text: Hi', 'yaml'],
    ['notes.txt', json, 'json'],
    ['pasted', 'Our scenes: many.', 'script'],
    ['pasted', '{curly} words', 'script'],
  ])('%s', (name, text, format) => {
    expect(parseStoryboardText(text, name).format).toBe(format);
  });

  it('does not mind a byte order mark or CRLF', () => {
    for (const name of ['a.json', 'a.yaml', 'a.md']) {
      const text = name === 'a.json' ? json : name === 'a.yaml' ? 'scenes:\n  - text: Hi\n' : 'Hi\n';
      const { input } = parseStoryboardText(`\uFEFF${text.replaceAll('\n', '\r\n')}`, name);
      expect(input).toMatchObject({ scenes: [{ text: 'Hi' }, ...(name === 'a.json' ? [{}] : [])] });
    }
  });
});

describe('encodings', () => {
  it('reads UTF-8 and marked UTF-16', () => {
    expect(decodeStoryboard(Buffer.from('ñandú'), 'a.md')).toBe('ñandú');
    expect(decodeStoryboard(Buffer.from('\uFEFFñandú', 'utf16le'), 'a.md')).toBe('ñandú');
  });

  it('says in which line Latin-1 begins', () => {
    const error = refusal(() => decodeStoryboard(Buffer.from('uno\ndos\nniño\n', 'latin1'), 'guion.md'));
    expect(error.message).toContain('guion.md is not UTF-8 text (the first wrong character is in line 3)');
    expect(error.hint).toContain('UTF-8');
  });

  it('notices text that was already read wrongly', () => {
    expect(refusal(() => parseStoryboardText('uno\nni\uFFFDo', 'a.md')).message).toContain('line 2');
  });

  it('refuses what is far too large', () => {
    expect(refusal(() => decodeStoryboard(new Uint8Array(5 * 1024 ** 2), 'a.md')).code).toBe('too_large');
  });
});

describe('places', () => {
  it.each([
    ['a.json', json, 'scenes[1].durration', 5],
    ['a.json', json, 'scenes[1].media.src', 4],
    [
      'a.yaml',
      'title: A\nscenes:\n  - text: Hi\n  - text: Ho\n    media:\n      type: imge\n',
      'scenes[1].media.type',
      6,
    ],
    ['a.yaml', 'scenes:\n  - text: Hi\nmetadata:\n  "a b": {}\n', 'metadata["a b"]', 4],
    ['a.md', '# A\n\nHi\n\nHo', 'scenes[2].text', 5],
    ['a.md', 'Hi', 'output.fps', null],
  ])('fault at $2 of %s', (name, text, path, line) => {
    expect(parseStoryboardText(text, name).lineOf(path)).toBe(line);
  });

  it.each([
    ['a.json', '{\n  "scenes": [\n    {"text": "Hi",}\n  ]\n}', 'line 3, column 19'],
    ['a.json', `{ "scenes": [ ${' '.repeat(200)}\n\n oops ] }`, 'line 3, column 2: unexpected "o"'],
    ['a.json', '{\n "scenes": [', 'ends too early'],
    ['a.json', "{'scenes': []}", 'line 1, column 2'],
    ['a.json', '{"scenes": []} x', 'line 1, column 16'],
    ['a.yaml', 'scenes:\n  - text: "Hi\n', 'line 3'],
    ['a.yaml', 'scenes:\n  - text: Hi: ho: he\n', 'line 2'],
    ['a.yaml', 'a: 1\na: 2\n', 'line 2'],
    [
      'a.yaml',
      `a: &a [1,1]\nb: &b [${'*a,'.repeat(20)}]\nc: &c [${'*b,'.repeat(20)}]\nd: [${'*c,'.repeat(20)}]\n`,
      'aliases',
    ],
    ['a.yaml', '['.repeat(100_000), 'not valid YAML'],
    ['a.json', ' \n ', 'is empty'],
  ])('fault in %s (%#)', (name, text, words) => {
    const error = refusal(() => parseStoryboardText(text, name));
    expect(error.code).toBe('invalid_storyboard');
    expect(error.message).toContain(words);
    expect(error.hint).toBeTruthy();
  });

  it('a character that cannot be there is found where it was put', () => {
    const filler = fc.array(fc.constantFrom('"a"', '1', '[true, null]', '{"k": "v"}'), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(filler, fc.constantFrom('?', "'", '}', 'x', '#'), (items, bad) => {
        const before = `[${items.join(',\n')},\n   `;
        const error = refusal(() => parseStoryboardText(`${before}${bad} 1]`, 'a.json'));
        expect(error.issues![0]).toMatchObject({
          path: `line ${items.length + 1}`,
          message: expect.stringContaining('column 4:'),
        });
      }),
    );
  });

  it('any text gives a file or a StudioError', () => {
    const name = fc.constantFrom('a.json', 'a.yaml', 'a.md', 'a');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), name, (text, filename) => {
        try {
          expect(parseStoryboardText(text, filename).lineOf('scenes[0].text')).not.toBeUndefined();
        } catch (error) {
          expect(error).toBeInstanceOf(StudioError);
        }
      }),
      { numRuns: 400 },
    );
  });
});
