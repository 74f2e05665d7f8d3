import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setField } from '../../cli/set-field.ts';
import { StudioError } from '../../core/errors.ts';

const storyboard = { scenes: [{ text: 'One' }, { text: 'Two' }], output: { fps: 30 } };

describe('--set', () => {
  it.each([
    ['captions.style=karaoke', { ...storyboard, captions: { style: 'karaoke' } }],
    ['output.fps=25', { ...storyboard, output: { fps: 25 } }],
    ['scenes[1].effect=none', { ...storyboard, scenes: [{ text: 'One' }, { text: 'Two', effect: 'none' }] }],
    ['scenes[2]={"text":"Three"}', { ...storyboard, scenes: [...storyboard.scenes, { text: 'Three' }] }],
    ['scenes[0].text=a=b', { ...storyboard, scenes: [{ text: 'a=b' }, { text: 'Two' }] }],
    [
      'scenes[0].media.colors[0]="#fff"',
      { ...storyboard, scenes: [{ text: 'One', media: { colors: ['#fff'] } }, { text: 'Two' }] },
    ],
    ['soundtrack.ducking=false', { ...storyboard, soundtrack: { ducking: false } }],
    ['title=', { ...storyboard, title: '' }],
  ])('%s', (assignment, expected) => {
    const before = structuredClone(storyboard);
    expect(setField(storyboard, assignment)).toEqual(expected);
    expect(storyboard).toEqual(before);
  });

  it.each([
    ['captions', 'must look like'],
    ['=x', 'must look like'],
    ['scenes[].text=x', 'must look like'],
    ['scenes[9].text=x', 'there are only 2, [0] to [1]'],
    ['scenes.text=x', 'needs an index'],
    ['output[0]=x', 'is no list'],
    ['output.fps.x=1', 'holds a plain value'],
    ['__proto__.polluted=1', 'is not a field'],
    ['output.__proto__.polluted=1', 'is not a field'],
    ['constructor.prototype.polluted=1', ''],
  ])('%s is refused or harmless', (assignment, words) => {
    if (words === '') setField(storyboard, assignment);
    else expect(() => setField(storyboard, assignment)).toThrow(words);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('gives a storyboard or a StudioError for any words', () => {
    const word = fc.string({ unit: fc.constantFrom(...'ab.[]0159=_"{}') });
    fc.assert(
      fc.property(fc.oneof(fc.string(), word), (assignment) => {
        try {
          setField(storyboard, assignment);
        } catch (error) {
          expect(error).toBeInstanceOf(StudioError);
        }
      }),
    );
  });
});
