import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StudioError, type Issue } from '../../core/errors.ts';
import { parseScript } from '../../core/script.ts';
import { validateStoryboard } from '../../core/validate.ts';

const read = (text: string, name = 'film.md') => parseScript(text, { name });
const scenes = (text: string, name?: string) => read(text, name).storyboard.scenes;

function faults(text: string): Issue[] {
  try {
    read(text);
  } catch (error) {
    if (error instanceof StudioError) return error.issues ?? [];
    throw error;
  }
  return [];
}

describe('a script', () => {
  it('is parted into scenes by blank lines, whatever the line endings', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      expect(scenes(['\uFEFFOne', 'still one.', '', '  ', 'Two.', '---', 'Three.'].join(end))).toEqual([
        { text: 'One still one.' },
        { text: 'Two.' },
        { text: 'Three.' },
      ]);
    }
  });

  it('names and opens the film by its first heading, and captions scenes by the lower ones', () => {
    const { storyboard, sceneLines } = read(
      '# My *film* #\n\n## Part one\nHello.\n\n# The end\n\n### Only a title',
    );
    expect(storyboard).toEqual({
      title: 'My film',
      scenes: [
        { title: { text: 'My film' } },
        { text: 'Hello.', title: { text: 'Part one', position: 'lowerThird' } },
        { title: { text: 'The end' } },
        { title: { text: 'Only a title', position: 'lowerThird' } },
      ],
    });
    expect(sceneLines).toEqual([1, 4, 6, 8]);
  });

  it('understands every tag', () => {
    const text = `
[image: photos/a b.jpg | contain]
One.

[video: https://example.com/v.mp4?a|b]
[transition: wipe left 0.8] [effect: ZOOMIN]
Two.

[color: #123456] [title: Big | small | lowerthird] [duration: 2,5 s]

[gradient: #aaa, #bbb #ccc] [audio: me.wav] Three. [music: song.mp3 | 0.2]

![A dog](dog.jpg) Four.`;
    expect(read(text).storyboard).toEqual({
      soundtrack: { src: 'song.mp3', volume: 0.2 },
      scenes: [
        { media: { type: 'image', src: 'photos/a b.jpg', fit: 'contain' }, text: 'One.' },
        {
          media: { type: 'video', src: 'https://example.com/v.mp4?a|b' },
          transition: { type: 'wipe', direction: 'left', duration: 0.8 },
          effect: 'zoomIn',
          text: 'Two.',
        },
        {
          media: { type: 'color', color: '#123456' },
          title: { text: 'Big', subtitle: 'small', position: 'lowerThird' },
          duration: 2.5,
        },
        { media: { type: 'gradient', colors: ['#aaa', '#bbb', '#ccc'] }, audio: 'me.wav', text: 'Three.' },
        { media: { type: 'image', src: 'dog.jpg' }, text: 'Four.' },
      ],
    });
  });

  it.each([
    ['es-419', { language: 'es-419' }],
    ['es', { language: 'es' }],
    ['slt', { name: 'slt' }],
    ['kal', { name: 'kal' }],
    ['fil', { language: 'fil' }],
    ['flite slt en-US 1.2x', { engine: 'flite', name: 'slt', language: 'en-US', speed: 1.2 }],
    ['elevenlabs Rachel Smith', { engine: 'elevenlabs', name: 'Rachel Smith' }],
    ['none', { engine: 'none' }],
  ])('voice "%s"', (value, voice) => {
    expect(scenes(`[voice: ${value}] Hello.`)).toEqual([{ voice, text: 'Hello.' }]);
  });

  it('lets a voice of its own block hold from there on, one inside a scene for that scene', () => {
    const { storyboard } = read('[voice: es]\n\nA.\n\n[voice: slt] B.\n\nC.\n\n[voice: rms]\n\nD.\n\nE.');
    expect(storyboard.voice).toEqual({ language: 'es' });
    expect(storyboard.scenes).toEqual([
      { text: 'A.' },
      { text: 'B.', voice: { name: 'slt' } },
      { text: 'C.' },
      { text: 'D.', voice: { name: 'rms' } },
      { text: 'E.', voice: { name: 'rms' } },
    ]);
  });

  it('gives settings of their own block to the next scene only', () => {
    expect(scenes('A.\n\n[transition: zoom in]\n[duration: 3]\n\nB.\n\nC.')).toEqual([
      { text: 'A.' },
      { text: 'B.', transition: { type: 'zoom', direction: 'in' }, duration: 3 },
      { text: 'C.' },
    ]);
  });

  it('takes language, output and brand from its front matter', () => {
    const { storyboard } = read('---\nlanguage: es\noutput:\n  aspectRatio: 9:16\n---\nHola.');
    expect(storyboard).toEqual({
      language: 'es',
      output: { aspectRatio: '9:16' },
      scenes: [{ text: 'Hola.' }],
    });
  });

  it('speaks Markdown by its words', () => {
    expect(
      scenes(
        'A **bold** _word_, `code`, [a link](https://x.y/z "t") <!-- not this\n\nnor this -->and 2 * 3 * 4 snake_case_name.',
      ),
    ).toEqual([{ text: 'A bold word, code, a link' }, { text: 'and 2 * 3 * 4 snake_case_name.' }]);
    expect(scenes('Keep **this** as it is.', 'film.txt')).toEqual([{ text: 'Keep **this** as it is.' }]);
  });

  it('leaves brackets that are no tags, and escaped ones, in the narration', () => {
    expect(scenes('He said [sic] at [12:30] \\[note: so\\] \\# [he: went on')).toEqual([
      { text: 'He said [sic] at [12:30] [note: so] # [he: went on' },
    ]);
  });

  it('warns of a picture parted from its text', () => {
    const { warnings } = read('[image: a.jpg]\n\nText.');
    expect(warnings).toEqual([
      expect.stringMatching(/^line 3: the picture of line 1 .*remove the blank line/),
    ]);
  });
});

describe('faults', () => {
  it('come all at once, by line', () => {
    const text =
      'Hi [imge: x]\n[transition: wip]\n\n[image: foo\n[title: ok]\n[foo bar: x]\n[duration: long]\n[effect:]\n[effect: zoom in fast]\n[voces: x]';
    expect(faults(text)).toEqual([
      { path: 'line 1', message: expect.stringContaining('did you mean "image"?') },
      { path: 'line 2', message: expect.stringContaining('did you mean "wipe"?') },
      { path: 'line 4', message: expect.stringContaining('not closed') },
      { path: 'line 6', message: expect.stringContaining('unknown tag [foo bar: …]; there are image') },
      { path: 'line 7', message: expect.stringContaining('must be seconds') },
      { path: 'line 8', message: expect.stringContaining('is empty') },
      { path: 'line 9', message: expect.stringContaining('is no effect') },
      { path: 'line 10', message: expect.stringContaining('unknown tag [voces: …]') },
    ]);
  });

  it.each([
    ['---\nlanguage: [\n---\nHi', 'line 2'],
    ['---\na: &a [1,1]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n---\nHi', 'line 2'],
    ['---\n- a\n---\nHi', 'line 2'],
    ['---\nscenes: []\n---\nHi', 'line 2'],
    ['<!-- nothing -->', 'line 1'],
    ['', 'line 1'],
  ])('%j', (text, path) => {
    expect(faults(text)[0]?.path).toBe(path);
  });
});

describe('for any text', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom(...'[]:|#*_`\\!<>-= \tab1.é', '[image: ', '[title:', '<!--', '-->', '---'),
      maxLength: 20,
    }),
  );

  it('the answer is a script or a StudioError, and never slow', () => {
    const rude = ['[', '![', '# a ', '*a ', '_', '`', '<!--', '[image: ', '- ', '[a|', ' '].map((part) =>
      part.repeat(100_000),
    );
    for (const text of rude) expect(() => read(`a${text}b`)).not.toThrow(RangeError);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        try {
          const { storyboard, sceneLines } = read(lines.join('\n'));
          expect(sceneLines).toHaveLength(storyboard.scenes.length);
          validateStoryboard(storyboard);
        } catch (error) {
          expect(error).toBeInstanceOf(StudioError);
          expect((error as StudioError).issues!.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('narration comes through word by word, in order', () => {
    const word = fc.string({
      unit: fc.constantFrom(...'abcxyzñéü你好مر0123456789.,;!?¿%$&\'"(){}'),
      minLength: 1,
      maxLength: 8,
    });
    const paragraph = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(fc.array(paragraph, { minLength: 1, maxLength: 6 }), (paragraphs) => {
        expect(scenes(paragraphs.join('\n\n')).map((scene) => scene.text)).toEqual(paragraphs);
      }),
    );
  });

  it('escaped text comes through exactly', () => {
    const unit = fc.constantFrom(...'[]:|#*_`\\!<>ab ');
    const sentence = fc.string({ unit, minLength: 1 }).map((text) => `a${text.replaceAll(/\s+/g, ' ')}z`);
    fc.assert(
      fc.property(sentence, (text) => {
        const escaped = text.replaceAll(/[\\[\]#*_`!<]/g, '\\$&');
        expect(scenes(escaped)).toEqual([{ text }]);
      }),
    );
  });
});
