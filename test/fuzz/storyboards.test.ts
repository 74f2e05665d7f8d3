/** Storyboards of any kind: understood or refused with words and places; never an exception. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../core/config.ts';
import { parseStoryboardText } from '../../core/storyboard-file.ts';
import { createStudio, type Studio } from '../../core/studio.ts';
import { sampleFolder } from '../helpers/samples.ts';
import { fuzz, fuzzTimeout, outcomeOf } from './rounds.ts';
import { words } from './texts.ts';

let studio: Studio;
let remove: () => Promise<void>;

beforeAll(async () => {
  const folder = await sampleFolder();
  remove = folder.remove;
  studio = createStudio(loadConfig({ DATA_DIR: folder.dir, PATH: process.env['PATH'] }));
});
afterAll(async () => {
  await studio.close();
  await remove();
});

const good = {
  title: 'A film',
  language: 'en',
  scenes: [
    {
      text: 'One.',
      media: { type: 'image', src: 'https://example.com/a.jpg', fit: 'blur' },
      effect: 'zoomIn',
    },
    {
      media: { type: 'video', src: 'asset:abc', start: 1, end: 3 },
      transition: { type: 'wipe', direction: 'left' },
    },
    {
      title: { text: 'End', position: 'center' },
      duration: 2,
      media: { type: 'gradient', colors: ['#000', '#fff'] },
    },
  ],
  output: { resolution: '1080', fps: 30 },
  soundtrack: { src: 'https://example.com/a.mp3', volume: 0.3 },
  captions: { mode: 'both', style: 'karaoke' },
  brand: { colors: { primary: '#123456' }, watermark: { text: 'Me' } },
};

const value = fc.oneof(
  fc.constantFrom(
    null,
    '',
    0,
    -1,
    1e308,
    Number.NaN,
    Infinity,
    -0,
    true,
    [],
    {},
    [[]],
    '__proto__',
    'constructor',
  ),
  words(),
  fc.double(),
  fc.integer(),
  fc.anything({ maxDepth: 3 }),
);

type Change = { at: number; value: unknown; how: 'set' | 'add' | 'remove' };
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(1000),
  value,
  how: fc.constantFrom('set', 'set', 'add', 'remove'),
});

/** A good storyboard with some of its values replaced, removed, or joined by others. */
function changed(changes: Change[]): unknown {
  const board = structuredClone(good) as Record<string, unknown>;
  for (const { at, value: put, how } of changes) {
    const places = placesIn(board);
    const { owner, key } = places[at % places.length]!;
    if (how === 'remove') delete owner[key];
    else if (how === 'set') owner[key] = put;
    else owner[typeof put === 'string' && put !== '__proto__' ? put : `${key}x`] = put;
  }
  return board;
}

function placesIn(value: unknown): { owner: Record<string, unknown>; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const owner = value as Record<string, unknown>;
  return Object.keys(owner).flatMap((key) => [
    { owner, key },
    ...(key === 'value' ? [] : placesIn(owner[key])),
  ]);
}

function judge(input: unknown): string {
  const checked = studio.validate(input);
  if (checked.ok) {
    expect(checked.estimatedSeconds).toBeGreaterThanOrEqual(0);
    // 300 scenes of a day each.
    expect(checked.estimatedSeconds).toBeLessThan(3e7);
    return 'taken';
  }
  expect(checked.issues.length).toBeGreaterThan(0);
  for (const { path, message } of checked.issues) {
    expect(typeof path).toBe('string');
    expect(message.trim()).not.toBe('');
    expect(message.length).toBeLessThan(2000);
  }
  return 'refused';
}

describe('storyboards', () => {
  it(
    'with any values in any place',
    () => fuzz('storyboards', fc.array(change, { maxLength: 3 }), (changes) => judge(changed(changes))),
    fuzzTimeout(),
  );

  it(
    'as files of any words and any kind',
    () =>
      fuzz(
        'storyboard files',
        fc.record({
          name: fc.constantFrom('a.json', 'a.yaml', 'a.md', 'a.txt', 'a', 'a.mp4'),
          text: fc.oneof(
            words(400),
            fc.json(),
            fc.array(change, { maxLength: 2 }).map((changes) => JSON.stringify(changed(changes), null, 1)),
            fc.record({ from: fc.nat(700), to: fc.nat(700), put: words(20) }).map(({ from, to, put }) => {
              const text = JSON.stringify(good, null, 1);
              return text.slice(0, Math.min(from, to)) + put + text.slice(Math.max(from, to));
            }),
            fc
              .array(
                fc.oneof(
                  words(60),
                  fc.constantFrom('# A', '---', '[image: a.png]', '[voice: x]', '- b', 'scenes:'),
                ),
              )
              .map((lines) => lines.join('\n')),
          ),
        }),
        ({ name, text }) =>
          outcomeOf(
            async () => judge(parseStoryboardText(text, name).input),
            ['invalid_storyboard', 'media_unusable'],
          ),
      ),
    fuzzTimeout(),
  );
});
